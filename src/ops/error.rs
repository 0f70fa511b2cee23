//! Why an act was not done: a report that refuses it, or a wrong use. And the next command to type.

use crate::check::{self, Failure};
use crate::facts::failure::{evidence_failure, unusable};
use crate::facts::report::{Report, chain_of};
use crate::record::{Findings, Refusal, Rule, Subject, Verdict};
use crate::{actor, evidence, export, git, hook, run, store};

/// An act was not done.
///
/// Unless it was asked for wrongly, a report says why not, and the report never allows: each error
/// has a code of the taxonomy, and there is no other way to make one.
#[derive(Debug)]
pub struct Error {
    message: String,
    /// `None`: it was asked for wrongly.
    report: Option<Report>,
    hints: Vec<String>,
}

impl Error {
    fn new(message: impl Into<String>, report: Option<Report>) -> Self {
        Self {
            message: message.into(),
            report,
            hints: Vec::new(),
        }
    }

    /// Returns the error that it was asked for wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message, None)
    }

    /// Returns the error that a rule denies it.
    pub fn denied(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        let report = Report {
            findings: why.into().into_findings(),
            ..Report::default()
        };
        Self::new(message, Some(report))
    }

    /// Returns the error that it could not be decided or done.
    pub fn undecided(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        let report = Report {
            undecided: why.into().into_findings(),
            ..Report::default()
        };
        Self::new(message, Some(report))
    }

    /// Returns the error that a file, a program or the system could not be used (INT-005).
    pub fn unusable(rule: Rule, message: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let message = message.into();
        let finding = unusable(rule, error, Subject::none());
        let found = format!("{message}: {}", finding.found);
        Self::undecided(message, finding.found(found))
    }

    /// Returns the error that a failure of a room below amounts to.
    pub fn failed(message: impl Into<String>, failure: Failure) -> Self {
        match failure {
            Failure::Found(why) => Self::denied(message, why),
            Failure::Undecided(why) => Self::undecided(message, why),
        }
    }

    /// Returns the error that standard output took not all of a result.
    pub fn output(error: &std::io::Error) -> Self {
        Self::unusable(
            Rule::OutputWritten,
            "cannot write to standard output",
            error,
        )
    }

    /// Returns the error that a terminal gave no answer.
    pub fn terminal(error: &std::io::Error) -> Self {
        Self::unusable(Rule::TerminalReadable, "cannot read the sentence", error)
    }

    /// Returns the error that the path of this program is not known.
    pub fn program(error: &std::io::Error) -> Self {
        Self::unusable(Rule::ProgramFound, "cannot find this program", error)
    }

    /// Returns the error that a place for a sandbox could not be made or used.
    pub fn sandbox(message: impl Into<String>, error: &dyn std::error::Error) -> Self {
        Self::unusable(Rule::SandboxUsable, message, error)
    }

    /// Returns the error that text is no address of a forge's run.
    pub fn workflow_url(bad: impl std::fmt::Display) -> Self {
        let message = "the address of the workflow run cannot stand in a record";
        Self::denied(message, crate::rules::contract::workflow_url(bad))
    }

    /// Adds the next command to type.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns what could not be done.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns the verdict on the act; none if it was asked for wrongly.
    pub fn verdict(&self) -> Option<Verdict> {
        self.report.as_ref().map(Report::verdict)
    }

    /// Returns every finding, whether it denies the act or leaves it undecided.
    pub fn findings(&self) -> Findings {
        let report = self.report.iter();
        let lists = report.flat_map(|it| [&it.findings, &it.undecided]);
        lists.flat_map(Findings::iter).cloned().collect()
    }

    /// Returns the next commands to type.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl From<crate::record::name::BadName> for Error {
    fn from(error: crate::record::name::BadName) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<actor::Error> for Error {
    fn from(error: actor::Error) -> Self {
        let failure = error.failure(Subject::none());
        match error {
            actor::Error::UnknownKey(_) => Self::failed("your key is not in the policy", failure),
            error => Self::failed(chain_of(&error), failure),
        }
    }
}

impl From<check::Error> for Error {
    fn from(error: check::Error) -> Self {
        let failure = error.failure(Subject::none());
        Self::failed(chain_of(&error), failure)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        check::Error::from(error).into()
    }
}

impl From<git::Error> for Error {
    fn from(error: git::Error) -> Self {
        check::Error::from(error).into()
    }
}

impl From<git::UpdateError> for Error {
    fn from(error: git::UpdateError) -> Self {
        store::Error::from(error).into()
    }
}

impl From<evidence::Error> for Error {
    fn from(error: evidence::Error) -> Self {
        Self::failed(chain_of(&error), evidence_failure(&error))
    }
}

impl From<export::Error> for Error {
    fn from(error: export::Error) -> Self {
        Self::failed(chain_of(&error), error.failure())
    }
}

impl From<run::Error> for Error {
    fn from(error: run::Error) -> Self {
        use run::Error as E;
        let failure = error.failure();
        let message = match &error {
            E::Refused(_) => {
                "the run was refused; nothing was recorded and nothing moved".to_owned()
            }
            E::Failed { stderr: said, .. } | E::ValidationFailed { log: said, .. } => {
                format!("{}\n{}", chain_of(&error), said.trim_end())
            }
            other => chain_of(other),
        };
        Self::failed(message, failure)
    }
}

impl From<hook::install::Error> for Error {
    fn from(error: hook::install::Error) -> Self {
        let failure = error.failure();
        Self::failed(chain_of(&error), failure).hint("git awo hooks status")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_findings_unless_it_is_a_wrong_use() {
        assert_eq!(Error::usage("no").verdict(), None);
        let io = std::io::Error::other("gone");
        let undecided = Error::unusable(Rule::FileReadable, "cannot read it", &io);
        assert_eq!(undecided.verdict(), Some(Verdict::Undecided));
        assert_eq!(undecided.findings().len(), 1);
        let denied = Error::denied("no", undecided.findings().into_iter().next().unwrap());
        assert_eq!(denied.verdict(), Some(Verdict::Denied));
    }
}
