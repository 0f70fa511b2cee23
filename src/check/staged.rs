//! Judges a commit that is about to be made: the same paths rules, earlier.

use crate::facts::artefacts::{self, Made, TakenBack};
use crate::facts::case::CommitCase;
use crate::facts::lifting::{Uses, When};
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::policy::Unverified;
use crate::policy::keyring::Signer;
use crate::record::tree::{Change, faults};
use crate::record::{Findings, IdentityName, ObjectId, RefName, Report, Timestamp};
use crate::rules;
use crate::store::ledger::Records;

use super::{Error, PolicyHistory};

/// Judges staged changes as a direct commit by this person on this branch, and as the reversal of a commit, if they
/// are to be one.
pub fn judge(
    reader: &Reader,
    history: &PolicyHistory,
    reference: &RefName,
    person: Option<&IdentityName>,
    changes: &[Change],
    reverted: Option<ObjectId>,
    time: Timestamp,
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
    // A directory that was there before is no news.
    let mut added = Vec::new();
    for fault in faults::of_added(changes) {
        if reader.entry(commit.tree, &fault.path)?.is_none() {
            added.push(fault);
        }
    }
    let made = Made {
        parents: &[head],
        tree: None,
        reverts: reverted,
    };
    let artefacts = artefacts::collect(reader, policy, &made, changes, &TakenBack::default())?;
    let refs = super::push::refs(reader)?;
    let records = Records::open(reader, &refs)?;
    let collector = Collector {
        records: &records,
        history,
        positions: Positions::Named,
        time,
        arriving_policies: None,
        measures: Default::default(),
    };
    let when = When {
        time,
        arriving: true,
    };
    let uses = Uses::by_log(reader, &refs);
    let lifting = collector.lifting(policy, &uses, (None, changes), when)?;
    let case = CommitCase {
        rules: &rules,
        commit: &commit,
        changes,
        faults: &added,
        artefacts,
        lifting: &lifting,
        signer,
    };
    let mut findings = Findings::new();
    rules::entries(&case, &mut findings);
    rules::direct(&case, &mut findings);
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
