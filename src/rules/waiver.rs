//! Waivers: a person's decision that gates of post-work need not hold, for some paths, so many times.

use crate::facts::groundwork::{Makers, WaiverFacts};
use crate::policy::Policy;
use crate::policy::pattern::PathSet;
use crate::record::{Choice, Findings, Gate, Rule, Sha256, Subject, TaskId, WorkGate};
use crate::records::{ActorKind, DecisionPredicate, Target, WaiverScope};

use super::opening::{self, Opens};
use super::remedy;

/// So many runs may use one waiver at most.
pub const MOST_USES: u32 = 100;

/// Judges what a decision says that it waives.
pub fn form(says: &DecisionPredicate, subject: &Subject, findings: &mut Findings) {
    let Some(scope) = &says.waiver else {
        return;
    };
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(
            "git awo waive --task TASK --gates GATE --paths GLOB --expires 7d --uses 1 --reason TEXT",
        ));
    };
    let by_person = says.decision.actor.kind == ActorKind::Human;
    let of_task = matches!(says.target, Target::Record(_)) && says.task.is_some();
    let is = says.gate() == Some(Gate::PolicyViolation) && of_task && by_person;
    if !is || says.decision.decision != Choice::Approve || says.note.is_none() {
        let found = "a waiver".to_owned();
        let expected = "a person's approval of PolicyViolation on a task, with a reason".to_owned();
        refuse(Rule::DecisionForm, found, expected);
    }
    for gate in scope.gates.iter().filter(|it| !it.may_be_waived()) {
        let may = WorkGate::ALL.iter().filter(|it| it.may_be_waived());
        let may: Vec<_> = may.map(|it| it.name()).collect();
        refuse(Rule::WaiverGate, gate.to_string(), may.join(", "));
    }
    if scope.gates.is_empty() || !scope.gates.is_sorted_by(|a, b| a < b) {
        let found = format!("{} gates", scope.gates.len());
        refuse(
            Rule::DecisionForm,
            found,
            "gates, in order, each once".to_owned(),
        );
    }
    if !(1..=MOST_USES).contains(&scope.uses) {
        let found = format!("{} uses", scope.uses);
        refuse(Rule::DecisionForm, found, format!("1 to {MOST_USES}"));
    }
    let expected = "paths that name a file or a directory, in gitignore syntax".to_owned();
    if scope.paths.is_empty() {
        refuse(Rule::WaiverScope, "no path".to_owned(), expected.clone());
    }
    for path in scope.paths.iter().filter(|it| is_broad(it)) {
        refuse(Rule::WaiverScope, format!("{path:?}"), expected.clone());
    }
    if let Err(why) = PathSet::exact(&scope.paths) {
        refuse(Rule::WaiverScope, why.to_string(), expected);
    }
}

/// Tells whether a pattern is too broad for a waiver: it begins neither with a part of a name, word for word, nor
/// with `*` and an extension, or it takes something back.
fn is_broad(pattern: &str) -> bool {
    let first = pattern
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let first = match first.strip_prefix('*') {
        Some(extension) if extension.starts_with('.') => extension,
        _ => first,
    };
    let fixed = first
        .split(['*', '?', '[', '\\', '{'])
        .next()
        .unwrap_or_default();
    !fixed.chars().any(char::is_alphanumeric) || pattern.starts_with('!')
}

/// Judges a waiver that a run of a contract uses, or may use. Returns what it waives, if it holds.
pub fn holds<'a>(
    it: &'a WaiverFacts,
    (task, contract): (&TaskId, Sha256),
    makers: &Makers,
    policy: &Policy,
    subject: &Subject,
    findings: &mut Findings,
) -> Option<&'a WaiverScope> {
    let mut own = Findings::new();
    let mut refuse = |rule: Rule, found: String, expected: &str, remedy: String| {
        let finding = rule.finding(subject.clone()).found(found);
        own.push(finding.expected(expected).remedy(remedy));
    };
    let (id, again) = (&it.id, remedy::run_again(task));
    let opening = it.opening.as_ref();
    let scope = opening.and_then(|it| it.decision.predicate().waiver.as_ref());
    let (Some(opening), Some(scope)) = (opening, scope) else {
        let found = format!("{id} is no waiver");
        let expected = "a waiver that the server has";
        refuse(Rule::WaiverReceived, found, expected, again);
        findings.extend(own);
        return None;
    };
    let person = opening.decision.signer();
    if !it.in_time {
        let found = format!("{id} was not received before the push of the run");
        let expected = "a waiver that the server had before";
        let first = remedy::receive_first(person);
        refuse(Rule::WaiverReceived, found, expected, first);
    }
    if it.used >= scope.uses as usize {
        let found = format!("{id} was used by {} runs", it.used);
        let expected = format!("at most {}", scope.uses);
        refuse(Rule::WaiverUses, found, &expected, again.clone());
    }
    if makers.are(person, policy) {
        let found = format!("{person} made the run, and waives for it");
        refuse(Rule::WaiverBeneficiary, found, "another person", again);
    }
    let (gate, on) = (Gate::PolicyViolation, format!("task/{task}"));
    let opens = Opens {
        again: format!(
            "git awo waive --task {task} --gates GATE --paths GLOB --expires 7d --uses 1 --reason TEXT"
        ),
        gate,
        on,
        what: "the contract",
        target: Target::Record(contract),
        base: None,
    };
    opening::used(opening, &opens, subject, &mut own);
    form(opening.decision.predicate(), subject, &mut own);
    let holds = own.is_empty();
    findings.extend(own);
    holds.then_some(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_names_what_it_is_for() {
        for pattern in ["src/a.py", "/src/", "docs/*.md", "a", "src/**", "*.md"] {
            assert!(!is_broad(pattern), "{pattern}");
        }
        for pattern in [
            "*",
            "**",
            "/",
            "**/*",
            "*/*",
            "",
            "!src/",
            "**/a.py",
            "?",
            "/**",
            "[a-z]*/**",
            "?r*/",
            "*s*",
            "*.*",
        ] {
            assert!(is_broad(pattern), "{pattern}");
        }
    }
}
