//! Judges a commit that is about to be made: the same paths rules, earlier.

use crate::facts::case::CommitCase;
use crate::git::Reader;
use crate::policy::keyring::Signer;
use crate::policy::{RefRules, Unverified};
use crate::record::commit::Commit;
use crate::record::tree::{Change, faults};
use crate::record::{Findings, IdentityName, RefName, Report};
use crate::rules;

use super::{Error, PolicyHistory};

/// Judges staged changes as a direct commit by this person on this branch.
pub fn judge(
    reader: &Reader,
    history: &PolicyHistory,
    reference: &RefName,
    person: Option<&IdentityName>,
    changes: &[Change],
) -> Result<Report, Error> {
    let mut report = Report::default();
    report.count("paths", changes.len());
    let policy = &history.current().policy;
    let Some(rules) = policy.ref_rules(reference) else {
        // A branch that no rule names may exist locally; only its push would be refused.
        report.notes.push(format!(
            "{reference} is not governed: its push would be refused"
        ));
        return Ok(report);
    };
    let Some(head) = reader.head_id()? else {
        return Ok(report);
    };
    let commit = reader.commit(head)?;
    let signer = match person {
        Some(person) => Ok(Signer {
            person: person.clone(),
            key: String::new(),
        }),
        None => Err(Unverified::NoMember),
    };
    let mut findings = Findings::new();
    judge_rules(&rules, &commit, changes, signer, &mut findings);
    // The commit does not exist yet: name the branch and the path alone.
    report.findings = findings
        .into_iter()
        .map(|mut finding| {
            finding.subject.commit = None;
            finding
        })
        .collect();
    Ok(report)
}

fn judge_rules(
    rules: &RefRules<'_>,
    commit: &Commit,
    changes: &[Change],
    signer: Result<Signer, Unverified>,
    findings: &mut Findings,
) {
    let case = CommitCase {
        rules,
        commit,
        changes,
        faults: &faults::of_added(changes),
        signer,
    };
    rules::entries(&case, findings);
    rules::direct(&case, findings);
}
