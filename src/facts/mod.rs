//! Reads records and trees, and gathers what the rules need; says by which policy and at which
//! time each record is judged.

pub mod case;
pub mod claims;
pub mod index;
pub mod limits;
pub mod log;
pub mod policies;
pub mod position;
pub mod run;
pub mod summary;

use crate::record::{Coded, Diagnosis, Refusal};
use crate::{git, store};

pub use policies::{Anchor, PolicyHistory};

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
    Policy(Refusal),
}

fn describe(why: &Refusal) -> String {
    let findings = why.findings();
    let words = findings
        .iter()
        .map(|it| format!("{} {}", it.code, it.found));
    words.collect::<Vec<_>>().join("; ")
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Error::Git(error) => error.diagnosis(),
            Error::Store(error) => error.diagnosis(),
            Error::Policy(why) => why.clone().into(),
        }
    }
}
