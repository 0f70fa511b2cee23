//! Union merges of governance refs: nothing is lost, nothing changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, CommitDraft, Repo};
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName};

use super::Error;
use super::additions::{Additions, since};
use super::layout::{LedgerPath, Place};
use super::ledger::note_lines;
use super::swap::Edits;

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
    let edits = match place {
        Some(Place::Ledger) => {
            refuse_conflicts(repo, reference, ours, theirs)?;
            Edits::new()
        }
        Some(Place::Notes(_)) => union_of_notes(repo, our_tree, their_tree)?,
        _ => union_of_files(repo, reference, our_tree, their_tree)?,
    };
    // A commit of the ledger shows what it adds, and a merge adds nothing.
    let base = Some(our_tree).filter(|_| place != Some(Place::Ledger));
    let tree = match base {
        Some(tree) if edits.is_empty() => tree,
        base => repo.edit_tree(base, &edits)?,
    };
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

/// Refuses two histories of the ledger that have different files of one name.
fn refuse_conflicts(
    repo: &Repo,
    reference: &RefName,
    ours: ObjectId,
    theirs: ObjectId,
) -> Result<(), Error> {
    let known = Additions::at(repo.reader(), Some(theirs));
    for (name, mode, blob) in since(repo.reader(), Some(theirs), ours)? {
        if let Some(path) = LedgerPath::parse(&name)
            && known.find(&path)?.is_some_and(|it| it != (mode, blob))
        {
            return Err(Error::Conflict {
                reference: reference.clone(),
                path: name,
            });
        }
    }
    Ok(())
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
