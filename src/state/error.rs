//! Why a state is not taken or put back.

use std::path::{Path, PathBuf};

use crate::git;
use crate::record::{Coded, Diagnosis, RepoPath, Rule, Subject};

/// A state was not taken, or not put back. What stood there stands there still.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An object could not be read or written.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The directory is not there.
    #[error("there is no directory {0}")]
    Absent(RepoPath),
    /// Something in it, or on the way to it, is nothing that a baseline can hold.
    #[error("{path} is {why}")]
    Kind {
        /// The path in the work tree.
        path: RepoPath,
        /// What it is.
        why: &'static str,
    },
    /// A file is larger than may be.
    #[error("{path} has more than {most} bytes")]
    TooLarge {
        /// The path in the work tree.
        path: RepoPath,
        /// How many it may have.
        most: u64,
    },
    /// There are more paths, or they are nested deeper, than may be.
    #[error("more than {most} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// Something changed it meanwhile.
    #[error("{0} changed meanwhile")]
    Unsteady(RepoPath),
    /// What was written reads back as something else.
    #[error("{0} does not read back as it was written")]
    Differs(RepoPath),
    /// The file system cannot do it in one step.
    #[error("the file system of {} cannot exchange two directories", .path.display())]
    NoExchange {
        /// The directory.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
    /// A file or directory cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file system refused.
    #[error("cannot {act} {}", .path.display())]
    Io {
        /// What was to be done.
        act: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Error {
    /// Returns a function that says what could not be read.
    pub(super) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// Returns a function that says what could not be done.
    pub(super) fn io(act: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { act, path, source }
    }
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        let against =
            |rule, expected: &str, remedy: &str| Diagnosis::against(self, rule, expected, remedy);
        match self {
            Error::Git(error) => error.diagnosis(),
            Error::Absent(path) => against(
                Rule::StatePresent,
                "the directory that the policy names in [state]",
                "mkdir it, or git awo amu0 restore NAME",
            )
            .about(Subject::none().path(path)),
            Error::Kind { path, .. } => against(
                Rule::StateKind,
                "files, symlinks and directories, and a directory that holds them",
                "move it elsewhere, then run the command again",
            )
            .about(Subject::none().path(path)),
            Error::TooLarge { path, .. } => against(
                Rule::BaselineLimit,
                "a state within limits.file_bytes",
                "move it elsewhere; or ask a root to raise the limit: git awo policy propose FILE",
            )
            .about(Subject::none().path(path)),
            Error::TooMany { .. } => against(
                Rule::BaselineLimit,
                "a state within the limits of the policy",
                "move a part of it elsewhere; or ask a root to raise the limit: git awo policy propose FILE",
            ),
            Error::Unsteady(path) => against(
                Rule::StateSteady,
                "a directory that nobody writes to",
                "wait for what writes there, then run the command again",
            )
            .about(Subject::none().path(path)),
            Error::Differs(path) => against(
                Rule::StateRestored,
                "what the baseline holds",
                "check the disk; then run the command again",
            )
            .about(Subject::none().path(path)),
            Error::NoExchange { .. } => Diagnosis::undecided(
                self,
                Rule::StateSwapped,
                "a file system with renameat2 and RENAME_EXCHANGE, as ext4, xfs, btrfs and tmpfs",
                "move the clone to such a file system: git awo clone URL DIR",
            ),
            Error::Read { .. } => Diagnosis::unusable(self, Rule::FileUsable),
            Error::Io { .. } => Diagnosis::unusable(self, Rule::FileWritten),
        }
    }
}
