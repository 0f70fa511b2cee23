//! Flaws in the integrity of a run's files. The messages are what a finding reports as found.

use crate::record::{Coded, Diagnosis, Findings, RepoPath, Rule, Sha256, Subject};

/// A flaw of a file or an inventory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    /// The run has no inventory.
    #[error("no inventory")]
    NoInventory {
        /// Where it should be.
        inventory: RepoPath,
    },
    /// The inventory lists another digest (INT-001).
    #[error("{found}")]
    Changed {
        path: RepoPath,
        found: Sha256,
        listed: Sha256,
    },
    /// The inventory lists a file that does not exist (INT-002).
    #[error("no such file")]
    Missing { path: RepoPath, listed: Sha256 },
    /// The inventory does not list a file (INT-002).
    #[error("{found}")]
    Added { path: RepoPath, found: Sha256 },
    /// The clock values, which no digest covers, contain something other than dates.
    #[error("{why}")]
    NoDate { path: RepoPath, why: &'static str },
    /// A file has changed since the survey.
    #[error("{found}")]
    Exchanged {
        path: RepoPath,
        found: String,
        surveyed: Sha256,
    },
}

impl Coded for Flaw {
    fn diagnosis(&self) -> Diagnosis {
        let (path, diagnosis) = match self {
            Flaw::NoInventory { inventory } => (
                inventory,
                Diagnosis::against(
                    self,
                    Rule::InventoryAbsent,
                    format!("a {inventory} that lists every file"),
                    "restore it, or make a new one: git awo integrity sums DIR",
                ),
            ),
            Flaw::Changed { path, listed, .. } => {
                let remedy = format!("restore {path} as it was when the inventory was made");
                let rule = Rule::InventoryHash;
                (path, Diagnosis::against(self, rule, listed, remedy))
            }
            Flaw::Missing { path, listed } => {
                let remedy = format!("restore {path}, which the inventory lists");
                let rule = Rule::InventoryMissing;
                (path, Diagnosis::against(self, rule, listed, remedy))
            }
            Flaw::Added { path, .. } => {
                let remedy = format!("remove {path}, which the inventory does not list");
                let expected = "only files that the inventory lists";
                let rule = Rule::InventoryAdded;
                (path, Diagnosis::against(self, rule, expected, remedy))
            }
            Flaw::NoDate { path, .. } => {
                let expected =
                    "lines of the form `key=2026-01-31T23:59:59Z`, a time or a date alone";
                let remedy = format!("remove {path}, or move it to where the inventory lists it");
                let rule = Rule::TimestampsRegion;
                (path, Diagnosis::against(self, rule, expected, remedy))
            }
            Flaw::Exchanged { path, surveyed, .. } => {
                let remedy = "run the command again when no other process writes there";
                let rule = Rule::TarballHash;
                (path, Diagnosis::against(self, rule, surveyed, remedy))
            }
        };
        diagnosis.about(Subject::none().path(path))
    }
}

/// Returns the findings for these flaws.
pub(super) fn findings<'a, E: Coded + 'a>(flaws: impl IntoIterator<Item = &'a E>) -> Findings {
    let flaws = flaws.into_iter();
    flaws.map(|it| it.to_finding(Subject::none())).collect()
}
