//! Compare-and-swap, made again after a lost race.

use std::time::Duration;

use crate::git::{CommitDraft, Expected, RefUpdate, Repo, UpdateError};
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath};
use crate::sys::random;

use super::Error;

/// Number of attempts before a race is given up.
const ATTEMPTS: usize = 200;

/// Edits of a tree, as [`Repo::edit_tree`] takes them.
pub type Edits = Vec<(RepoPath, Option<(Mode, ObjectId)>)>;

/// Makes `fixed` and the updates of an attempt in one transaction, and returns the attempt's value.
/// After a lost race the attempt is made again on the new state. Without any update nothing moves.
///
/// # Errors
/// A `fixed` update is asked for from one exact state; if its ref has moved, nothing is tried again.
pub fn swap<T, E: From<Error>>(
    repo: &Repo,
    message: &str,
    fixed: &[RefUpdate],
    mut attempt: impl FnMut() -> Result<(Vec<RefUpdate>, T), E>,
) -> Result<T, E> {
    for number in 0..ATTEMPTS {
        let (updates, value) = attempt()?;
        let updates = [fixed, &updates].concat();
        if updates.is_empty() {
            return Ok(value);
        }
        let Err(error) = repo.update_refs(&updates, message) else {
            return Ok(value);
        };
        let gone = matches!(&error, UpdateError::Moved { name } if fixed.iter().any(|it| it.name == *name));
        if gone || !error.may_pass() {
            return Err(Error::from(error).into());
        }
        pause(number)?;
    }
    Err(Error::Contended { attempts: ATTEMPTS }.into())
}

/// Waits a random moment that grows with the attempts, so that writers fall out of step.
pub fn pause(attempt: usize) -> Result<(), Error> {
    let random = random::bytes().map_err(|_| Error::Random)?;
    let spread = (attempt as u64)
        .saturating_add(1)
        .min(50)
        .saturating_mul(2_000);
    std::thread::sleep(Duration::from_micros(
        u64::from(u16::from_le_bytes(random)).saturating_mul(spread) / 65_536,
    ));
    Ok(())
}

/// A ref as it was read, and the tree that it shows.
pub struct Tip {
    name: RefName,
    commit: Option<ObjectId>,
    pub(super) tree: Option<ObjectId>,
}

impl Tip {
    /// Reads a ref.
    pub fn of(repo: &Repo, name: RefName) -> Result<Self, Error> {
        let commit = repo.reference(&name)?;
        Self::at_commit(repo, name, commit)
    }

    /// Takes a ref to be at this commit.
    pub fn at_commit(repo: &Repo, name: RefName, commit: Option<ObjectId>) -> Result<Self, Error> {
        let tree = match commit {
            Some(commit) => Some(repo.commit(commit)?.tree),
            None => None,
        };
        Ok(Self { name, commit, tree })
    }

    /// Returns the movement of the ref to where it is; none if it does not exist.
    pub fn unchanged(&self) -> Option<RefUpdate> {
        self.commit.map(|commit| RefUpdate {
            name: self.name.clone(),
            expected: Expected::At(commit),
            new: Some(commit),
        })
    }

    /// Returns the commit.
    pub fn commit(&self) -> Option<ObjectId> {
        self.commit
    }

    /// Writes a commit whose tree holds these files and no other, on top of the tip, and returns the
    /// movement of the ref to it; `None` if there are no files.
    pub fn adding(
        self,
        repo: &Repo,
        files: &Edits,
        author: &Person,
        message: String,
    ) -> Result<Option<RefUpdate>, Error> {
        if files.is_empty() {
            return Ok(None);
        }
        let tree = repo.edit_tree(None, files)?;
        self.at(repo, tree, author, message, None).map(Some)
    }

    /// Writes a commit with the edited tree, whose parents are the tip and `held`, and returns the
    /// movement of the ref to it; `None` if the tree stays the same.
    pub fn edited(
        self,
        repo: &Repo,
        edits: &Edits,
        author: &Person,
        message: String,
        held: Option<ObjectId>,
    ) -> Result<Option<RefUpdate>, Error> {
        if edits.is_empty() {
            return Ok(None);
        }
        let tree = repo.edit_tree(self.tree, edits)?;
        if Some(tree) == self.tree {
            return Ok(None);
        }
        self.at(repo, tree, author, message, held).map(Some)
    }

    fn at(
        self,
        repo: &Repo,
        tree: ObjectId,
        author: &Person,
        message: String,
        held: Option<ObjectId>,
    ) -> Result<RefUpdate, Error> {
        let commit = repo.write_commit(&CommitDraft {
            tree,
            parents: self.commit.into_iter().chain(held).collect(),
            author: author.clone(),
            committer: author.clone(),
            message: message.into_bytes(),
            signature: None,
        })?;
        Ok(RefUpdate {
            name: self.name,
            expected: self.commit.map_or(Expected::Absent, Expected::At),
            new: Some(commit),
        })
    }
}
