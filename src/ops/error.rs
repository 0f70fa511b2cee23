//! Why an act was not done: a refusal, or a wrong use. And the next command to type.

use crate::record::{
    Coded, Diagnosis, Finding, Findings, Refusal, Rule, Subject, Verdict, chain_of,
};
use crate::rules::{absent, clone};
use crate::{actor, check, evidence, export, git, hook, run, state, store};

/// An act was not done.
///
/// Unless it was asked for wrongly, a refusal says why not, so that each error has a code of the
/// taxonomy: there is no other way to make one.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    /// `None`: it was asked for wrongly.
    why: Option<Refusal>,
    hints: Vec<String>,
}

impl Error {
    fn new(message: impl Into<String>, why: Option<Refusal>) -> Self {
        Self {
            message: message.into(),
            why,
            hints: Vec::new(),
        }
    }

    /// Returns the error that it was asked for wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message, None)
    }

    /// Returns the error that it is refused: denied or left undecided, as the refusal says.
    pub fn denied(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        Self::new(message, Some(why.into()))
    }

    /// Returns the error that it could not be decided or done.
    pub fn undecided(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        Self::new(message, Some(why.into().undecided()))
    }

    /// Returns the error that a file, a program or the system could not be used (INT-005).
    pub fn unusable(rule: Rule, message: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let message = message.into();
        let found = format!("{message}: {}", chain_of(error));
        let why = Diagnosis::unusable(error, rule).found(found);
        Self::new(message, Some(why.refusal(Subject::none())))
    }

    /// Returns the error that one of the rooms below amounts to.
    pub fn failed(message: impl Into<String>, error: &impl Coded) -> Self {
        Self::new(message, Some(error.refusal(Subject::none())))
    }

    /// Returns the error that a command could not be tried, of which nothing was to be recorded.
    pub(super) fn not_tried(error: run::Error, another: &str) -> Self {
        use run::Error as E;
        match &error {
            E::Refused(_) | E::NoCommand | E::Start { .. } | E::TooLong { .. } => {
                let message = "the command could not be tried; nothing is kept of it";
                let why = error.of_trial(another).refusal(Subject::none());
                Self::denied(message, why)
            }
            _ => error.into(),
        }
    }

    /// Leaves undecided what is refused only for what is not in this clone, and says what brings it.
    pub(super) fn or_fetch(mut self, behind: bool) -> Self {
        let Some(why) = self.why.take() else {
            return self;
        };
        let all = |is: fn(&Finding) -> bool| why.report().findings.iter().all(is);
        self.why = Some(if all(absent::is_absent) {
            why.undecided()
        } else if behind && all(absent::may_come) {
            let report = clone::or_fetch(why.clone().into_report(), true);
            Refusal::by(report).unwrap_or(why)
        } else {
            why
        });
        self
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
        self.why.as_ref().map(|why| why.report().verdict())
    }

    /// Returns every finding, whether it denies the act or leaves it undecided.
    pub fn findings(&self) -> Findings {
        let findings = self.why.as_ref().map(Refusal::findings);
        findings.unwrap_or_default()
    }

    /// Returns the next commands to type.
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// Something around the process could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Process {
    /// Standard output did not take all of a result.
    #[error("cannot write to standard output")]
    Output(#[source] std::io::Error),
    /// Standard output is `/dev/null`, where something must not be lost.
    #[error("standard output keeps nothing")]
    Nowhere,
    /// A terminal gave no answer.
    #[error("cannot read the sentence")]
    Terminal(#[source] std::io::Error),
    /// The path of this program is not known.
    #[error("cannot find this program")]
    Program(#[source] std::io::Error),
    /// The current directory is gone.
    #[error("cannot find the current directory")]
    Directory(#[source] std::io::Error),
    /// There is no place for a sandbox.
    #[error("cannot make a temporary directory")]
    Temporary(#[source] std::io::Error),
}

impl Coded for Process {
    fn diagnosis(&self) -> Diagnosis {
        let rule = match self {
            Process::Output(_) | Process::Nowhere => Rule::OutputWritten,
            Process::Terminal(_) => Rule::TerminalReadable,
            Process::Program(_) => Rule::ProgramFound,
            Process::Directory(_) => Rule::FileUsable,
            Process::Temporary(_) => Rule::SandboxUsable,
        };
        Diagnosis::unusable(self, rule)
    }
}

impl From<Process> for Error {
    fn from(error: Process) -> Self {
        Self::failed(error.to_string(), &error)
    }
}

#[cfg(feature = "selftest")]
impl From<crate::sandbox::Error> for Error {
    fn from(error: crate::sandbox::Error) -> Self {
        let message = chain_of(&error);
        match error {
            crate::sandbox::Error::NotEmpty { .. } => {
                Self::usage(message).hint("name a new or an empty directory")
            }
            error => Self::unusable(Rule::SandboxUsable, message, &error),
        }
    }
}

impl From<crate::record::name::BadName> for Error {
    fn from(error: crate::record::name::BadName) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<crate::record::digest::BadPrefix> for Error {
    fn from(error: crate::record::digest::BadPrefix) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<actor::Error> for Error {
    fn from(error: actor::Error) -> Self {
        let message = match &error {
            actor::Error::UnknownKey(_) => "your key is not in the policy".to_owned(),
            error => chain_of(error),
        };
        Self::failed(message, &error)
    }
}

/// For errors whose own words are the message.
macro_rules! from {
    ($($error:ty)*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::failed(chain_of(&error), &error)
            }
        }
    )*};
}

from!(check::Error store::Error git::Error git::UpdateError evidence::Error export::Error state::Error);

impl From<run::Error> for Error {
    fn from(error: run::Error) -> Self {
        use run::Error as E;
        let message = match &error {
            E::Refused(_) => {
                "the run was refused; nothing was recorded and nothing moved".to_owned()
            }
            E::Failed { stderr: said, .. } | E::ValidationFailed { log: said, .. } => {
                format!("{}\n{}", chain_of(&error), said.trim_end())
            }
            other => chain_of(other),
        };
        Self::failed(message, &error)
    }
}

impl From<hook::install::Error> for Error {
    fn from(error: hook::install::Error) -> Self {
        Self::failed(chain_of(&error), &error).hint("git awo hooks status")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_findings_unless_it_is_a_wrong_use() {
        assert_eq!(Error::usage("no").verdict(), None);
        let io = std::io::Error::other("gone");
        let undecided = Error::unusable(Rule::RunReadable, "cannot read it", &io);
        assert_eq!(undecided.verdict(), Some(Verdict::Undecided));
        assert_eq!(undecided.findings().len(), 1);
        let denied = Error::denied("no", undecided.findings().into_iter().next().unwrap());
        assert_eq!(denied.verdict(), Some(Verdict::Denied));
    }
}
