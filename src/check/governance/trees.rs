//! Judges every tree that a governance ref gained, in every commit: its files are judged where it
//! ends, but what stood in between stays in the repository as well.

use crate::record::{Coded, Rule};
use std::collections::BTreeSet;

use super::*;
use crate::check::PolicyHistory;
use crate::rules;
use crate::store::ledger::Refs;

/// What a governance ref gained.
pub struct Gained<'a> {
    /// The ref.
    pub reference: &'a RefName,
    /// Where it was.
    pub old: Option<ObjectId>,
    /// Where it is.
    pub new: ObjectId,
    /// So many commits it may gain at once.
    pub most_commits: usize,
    /// So many changes one of them may have: a merge brings what others wrote.
    pub most_changes: usize,
}

/// Judges the trees of the commits that a governance ref gained.
pub fn trees(
    reader: &Reader,
    gained: &Gained<'_>,
    others: &Refs,
    history: &PolicyHistory,
    findings: &mut Findings,
) -> Result<(), Error> {
    let reference = gained.reference;
    let place = Place::of(reference);
    let mut hidden: BTreeSet<ObjectId> = gained.old.into_iter().collect();
    if place == Some(Place::Evidence) {
        // It holds harness commits: what lies behind those belongs to branches. Nothing else may
        // hide what lies behind a governance ref.
        let branch =
            |name: &RefName| name.branch().is_some() || name.as_str().starts_with("refs/remotes/");
        hidden.extend(
            others
                .iter()
                .filter(|(name, _)| branch(name))
                .map(|(_, id)| *id),
        );
        for version in history.versions() {
            hidden.extend(version.policy.adopted());
        }
    }
    let hidden: Vec<_> = hidden.into_iter().collect();
    let commits = reader.new_commits(&[gained.new], &hidden)?;
    let most = gained.most_commits;
    let expected = format!("at most {most}");
    if let Some(finding) = rules::limits::commits(&commits, most, reference, expected) {
        findings.push(finding);
        return Ok(());
    }
    for id in commits {
        let subject = || Subject::of_ref(reference).at(id);
        if let Err(error) = commit(reader, gained, id, findings) {
            findings.extend(error.denies(subject()).ok_or(error)?);
        }
    }
    Ok(())
}

/// Judges what a commit has that its first parent has not: what another parent has was judged as
/// that parent's. Records and notes are plain files, and a record that was there stays, in every
/// commit in between too.
fn commit(
    reader: &Reader,
    gained: &Gained<'_>,
    id: ObjectId,
    findings: &mut Findings,
) -> Result<(), git::Error> {
    let reference = gained.reference;
    let subject = || Subject::of_ref(reference).at(id);
    let commit = reader.commit(id)?;
    let before = match commit.parents.first() {
        Some(parent) => Some(reader.commit(*parent)?.tree),
        None => None,
    };
    let found = reader.compare(before, Some(commit.tree), gained.most_changes)?;
    let faults = found.faults.iter();
    findings.extend(faults.map(|fault| rules::fault(fault, subject())));
    let place = Place::of(reference);
    // Evidence has the commits of runs behind it, whose files are the contract's matter.
    if place == Some(Place::Evidence) {
        return Ok(());
    }
    for change in &found.changes {
        if let Some((mode, _)) = change.new
            && mode != Mode::File
        {
            findings.push(
                Rule::RecordMode
                    .finding(subject().path(&change.path))
                    .found(format!("mode {mode}"))
                    .expected("a plain file")
                    .remedy("git awo fetch, then git awo push"),
            );
        }
        if place != Some(Place::Ledger) {
            continue;
        }
        match LedgerPath::parse(&change.path) {
            None if change.new.is_some() => findings.push(unknown(reference, &change.path)),
            None | Some(LedgerPath::Shard(..)) => {}
            Some(_) if change.old.is_some() => {
                findings.push(rewritten(reference, &change.path, change.new.is_none()));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
