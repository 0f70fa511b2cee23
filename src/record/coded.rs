//! Errors that name their rule: conversion of a failure to read, parse, verify or write into a finding.

use std::error::Error;
use std::fmt;

use super::{Finding, Findings, Refusal, Rule, Subject};

/// An error that names the rule of the catalogue that is broken.
///
/// Implementations match without a wildcard, so that every new variant needs a code.
pub trait Coded: Error {
    /// Returns the diagnosis of the error. An error that only wraps another one returns that one's.
    fn diagnosis(&self) -> Diagnosis;

    /// Returns the finding that the error is, or the first of those that it carries.
    fn to_finding(&self, subject: Subject) -> Finding {
        self.refusal(subject).first().clone()
    }

    /// Returns the findings that deny what was read; `None` if the error leaves it undecided.
    fn denies(&self, subject: Subject) -> Option<Findings> {
        self.refusal(subject).denied()
    }

    /// Returns the refusal of an operation that failed with this error. The subject that the error
    /// names takes precedence over `subject`.
    fn refusal(&self, subject: Subject) -> Refusal {
        self.diagnosis().refusal(subject)
    }
}

/// What helps where the surroundings fail: only the message can say what.
const UNUSABLE: &str =
    "mend what the message names, then run the command again; git awo doctor looks for more";

/// The meaning of an error in terms of the catalogue. It never means "allowed".
#[derive(Clone, Debug)]
pub struct Diagnosis(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Own {
        finding: Box<Finding>,
        decides: bool,
    },
    Carried(Refusal),
}

impl Diagnosis {
    /// Returns a diagnosis that denies what was read or was to be written.
    pub fn against(
        error: &dyn Error,
        rule: Rule,
        expected: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Self {
        let finding = rule.finding(Subject::none()).found(chain_of(error));
        Self(Kind::Own {
            finding: Box::new(finding.expected(expected).remedy(remedy)),
            decides: true,
        })
    }

    /// Returns a diagnosis that decides nothing: the check or the operation could not be done.
    pub fn undecided(
        error: &dyn Error,
        rule: Rule,
        expected: impl fmt::Display,
        remedy: impl fmt::Display,
    ) -> Self {
        match Self::against(error, rule, expected, remedy).0 {
            Kind::Own { finding, .. } => Self(Kind::Own {
                finding,
                decides: false,
            }),
            carried => Self(carried),
        }
    }

    /// Returns an undecided diagnosis for a failure of the surroundings: a file, a program, the system.
    pub fn unusable(error: &dyn Error, rule: Rule) -> Self {
        let expected = "a repository and a system that can be read and written";
        Self::undecided(error, rule, expected, UNUSABLE)
    }

    /// Replaces the text of what was found, which is the error's message by default.
    pub fn found(mut self, text: impl fmt::Display) -> Self {
        if let Kind::Own { finding, .. } = &mut self.0 {
            finding.found = text.to_string();
        }
        self
    }

    /// Replaces what helps.
    pub fn remedy(mut self, text: impl fmt::Display) -> Self {
        if let Kind::Own { finding, .. } = &mut self.0 {
            finding.remedy = text.to_string();
        }
        self
    }

    /// Sets what the error is about, as far as the error knows.
    pub fn about(mut self, subject: Subject) -> Self {
        if let Kind::Own { finding, .. } = &mut self.0 {
            finding.subject = std::mem::take(&mut finding.subject).with(subject);
        }
        self
    }

    /// Returns the refusal. The subject that the error names takes precedence over `subject`.
    pub fn refusal(self, subject: Subject) -> Refusal {
        match self.0 {
            Kind::Own {
                mut finding,
                decides,
            } => {
                finding.subject = subject.with(finding.subject);
                match decides {
                    true => (*finding).into(),
                    false => Refusal::from(*finding).undecided(),
                }
            }
            Kind::Carried(refusal) => refusal,
        }
    }
}

/// The diagnosis of an error that carries a refusal.
impl From<Refusal> for Diagnosis {
    fn from(refusal: Refusal) -> Self {
        Self(Kind::Carried(refusal))
    }
}

/// Returns the messages of an error and its causes in one line.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Code, Report, Verdict};

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read it")]
    struct Bad(bool);

    impl Coded for Bad {
        fn diagnosis(&self) -> Diagnosis {
            let own = match self.0 {
                true => Diagnosis::against(self, Rule::ObjectForm, "a form", "mend it"),
                false => Diagnosis::unusable(self, Rule::FileUsable),
            };
            own.about(Subject::of_record("own"))
        }
    }

    #[test]
    fn an_error_speaks_against_what_was_read_or_leaves_it_undecided() {
        let given = Subject::of_record("given").run(&"run_1".parse().unwrap());
        for (bad, code, verdict) in [
            (Bad(true), Code::Int003, Verdict::Denied),
            (Bad(false), Code::Int005, Verdict::Undecided),
        ] {
            let finding = bad.to_finding(given.clone());
            assert_eq!(
                (finding.code, finding.found.as_str()),
                (code, "cannot read it")
            );
            assert_eq!(
                finding.subject,
                given.clone().record("own"),
                "it knows better"
            );
            let refusal = bad.refusal(given.clone());
            assert_eq!(refusal.report().verdict(), verdict);
            assert_eq!(refusal.findings().len(), 1);
            assert_eq!(bad.denies(given.clone()).is_some(), bad.0);
        }
    }

    #[test]
    fn what_an_error_carries_is_told_as_it_is() {
        let mut report = Report::of([Bad(true).to_finding(Subject::none())]);
        report.absorb(Bad(false).refusal(Subject::none()));
        let carried = Refusal::by(report.clone()).unwrap();
        let again = Diagnosis::from(carried.clone())
            .found("other words")
            .remedy("something else")
            .about(Subject::of_record("other"))
            .refusal(Subject::of_record("given"));
        assert_eq!(again, carried);
        assert_eq!(again.report(), &report);
        assert_eq!(Refusal::by(Report::default()), None);
    }
}
