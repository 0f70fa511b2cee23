//! The directory of a run, with its inventory, files and invariants.

pub mod confined;
pub mod demands;
pub mod directory;
mod flaw;
pub mod invariants;
pub mod inventory;
pub mod patch;
mod reasons;
pub mod run_dir;
mod steps;
pub mod survey;
pub mod tarball;
pub mod timestamps;
mod volatile;
pub mod work;

use std::path::PathBuf;

use crate::record::{Coded, Diagnosis, RepoPath, Rule, Subject};

pub use demands::{Demands, breaches, unconfined};
pub use directory::Directory;
pub use invariants::{artifact_digests, harness_evidence, invariants, required_evidence};
pub use inventory::{BadInventory, Inventory};
pub use run_dir::{digests, read_dir, read_whole_dir, verify};
pub use survey::{RunFiles, Survey};

/// A run directory could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file system reported an error.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The action: `read`, `list`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The entry is neither a regular file nor a directory.
    #[error("cannot take {path} into a run: it is a {what}")]
    NotRegular {
        /// The path in the run directory.
        path: RepoPath,
        /// What it is: `symlink`, `special file`.
        what: &'static str,
    },
    /// The file was changed or replaced while it was read.
    #[error("cannot read {path}: it was changed or replaced meanwhile")]
    Replaced {
        /// The path in the run directory.
        path: RepoPath,
    },
    /// A path that no run directory may hold.
    #[error("cannot use the path {path}: {why}")]
    BadPath {
        /// The path in the run directory.
        path: RepoPath,
        /// The rule it breaks.
        why: &'static str,
    },
    /// More than a run may hold.
    #[error("cannot take {path} into the run: {limit}")]
    Limit {
        /// The path at which the limit was exceeded.
        path: RepoPath,
        /// The limit.
        limit: String,
    },
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        let against = |rule, path: &RepoPath, remedy: &dyn std::fmt::Display| {
            let expected =
                "regular files within the limits, which do not change while they are read";
            Diagnosis::against(self, rule, expected, remedy).about(Subject::none().path(path))
        };
        let remove = |path: &RepoPath| format!("remove {path} from the run directory");
        match self {
            Error::Io { .. } => Diagnosis::unusable(self, Rule::RunReadable),
            Error::NotRegular { path, .. } => against(Rule::RunFileKind, path, &remove(path)),
            Error::BadPath { path, .. } => against(Rule::RunPath, path, &remove(path)),
            Error::Replaced { path } => {
                let remedy = "run the command again when no other process writes there";
                against(Rule::RunFileReplaced, path, &remedy)
            }
            Error::Limit { path, .. } => against(Rule::RunLimit, path, &remove(path)),
        }
    }
}
