//! What a run directory must hold besides that which every run directory does. It depends on
//! who made it, and on the contract; this file is the one place that knows the rule.

use super::RunFiles;
use super::invariants::{harness_evidence, invariants};
use crate::record::contract::Contract;
use crate::record::json::{self, Json};
use crate::record::{RepoPath, RunId};

/// The schema that a run's manifest names if the harness made it.
pub const MANIFEST_SCHEMA: &str = "awo.run-manifest/1";

/// The output of the contract's validation command.
const TEST_LOG: &str = "test.log";

/// What a contract asks of the directory of its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demands {
    /// The files that the harness writes besides AWO's ([`harness_evidence`]).
    pub evidence: bool,
    /// The output of a validation command.
    pub validation: bool,
}

impl Demands {
    /// Nothing: there is no contract to ask for anything.
    pub const NONE: Self = Self {
        evidence: false,
        validation: false,
    };

    /// Everything: there is a contract, and nobody knows what it says.
    pub const ALL: Self = Self {
        evidence: true,
        validation: true,
    };

    /// Returns what this contract asks for.
    pub fn of(contract: &Contract) -> Self {
        Self {
            evidence: !contract.evidence.is_empty(),
            validation: contract.validation_command.is_some(),
        }
    }
}

/// Returns every breach of what the directory of a run must be, sorted and each once: the
/// [`invariants`] of all runs, and
/// - all of [`harness_evidence`], if the contract demands evidence or the manifest claims by its
///   schema that the harness made the run;
/// - `missing_file:test.log` or `empty_file:test.log`, if the contract names a validation command
///   and a run that the harness did not make has no test.log, or an empty one. The harness runs the command itself,
///   and a command that passes may say nothing.
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

/// Returns the breach if test.log is not there or empty.
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
