//! Judges a commit that is about to be made: the same paths rules, earlier.

use crate::facts::artefacts::{self, Made, TakenBack};
use crate::facts::case::CommitCase;
use crate::facts::lifting::{Lifting, Uses, When, may_be_lifted};
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::git::{self, Reader};
use crate::policy::document::Limits;
use crate::policy::keyring::Signer;
use crate::policy::{Policy, Unverified};
use crate::record::commit::Commit;
use crate::record::tree::{Change, faults};
use crate::record::{
    Coded as _, Findings, IdentityName, ObjectId, RefName, Report, Subject, Timestamp,
};
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
    let (Some(rules), Some(head)) = (policy.ref_rules(reference), reader.head_id()?) else {
        report.notes.extend(ungoverned(policy, reference));
        return Ok(report);
    };
    let commit = about_to_be(reader, head, &[])?;
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
    let lifting = lifting(reader, history, changes, time)?;
    let case = CommitCase {
        rules: &rules,
        commit: &commit,
        changes,
        faults: &added,
        artefacts,
        lifting: &lifting,
        signer: signer(person),
    };
    let mut findings = Findings::new();
    rules::entries(&case, &mut findings);
    rules::direct(&case, &mut findings);
    report.findings = without_commit(findings);
    Ok(report)
}

/// A merge with HEAD that is about to be committed.
pub struct Merge<'a> {
    /// Its tree.
    pub tree: ObjectId,
    /// Its other parents.
    pub merged: &'a [ObjectId],
}

/// Judges a merge by what it changes itself, as a direct commit by this person on this branch, or as one for which they
/// vouch where that is accepted.
pub fn judge_merge(
    reader: &Reader,
    history: &PolicyHistory,
    reference: &RefName,
    person: Option<&IdentityName>,
    merge: &Merge<'_>,
    time: Timestamp,
) -> Result<Report, Error> {
    let mut report = Report::default();
    let policy = &history.current().policy;
    let (Some(rules), Some(head)) = (policy.ref_rules(reference), reader.head_id()?) else {
        report.notes.extend(ungoverned(policy, reference));
        return Ok(report);
    };
    let mut commit = about_to_be(reader, head, merge.merged)?;
    commit.tree = merge.tree;
    let limits = &policy.document().limits;
    let most = limits.paths.max(Limits::default().paths);
    let gathered = || {
        let found = reader.compare_merge(commit.tree, &commit.parents, most, limits.file_bytes)?;
        let none = TakenBack::default();
        let artefacts = artefacts::of_commit(reader, policy, &commit, &found.changes, &none)?;
        Ok::<_, git::Error>((found, artefacts))
    };
    let (found, artefacts) = match gathered() {
        Ok(gathered) => gathered,
        Err(error) => {
            let denied = error.denies(Subject::of_ref(reference));
            report.findings = denied.ok_or(error)?;
            return Ok(report);
        }
    };
    report.count("paths", found.changes.len());
    let lifting = lifting(reader, history, &found.of_all_sides(), time)?;
    let case = CommitCase {
        rules: &rules,
        commit: &commit,
        changes: &found.changes,
        faults: &found.faults,
        artefacts,
        lifting: &lifting,
        signer: signer(person),
    };
    let mut findings = Findings::new();
    rules::entries(&case, &mut findings);
    rules::merge(&case, &mut findings);
    let mut direct = Findings::new();
    rules::direct(&case, &mut direct);
    let mut vouched = Findings::new();
    if let Some(person) = person.filter(|_| rules.accepts_vouched()) {
        rules::vouch::vouched(&case, person, &mut vouched);
    } else {
        vouched = direct.clone();
    }
    if !vouched.is_empty() {
        findings.extend(direct);
    }
    report.findings = without_commit(findings);
    Ok(report)
}

/// Returns what is known of a commit that is about to be made on HEAD.
fn about_to_be(reader: &Reader, head: ObjectId, merged: &[ObjectId]) -> Result<Commit, git::Error> {
    let mut commit = (*reader.commit(head)?).clone();
    commit.parents = [&[head], merged].concat();
    // What HEAD says of itself is nothing that this one says.
    commit.message.clear();
    Ok(commit)
}

/// Returns what lifts the protection of paths that are about to change.
fn lifting(
    reader: &Reader,
    history: &PolicyHistory,
    changes: &[Change],
    time: Timestamp,
) -> Result<Vec<Lifting>, Error> {
    let policy = &history.current().policy;
    // Refs and records are read only where something could be lifted.
    if !may_be_lifted(policy, changes) {
        return Ok(Vec::new());
    }
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
    Ok(lifting)
}

fn signer(person: Option<&IdentityName>) -> Result<Signer, Unverified> {
    let person = person.cloned().ok_or(Unverified::NoMember)?;
    let key = String::new();
    Ok(Signer { person, key })
}

fn ungoverned(policy: &Policy, reference: &RefName) -> Option<String> {
    // A branch that no rule names may exist locally; only its push would be refused.
    let is_governed = policy.ref_rules(reference).is_some();
    (!is_governed).then(|| format!("{reference} is not governed: its push would be refused"))
}

/// The commit does not exist yet: only the branch and the path are named.
fn without_commit(findings: Findings) -> Findings {
    let each = findings.into_iter().map(|mut finding| {
        finding.subject.commit = None;
        finding
    });
    each.collect()
}
