//! Union merges of governance refs: nothing is lost, nothing changes, the index is recomputed.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, CommitDraft, Repo};
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName};

use super::layout::{LedgerPath, Place};
use super::ledger::note_lines;
use super::swap::Edits;
use super::{Error, provenance};

/// Returns the tip that holds both histories: one of the two if it contains the other, else a
/// merge commit with the union of their trees.
pub fn merge(
    repo: &Repo,
    reference: &RefName,
    ours: ObjectId,
    theirs: ObjectId,
    author: &Person,
) -> Result<ObjectId, Error> {
    if ours == theirs {
        return Ok(ours);
    }
    if let Some(newer) = repo.newer(ours, theirs)? {
        return Ok(newer);
    }
    let place = Place::of(reference);
    if !matches!(
        place,
        Some(Place::Ledger | Place::Notes(_) | Place::Evidence)
    ) {
        return Err(Error::Unrelated {
            reference: reference.clone(),
            ours,
            theirs,
        });
    }
    let (our_tree, their_tree) = (repo.commit(ours)?.tree, repo.commit(theirs)?.tree);
    let notes = matches!(place, Some(Place::Notes(_)));
    let edits = if notes {
        union_of_notes(repo, our_tree, their_tree)?
    } else {
        union_of_files(repo, reference, our_tree, their_tree)?
    };
    let mut tree = our_tree;
    if !edits.is_empty() {
        tree = repo.edit_tree(Some(tree), &edits)?;
    }
    if place == Some(Place::Ledger) {
        let touched = touched_shards(repo, our_tree, their_tree)?;
        let edits = provenance::mended(repo, Some(tree), &touched)?;
        if !edits.is_empty() {
            tree = repo.edit_tree(Some(tree), &edits)?;
        }
    }
    // Parents in a fixed order, so that two clones which merge the same tips agree on the trees.
    let mut parents = vec![ours, theirs];
    parents.sort();
    let draft = CommitDraft {
        tree,
        parents,
        author: author.clone(),
        committer: author.clone(),
        message: format!("union of {reference}\n").into_bytes(),
        signature: None,
    };
    Ok(repo.write_commit(&draft)?)
}

fn union_of_files(
    repo: &Repo,
    reference: &RefName,
    ours: ObjectId,
    theirs: ObjectId,
) -> Result<Edits, Error> {
    let mut edits = Vec::new();
    for change in repo.changes(Some(ours), Some(theirs))? {
        if matches!(LedgerPath::parse(&change.path), Some(LedgerPath::Shard(..))) {
            continue;
        }
        match (change.old, change.new) {
            (_, None) => {}
            (None, Some(new)) => edits.push((change.path, Some(new))),
            (Some(_), Some(_)) => {
                return Err(Error::Conflict {
                    reference: reference.clone(),
                    path: change.path,
                });
            }
        }
    }
    Ok(edits)
}

/// The shards in which the two sides differ, and those of runs that one side alone has finalized.
/// Both are recomputed from the union: an entry that one side repaired stays repaired.
fn touched_shards(
    repo: &Repo,
    ours: ObjectId,
    theirs: ObjectId,
) -> Result<BTreeSet<LedgerPath>, Error> {
    let mut shards = BTreeSet::new();
    for change in repo.changes(Some(ours), Some(theirs))? {
        match LedgerPath::parse(&change.path) {
            Some(shard @ LedgerPath::Shard(..)) => _ = shards.insert(shard),
            Some(path) => shards.extend(path.implies()),
            None => {}
        }
    }
    Ok(shards)
}

fn union_of_notes(repo: &Repo, ours: ObjectId, theirs: ObjectId) -> Result<Edits, Error> {
    let our_notes: BTreeMap<_, _> = git::all_notes(repo, ours)?.into_iter().collect();
    let mut edits = Vec::new();
    for (object, blob) in git::all_notes(repo, theirs)? {
        let merged = match our_notes.get(&object) {
            Some(same) if *same == blob => continue,
            None => blob,
            Some(other) => {
                let (a, b) = (repo.blob(*other)?, repo.blob(blob)?);
                // As git's own cat_sort_uniq does.
                let lines: BTreeSet<_> = note_lines(&a).chain(note_lines(&b)).collect();
                let mut text = Vec::new();
                for line in lines {
                    text.extend_from_slice(line);
                    text.push(b'\n');
                }
                repo.write_blob(&text)?
            }
        };
        edits.push((
            git::path_for_note(repo, Some(ours), object)?,
            Some((Mode::File, merged)),
        ));
    }
    Ok(edits)
}
