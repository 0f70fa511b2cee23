//! Protected artefacts: no commit changes one, unless operators have signed that this one commit may.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::case::CommitCase;
use crate::facts::lifting::{Lifting, Made, Signed};
use crate::policy::{Policy, Role};
use crate::record::tree::{Change, Mode};
use crate::record::{
    Choice, Finding, Findings, Gate, Held, IdentityName, OverrideUse, Protection, RepoPath, Rule,
    Subject, fold,
};
use crate::records::{ActorKind, DecisionPredicate, Target};

use super::{opening, remedy};

/// Judges what a decision on a change of a protected artefact says.
pub fn form(says: &DecisionPredicate, policy: &Policy, subject: &Subject, findings: &mut Findings) {
    let named = Protection::named(says.decision.target_ref.as_str());
    let mut refuse = |rule: Rule, found: String, expected: &str, next: &str| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(next));
    };
    let typed = "git awo override PATH --from ID --to ID --reason TEXT";
    let Some(protection) = &says.protection else {
        if named.is_some() {
            let found = format!("{} without the change", says.decision.target_ref);
            let expected = "the path, and what it holds before and after";
            refuse(Rule::DecisionForm, found, expected, typed);
        }
        return;
    };
    let approves = says.decision.decision == Choice::Approve;
    let is_one = says.gate() == Some(Gate::PolicyViolation)
        && says.target == Target::Record(protection.digest())
        && named == Some(protection.digest())
        && says.waiver.is_none();
    let by_person = says.decision.actor.kind == ActorKind::Human;
    if !is_one || (approves && !(by_person && says.note.is_some())) {
        let found = "a protection override".to_owned();
        let expected =
            "a person's approval of PolicyViolation on exactly this change, with a reason";
        refuse(Rule::DecisionForm, found, expected, typed);
    }
    let path = protection.path.as_bytes();
    let plain = !path.is_empty()
        && protection
            .path
            .components()
            .all(|it| !it.is_empty() && it != b"." && it != b"..");
    let holds_tree = |side: Option<Held>| side.is_some_and(|it| it.mode == Mode::Tree);
    let is_change = protection.from != protection.to
        && !holds_tree(protection.from)
        && !holds_tree(protection.to);
    if !plain || !is_change {
        let found = format!("an override of {}", protection.path);
        let expected = "a file, symlink or submodule, and two states of it that differ";
        refuse(Rule::DecisionForm, found, expected, typed);
    }
    if approves && policy.protection_overrides().is_none() {
        findings.push(of_nobody(subject.clone(), &protection.path));
    }
}

/// The policy lets nobody lift the protection of an artefact.
pub fn nobody(path: &RepoPath) -> Finding {
    of_nobody(Subject::none().path(path), path)
}

fn of_nobody(subject: Subject, path: &RepoPath) -> Finding {
    Rule::GateForbidden
        .finding(subject)
        .found(format!("an override of {path}"))
        .expected("a policy with protection_overrides in [gates]")
        .remedy("ask a root to set protection_overrides: git awo policy propose FILE")
}

/// Refuses a change of a protected artefact that no override lets this commit make. `person` answers for the
/// commit.
pub fn kept(
    case: &CommitCase<'_>,
    change: &Change,
    pattern: &str,
    person: &IdentityName,
    findings: &mut Findings,
) {
    let policy = case.rules.policy();
    let subject = case.subject().path(&change.path);
    let Some(needed) = policy.protection_overrides() else {
        findings.push(
            Rule::ProtectedArtefact
                .finding(subject)
                .found("a change of a protected artefact")
                .expected(format!("nothing under {pattern} touched"))
                .remedy(remedy::leave_out_or_allow(case, &change.path, "protected")),
        );
        return;
    };
    let protection = Protection::of(change);
    let lifting = case.lifting.iter().find(|it| it.protection == protection);
    let own = own(case, person, lifting);
    let Some(lifting) = lifting.filter(|it| it.used_before || !it.approvals.is_empty()) else {
        let command = remedy::lift(&protection);
        findings.push(
            Rule::ProtectedArtefact
                .finding(subject)
                .found("a change of a protected artefact")
                .expected(format!(
                    "nothing under {pattern} touched, or an override of exactly this change by {}",
                    operators(needed)
                ))
                .remedy(format!(
                    "{}; or ask {} to run {command}",
                    remedy::leave_out(case, &change.path),
                    others(policy, &own, &BTreeSet::new())
                )),
        );
        return;
    };
    let by = lifting.landed.as_ref().map_or(policy, |it| &it.policy);
    let needed = by.protection_overrides().unwrap_or(needed);
    lifted(lifting, (needed, by), &own, &subject, findings);
}

/// Who has a part in a commit, and so lifts nothing for it.
struct Own<'a> {
    persons: BTreeSet<&'a IdentityName>,
    named: &'a BTreeSet<String>,
}

static NOBODY: BTreeSet<String> = BTreeSet::new();

fn own<'a>(
    case: &'a CommitCase<'_>,
    person: &'a IdentityName,
    lifting: Option<&'a Lifting>,
) -> Own<'a> {
    let signer = case.signer.as_ref().ok().map(|it| &it.person);
    // Who vouches for it here need not have done so where it landed first.
    let landed = lifting.is_some_and(|it| it.landed.is_some());
    let person = Some(person).filter(|_| !landed || signer.is_none());
    Own {
        persons: person.into_iter().chain(signer).collect(),
        named: lifting.map_or(&NOBODY, |it| &it.makers),
    }
}

impl Own<'_> {
    fn are(&self, person: &IdentityName, policy: &Policy) -> bool {
        let by_name = self.named.contains(&fold::name(person.as_str()));
        self.persons.contains(person) || by_name || policy.is_among(person, self.named)
    }
}

/// Judges who has signed for a change.
fn lifted(
    lifting: &Lifting,
    (needed, policy): (usize, &Policy),
    own: &Own<'_>,
    subject: &Subject,
    findings: &mut Findings,
) {
    if lifting.used_before {
        return;
    }
    let mut refuse = |rule: Rule, found: String, expected: String, next: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(next));
    };
    let command = remedy::lift(&lifting.protection);
    let (mut signed, mut not, mut used) = (BTreeSet::new(), BTreeMap::new(), None);
    let mut own_ones = BTreeSet::new();
    for it in &lifting.approvals {
        let person = it.decision.signer();
        if let Some(first) = it.used_by {
            used.get_or_insert((it.decision.predicate().id(), first));
        } else if let Some(why) = counts_not(it, policy, subject) {
            not.insert(person, why);
        } else if own.are(person, policy) {
            own_ones.insert(person);
        } else {
            signed.insert(person);
        }
    }
    if let Some((id, who)) = lifting.against.first() {
        let found = format!("{who} rejects the change ({id})");
        let next = format!("ask {who} to run {command} --supersedes {id}");
        refuse(
            Rule::OverridePersons,
            found,
            "no rejection".to_owned(),
            next,
        );
    }
    if signed.len() >= needed {
        return;
    }
    let next = format!("ask {} to run {command}", others(policy, own, &signed));
    if let Some((id, first)) = used {
        let found = format!("the override {id}, which {first} has used");
        let expected = "an override that no other commit has used".to_owned();
        refuse(Rule::OverrideOnce, found, expected, next.clone());
        if signed.is_empty() {
            return;
        }
    }
    for person in own_ones {
        let found = format!("{person} signed the override, and has a part in the commit");
        refuse(
            Rule::OverrideBeneficiary,
            found,
            operators(needed),
            next.clone(),
        );
    }
    let named = |who: &BTreeSet<&IdentityName>| {
        let names: Vec<_> = who.iter().map(|it| it.as_str()).collect();
        names.join(", ")
    };
    let mut found = format!("signed by {} of {needed}", signed.len());
    if !signed.is_empty() {
        found.push_str(&format!(": {}", named(&signed)));
    }
    for (person, why) in not {
        found.push_str(&format!("; of {person} {why}"));
    }
    refuse(Rule::OverridePersons, found, operators(needed), next);
}

/// Says why an approval does not count, if it does not.
fn counts_not(it: &Signed, policy: &Policy, subject: &Subject) -> Option<String> {
    let (says, person) = (it.decision.predicate(), it.decision.signer());
    let id = says.id();
    let by_person = says.decision.actor.kind == ActorKind::Human && !policy.is_of_model(person);
    if it.withdrawn {
        return Some(format!("{id}, which is withdrawn"));
    }
    if let Some(other) = &it.superseded_by {
        return Some(format!("{id}, which {other} supersedes"));
    }
    if it.expired {
        return Some(format!("{id}, which expired at {}", says.expires));
    }
    if !by_person || !policy.holds(person, Role::Operator) {
        return Some(format!(
            "{id}, and the policy does not name them as an operator"
        ));
    }
    let closed = opening::opens(policy, Gate::PolicyViolation, says, subject);
    closed.map(|why| format!("{id}, but {}", why.expected))
}

fn operators(number: usize) -> String {
    match number {
        1 => "an operator who has no part in the commit".to_owned(),
        _ => format!("{number} operators who have no part in the commit"),
    }
}

/// Returns who may still sign, for a message.
fn others(policy: &Policy, own: &Own<'_>, signed: &BTreeSet<&IdentityName>) -> String {
    let people = policy.people_who(Gate::PolicyViolation.decided_by());
    let may =
        people.filter(|it| !policy.is_of_model(it) && !own.are(it, policy) && !signed.contains(it));
    let names: Vec<_> = may.map(IdentityName::as_str).collect();
    match names.is_empty() {
        true => "an operator whom the policy does not have yet".to_owned(),
        false => names.join(", "),
    }
}

/// Returns what a push that landed says of the overrides that it used: of each path the persons who signed.
pub fn used_by(lifting: &Lifting) -> String {
    let stands = |it: &&Signed| !(it.expired || it.withdrawn || it.superseded_by.is_some());
    let signed = lifting.unused().filter(stands);
    let persons: BTreeSet<_> = signed.map(|it| it.decision.signer()).collect();
    let persons: Vec<_> = persons.iter().map(|it| it.as_str()).collect();
    format!(
        "override used: {}, by {}",
        lifting.protection.path,
        persons.join(", ")
    )
}

/// Compares what a receipt tells of overrides with what its push used. `all` is what was used by it or before,
/// unless that cannot be known here.
pub fn told(
    receipt: u64,
    told: &[OverrideUse],
    own: &[&Made],
    all: Option<&[&Made]>,
    findings: &mut Findings,
) {
    let mut refuse = |it: &OverrideUse, found: String, expected: &str| {
        findings.push(untold(receipt, it, found, expected));
    };
    for it in own {
        if !told.iter().any(|told| it.is_told(told)) {
            let found = "a receipt that does not tell of the override".to_owned();
            refuse(
                &it.used,
                found,
                "the override that the commit used, with its decisions",
            );
        }
    }
    for it in told {
        let same = |made: &&Made| made.used.commit == it.commit && made.used.path == it.path;
        if all.is_some_and(|all| !all.iter().any(same)) {
            let found = "a receipt that tells of an override".to_owned();
            refuse(it, found, "nothing: the push used none");
        }
    }
}

fn untold(receipt: u64, it: &OverrideUse, found: String, expected: &str) -> Finding {
    let subject = Subject::of_commit(it.commit).path(&it.path);
    Rule::OverrideTold
        .finding(subject)
        .found(format!("{found}: entry {receipt} of the log"))
        .expected(expected)
        .remedy("ask the server's administrator; compare with another clone")
}
