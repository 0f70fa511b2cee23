//! The result of a case.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::case::Case;
use crate::record::Code;

/// The result of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every expectation was met.
    Passed,
    /// An expectation was not met; the text names it.
    Failed(String),
    /// An earlier layer failed.
    NotStarted,
    /// The case was not selected.
    NotAsked,
}

impl Status {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Failed(_) => "failed",
            Status::NotStarted => "not_started",
            Status::NotAsked => "not_asked",
        }
    }
}

/// A case and its result.
pub struct Row {
    /// The case.
    pub case: &'static Case,
    /// The result.
    pub status: Status,
    /// The codes of all refusals in it.
    pub found: BTreeSet<Code>,
}

impl Row {
    pub(super) fn without(case: &'static Case, status: Status) -> Self {
        Self {
            case,
            status,
            found: BTreeSet::new(),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let words = |codes: &mut dyn Iterator<Item = Code>| -> Vec<&str> {
            codes.map(Code::as_str).collect()
        };
        let reason = match &self.status {
            Status::Failed(reason) => Some(reason),
            _ => None,
        };
        json!({
            "case": self.case.title,
            "evidence": format!("{}/transcript.txt", self.case.id),
            "expected": words(&mut self.case.expected.iter().copied()),
            "found": words(&mut self.found.iter().copied()),
            "id": self.case.name,
            "layer": self.case.layer.name(),
            "reason": reason,
            "status": self.status.word(),
            "suite": self.case.layer.suite().name(),
            "test": self.case.id,
        })
    }
}
