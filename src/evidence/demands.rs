//! What a run directory must hold beyond the files of every run. It depends on who made the
//! directory, and on the contract; this file is the only place that knows the rule.

use super::RunFiles;
use super::confined;
use super::invariants::{harness_evidence, invariants};
use super::work::{self, TEST_LOG, step_log};
use crate::cell::Demand;
use crate::record::contract::{CellTerms, Contract, EVIDENCE_MAP, WORK_EVIDENCE};
use crate::record::json::{self, Json};
use crate::record::{RepoPath, RunId};

/// The schema in the manifest of a run that git-awo executed.
pub const MANIFEST_SCHEMA: &str = "awo.run-manifest/1";

/// What a contract demands of the directory of its run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demands {
    /// The files that git-awo writes in addition to AWO's ([`harness_evidence`]).
    pub evidence: bool,
    /// The output of a validation command.
    pub validation: bool,
    /// The number of validation steps, each of which has an output of its own.
    pub steps: usize,
    /// Which of [`WORK_EVIDENCE`].
    pub work: [bool; WORK_EVIDENCE.len()],
    /// What the policy demands of the cell of the commands, if it demands one.
    pub cell: Option<Demand>,
    /// What the contract says of the cell.
    pub terms: Option<CellTerms>,
}

impl Demands {
    /// Nothing: there is no contract.
    pub const NONE: Self = Self {
        evidence: false,
        validation: false,
        steps: 0,
        work: [false; WORK_EVIDENCE.len()],
        cell: None,
        terms: None,
    };

    /// Everything: there is a contract, but it cannot be read.
    pub const ALL: Self = Self {
        evidence: true,
        validation: true,
        steps: 0,
        work: [true; WORK_EVIDENCE.len()],
        cell: None,
        terms: None,
    };

    /// Returns what this contract demands of a run, which may make its skeleton: that meets no criterion yet,
    /// and so has no map.
    pub fn of(contract: &Contract, makes_skeleton: bool) -> Self {
        Self {
            evidence: !contract.evidence.is_empty(),
            validation: contract.validations(makes_skeleton).next().is_some(),
            steps: contract.steps(makes_skeleton).len(),
            work: WORK_EVIDENCE
                .map(|name| contract.asks_for(name) && !(makes_skeleton && name == EVIDENCE_MAP)),
            cell: None,
            terms: Some(contract.cell.clone()),
        }
    }

    /// Returns the same, with what a policy demands of the cell.
    pub fn in_cell(self, cell: Option<Demand>) -> Self {
        Self { cell, ..self }
    }
}

/// Returns all breaches of a run directory, sorted and without duplicates: the [`invariants`] of all
/// runs, and
/// - all of [`harness_evidence`], if the contract demands evidence or the manifest claims by its
///   schema that git-awo executed the run;
/// - `missing_file:test.log` or `empty_file:test.log`, if the contract names a validation command
///   and a run that git-awo did not execute has no test.log, or an empty one. git-awo runs the
///   command itself, and a command that passes may print nothing;
/// - `missing_file:logs/validation-NN.log`, if the contract names so many validation steps;
/// - `missing_file:PATH`, `bad_form:PATH:WHY`, `bad_schema:PATH`, for each of [`WORK_EVIDENCE`] that the contract
///   asks for;
/// - `missing_file:cell.json`, `bad_form:cell.json:WHY`, `bad_schema:cell.json`, if the policy requires a cell, or takes
///   what can be had and git-awo executed the run; `cell_does_not_hold:LAYERS`, if it requires layers; `cell_differs:WHAT`, if
///   the cell granted something else than the contract says.
pub fn breaches(run: &RunId, files: &RunFiles, demands: &Demands) -> Vec<String> {
    let mut reasons = invariants(run, files);
    let claimed = claims_harness(files);
    if demands.evidence || claimed {
        reasons.extend(harness_evidence(files));
    }
    if demands.validation && !claimed {
        reasons.extend(lacks_test_log(files));
    }
    let steps = (1..=demands.steps).map(step_log);
    let missing = steps.filter(|log| !files.contains_key(&RepoPath::from(log.as_str())));
    reasons.extend(missing.map(|log| format!("missing_file:{log}")));
    let asked = WORK_EVIDENCE
        .iter()
        .zip(demands.work)
        .filter(|(_, asked)| *asked);
    reasons.extend(asked.filter_map(|(name, _)| work::lacks(files, name)));
    let terms = demands.terms.as_ref();
    let lacks = demands.cell.and_then(|it| unconfined(files, it, terms));
    reasons.extend(lacks);
    reasons.sort();
    reasons.dedup();
    reasons
}

/// Returns the breach where less is told of the cell of the commands than the policy demands, or something else than the
/// contract says, if there is one.
pub fn unconfined(files: &RunFiles, demand: Demand, terms: Option<&CellTerms>) -> Option<String> {
    // A run of another program says nothing of cells.
    let asked = demand != Demand::BestEffort || claims_harness(files);
    asked
        .then(|| confined::lacks(files, demand, terms))
        .flatten()
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
