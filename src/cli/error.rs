//! Errors as people meet them: what could not be done, why, and the next command to type.

use serde_json::{Value, json};

use crate::record::path::escape;
use crate::record::{Coded, Diagnosis, Findings, Refusal, Rule, Subject, Verdict, chain_of};
use crate::render;
use crate::{actor, check, export, git, hook, run, store};

/// A command failed.
///
/// Whatever is denied or cannot be decided has a finding, and with it a code of the taxonomy: there
/// is no other way to make one.
#[derive(Debug)]
pub struct CliError {
    message: String,
    /// Why; none if the command was used wrongly.
    why: Option<Refusal>,
    hints: Vec<String>,
}

impl CliError {
    fn new(message: impl Into<String>, why: Option<Refusal>) -> Self {
        Self {
            message: message.into(),
            why,
            hints: Vec::new(),
        }
    }

    /// It is refused: denied or left undecided, as the refusal says.
    pub fn denied(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        Self::new(message, Some(why.into()))
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message, None)
    }

    /// It could not be decided or done, and the findings say why not.
    pub fn undecided(message: impl Into<String>, why: impl Into<Refusal>) -> Self {
        Self::new(message, Some(why.into().undecided()))
    }

    /// A file, a program or the system could not be used (INT-005).
    pub fn unusable(rule: Rule, message: impl Into<String>, error: &dyn std::error::Error) -> Self {
        let message = message.into();
        let found = format!("{message}: {}", chain_of(error));
        let why = Diagnosis::unusable(error, rule).found(found);
        Self::new(message, Some(why.refusal(Subject::none())))
    }

    /// An error of the rooms below, which says what it amounts to.
    fn failed(message: impl Into<String>, error: &impl Coded) -> Self {
        Self::new(message, Some(error.refusal(Subject::none())))
    }

    /// Adds the next command to type.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the exit code.
    pub fn exit_code(&self) -> u8 {
        match self.verdict() {
            Some(Verdict::Denied) => 1,
            None => 2,
            Some(Verdict::Undecided | Verdict::Allowed) => 3,
        }
    }

    fn verdict(&self) -> Option<Verdict> {
        self.why.as_ref().map(|why| why.report().verdict())
    }

    fn findings(&self) -> Findings {
        let findings = self.why.as_ref().map(Refusal::findings);
        findings.unwrap_or_default()
    }

    /// Returns the error as JSON.
    pub fn to_json(&self) -> Value {
        let kind = match self.verdict() {
            Some(Verdict::Denied) => "denied",
            None => "usage",
            Some(Verdict::Undecided | Verdict::Allowed) => "undecided",
        };
        json!({
            "schema": "awo.error/1",
            "kind": kind,
            "message": self.message,
            "findings": self.findings().iter().collect::<Vec<_>>(),
            "hints": self.hints,
        })
    }

    /// Returns the error as text.
    pub fn to_text(&self) -> String {
        let word = if self.verdict() == Some(Verdict::Denied) {
            "denied"
        } else {
            "error"
        };
        // What git said may have several lines; none of them looks like one of ours.
        let message = escape(self.message.as_bytes()).replace('\n', "\n  | ");
        let mut text = format!("{word}: {message}\n");
        for finding in self.findings().iter() {
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
        let message = match &error {
            actor::Error::UnknownKey(_) => "your key is not in the policy".to_owned(),
            error => chain_of(error),
        };
        Self::failed(message, &error)
    }
}

impl From<check::Error> for CliError {
    fn from(error: check::Error) -> Self {
        Self::failed(chain_of(&error), &error)
    }
}

impl From<store::Error> for CliError {
    fn from(error: store::Error) -> Self {
        Self::failed(chain_of(&error), &error)
    }
}

impl From<crate::evidence::Error> for CliError {
    fn from(error: crate::evidence::Error) -> Self {
        Self::failed(chain_of(&error), &error)
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
        Self::failed(chain_of(&error), &error)
    }
}

impl From<git::Error> for CliError {
    fn from(error: git::Error) -> Self {
        Self::failed(chain_of(&error), &error)
    }
}

impl From<run::Error> for CliError {
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

impl From<hook::install::Error> for CliError {
    fn from(error: hook::install::Error) -> Self {
        Self::failed(chain_of(&error), &error).hint("git awo hooks status")
    }
}
