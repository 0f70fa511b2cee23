//! Why there is no export.

use std::path::PathBuf;

use crate::check;
use crate::record::{Coded, Diagnosis, Refusal, Rule};

/// An export could not be made. Nothing was written, unless the disk itself failed in between.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The records or the evidence do not hold, or the destination holds something else.
    #[error("cannot export what does not hold")]
    Refused(Refusal),
    /// The records could not be read.
    #[error(transparent)]
    Check(#[from] check::Error),
    /// The destination is something else than a directory for an export.
    #[error("cannot export to {}: {why}", .path.display())]
    Destination {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file system refused.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Error::Refused(why) => why.clone().into(),
            Error::Check(error) => error.diagnosis(),
            Error::Destination { .. } => {
                let expected = "an absent or empty directory, or an earlier export";
                let remedy = "git awo export RUN NEW-DIR";
                Diagnosis::against(self, Rule::ExportPlace, expected, remedy)
            }
            Error::Io { .. } => Diagnosis::unusable(self, Rule::FileWritten),
        }
    }
}
