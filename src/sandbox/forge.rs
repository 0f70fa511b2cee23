//! Ledgers that no command writes, for tests of what is refused.

use crate::git::{CommitDraft, Repo};
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath};
use crate::store::Error;
use crate::store::additions::{Additions, since};
use crate::store::layout::{self, LedgerPath};

/// Writes a commit of the ledger in which these files stand as well, or instead of those of their
/// names; nothing stands for a file that goes.
///
/// In a log nothing can be changed or removed. So the commit replaces all that the clone has and
/// `sent` has not; where that has a file that is to go, a ledger begins that has no history.
pub fn ledger(
    repo: &Repo,
    sent: Option<ObjectId>,
    edits: &[(RepoPath, Option<(Mode, ObjectId)>)],
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
    let draft = CommitDraft {
        tree: repo.edit_tree(None, &files)?,
        parents: kept.into_iter().collect(),
        author: author.clone(),
        committer: author.clone(),
        message: b"forged\n".to_vec(),
        signature: None,
    };
    Ok(repo.write_commit(&draft)?)
}
