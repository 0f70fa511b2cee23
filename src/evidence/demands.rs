//! What a run directory must hold beyond the files of every run. It depends on who made the
//! directory, and on the contract; this file is the only place that knows the rule.

use super::RunFiles;
use super::invariants::{harness_evidence, invariants};
use crate::record::contract::Contract;
use crate::record::json::{self, Json};
use crate::record::{RepoPath, RunId};

/// The schema in the manifest of a run that git-awo executed.
pub const MANIFEST_SCHEMA: &str = "awo.run-manifest/1";

/// The output of the contract's validation command.
const TEST_LOG: &str = "test.log";

/// What a contract demands of the directory of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demands {
    /// The files that git-awo writes in addition to AWO's ([`harness_evidence`]).
    pub evidence: bool,
    /// The output of a validation command.
    pub validation: bool,
}

impl Demands {
    /// Nothing: there is no contract.
    pub const NONE: Self = Self {
        evidence: false,
        validation: false,
    };

    /// Everything: there is a contract, but it cannot be read.
    pub const ALL: Self = Self {
        evidence: true,
        validation: true,
    };

    /// Returns what this contract demands.
    pub fn of(contract: &Contract) -> Self {
        Self {
            evidence: !contract.evidence.is_empty(),
            validation: contract.validation_command.is_some(),
        }
    }
}

/// Returns all breaches of a run directory, sorted and without duplicates: the [`invariants`] of all
/// runs, and
/// - all of [`harness_evidence`], if the contract demands evidence or the manifest claims by its
///   schema that git-awo executed the run;
/// - `missing_file:test.log` or `empty_file:test.log`, if the contract names a validation command
///   and a run that git-awo did not execute has no test.log, or an empty one. git-awo runs the
///   command itself, and a command that passes may print nothing.
pub fn breaches(run: &RunId, files: &RunFiles, demands: Demands) -> Vec<String> {
    let mut reasons = invariants(run, files);
    let claimed = claims_harness(files);
    if demands.evidence || claimed {
        reasons.extend(harness_evidence(files));
    }
    if demands.validation && !claimed {
        reasons.extend(lacks_test_log(files));
    }
    reasons.sort();
    reasons.dedup();
    reasons
}

/// Returns the breach if test.log is missing or empty.
pub fn lacks_test_log(files: &RunFiles) -> Option<String> {
    let log = files.get(&RepoPath::from(TEST_LOG));
    match log {
        None => Some(format!("missing_file:{TEST_LOG}")),
        Some(log) => log.is_empty().then(|| format!("empty_file:{TEST_LOG}")),
    }
}

fn claims_harness(files: &RunFiles) -> bool {
    let manifest = files.get(&RepoPath::from("run_manifest.json"));
    let manifest = manifest.and_then(|bytes| json::parse(bytes).ok());
    let schema = manifest.as_ref().and_then(|it| it.get("schema"));
    schema.and_then(Json::as_str) == Some(MANIFEST_SCHEMA)
}

#[cfg(test)]
mod tests;
