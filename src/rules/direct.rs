//! Direct commits and merges.

use crate::facts::case::CommitCase;
use crate::policy::Unverified;
use crate::record::commit::SecondReading;
use crate::record::{Coded as _, Finding, Findings, IdentityName, Rule};

use super::scope::policy_paths;
use super::{remedy, vouch};

/// Judges a commit that claims to be nothing but a commit.
pub fn direct(case: &CommitCase<'_>, findings: &mut Findings) {
    if !case.rules.accepts_direct() {
        findings.push(
            Rule::CompleteChain
                .finding(case.subject())
                .found("a direct commit, without a run")
                .expected(match case.rules.accepts_vouched() {
                    true => "a run with its whole chain, or somebody who vouches for the commit",
                    false => "a run with its approvals, evidence, review and attestation",
                })
                .remedy(remedy::take_off(case)),
        );
        // Its paths are reported too: who mends only the first finding would meet the next.
    }
    let person = match &case.signer {
        Ok(signer) => signer.person.clone(),
        Err(error) => {
            let mut finding = error.to_finding(case.subject());
            if matches!(error, Unverified::Commit(_) | Unverified::UnknownKey { .. }) {
                finding.remedy = format!("{}; {}", finding.remedy, vouch::or_vouch(case));
            }
            findings.push(finding);
            return;
        }
    };
    policy_paths(case, &person, findings);
    if case.rules.accepts_direct() {
        writers(case, &person, findings);
    }
}

/// Refuses direct changes of paths that the policy does not grant to a person.
pub(super) fn writers(case: &CommitCase<'_>, person: &IdentityName, findings: &mut Findings) {
    if !case.rules.grants_anything(person) {
        findings.push(
            Rule::DirectWriters
                .finding(case.subject())
                .found(format!("a direct commit by {person}"))
                .expected("a writer whom the policy names for this ref")
                .remedy(
                    "ask a writer whom git awo policy show names to make the commit, or a root to \
                     name you: git awo policy propose FILE",
                ),
        );
        return;
    }
    for change in case.changes {
        let follows = case.artefacts.generated.contains(&change.path);
        if !follows && !case.rules.grants_direct(person, &change.path) {
            findings.push(
                Rule::DirectWriters
                    .finding(case.subject().path(&change.path))
                    .found(format!("changed by {person}"))
                    .expected("a writer whom the policy grants this path")
                    .remedy(remedy::leave_out(case, &change.path)),
            );
        }
    }
}

/// Refuses commits that have more than one reading, or more than one form under one signature.
pub fn one_reading(case: &CommitCase<'_>, findings: &mut Findings) {
    let Some(reading) = case.commit.second_reading else {
        return;
    };
    let (found, remedy) = match reading {
        SecondReading::ParentTwice => ("a parent twice", "git reset --soft HEAD^, then git commit"),
        SecondReading::Person => (
            "a control character in a person's name or address, or blanks around it",
            "git commit --amend --no-edit --reset-author",
        ),
        SecondReading::Encoding => (
            "a message in an encoding other than UTF-8",
            "git -c i18n.commitEncoding=UTF-8 commit --amend --no-edit",
        ),
        SecondReading::Unsigned => (
            "a header that no signature covers, or that stands behind the signature",
            "git commit --amend --no-edit",
        ),
    };
    findings.push(
        Rule::CommitReading
            .finding(case.subject())
            .found(found)
            .expected("a commit as git writes it, all of it signed")
            .remedy(remedy),
    );
}

/// Refuses merges where the policy does not take them.
pub fn merge(case: &CommitCase<'_>, findings: &mut Findings) {
    if case.commit.parents.len() > 1 && !case.rules.accepts_merges() {
        findings.push(
            Rule::Merge
                .finding(case.subject())
                .found(format!("a merge of {} parents", case.commit.parents.len()))
                .expected("one parent")
                .remedy(format!(
                    "git rebase origin/{}",
                    case.rules.reference().branch().unwrap_or("BRANCH")
                )),
        );
    }
}

/// The trailers of a commit are those of one run, or of one roll-back; these are not.
pub fn confused(case: &CommitCase<'_>, why: &str) -> Finding {
    Rule::Trailers
        .finding(case.subject())
        .found(why)
        .expected("the trailers of one run, or AWO-Rollback alone")
        .remedy(case.without_trailers(&remedy::take_off(case)))
}
