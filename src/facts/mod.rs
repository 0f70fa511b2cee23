//! Reads records and trees, and gathers what the rules need; says by which policy and at which
//! time each record is judged.

pub mod case;
pub mod claims;
pub mod failure;
pub mod index;
pub mod limits;
pub mod log;
pub mod policies;
pub mod position;
pub mod report;
pub mod run;
pub mod summary;

use crate::record::Finding;
use crate::{git, store};

pub use failure::Failure;
pub use policies::{Anchor, PolicyHistory};
pub use report::{Checked, Report};

/// A check could not be made. At a server's door this refuses; it never means "ok".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The records could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The policy does not hold.
    #[error("cannot judge by this policy: {}", describe(.0))]
    Policy(Vec<Finding>),
}

fn describe(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| format!("{} {}", finding.code, finding.found))
        .collect::<Vec<_>>()
        .join("; ")
}
