//! Recomputing the provenance index: derived, so it may be written again where it differs.

use std::collections::BTreeSet;

use crate::git::{CommitDraft, Expected, Reader, RefUpdate, Repo};
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath};

use super::Error;
use super::batch::pause;
use super::layout::{self, LedgerPath};
use super::provenance::{self, Shards};

/// How often a lost race is run again.
const ATTEMPTS: usize = 200;

/// What a rebuild did to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The shard was missing.
    Added,
    /// The shard differed.
    Replaced,
    /// No finalization implies the shard.
    Removed,
}

/// Edits of a tree, as [`Repo::edit_tree`] takes them.
pub(super) type Edits = Vec<(RepoPath, Option<(Mode, ObjectId)>)>;

/// Recomputes every shard and writes those that differ, in one compare-and-swap of the ledger.
/// Returns what changed, sorted; nothing is written if nothing differs.
pub fn rebuild(repo: &Repo, author: &Person) -> Result<Vec<(RepoPath, Change)>, Error> {
    let reference = layout::ledger();
    for attempt in 0..ATTEMPTS {
        let Some(tip) = repo.reference(&reference)? else {
            return Ok(Vec::new());
        };
        let tree = repo.commit(tip)?.tree;
        let mut shards = provenance::implied_by_all(repo, Some(tree))?;
        for stray in provenance::stored(repo, Some(tree))?.into_keys() {
            shards.entry(stray).or_default();
        }
        let (edits, changes) = edits(repo, Some(tree), &shards)?;
        if edits.is_empty() {
            return Ok(Vec::new());
        }
        let draft = CommitDraft {
            tree: repo.edit_tree(Some(tree), &edits)?,
            parents: vec![tip],
            author: author.clone(),
            committer: author.clone(),
            message: b"rebuild the provenance index\n".to_vec(),
            signature: None,
        };
        let update = RefUpdate {
            name: reference.clone(),
            expected: Expected::At(tip),
            new: Some(repo.write_commit(&draft)?),
        };
        match repo.update_refs(&[update], "awo: rebuild the provenance index") {
            Ok(()) => return Ok(changes),
            Err(error) if error.may_pass() => pause(attempt)?,
            Err(other) => return Err(other.into()),
        }
    }
    Err(Error::Contended { attempts: ATTEMPTS })
}

/// Returns the edits that make a tree hold these shards as computed from its own finalizations.
pub(super) fn mended(
    repo: &Repo,
    tree: Option<ObjectId>,
    shards: &BTreeSet<LedgerPath>,
) -> Result<Edits, Error> {
    let shards = provenance::implied(repo, tree, shards)?;
    Ok(edits(repo, tree, &shards)?.0)
}

/// Returns the edits that make a tree hold exactly these shards, and what each does.
pub(super) fn edits(
    repo: &Repo,
    tree: Option<ObjectId>,
    shards: &Shards,
) -> Result<(Edits, Vec<(RepoPath, Change)>), Error> {
    let (mut edits, mut changes) = (Edits::new(), Vec::new());
    for (shard, index) in shards {
        let path = shard.to_path();
        let there = existing(repo, tree, &path)?;
        if index.entries.is_empty() {
            if there.is_some() {
                edits.push((path.clone(), None));
                changes.push((path, Change::Removed));
            }
            continue;
        }
        let blob = repo.write_blob(&index.to_bytes())?;
        let change = match there {
            Some((Mode::File, id)) if id == blob => continue,
            Some(_) => Change::Replaced,
            None => Change::Added,
        };
        edits.push((path.clone(), Some((Mode::File, blob))));
        changes.push((path, change));
    }
    Ok((edits, changes))
}

fn existing(
    reader: &Reader,
    tree: Option<ObjectId>,
    path: &RepoPath,
) -> Result<Option<(Mode, ObjectId)>, Error> {
    match tree {
        Some(tree) => Ok(reader.entry(tree, path)?),
        None => Ok(None),
    }
}
