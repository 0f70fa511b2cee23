//! Protected artefacts: no commit changes one, unless operators have signed that this one commit may.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::case::{CommitCase, CommitKind};
use crate::facts::lifting::{Lifting, Made, Signed};
use crate::policy::{Policy, Role, Verified};
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
    let own_change = Protection::of(change);
    // A merge changes a path against each parent that has it otherwise.
    let of_sides = case.lifting.iter().map(|it| &it.protection);
    let of_sides = of_sides.filter(|it| it.path == change.path && **it != own_change);
    for protection in std::iter::once(&own_change).chain(of_sides) {
        kept_from(case, protection, (needed, pattern), person, findings);
    }
}

/// Refuses one such change, against one parent.
fn kept_from(
    case: &CommitCase<'_>,
    protection: &Protection,
    (needed, pattern): (usize, &str),
    person: &IdentityName,
    findings: &mut Findings,
) {
    let policy = case.rules.policy();
    let subject = case.subject().path(&protection.path);
    let lifting = case.lifting.iter().find(|it| it.protection == *protection);
    let own = own(case, person, lifting);
    let Some(lifting) = lifting.filter(|it| it.used_before || !it.approvals.is_empty()) else {
        let command = remedy::lift(protection);
        let ask = format!(
            "ask {} to run {command}",
            others(policy, &own, &BTreeSet::new())
        );
        // Who vouches for a commit, or takes a run back, has not made what would be left out.
        let is_made = case.signer.as_ref().is_ok_and(|it| it.person == *person)
            && !matches!(CommitKind::of(case.commit), CommitKind::Rollback(_));
        let next = match is_made {
            true => format!("{}; or {ask}", remedy::leave_out(case, &protection.path)),
            false => ask,
        };
        findings.push(
            Rule::ProtectedArtefact
                .finding(subject)
                .found("a change of a protected artefact")
                .expected(format!(
                    "nothing under {pattern} touched, or an override of exactly this change by {}",
                    operators(needed)
                ))
                .remedy(next),
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
    let mut against = lifting.against.iter();
    if let Some(it) = against.find(|it| stands_against(it, policy, own)) {
        let (id, who) = (it.decision.predicate().id(), it.decision.signer());
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

/// Tells whether a rejection stands: an operator's own, until they change their mind, or another operator does who
/// has no part in the commit.
fn stands_against(it: &Signed, policy: &Policy, own: &Own<'_>) -> bool {
    let lifts_it = |by: &Verified<DecisionPredicate>| {
        let same = by.signer() == it.decision.signer();
        same || (is_operators(by, policy) && !own.are(by.signer(), policy))
    };
    let over = it.expired || it.withdrawn || it.superseders.iter().any(lifts_it);
    !over && is_operators(&it.decision, policy)
}

/// Tells whether an operator has signed this, who is no model.
fn is_operators(it: &Verified<DecisionPredicate>, policy: &Policy) -> bool {
    let (says, person) = (it.predicate(), it.signer());
    let by_person = says.decision.actor.kind == ActorKind::Human && !policy.is_of_model(person);
    by_person && policy.holds(person, Role::Operator)
}

/// Says why an approval does not count, if it does not.
fn counts_not(it: &Signed, policy: &Policy, subject: &Subject) -> Option<String> {
    let (says, person) = (it.decision.predicate(), it.decision.signer());
    let id = says.id();
    if it.withdrawn {
        return Some(format!("{id}, which is withdrawn"));
    }
    // Only who signed it changes their mind about it. Others reject the change.
    let mut superseders = it.superseders.iter();
    if let Some(other) = superseders.find(|it| it.signer() == person) {
        let other = other.predicate().id();
        return Some(format!("{id}, which {other} supersedes"));
    }
    if it.expired {
        return Some(format!("{id}, which expired at {}", says.expires));
    }
    if !is_operators(&it.decision, policy) {
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

/// How a push that landed says that it used an override.
const USED: &str = "override used: ";

/// Returns what a push that landed says of the overrides of a path that it used: the persons whose signatures
/// counted. `own` have signed the commit, or vouch for it.
pub fn used_by<'a>(
    sides: &[&Lifting],
    own: impl Iterator<Item = &'a IdentityName>,
    policy: &Policy,
) -> String {
    let own = Own {
        persons: own.collect(),
        named: sides.first().map_or(&NOBODY, |it| &it.makers),
    };
    let signed = sides.iter().flat_map(|it| it.unused());
    let counted = signed.filter(|it| {
        let counts = counts_not(it, policy, &Subject::none()).is_none();
        counts && !own.are(it.decision.signer(), policy)
    });
    let persons: BTreeSet<_> = counted.map(|it| it.decision.signer().as_str()).collect();
    let persons: Vec<_> = persons.into_iter().collect();
    let path = sides.first().map(|it| it.protection.path.to_string());
    format!(
        "{USED}{}, by {}",
        path.unwrap_or_default(),
        persons.join(", ")
    )
}

/// Tells whether a note says that an override was used: a push that is refused has used none.
pub fn tells_of_use(note: &str) -> bool {
    note.starts_with(USED)
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
