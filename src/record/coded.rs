//! Errors that know their rule: the way from a failure to read, parse, verify or write to a finding.

use std::error::Error;
use std::fmt;

use super::{Finding, Findings, Refusal, Rule, Subject};

/// An error that says which rule of the catalogue it breaks, where it is defined.
///
/// The implementation matches without a wildcard, so that a new variant cannot go without a code.
pub trait Coded: Error {
    /// Returns what the error amounts to. An error that only wraps another returns the other's.
    fn diagnosis(&self) -> Diagnosis;

    /// Returns the finding that the error is, or the first of those that it carries.
    fn to_finding(&self, subject: Subject) -> Finding {
        self.refusal(subject).first().clone()
    }

    /// Returns what speaks against whatever was read; nothing if the error says nothing of it.
    fn denies(&self, subject: Subject) -> Option<Findings> {
        self.refusal(subject).denied()
    }

    /// Returns why whatever ran into the error is refused. What the error says itself goes before
    /// the parts of `subject`.
    fn refusal(&self, subject: Subject) -> Refusal {
        self.diagnosis().refusal(subject)
    }
}

/// What an error amounts to in the terms of the catalogue. It never means "ok".
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
    /// The error speaks against what was read or was to be written.
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

    /// The error says nothing of what was to be read: the check or the act could not be done.
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

    /// The machinery around us failed: a file, a program, the system.
    pub fn unusable(error: &dyn Error, rule: Rule) -> Self {
        let expected = "a repository and a system that can be read and written";
        Self::undecided(error, rule, expected, "git awo doctor")
    }

    /// Says what was found in other words than those of the error.
    pub fn found(mut self, text: impl fmt::Display) -> Self {
        if let Kind::Own { finding, .. } = &mut self.0 {
            finding.found = text.to_string();
        }
        self
    }

    /// Says what the error is about, as far as it knows.
    pub fn about(mut self, subject: Subject) -> Self {
        if let Kind::Own { finding, .. } = &mut self.0 {
            finding.subject = std::mem::take(&mut finding.subject).with(subject);
        }
        self
    }

    /// Returns the refusal that this is, about `subject` where the error does not know better.
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

/// For an error that carries a refusal.
impl From<Refusal> for Diagnosis {
    fn from(refusal: Refusal) -> Self {
        Self(Kind::Carried(refusal))
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
