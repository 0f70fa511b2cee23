//! Errors of reading and writing a repository.

use std::path::{Path, PathBuf};

use crate::record::commit::BadCommit;
use crate::record::tree::BadTree;
use crate::record::{Coded, Diagnosis, ObjectId, RefName, RepoPath, Rule, Subject};
use crate::sys::shell;

use super::kind::Kind;
use super::view::ViewProblem;

/// An underlying error of an opaque type.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// The repository could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no repository.
    #[error("cannot open a git repository at {}", .path.display())]
    Open {
        /// Where it was searched.
        path: PathBuf,
        /// Why not.
        source: Source,
    },
    /// The repository has a format that this program cannot read.
    #[error("cannot read the repository {}: {why}", .git_dir.display())]
    Unsupported {
        /// The repository.
        git_dir: PathBuf,
        /// What it uses.
        why: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// The repository belongs to another user, and its configuration could start programs.
    #[error("cannot let git use the settings of {}: it belongs to another user", .git_dir.display())]
    Foreign {
        /// The repository.
        git_dir: PathBuf,
        /// What `safe.directory` must name: the work tree if there is one.
        home: PathBuf,
    },
    /// The repository does not show all objects that it names.
    #[error("cannot trust an incomplete view of the repository: {why}")]
    IncompleteView {
        /// What hides or replaces objects.
        why: ViewProblem,
    },
    /// The environment of the hook is unusable.
    #[error("cannot read the hook's environment: {why}")]
    Environment {
        /// What is wrong with it.
        why: String,
    },
    /// An object is missing.
    #[error("cannot find object {id}")]
    Missing {
        /// The object.
        id: ObjectId,
        /// Why the repository does not have it, if that is known.
        why: Option<ViewProblem>,
    },
    /// An object's bytes do not hash to its id.
    #[error("cannot trust object {id}: its content hashes to {found}")]
    HashMismatch {
        /// The id under which it was read.
        id: ObjectId,
        /// The id of its bytes.
        found: ObjectId,
    },
    /// An object's bytes are part of a SHA-1 collision attack.
    #[error("cannot trust object {id}: its bytes carry a SHA-1 collision attack")]
    Collision {
        /// The object.
        id: ObjectId,
    },
    /// An object could not be unpacked.
    #[error("cannot read object {id}")]
    Object {
        /// The object.
        id: ObjectId,
        /// Why not.
        source: Source,
    },
    /// An object is of another kind.
    #[error("cannot read object {id} as a {wanted}: it is a {found}")]
    WrongKind {
        /// The object.
        id: ObjectId,
        /// What it is.
        found: Kind,
        /// What it should be.
        wanted: Kind,
    },
    /// An object is larger than may be read.
    #[error("cannot read object {id}: it has {size} bytes, more than {max}")]
    TooLarge {
        /// The object.
        id: ObjectId,
        /// Its size.
        size: u64,
        /// The limit.
        max: u64,
    },
    /// A limit of work or memory was reached.
    #[error("cannot continue: more than {max} {what}")]
    Limit {
        /// What exceeds the limit.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// What a push brings takes more work than it may.
    #[error("cannot judge this: it takes more work than reading {most} entries of trees")]
    Work {
        /// So much it may take.
        most: u64,
    },
    /// A commit is malformed.
    #[error("cannot read commit {id}")]
    BadCommit {
        /// The commit.
        id: ObjectId,
        /// Why not.
        source: BadCommit,
    },
    /// A tree is malformed.
    #[error("cannot read tree {id}")]
    BadTree {
        /// The tree.
        id: ObjectId,
        /// Why not.
        source: BadTree,
    },
    /// An annotated tag is malformed, or tags are nested too deep.
    #[error("cannot read tag {id}: {why}")]
    BadTag {
        /// The tag.
        id: ObjectId,
        /// Why not.
        why: &'static str,
    },
    /// A notes tree is not one that git would write.
    #[error("cannot read the notes at {path}: {why}")]
    BadNotes {
        /// The path in the notes tree.
        path: RepoPath,
        /// Why not.
        why: &'static str,
    },
    /// A ref could not be read.
    #[error("cannot read ref {name}")]
    Ref {
        /// The ref, or the prefix of the refs wanted.
        name: String,
        /// Why not.
        source: Source,
    },
    /// An edit of a tree is invalid.
    #[error("cannot put {path} into a tree: {why}")]
    BadEdit {
        /// The path.
        path: RepoPath,
        /// Why not.
        why: &'static str,
    },
    /// A commit to be written would not read back as it was given.
    #[error("cannot write the commit: {why}")]
    BadDraft {
        /// Why not.
        why: &'static str,
    },
    /// An object could not be written.
    #[error("cannot write an object to {}", .path.display())]
    Write {
        /// The object directory or file.
        path: PathBuf,
        /// Why not.
        source: Source,
    },
    /// A file could not be read or written.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// git could not be started.
    #[error("cannot start git")]
    Start {
        /// Why not.
        source: std::io::Error,
    },
    /// git ran and failed.
    #[error("git {} failed ({status}): {}", .args.join(" "), .stderr.trim_end())]
    Git {
        /// The arguments.
        args: Vec<String>,
        /// Its exit status.
        status: std::process::ExitStatus,
        /// Its standard error.
        stderr: String,
    },
}

/// Refs could not be moved. Unless stated otherwise, none has moved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// A ref no longer has the expected value. Read it again and retry.
    #[error("cannot move {name}: it has moved since it was read")]
    Moved {
        /// The ref.
        name: RefName,
    },
    /// Another process holds the lock of a ref, or has left it behind.
    #[error("cannot move {name}: the lock {} is held or was left behind, {holder}", .path.display())]
    Locked {
        /// The ref.
        name: RefName,
        /// The lock file.
        path: PathBuf,
        /// What is known about the holder, as text.
        holder: String,
    },
    /// The update contradicts itself.
    #[error("cannot move {name}: {why}")]
    Bad {
        /// The ref.
        name: RefName,
        /// Why not.
        why: &'static str,
    },
    /// Anything else. After a failure in the middle of a transaction some refs may have moved.
    #[error("cannot move the refs")]
    Other(#[source] Source),
}

impl UpdateError {
    /// Returns whether a retry after a fresh read may succeed soon: another process was faster, or
    /// holds a lock. A lock that is seconds old is stale and does not go away by itself.
    pub fn may_pass(&self) -> bool {
        match self {
            UpdateError::Moved { .. } => true,
            UpdateError::Locked { path, .. } => super::holder::may_pass(path),
            _ => false,
        }
    }
}

impl From<Error> for UpdateError {
    fn from(error: Error) -> Self {
        UpdateError::Other(Box::new(error))
    }
}

impl Error {
    /// Returns whether more was found than was asked for.
    pub fn is_limit(&self) -> bool {
        matches!(self, Error::Limit { .. })
    }

    /// Returns whether the work that a push may take is used up. Whoever judges stops there: whatever
    /// follows would only say so again.
    pub fn is_out_of_work(&self) -> bool {
        matches!(self, Error::Work { .. })
    }
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        use Error as E;
        let at = |id: &ObjectId| Subject::none().record(id);
        let found =
            |rule, remedy: &str| Diagnosis::against(self, rule, "a readable object", remedy);
        let written = |rule| {
            let expected = "something that git can hold";
            Diagnosis::against(self, rule, expected, "git fsck --strict")
        };
        // A missing object is nobody's fault: nothing can be decided until it is present.
        let unseen =
            |rule, remedy: &str| Diagnosis::undecided(self, rule, "a view of all objects", remedy);
        let unusable = |rule| Diagnosis::unusable(self, rule);
        let around = "a repository and a system that can be read and written";
        match self {
            E::HashMismatch { id, .. } => found(Rule::ObjectHash, &restored(*id)).about(at(id)),
            E::Missing { id, why } => {
                let refetch = "git awo init, then git fetch --refetch origin";
                let remedy = why.map_or(refetch, ViewProblem::remedy);
                unseen(Rule::ObjectPresent, remedy).about(at(id))
            }
            E::Unsupported { remedy, .. } => {
                Diagnosis::undecided(self, Rule::RepositoryReadable, around, remedy)
            }
            E::Foreign { home, .. } => {
                let remedy = format!(
                    "git config --global --add safe.directory {}, if you trust its owner",
                    home.display()
                );
                Diagnosis::undecided(self, Rule::OwnRepository, around, remedy)
            }
            E::IncompleteView { why } => unseen(Rule::WholeView, why.remedy()),
            E::Environment { .. } => unseen(Rule::HookEnvironment, "git awo doctor"),
            E::Collision { id } => {
                found(Rule::ObjectCollision, "do not use this object").about(at(id))
            }
            E::Object { id, .. } => found(Rule::ObjectReadable, &restored(*id)).about(at(id)),
            E::WrongKind { id, .. } => {
                found(Rule::ObjectKind, "push an object of that kind").about(at(id))
            }
            E::BadCommit { id, .. } | E::BadTree { id, .. } | E::BadTag { id, .. } => {
                found(Rule::ObjectForm, "git fsck --strict").about(at(id))
            }
            E::BadNotes { .. } => found(Rule::NotesForm, "git awo fetch"),
            E::TooLarge { id, .. } => found(Rule::ObjectSize, "make it smaller").about(at(id)),
            E::Limit { .. } => found(Rule::Limits, "push less at once"),
            E::Work { .. } => {
                let remedy = "git push SERVER COMMIT:BRANCH, with a commit half way, first; if one commit is too \
                              much, a higher work in [limits] of policy.toml";
                let expected = "work within the policy's limit";
                Diagnosis::against(self, Rule::Limits, expected, remedy)
            }
            E::BadEdit { .. } => written(Rule::TreeEdit),
            E::BadDraft { .. } => written(Rule::CommitDraft),
            E::Open { .. } => {
                let remedy = "git status, in the repository that is meant";
                Diagnosis::undecided(self, Rule::RepositoryReadable, around, remedy)
            }
            E::Ref { .. } => unusable(Rule::RefReadable),
            E::Write { .. } | E::Io { .. } => unusable(Rule::FileUsable),
            // git has one exit status for all failures; only its message identifies a lock.
            E::Git { stderr, .. } if stderr.contains(".lock': File exists") => {
                let expected = "a repository in which no other git process is running";
                let remedy = "if no other git runs here: rm the lock that git names";
                Diagnosis::undecided(self, Rule::LockFree, expected, remedy)
            }
            E::Git { stderr, .. } => match config_locked(stderr) {
                Some(config) => {
                    let lock = format!("{config}.lock");
                    let expected = format!(
                        "no {lock}, which a running git holds or an earlier one left behind"
                    );
                    let remedy = format!("if no git runs here: rm {}", quoted(Path::new(&lock)));
                    Diagnosis::undecided(self, Rule::LockFree, expected, remedy)
                }
                None => unusable(Rule::GitSucceeds),
            },
            E::Start { .. } => unusable(Rule::GitSucceeds),
        }
    }
}

impl Coded for UpdateError {
    fn diagnosis(&self) -> Diagnosis {
        use UpdateError as E;
        let again = "run the command again";
        let of = Subject::of_ref;
        match self {
            E::Moved { name } => {
                let expected = "the state that was judged";
                Diagnosis::against(self, Rule::NothingMoved, expected, again).about(of(name))
            }
            E::Locked { name, path, .. } => {
                let remedy = format!(
                    "rm {}, if no other process uses the repository",
                    quoted(path)
                );
                let expected = "a ref that nobody else moves";
                Diagnosis::undecided(self, Rule::LockFree, expected, remedy).about(of(name))
            }
            E::Bad { name, .. } => {
                let expected = "one movement of each ref";
                Diagnosis::undecided(self, Rule::RefUpdate, expected, again).about(of(name))
            }
            E::Other(_) => Diagnosis::unusable(self, Rule::RefsWritable),
        }
    }
}

/// Returns how a damaged object comes back.
fn restored(id: ObjectId) -> String {
    let id = id.to_string();
    let (fan, rest) = id.split_at_checked(2).unwrap_or_default();
    format!(
        "rm -f \"$(git rev-parse --git-path objects/{fan}/{rest})\", then git fetch --refetch origin; \
         if it is in a pack, clone again"
    )
}

/// Returns the configuration file whose lock is held, according to git's standard error.
fn config_locked(stderr: &str) -> Option<&str> {
    let (_, rest) = stderr.split_once("could not lock config file ")?;
    rest.split_once(": File exists").map(|(path, _)| path)
}

/// Returns a path quoted for a shell.
fn quoted(path: &Path) -> String {
    shell::quote(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_of_a_configuration_differs_from_other_failures() {
        let taken = "error: could not lock config file /r/.git/config: File exists\n";
        assert_eq!(config_locked(taken), Some("/r/.git/config"));
        let denied = "error: could not lock config file /r/.git/config: Permission denied\n";
        assert_eq!(config_locked(denied), None);
        assert_eq!(config_locked("error: no such section\n"), None);
    }
}
