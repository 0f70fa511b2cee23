//! Runs all cases in their order, and reports the results.

use std::path::Path;

use serde_json::{Value, json};

use crate::record::{Findings, Report};
use crate::rules::selftest as rules;
use crate::sandbox;

use super::case::{Case, Suite};
use super::cases::{
    attestation, autonomy, baselines, cell, determinism, gates, gateway, integrity, life, pipeline,
    reruns, structure,
};
use super::play::{Play, Sandbox};
use super::readiness::Readiness;
use super::row::{Row, Status};

/// All cases in their order.
pub const CASES: &[&[Case]] = &[
    gates::CASES,
    integrity::CASES,
    determinism::CASES,
    attestation::CASES,
    pipeline::CASES,
    structure::CASES,
    cell::CASES,
    life::CASES,
    reruns::CASES,
    baselines::CASES,
    gateway::CASES,
    autonomy::CASES,
];

/// Returns all cases in their order.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().copied().flatten()
}

/// The results: one row per case, in order.
pub struct Outcome {
    /// The rows.
    pub rows: Vec<Row>,
}

impl Outcome {
    /// Returns the number of rows with this status.
    pub fn count(&self, word: &str) -> usize {
        let ended = |row: &&Row| row.status.word() == word;
        self.rows.iter().filter(ended).count()
    }

    /// Returns the rows that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Row> {
        let failed = |row: &&Row| matches!(row.status, Status::Failed(_));
        self.rows.iter().filter(failed)
    }

    /// Returns the verdict: a finding for each failed case; undecided if some cases did not run.
    pub fn report(&self) -> Report {
        let failed = self.failed().map(|row| (row.case.id, row.case.name));
        let findings: Findings = failed.map(|(id, name)| rules::failed(id, name)).collect();
        let left = self.rows.len().saturating_sub(self.count("passed"));
        let mut report = Report::default();
        if findings.is_empty() && left > 0 {
            let incomplete = rules::incomplete(left, self.rows.len());
            report.undecided.push(incomplete);
        }
        report.findings = findings;
        report
    }

    /// Returns `awo.selftest/1` without its schema.
    pub fn to_json(&self) -> Value {
        let tests: Vec<_> = self.rows.iter().map(Row::to_json).collect();
        let readiness = Readiness::of(&self.rows);
        let ready = readiness.as_ref().is_some_and(Readiness::is_ready);
        json!({
            "failed": self.count("failed"),
            "not_asked": self.count("not_asked"),
            "not_started": self.count("not_started"),
            "passed": self.count("passed"),
            "phases": readiness.as_ref().map(Readiness::to_json),
            "test_ready": ready.then_some("R0"),
            "tests": tests,
        })
    }

    /// Returns one line per case, and where AWO's were among them what they say of its phases.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            let case = row.case;
            let word = row.status.word().replace('_', " ");
            text.push_str(&format!(
                "{:<8} {:<6}  {word:<11}  {}\n",
                case.id, case.name, case.title
            ));
            if let Status::Failed(reason) = &row.status {
                for line in reason.lines() {
                    text.push_str(&format!("    {line}\n"));
                }
            }
        }
        let all = self.rows.len();
        text.push_str(&format!("{} of {all} passed\n", self.count("passed")));
        if let Some(readiness) = Readiness::of(&self.rows) {
            text.push_str(&readiness.to_text());
        }
        text
    }
}

/// Runs one case, whatever the results of the others.
pub fn play(sandbox: &Sandbox, case: &'static Case) -> Row {
    let mut play = Play::new(sandbox, case.id);
    let ended = (case.play)(&mut play).and_then(|()| play.require_found(case.expected));
    let found = play.found().clone();
    let ended = match play.close(ended.is_ok()) {
        Err(error) if ended.is_ok() => Err(error),
        _ => ended,
    };
    let status = match ended {
        Ok(()) => Status::Passed,
        Err(failed) => Status::Failed(sandbox.shown(&failed.to_string())),
    };
    Row {
        case,
        status,
        found,
    }
}

/// Which cases to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The suite; all if none.
    pub suite: Option<Suite>,
    /// The cases of it by their ids or names (`TS-0001`, `G1`, `FP-3.1`); all if empty.
    pub only: Vec<String>,
}

impl Selection {
    /// Returns the cases of the suite, selected or not.
    pub fn of_suite(&self) -> impl Iterator<Item = &'static Case> {
        cases().filter(|it| self.has(it))
    }

    fn has(&self, case: &Case) -> bool {
        self.suite.is_none_or(|suite| suite == case.layer.suite())
    }

    fn asks_for(&self, case: &Case) -> bool {
        let named = |it: &String| it == case.id || it == case.name;
        self.only.is_empty() || self.only.iter().any(named)
    }
}

/// Runs the cases of a suite in `root`, a directory that is absent or empty, layer after layer; a layer
/// starts only if the previous one passed. `each` is called after every case.
pub fn run(
    root: &Path,
    program: &Path,
    selection: &Selection,
    mut each: impl FnMut(&Row),
) -> Result<Outcome, sandbox::Error> {
    let sandbox = Sandbox::new(root, program)?;
    let mut rows = Vec::new();
    let mut sound = true;
    for layer in CASES {
        let mut passed = true;
        for case in layer.iter().filter(|it| selection.has(it)) {
            let row = if !selection.asks_for(case) {
                Row::without(case, Status::NotAsked)
            } else if !sound {
                Row::without(case, Status::NotStarted)
            } else {
                play(&sandbox, case)
            };
            passed &= !matches!(row.status, Status::Failed(_));
            each(&row);
            rows.push(row);
        }
        sound &= passed;
    }
    Ok(Outcome { rows })
}
