//! Why there is no world, or why it does not go on.

use std::path::{Path, PathBuf};

use crate::actor;
use crate::signing::SigningError;

/// A world could not be made, or something in it was not as it must be to go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system or a program is not as needed.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file or program.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The directory of the world has something in it.
    #[error("cannot make a sandbox in {}: it is not empty", .path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A key could not be made.
    #[error("cannot make a key")]
    Key(#[from] SigningError),
    /// Nobody could act through the library.
    #[error("cannot act in the sandbox")]
    Actor(#[from] actor::Error),
    /// A command that should have succeeded did not.
    #[error("{who} could not `{command}`: it ended with {code}\n{said}")]
    Failed {
        /// Who typed it.
        who: String,
        /// What was typed.
        command: String,
        /// How it ended.
        code: i32,
        /// What it said.
        said: String,
    },
    /// A command that should have been refused was not, or not with this code.
    #[error(
        "{who} should have been refused `{command}` with {expected}, but it ended with {code}\n{said}"
    )]
    NotRefused {
        /// Who typed it.
        who: String,
        /// What was typed.
        command: String,
        /// The code of the taxonomy that it should have said.
        expected: String,
        /// How it ended.
        code: i32,
        /// What it said.
        said: String,
    },
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
