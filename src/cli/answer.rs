//! What a command answers, whichever way it is asked for.

use serde_json::{Value, json};

use crate::record::{Report, Verdict};
use crate::render;

/// What a command answers: the value for `--json`, the text for people, and the exit code.
pub struct Answer {
    /// The value for `--json`.
    pub(super) value: Value,
    /// The text for people.
    pub(super) text: String,
    /// Whether the text is a JSON document, which is printed whole.
    pub(super) document: bool,
    /// The exit code.
    pub(super) code: u8,
}

impl Answer {
    /// Returns an answer that means "done". `schema` is `<thing>`, of `awo.<thing>/1`.
    pub fn new(schema: &str, value: Value, text: impl Into<String>) -> Self {
        let mut value = value;
        if let Value::Object(map) = &mut value
            && !map.contains_key("schema")
        {
            map.insert("schema".to_owned(), json!(format!("awo.{schema}/1")));
        }
        Self {
            value,
            text: text.into(),
            document: false,
            code: 0,
        }
    }

    /// Returns the same, whose text is a JSON document: it is printed whole, and what a terminal would
    /// obey in it is escaped as in JSON.
    pub fn document(mut self) -> Self {
        self.document = true;
        self
    }

    /// Returns the same, with the same exit code, saying more.
    pub fn with(mut self, value: Value, text: impl Into<String>) -> Self {
        self.value = value;
        self.text = text.into();
        self
    }

    /// Returns the same with another exit code: that of a command which was run.
    pub fn ending(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Returns the answer that a report is.
    pub fn of(report: &Report) -> Self {
        Self::new("verdict", report.to_json(), render::report::report(report)).judged(report)
    }

    /// Returns the same as the answer of a report: its verdict fixes the exit code.
    pub fn judged(mut self, report: &Report) -> Self {
        self.code = code(report.verdict());
        self
    }

    /// Returns the same as the answer of a report, with its findings in the value if it does not
    /// allow.
    pub fn with_findings(mut self, report: &Report) -> Self {
        let value = report.to_json();
        if let (Value::Object(map), Some(findings)) = (&mut self.value, value.get("findings"))
            && report.verdict() != Verdict::Allowed
        {
            map.insert("findings".to_owned(), findings.clone());
        }
        self.judged(report)
    }
}

/// Returns the exit code of a verdict.
pub(super) fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allowed => 0,
        Verdict::Denied => 1,
        Verdict::Undecided => 3,
    }
}
