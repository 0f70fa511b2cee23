//! What a check reports: the `awo.verdict/1` object of the command-line contract.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::evidence;
use crate::git;
use crate::record::{Code, Finding, Findings, Subject, Verdict};
use crate::store;

use super::Error;

/// How many things of each sort were checked: `commits`, `records`, `runs` …
pub type Checked = BTreeMap<&'static str, u64>;

/// The result of a check.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was checked.
    pub checked: Checked,
    /// What was found.
    pub findings: Findings,
    /// Why the check could not be decided, if it could not.
    pub undecided: Vec<String>,
    /// Remarks that are no reason to refuse.
    pub notes: Vec<String>,
}

#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    verdict: Verdict,
    checked: &'a Checked,
    findings: Vec<&'a Finding>,
    undecided: &'a [String],
    notes: &'a [String],
}

impl Report {
    /// Counts things that were checked.
    pub fn count(&mut self, what: &'static str, number: usize) {
        *self.checked.entry(what).or_default() += number as u64;
    }

    /// Adds everything that another report holds.
    pub fn absorb(&mut self, other: Report) {
        for (what, number) in other.checked {
            *self.checked.entry(what).or_default() += number;
        }
        self.findings.extend(other.findings);
        self.undecided.extend(other.undecided);
        self.notes.extend(other.notes);
    }

    /// Returns the verdict: any finding denies, anything undecided is never "allowed".
    pub fn verdict(&self) -> Verdict {
        if !self.findings.is_empty() {
            Verdict::Denied
        } else if !self.undecided.is_empty() {
            Verdict::Undecided
        } else {
            Verdict::Allowed
        }
    }

    /// Returns the `awo.verdict/1` object.
    pub fn to_json(&self) -> serde_json::Value {
        let object = Object {
            schema: "awo.verdict/1",
            verdict: self.verdict(),
            checked: &self.checked,
            findings: self.findings.iter().collect(),
            undecided: &self.undecided,
            notes: &self.notes,
        };
        serde_json::to_value(object).expect("a report has only text keys")
    }
}

impl Error {
    /// Returns the findings that this failure amounts to, if the taxonomy has a code for it;
    /// otherwise the check is undecided.
    pub fn findings(&self, subject: Subject) -> Vec<Finding> {
        match self {
            Error::Policy(findings) => findings.clone(),
            Error::Git(error) => git_finding(error, subject).into_iter().collect(),
            Error::Store(error) => store_finding(error, subject).into_iter().collect(),
        }
    }

    /// Puts the failure into a report: as findings where the taxonomy has a code, else as the
    /// reason why nothing could be decided.
    pub fn report(&self, subject: Subject, report: &mut Report) {
        let findings = self.findings(subject);
        if findings.is_empty() {
            report.undecided.push(chain_of(self));
        }
        report.findings.extend(findings);
    }
}

/// Returns an error with its causes in one line.
pub fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

/// Returns the finding that a failure to read amounts to.
pub fn git_finding(error: &git::Error, subject: Subject) -> Option<Finding> {
    use git::Error as E;
    let at = |id: &crate::record::ObjectId| subject.clone().record(id);
    let (code, rule, subject, remedy) = match error {
        E::HashMismatch { id, .. } => (
            Code::Int001,
            "object-hash",
            at(id),
            "restore the object from another clone",
        ),
        E::Missing { id } => (
            Code::Int005,
            "object-present",
            at(id),
            "git fetch --refetch, or git awo fetch",
        ),
        E::IncompleteView { .. } | E::Unsupported { .. } => (
            Code::Int005,
            "whole-view",
            subject,
            "git fetch --unshallow, or a full clone",
        ),
        E::Environment { .. } => (Code::Int005, "hook-environment", subject, "git awo doctor"),
        E::Collision { id } => (
            Code::Int003,
            "object-collision",
            at(id),
            "do not use this object",
        ),
        E::Object { id, .. } => (
            Code::Int001,
            "object-readable",
            at(id),
            "restore the object from another clone",
        ),
        E::WrongKind { id, .. } => (
            Code::Int003,
            "object-kind",
            at(id),
            "push the kind of object wanted",
        ),
        E::BadCommit { id, .. } | E::BadTree { id, .. } | E::BadTag { id, .. } => {
            (Code::Int003, "object-form", at(id), "git fsck --strict")
        }
        E::BadNotes { .. } => (Code::Int003, "notes-form", subject, "git awo fetch"),
        E::TooLarge { id, .. } => (Code::Int006, "object-size", at(id), "make it smaller"),
        E::Limit { .. } => (Code::Int006, "limits", subject, "push less at once"),
        _ => return None,
    };
    Some(
        Finding::new(code, rule, subject)
            .found(chain_of(error))
            .expected("a readable object")
            .remedy(remedy),
    )
}

fn store_finding(error: &store::Error, subject: Subject) -> Option<Finding> {
    use store::Error as E;
    let finding = |code, rule: &str, subject| {
        Finding::new(code, rule, subject)
            .found(chain_of(error))
            .expected("a record in its one form")
            .remedy("git awo verify --all on another clone")
    };
    Some(match error {
        E::Git(error) => return git_finding(error, subject),
        E::Envelope { record, source } => {
            let code = if source.limit {
                Code::Int006
            } else {
                Code::Int004
            };
            finding(code, "record-form", subject.record(record))
        }
        E::Malformed { path, source } => {
            finding(source.code(), "record-form", subject.record(path))
        }
        E::NoFile { path } => finding(Code::Int003, "record-mode", subject.record(path)),
        _ => return None,
    })
}

/// Returns the findings of an evidence error.
pub fn evidence_finding(error: &evidence::Error) -> Option<Finding> {
    error.finding()
}
