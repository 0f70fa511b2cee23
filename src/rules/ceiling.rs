//! Ceilings: how far whoever orchestrates may go without asking. The figures are computed from objects; no record can raise
//! them, and no decision lifts them.

use std::collections::BTreeSet;

use crate::facts::ceiling::{CeilingFacts, Counted, LandingFacts, MOST_VERSIONS, Window};
use crate::facts::run::Held;
use crate::policy::ceiling::Whose;
use crate::policy::{Ceiling, Policy, Role, Verified};
use crate::record::ceiling::{Autonomy, BadAutonomy, Deed, Figure};
use crate::record::contract::{CeilingTerms, Contract};
use crate::record::path::quote;
use crate::record::{
    Choice, Finding, Findings, Gate, IdentityName, RepoPath, Rule, RunId, Subject, Token,
};
use crate::records::{ActorKind, DecisionPredicate, Target};

use super::opening::{self, Opens};

/// So many paths outside of a ceiling are named.
const MOST_NAMED: usize = 5;

const IMPORT: &str = "mend the packet and import it again; where it is imported already, with another task id: git awo task import FILE";
const LOWERED: &str =
    "import a version of the packet whose [ceiling] leaves more: git awo task import FILE";
const PROPOSE: &str = "ask the roots for another [[ceiling]]: git awo policy propose FILE";

/// Judges what a contract says of its ceiling by itself: nobody needs a policy to know that it is wrong.
pub fn form(contract: &Contract, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let says = &contract.ceiling;
    let mut refuse = |found: String, expected: &str| {
        let finding = Rule::CeilingTerms.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(IMPORT));
    };
    if let Some(level) = &says.level
        && let Err(why) = Autonomy::of_word(level)
    {
        let found = match &why {
            BadAutonomy::Unknown(_) => format!("ceiling.level: {}", quote(level.as_bytes())),
            BadAutonomy::NotOffered(..) => format!("ceiling.{why}"),
        };
        refuse(found, "L0, L3 or L4");
    }
    for figure in Figure::ALL {
        if let Some(said) = says.figure(*figure).filter(|it| *it < 0) {
            refuse(
                format!("ceiling.{figure} = {said}"),
                "a whole number that is not negative",
            );
        }
    }
    findings
}

/// A contract is of the base task that its id names, and of a version that is looked for: what that task has landed is
/// found by it.
pub fn base(contract: &Contract, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let mut refuse = |found: String, expected: String| {
        let finding = Rule::CeilingTerms.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(IMPORT));
    };
    let (base, version) = contract.id.versioned();
    if let Some(said) = contract.base_task_id.as_ref().filter(|it| **it != base) {
        let expected = format!("{base}, the id without its version");
        refuse(format!("base_task_id = {said}"), expected);
    }
    if let Some(number) = version.is_none().then(|| contract.id.numbered()).flatten() {
        let expected =
            format!("a version from -v1 to -v{MOST_VERSIONS}, or an id that does not end like one");
        refuse(format!("-{number} at the end of {}", contract.id), expected);
    }
    if let Some(version) = version.filter(|it| *it > MOST_VERSIONS) {
        let expected = format!("at most {MOST_VERSIONS}");
        refuse(format!("version {version} of {base}"), expected);
    }
    findings
}

/// Judges what a contract says of its ceiling by what a policy permits: it raises nothing above the ceiling of whoever may go
/// furthest.
pub fn terms(contract: &Contract, policy: &Policy, subject: &Subject) -> Findings {
    let mut findings = form(contract, subject);
    findings.extend(base(contract, subject));
    let says = &contract.ceiling;
    if *says == CeilingTerms::default() {
        return findings;
    }
    let people = policy
        .persons()
        .filter(|it| it.roles.contains(&Role::Orchestrator));
    let ceilings: Vec<_> = people.filter_map(|it| policy.ceiling(&it.name)).collect();
    // Whoever orchestrates is asked again when they do.
    let raised = ceilings.iter().map(|it| raised(says, it, subject));
    findings.extend(raised.min_by_key(Findings::len).unwrap_or_default());
    findings
}

/// Returns what a contract raises above a ceiling.
fn raised(says: &CeilingTerms, ceiling: &Ceiling, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let mut refuse = |found: String, expected: String| {
        let finding = Rule::CeilingTerms.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(IMPORT));
    };
    for figure in Figure::ALL {
        let (limit, whose) = (ceiling.limits.of(*figure), ceiling.whose(*figure).words());
        let said = says.figure(*figure);
        if let Some(said) = said.filter(|it| u64::try_from(*it).is_ok_and(|it| it > limit)) {
            let expected = format!("at most {limit}, {whose} ceiling");
            refuse(format!("ceiling.{figure} = {said}"), expected);
        }
    }
    let level = says.level.as_deref().map(Autonomy::of_word);
    // Without a policy's ceiling it is L3, as the gates ask.
    let least = match ceiling.is_set() {
        true => ceiling.level,
        false => Autonomy::L3,
    };
    if let Some(Ok(level)) = level
        && level < least
    {
        let expected = format!("{least} or higher");
        refuse(format!("ceiling.level = {level}"), expected);
    }
    findings
}

/// Judges whether a person has a ceiling, and whether a contract raises it: what can be told before anything runs.
pub fn before(
    contract: &Contract,
    person: &IdentityName,
    policy: &Policy,
    subject: &Subject,
) -> Findings {
    let mut findings = form(contract, subject);
    match policy.ceiling(person) {
        Some(ceiling) => findings.extend(raised(&contract.ceiling, &ceiling, subject)),
        None => findings.push(absent(person, policy, subject)),
    }
    findings
}

fn absent(person: &IdentityName, policy: &Policy, subject: &Subject) -> Finding {
    Rule::CeilingAbsent
        .finding(subject.clone())
        .found(format!(
            "{person}, who holds {}, and no ceiling",
            policy.roles_of(person)
        ))
        .expected("a [[ceiling]] for that person, or for one of these roles")
        .remedy(PROPOSE)
}

/// Judges what a run changes, with all that counts together with it, by its ceiling. What is undecided comes second.
pub fn measured(
    facts: &CeilingFacts,
    contract: &Contract,
    policy: &Policy,
    subject: &Subject,
) -> (Findings, Option<Finding>) {
    let mut findings = before(contract, &facts.person, policy, subject);
    let Some(own) = &facts.own else {
        return (findings, None);
    };
    let ceiling = own.under(&contract.ceiling);
    let base = contract.id.versioned().0;
    let of = |runs: usize| match runs {
        1 => "1 run".to_owned(),
        runs => format!("{runs} runs"),
    };
    for figure in exceeded(&facts.task, |it| ceiling.limits.of(it)) {
        let (found, limit) = (facts.task.found(figure), ceiling.limits.of(figure));
        let whose = ceiling.whose(figure);
        let remedy = match whose {
            Whose::Contract => LOWERED,
            Whose::BuiltIn | Whose::Policy => PROPOSE,
        };
        let whose = whose.words();
        findings.push(
            Rule::CeilingFigures
                .finding(subject.clone())
                .found(format!(
                    "{found} {figure} in {} of {base}",
                    of(facts.task.runs)
                ))
                .expected(format!("at most {limit} {figure}, {whose} ceiling"))
                .remedy(remedy),
        );
    }
    let mut undecided = None;
    match &facts.window {
        Window::NotAsked => {}
        Window::Unknown => {
            undecided = Some(
                Rule::LogPresent
                    .finding(subject.clone())
                    .found("no receive log, which tells what has landed in the days of the ceiling")
                    .expected("the server's receive log")
                    .remedy("git awo fetch"),
            );
        }
        Window::Counted(counted) => {
            let days = own.window_days.unwrap_or_default();
            for figure in exceeded(counted, |it| own.window_limits.of(it)) {
                let (found, limit) = (counted.found(figure), own.window_limits.of(figure));
                let whose = own.whose(figure).words();
                let (person, runs) = (&facts.person, of(counted.runs));
                findings.push(
                    Rule::CeilingWindow
                        .finding(subject.clone())
                        .found(format!(
                            "{found} {figure} in {runs} of {person} in {days} days"
                        ))
                        .expected(format!("at most {limit} {figure}, {whose} ceiling"))
                        .remedy(format!(
                            "wait until less has landed in {days} days; or {PROPOSE}"
                        )),
                );
            }
        }
    }
    paths(facts, &ceiling, subject, &mut findings);
    (findings, undecided)
}

/// Returns the figures that are above their limits.
fn exceeded(counted: &Counted, limit: impl Fn(Figure) -> u64) -> Vec<Figure> {
    let all = Figure::ALL.iter().copied();
    all.filter(|it| counted.figures.of(*it) > limit(*it))
        .collect()
}

fn paths(facts: &CeilingFacts, ceiling: &Ceiling, subject: &Subject, findings: &mut Findings) {
    let inside = |path: &RepoPath| ceiling.paths.iter().all(|it| it.matches(path));
    let outside: Vec<_> = facts.deeds.keys().filter(|it| !inside(it)).collect();
    for path in outside.iter().take(MOST_NAMED) {
        let found = match outside.len() {
            1 => quote(path.as_bytes()),
            all => format!("{}, one of {all} paths", quote(path.as_bytes())),
        };
        findings.push(
            Rule::CeilingPaths
                .finding(subject.clone().path(path))
                .found(found)
                .expected("a path inside of the ceiling")
                .remedy(PROPOSE),
        );
    }
}

/// Judges whether whoever must be asked before a run lands has decided on it.
pub fn decided(
    run: Held<'_>,
    facts: &CeilingFacts,
    landing: &LandingFacts,
    policy: &Policy,
    subject: &Subject,
) -> Findings {
    let mut findings = Findings::new();
    let (Some(own), Some(contract)) = (&facts.own, run.facts.contract_says()) else {
        return findings;
    };
    let ceiling = own.under(&contract.ceiling);
    let mut refused = Findings::new();
    let permits: Vec<&DecisionPredicate> = landing
        .permits
        .iter()
        .filter(|it| {
            let mut why = counts(it, run, landing.target, policy, subject);
            let holds = why.is_empty();
            refused.extend(std::mem::take(&mut why));
            holds
        })
        .map(|it| it.decision.predicate())
        .collect();
    let needed = needed(facts, &ceiling);
    let permitted = |word: &str| {
        let mut all = permits.iter().flat_map(|it| &it.permits);
        all.any(|it| it.as_str() == word)
    };
    let missing: Vec<_> = needed.iter().filter(|it| !permitted(it)).cloned().collect();
    let operators = operators(run, policy);
    let ask = |words: &[String]| {
        let on = format!("run/{}", run.facts.id);
        let words = words.join(",");
        format!(
            "ask an operator ({operators}): git awo decide PolicyViolation {on} approve --permits {words} --rationale CODE"
        )
    };
    let level = ceiling.level;
    if !missing.is_empty() {
        let found = format!("{} without a decision that names it", missing.join(", "));
        let expected = match level {
            Autonomy::L4 => "an operator's decision for each action, as at L4".to_owned(),
            _ => "an operator's decision for each action that the ceiling leaves to one".to_owned(),
        };
        let finding = Rule::CeilingActions.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(ask(&missing)));
    }
    let all: BTreeSet<_> = facts.deeds.values().flatten().copied().collect();
    let all = all.iter().map(|it| it.word().to_owned());
    let mut words: BTreeSet<String> = all.chain(ceiling.unlisted.iter().cloned()).collect();
    if words.is_empty() {
        words.insert(Deed::Change.to_string());
    }
    // A decision on what the run does not do is none on the run.
    let permits_some = words.iter().any(|it| permitted(it));
    if level == Autonomy::L3 && !permits_some && !audited(run, policy) {
        let words: Vec<_> = words.into_iter().collect();
        findings.push(
            Rule::CeilingLevel
                .finding(subject.clone())
                .found("no operator has decided on the run")
                .expected("an approval of the run (gate 3) by an operator, or a decision, as at L3")
                .remedy(ask(&words)),
        );
    }
    // Why what was decided does not count.
    if !findings.is_empty() {
        findings.extend(refused);
    }
    findings
}

/// Returns the actions of a run that need a decision.
fn needed(facts: &CeilingFacts, ceiling: &Ceiling) -> BTreeSet<String> {
    let done: BTreeSet<Deed> = facts.deeds.values().flatten().copied().collect();
    let asks = |it: &&Deed| ceiling.level == Autonomy::L4 || !ceiling.actions.contains(it);
    let done = done.iter().filter(asks).map(|it| it.word().to_owned());
    done.chain(ceiling.unlisted.iter().cloned()).collect()
}

/// Returns why a decision that permits actions of a run does not count.
fn counts(
    it: &crate::facts::opening::Opening,
    run: Held<'_>,
    target: Target,
    policy: &Policy,
    subject: &Subject,
) -> Findings {
    let mut findings = Findings::new();
    let (gate, on) = (Gate::PolicyViolation, format!("run/{}", run.facts.id));
    let opens = Opens {
        again: format!("git awo decide {gate} {on} approve --permits change --rationale CODE"),
        gate,
        on,
        what: "the run",
        target,
        base: None,
    };
    opening::used(it, &opens, subject, &mut findings);
    let person = it.decision.signer();
    if run.is_own(person, policy, true) {
        findings.push(
            Rule::CeilingLevel
                .finding(subject.clone())
                .found(format!("{person} made the run, and permits it"))
                .expected("another operator")
                .remedy(opens.again.clone()),
        );
    }
    findings
}

/// Tells whether an operator who did not make a run has approved it at gate 3, and the finalization counts that.
fn audited(run: Held<'_>, policy: &Policy) -> bool {
    let finalization = run.facts.finalization.valid().map(Verified::predicate);
    let named = |it: &crate::record::Sha256| {
        finalization.is_some_and(|finalization| finalization.approvals.contains(it))
    };
    run.facts.audit_approvals.iter().any(|it| {
        let person = it.signer();
        named(&it.digest())
            && is_operator(person, policy)
            && !run.is_own(person, policy, true)
            && !run.facts.is_withdrawn(it.digest())
    })
}

fn is_operator(person: &IdentityName, policy: &Policy) -> bool {
    policy.holds(person, Role::Operator) && !policy.is_of_model(person)
}

/// Returns the operators who may decide on a run, for a message.
fn operators(run: Held<'_>, policy: &Policy) -> String {
    let people = policy.people_who(&[Role::Operator]);
    let others = people.filter(|it| !run.is_own(it, policy, true));
    let names: Vec<_> = others.map(IdentityName::as_str).collect();
    match names.is_empty() {
        true => "the policy names none who did not make it".to_owned(),
        false => names.join(", "),
    }
}

/// Judges what a decision says that it permits.
pub fn permits(says: &DecisionPredicate, subject: &Subject, findings: &mut Findings) {
    if says.permits.is_empty() {
        return;
    }
    let run = says.run.as_ref().map(RunId::as_str).unwrap_or("RUN");
    let mut refuse = |found: String, expected: &str| {
        let finding = Rule::DecisionForm.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(format!(
            "git awo decide PolicyViolation run/{run} approve --permits change --rationale CODE"
        )));
    };
    let by_person = says.decision.actor.kind == ActorKind::Human;
    let of_run = matches!(says.target, Target::Object(_)) && says.run.is_some();
    let is = says.gate() == Some(Gate::PolicyViolation) && of_run && by_person;
    if !is || says.decision.decision != Choice::Approve || says.waiver.is_some() {
        let expected = "a person's approval of PolicyViolation on a run";
        refuse("a decision that permits actions".to_owned(), expected);
    }
    if !says.permits.is_sorted_by(|a, b| a < b) {
        let words: Vec<_> = says.permits.iter().map(Token::as_str).collect();
        refuse(words.join(", "), "actions, in order, each once");
    }
}
