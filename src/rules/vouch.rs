//! Commits by others, for which a member answers as if they were the member's own.

use std::collections::BTreeSet;

use crate::facts::case::CommitCase;
use crate::facts::vouched;
use crate::policy::RefRules;
use crate::record::{Finding, Findings, IdentityName, ObjectId, RefName, Rule, Subject};
use crate::records::VouchPredicate;

use super::scope::policy_paths;

/// Judges a commit for which a person vouches, and nobody else.
pub fn vouched(case: &CommitCase<'_>, person: &IdentityName, findings: &mut Findings) {
    policy_paths(case, person, findings);
    for change in case.changes {
        let follows = case.artefacts.generated.contains(&change.path);
        if !follows && !case.rules.grants_vouched(person, &change.path) {
            findings.push(
                Rule::VouchedPaths
                    .finding(case.subject().path(&change.path))
                    .found(format!("changed by a commit for which {person} vouches"))
                    .expected("a path for which the policy lets them vouch")
                    .remedy(format!(
                        "ask a root to let {person} vouch for it, in `vouched` of the [[ref]]: \
                         git awo policy propose FILE"
                    )),
            );
        }
    }
}

/// The policy does not let this person vouch for anything on a branch.
pub fn not_named(rules: &RefRules<'_>, person: &IdentityName) -> Finding {
    let branch = rules.reference();
    Rule::RoleHeld
        .finding(Subject::of_ref(branch))
        .found(format!("{person} vouches for commits on {branch}"))
        .expected(format!("a person whom `vouched` names for {branch}"))
        .remedy("ask a person who holds the role")
}

/// Judges a vouch whose range is known: it is exactly these commits.
pub fn range(says: &VouchPredicate, commits: &[ObjectId], subject: Subject) -> Option<Finding> {
    let is_sorted = says.base.is_sorted_by(|one, other| one < other);
    if is_sorted && !commits.is_empty() && vouched::is_range(says, commits) {
        return None;
    }
    Some(
        Rule::VouchRange
            .finding(subject.at(says.tip))
            .found(format!(
                "{} commits with the digest {}",
                says.commits, says.digest
            ))
            .expected(format!(
                "{} commits with the digest {}",
                commits.len(),
                VouchPredicate::digest_of(commits)
            ))
            .remedy(format!(
                "git awo vouch {} --ref {} --reason TEXT",
                says.tip, says.reference
            )),
    )
}

/// Returns what else lets a commit land that no member signed.
pub fn or_vouch(case: &CommitCase<'_>) -> String {
    let branch = case.rules.reference();
    match case.rules.accepts_vouched() {
        true => format!(
            "if it is somebody else's: git awo vouch {} --ref {branch} --reason TEXT",
            case.commit.id
        ),
        false => format!(
            "if it is somebody else's, a member can vouch for it where the policy has `vouched` for {branch}"
        ),
    }
}

/// Says of a commit that was refused by itself that somebody vouches for it, on these branches and not
/// on this one, and what makes that count here.
pub fn elsewhere(rules: &RefRules<'_>, branches: &BTreeSet<RefName>, finding: &mut Finding) {
    let by_itself = [Rule::CommitSigned, Rule::KeyKnown, Rule::DirectWriters];
    if !by_itself.iter().any(|rule| finding.rule == *rule) {
        return;
    }
    let branch = rules.reference();
    let names: Vec<_> = branches.iter().map(|it| format!("\"{it}\"")).collect();
    let names = names.join(", ");
    let missing = match rules.accepts_vouched() {
        true => "",
        false => "`vouched` and ",
    };
    finding.remedy = format!(
        "a vouch for {names} does not count on {branch}: ask a root for {missing}vouched_for = [{names}] \
         in the [[ref]] of {branch}: git awo policy propose FILE"
    );
    if let (true, Some(commit)) = (rules.accepts_vouched(), &finding.subject.commit) {
        let vouch = format!("; or git awo vouch {commit} --ref {branch} --reason TEXT");
        finding.remedy.push_str(&vouch);
    }
}
