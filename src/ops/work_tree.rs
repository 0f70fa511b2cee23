//! The work tree beside a branch that an act moves: it must be clean before, and follows after.

use crate::git;
use crate::record::path::{escape, quote};
use crate::record::{ObjectId, RefName};
use crate::rules::work_tree as rules;

use super::{Error, Session};

/// Moves the checked-out work tree along with a branch that just moved, if it is checked out here.
/// The work tree must have been clean before: [`require_clean`].
pub(super) fn follow(
    session: &Session,
    reference: &RefName,
    old: ObjectId,
    new: ObjectId,
) -> Result<(), Error> {
    if is_checked_out(session, reference)? {
        read_tree(session, old, new)?;
    }
    Ok(())
}

fn read_tree(session: &Session, old: ObjectId, new: ObjectId) -> Result<(), git::Error> {
    // `git status` may have found files clean without writing that to the index. If a file really
    // has changed, this fails, and so does the next command, whose message says more.
    let _ = session.git(&["update-index", "-q", "--refresh"]);
    let (old, new) = (old.to_string(), new.to_string());
    session
        .git(&["read-tree", "-m", "-u", &old, &new])
        .map(|_| ())
}

/// Brings the work tree along if the branch was moved by a process that was killed before it could
/// do so: the index is then exactly that of the old commit. Returns why that failed, if it did.
pub(super) fn catch_up(
    session: &Session,
    reference: &RefName,
    old: ObjectId,
    new: ObjectId,
) -> Result<Option<String>, Error> {
    if old == new || !is_checked_out(session, reference)? {
        return Ok(None);
    }
    let before = old.to_string();
    let differ = session.git(&["diff-index", "--cached", "--name-only", &before, "--"])?;
    if !differ.stdout.is_empty() {
        return Ok(None);
    }
    let Err(error) = read_tree(session, old, new) else {
        return Ok(None);
    };
    let why = escape(error.to_string().as_bytes());
    Ok(Some(format!(
        "the work tree is not where {reference} is: {why}\nnext: git status"
    )))
}

/// Refuses if the branch, seen at `tip`, is checked out here with local changes.
pub(super) fn require_clean(
    session: &Session,
    reference: &RefName,
    tip: ObjectId,
) -> Result<(), Error> {
    if !is_checked_out(session, reference)? {
        return require_not_elsewhere(session, reference);
    }
    // `git status` works without the lock, but afterwards the work tree could not follow.
    let lock = session.repo().git_dir().join("index.lock");
    if lock.exists() {
        let lock = quote(lock.as_os_str().as_encoded_bytes());
        return Err(Error::denied(
            format!("{reference} is checked out here, and its index is locked"),
            rules::locked(reference, &lock),
        ));
    }
    let changed = session.git(&[
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--ignore-submodules=dirty",
    ])?;
    if changed.stdout.is_empty() {
        return Ok(());
    }
    // If another process has just moved the branch and is about to bring the work tree along, the
    // differences are not the user's, and must not be stashed.
    let now = session.repo().reference(reference)?;
    if now != Some(tip) {
        return Err(Error::denied(
            format!("{reference} was moved meanwhile"),
            rules::moved(reference, now, tip),
        ));
    }
    let changed = String::from_utf8_lossy(&changed.stdout).into_owned();
    Err(Error::denied(
        format!("{reference} is checked out here with local changes"),
        rules::dirty(reference, &changed),
    ))
}

/// Refuses if another work tree has the branch checked out: it would stay behind, with the exact
/// reversal of the act staged.
fn require_not_elsewhere(session: &Session, reference: &RefName) -> Result<(), Error> {
    let output = session.git(&["worktree", "list", "--porcelain"])?;
    let listed = String::from_utf8_lossy(&output.stdout);
    let mut place = "";
    for line in listed.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            place = path;
        } else if line.strip_prefix("branch ") == Some(reference.as_str()) {
            return Err(Error::denied(
                format!("{reference} is checked out in another work tree"),
                rules::elsewhere(reference, place),
            ));
        }
    }
    Ok(())
}

fn is_checked_out(session: &Session, reference: &RefName) -> Result<bool, Error> {
    let repo = session.repo();
    Ok(repo.work_tree().is_some() && repo.head()?.as_ref() == Some(reference))
}
