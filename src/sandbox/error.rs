//! Errors of creating a world or of acting in it.

use std::path::{Path, PathBuf};

use crate::actor;
use crate::signing::SigningError;

/// A world could not be created, or a step in it failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or program could not be used.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file or program.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The directory of the world is not empty.
    #[error("cannot make a sandbox in {}: it is not empty", .path.display())]
    NotEmpty {
        /// The directory.
        path: PathBuf,
    },
    /// A key could not be created.
    #[error("cannot make a key")]
    Key(#[from] SigningError),
    /// An actor could not be opened.
    #[error("cannot act in the sandbox")]
    Actor(#[from] actor::Error),
    /// A command that should have succeeded did not.
    #[error("{who}: `{command}` failed with {code}\n{said}")]
    Failed {
        /// The person who ran it.
        who: String,
        /// The command.
        command: String,
        /// Its exit code.
        code: i32,
        /// Its output.
        said: String,
    },
    /// A command that should have been refused was not, or not with this code.
    #[error("{who}: `{command}` should be refused with {expected}, but ended with {code}\n{said}")]
    NotRefused {
        /// The person who ran it.
        who: String,
        /// The command.
        command: String,
        /// The expected code of the taxonomy.
        expected: String,
        /// Its exit code.
        code: i32,
        /// Its output.
        said: String,
    },
}

pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
