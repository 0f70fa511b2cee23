//! What keeps an export from being made, in the taxonomy's terms.

use crate::check::Failure;
use crate::facts::failure::unusable;
use crate::facts::report::chain_of;
use crate::record::{Rule, Subject};

use super::Error;

impl Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self) -> Failure {
        match self {
            Error::Refused(why) => Failure::Found(why.clone()),
            Error::Check(error) => error.failure(Subject::none()),
            Error::Destination { .. } => Failure::Found(
                Rule::ExportPlace
                    .finding(Subject::none())
                    .found(chain_of(self))
                    .expected("an absent or empty directory, or an earlier export")
                    .remedy("git awo export RUN NEW-DIR")
                    .into(),
            ),
            Error::Io { .. } => {
                Failure::Undecided(unusable(Rule::ExportWritten, self, Subject::none()).into())
            }
        }
    }
}
