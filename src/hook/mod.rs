//! The hooks that git calls, and the installation of the shims that make git call them.
//!
//! On a server `pre-receive` judges, and `reference-transaction` makes sure that what was judged is
//! what is applied, and then writes the receive log; `post-receive` does that where it did not. In a
//! clone the hooks give the same verdict earlier; they are a convenience, never the authority.

pub mod client;
pub mod gaps;
pub mod input;
pub mod install;
pub mod lfs;
pub mod locks;
pub mod merge_driver;
pub mod parent;
pub mod places;
pub mod pushes;
pub mod receipt;
pub mod server;
pub mod shim;
pub mod speak;
pub mod transaction;
mod verdict;

mod dispatch;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests_client;
#[cfg(test)]
mod tests_install;
#[cfg(test)]
mod tests_receipt;
#[cfg(test)]
mod tests_server;

use std::path::PathBuf;

use crate::record::json::BadJson;
use crate::record::{Coded, Diagnosis, RepoPath, Rule, Subject};
use crate::{actor, check, git, store};

/// With this in its environment our `pre-push` says nothing: the server will judge, which `git awo
/// push` asks for where only the time speaks against a record, as this machine's clock tells it.
pub const SERVER_JUDGES: &str = "GIT_AWO_SERVER_JUDGES";

pub use dispatch::dispatch;
pub use speak::speak;

/// A hook could not do its work. Wherever something can be refused, this refuses.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be read or written.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// Clock, key or settings could not be used.
    #[error(transparent)]
    Actor(#[from] actor::Error),
    /// The check could not be made.
    #[error(transparent)]
    Check(#[from] check::Error),
    /// The receive log could not be read or written.
    #[error("cannot write the receive log")]
    Chain(#[from] store::chain::Error),
    /// A file could not be read or written.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// What git writes to the hook could not be read.
    #[error("cannot read the standard input")]
    Input(#[source] std::io::Error),
    /// A file of ours is damaged.
    #[error("cannot read {}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: BadJson,
    },
    /// git said something that it should not.
    #[error("cannot read what git says: {0}")]
    Odd(&'static str),
    /// The receipt could not be written.
    #[error("cannot write the receive log: {0}")]
    Log(String),
    /// The verdict may not be written there.
    #[error("cannot write {}: {why}", .path.display())]
    Verdict {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// git called in a way that the hook does not know.
    #[error("cannot answer: {0}")]
    Usage(String),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Chain(error.into())
    }
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Error::Git(error) => error.diagnosis(),
            Error::Actor(error) => error.diagnosis(),
            Error::Check(error) => error.diagnosis(),
            Error::Io { .. } | Error::Verdict { .. } => {
                Diagnosis::unusable(self, Rule::OwnFileUsable)
            }
            Error::Input(_) => Diagnosis::unusable(self, Rule::HookInputReadable),
            Error::Malformed { path, .. } => {
                let path = RepoPath::new(path.as_os_str().as_encoded_bytes());
                let expected = "a file as git-awo writes it";
                Diagnosis::undecided(self, Rule::OwnFileForm, expected, "git awo doctor")
                    .about(Subject::none().path(&path))
            }
            Error::Odd(_) => Diagnosis::unusable(self, Rule::GitUnderstood),
            Error::Chain(_) | Error::Log(_) => Diagnosis::unusable(self, Rule::ReceiptWritten),
            Error::Usage(_) => Diagnosis::unusable(self, Rule::HookCalled),
        }
    }
}
