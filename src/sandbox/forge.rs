//! Ledgers that no command writes, for tests of what is refused.

use crate::git::{CommitDraft, Expected, RefUpdate, Repo};
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath};
use crate::store::Error;
use crate::store::additions::{Additions, since};
use crate::store::layout::{self, LedgerPath};
use crate::store::swap::Edits;

/// A file and its new content; none removes it.
pub type Edit<'a> = (&'a str, Option<&'a [u8]>);

/// Writes the blobs of these files; returns them as [`Repo::edit_tree`] takes them.
pub fn blobs(repo: &Repo, edits: &[Edit<'_>]) -> Result<Edits, Error> {
    let blob = |(path, bytes): &Edit<'_>| {
        let blob = bytes.map(|bytes| repo.write_blob(bytes)).transpose()?;
        Ok((RepoPath::from(*path), blob.map(|id| (Mode::File, id))))
    };
    edits.iter().map(blob).collect()
}

/// Writes or removes files in the tree of a ref of a clone, as a new commit.
pub fn edit(
    repo: &Repo,
    author: &Person,
    reference: &RefName,
    edits: &[Edit<'_>],
) -> Result<(), Error> {
    let files = blobs(repo, edits)?;
    let tip = repo.reference(reference)?;
    let new = if *reference == layout::ledger() {
        let tracking = layout::tracking("origin", reference);
        let sent = tracking.map(|it| repo.reference(&it)).transpose()?;
        ledger(repo, sent.flatten(), &files, author)?
    } else {
        let base = tip.map(|tip| repo.tree_of(tip)).transpose()?;
        let tree = repo.edit_tree(base, &files)?;
        commit(repo, author, tree, tip)?
    };
    let update = RefUpdate {
        name: reference.clone(),
        expected: tip.map_or(Expected::Absent, Expected::At),
        new: Some(new),
    };
    Ok(repo.update_refs(&[update], "forged")?)
}

fn commit(
    repo: &Repo,
    author: &Person,
    tree: ObjectId,
    parent: Option<ObjectId>,
) -> Result<ObjectId, Error> {
    Ok(repo.write_commit(&CommitDraft {
        tree,
        parents: parent.into_iter().collect(),
        author: author.clone(),
        committer: author.clone(),
        message: b"forged\n".to_vec(),
        signature: None,
    })?)
}

/// Writes a commit of the ledger in which these files stand as well, or instead of those of their
/// names; nothing stands for a file that goes.
///
/// In a log nothing can be changed or removed. So the commit replaces all that the clone has and
/// `sent` has not; where that has a file that is to go, a ledger begins that has no history.
fn ledger(
    repo: &Repo,
    sent: Option<ObjectId>,
    edits: &Edits,
    author: &Person,
) -> Result<ObjectId, Error> {
    let there = Additions::at(repo, sent);
    let mut kept = sent;
    for (path, file) in edits {
        if file.is_none()
            && let Some(path) = LedgerPath::parse(path)
            && there.find(&path)?.is_some()
        {
            kept = None;
        }
    }
    let mut files = Vec::new();
    if let Some(tip) = repo.reference(&layout::ledger())? {
        files = since(repo, kept, tip)?;
    }
    files.retain(|(path, ..)| !edits.iter().any(|(it, _)| it == path));
    let added = files.into_iter().map(|(path, mode, id)| (path, (mode, id)));
    let edits = edits.iter().cloned();
    let edits = edits.filter_map(|(path, file)| Some((path, file?)));
    let files: Vec<_> = added
        .chain(edits)
        .map(|(path, file)| (path, Some(file)))
        .collect();
    commit(repo, author, repo.edit_tree(None, &files)?, kept)
}
