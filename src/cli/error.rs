//! Errors as people meet them: what could not be done, why, and the next command to type.

use serde_json::{Value, json};

use crate::check::Failure;
use crate::facts::failure::{evidence_failure, unusable};
use crate::facts::report::chain_of;
use crate::record::path::escape;
use crate::record::{Findings, Refusal, Rule, Subject};
use crate::render;
use crate::{actor, check, export, git, hook, run, store};

/// What sort of failure it is; fixes the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A rule says no: 1.
    Denied,
    /// The command was used wrongly: 2.
    Usage,
    /// It could not be decided: 3.
    Undecided,
}

/// A command failed.
///
/// Whatever is denied or cannot be decided has a finding, and with it a code of the taxonomy: there
/// is no other way to make one.
#[derive(Debug)]
pub struct CliError {
    kind: Kind,
    message: String,
    findings: Findings,
    hints: Vec<String>,
}

impl CliError {
    fn new(kind: Kind, message: impl Into<String>, findings: Findings) -> Self {
        Self {
            kind,
            message: message.into(),
            findings,
            hints: Vec::new(),
        }
    }

    /// A rule says no, with its findings.
    pub fn denied(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        Self::new(Kind::Denied, message, why.into().into_findings())
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message, Findings::new())
    }

    /// It could not be decided or done, and the findings say why not.
    pub fn undecided(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        Self::new(Kind::Undecided, message, why.into().into_findings())
    }

    /// A file, a program or the system could not be used (INT-005).
    pub fn unusable(rule: Rule, message: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let message = message.into();
        let finding = unusable(rule, error, Subject::none());
        let found = format!("{message}: {}", finding.found);
        Self::undecided(message, finding.found(found))
    }

    fn failed(message: String, failure: Failure) -> Self {
        match failure {
            Failure::Found(why) => Self::denied(message, why),
            Failure::Undecided(why) => Self::undecided(message, why),
        }
    }

    /// Adds the next command to type.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the exit code.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Denied => 1,
            Kind::Usage => 2,
            Kind::Undecided => 3,
        }
    }

    /// Returns the error as JSON.
    pub fn to_json(&self) -> Value {
        let kind = match self.kind {
            Kind::Denied => "denied",
            Kind::Usage => "usage",
            Kind::Undecided => "undecided",
        };
        json!({
            "schema": "awo.error/1",
            "kind": kind,
            "message": self.message,
            "findings": self.findings.iter().collect::<Vec<_>>(),
            "hints": self.hints,
        })
    }

    /// Returns the error as text.
    pub fn to_text(&self) -> String {
        let word = if self.kind == Kind::Denied {
            "denied"
        } else {
            "error"
        };
        // What git said may have several lines; none of them looks like one of ours.
        let message = escape(self.message.as_bytes()).replace('\n', "\n  | ");
        let mut text = format!("{word}: {message}\n");
        for finding in self.findings.iter() {
            text.push_str(&render::report::line(finding));
            text.push('\n');
        }
        for hint in &self.hints {
            text.push_str(&format!("hint: {}\n", render::one_line(hint)));
        }
        text
    }
}

impl From<actor::Error> for CliError {
    fn from(error: actor::Error) -> Self {
        let failure = error.failure(Subject::none());
        match error {
            actor::Error::UnknownKey(_) => {
                Self::failed("your key is not in the policy".into(), failure)
            }
            error => Self::failed(chain_of(&error), failure),
        }
    }
}

impl From<check::Error> for CliError {
    fn from(error: check::Error) -> Self {
        let failure = error.failure(Subject::none());
        Self::failed(chain_of(&error), failure)
    }
}

impl From<store::Error> for CliError {
    fn from(error: store::Error) -> Self {
        check::Error::from(error).into()
    }
}

impl From<crate::evidence::Error> for CliError {
    fn from(error: crate::evidence::Error) -> Self {
        Self::failed(chain_of(&error), evidence_failure(&error))
    }
}

impl From<crate::sandbox::Error> for CliError {
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

impl From<export::Error> for CliError {
    fn from(error: export::Error) -> Self {
        Self::failed(chain_of(&error), error.failure())
    }
}

impl From<git::Error> for CliError {
    fn from(error: git::Error) -> Self {
        check::Error::from(error).into()
    }
}

impl From<run::Error> for CliError {
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

impl From<hook::install::Error> for CliError {
    fn from(error: hook::install::Error) -> Self {
        let failure = error.failure();
        Self::failed(chain_of(&error), failure).hint("git awo hooks status")
    }
}
