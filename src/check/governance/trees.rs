//! Judges every tree that a governance ref gained, in every commit: its files are judged where it
//! ends, but what stood in between stays in the repository as well.

use std::collections::BTreeSet;

use super::*;
use crate::check::PolicyHistory;
use crate::check::report::git_finding;
use crate::policy::rules;
use crate::store::ledger::Refs;

/// How many changes one commit of a governance ref may have: a merge brings what others wrote.
const MOST_CHANGES: usize = 1_000_000;

/// Judges the trees of the commits that can be reached from `new` and from none of these refs but
/// itself, nor from a tip at adoption.
pub fn trees(
    reader: &Reader,
    reference: &RefName,
    old: Option<ObjectId>,
    new: ObjectId,
    others: &Refs,
    history: &PolicyHistory,
    findings: &mut Findings,
) -> Result<(), Error> {
    // Evidence holds harness commits: what lies behind those belongs to branches.
    let others = others.iter().filter(|(name, _)| *name != reference);
    let mut hidden: BTreeSet<ObjectId> = others
        .filter(|(name, _)| Place::of(name).is_none())
        .map(|(_, id)| *id)
        .collect();
    hidden.extend(old);
    for version in history.versions() {
        hidden.extend(version.policy.adopted());
    }
    let hidden: Vec<_> = hidden.into_iter().collect();
    for id in reader.new_commits(&[new], &hidden)? {
        let subject = || Subject::of_ref(reference).at(id);
        if let Err(error) = commit(reader, id, subject, findings) {
            match git_finding(&error, subject()) {
                Some(finding) => findings.push(finding),
                None => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Judges what a commit has that its first parent has not: what another parent has was judged as
/// that parent's.
fn commit(
    reader: &Reader,
    id: ObjectId,
    subject: impl Fn() -> Subject,
    findings: &mut Findings,
) -> Result<(), git::Error> {
    let commit = reader.commit(id)?;
    let before = match commit.parents.first() {
        Some(parent) => Some(reader.commit(*parent)?.tree),
        None => None,
    };
    let found = reader.compare(before, Some(commit.tree), MOST_CHANGES)?;
    let faults = found.faults.iter();
    findings.extend(faults.map(|fault| rules::fault(fault, subject())));
    Ok(())
}
