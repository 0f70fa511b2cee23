//! Errors as people meet them: what could not be done, why, and the next command to type.

use serde_json::{Value, json};

use crate::check::report::chain_of;
use crate::record::path::escape;
use crate::record::{Code, Finding, Findings, Subject};
use crate::render;
use crate::{actor, check, git, harness, hook, store};

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
#[derive(Debug)]
pub struct CliError {
    kind: Kind,
    message: String,
    findings: Findings,
    hints: Vec<String>,
}

impl CliError {
    /// A rule says no, with its findings.
    pub fn denied(message: impl Into<String>, findings: impl IntoIterator<Item = Finding>) -> Self {
        let findings = findings.into_iter().collect();
        Self {
            kind: Kind::Denied,
            message: message.into(),
            findings,
            hints: Vec::new(),
        }
    }

    /// The command was used wrongly.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Usage,
            message: message.into(),
            findings: Findings::new(),
            hints: Vec::new(),
        }
    }

    /// It could not be decided or done.
    pub fn undecided(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Undecided,
            message: message.into(),
            findings: Findings::new(),
            hints: Vec::new(),
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
        let mut text = format!("{word}: {}\n", escape(self.message.as_bytes()));
        for finding in self.findings.iter() {
            text.push_str(&render::report::line(finding));
            text.push('\n');
        }
        for hint in &self.hints {
            text.push_str(&format!("hint: {}\n", escape(hint.as_bytes())));
        }
        text
    }
}

impl From<actor::Error> for CliError {
    fn from(error: actor::Error) -> Self {
        use actor::Error as E;
        let message = chain_of(&error);
        match error {
            E::Store(error) => error.into(),
            E::Check(error) => error.into(),
            E::NoKey => Self::usage(message).hint("git config user.signingkey ~/.ssh/id_ed25519"),
            E::NoPolicy => Self::undecided(message).hint("git awo fetch").hint("git awo init"),
            E::UnknownKey(key) => Self::denied(
                "your key is not in the policy",
                [Finding::new(Code::Att004, "key-known", Subject::none())
                    .found(key)
                    .expected("a key of a person whom the policy names")
                    .remedy("git config user.signingkey PATH, or ask a root: git awo policy propose FILE")],
            ),
            E::Role { person, role, held } => Self::denied(
                message,
                [Finding::new(Code::Att001, "role-held", Subject::none())
                    .found(format!("{person} holds {held}"))
                    .expected(role)
                    .remedy("ask a person who holds the role: git awo policy show")],
            ),
            _ => Self::undecided(message).hint("git awo doctor"),
        }
    }
}

impl From<store::Error> for CliError {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let message = chain_of(&error);
        let replay = |record: String, remedy: &str| {
            Finding::new(
                Code::Rep001,
                "records-never-change",
                Subject::of_record(record),
            )
            .found("another record of that name")
            .expected("a new name")
            .remedy(remedy)
        };
        match &error {
            E::Exists { path } => Self::denied(
                message.clone(),
                [replay(path.to_string(), "git awo status")],
            ),
            E::Conflict { path, .. } => Self::denied(
                message.clone(),
                [replay(
                    path.to_string(),
                    "git awo fetch --theirs, then do it again",
                )],
            ),
            E::Unrelated { reference, .. } => Self::denied(
                message.clone(),
                [
                    Finding::new(Code::Rep002, "forward-only", Subject::of_ref(reference))
                        .found("histories with nothing in common")
                        .expected("one history")
                        .remedy("compare with another clone: the server was rewound or forked"),
                ],
            ),
            E::Update(git::UpdateError::Moved { name }) => Self::denied(
                message.clone(),
                [
                    Finding::new(Code::Rep003, "nothing-moved", Subject::of_ref(name))
                        .found("the ref moved meanwhile")
                        .expected("the state that was judged")
                        .remedy("run the command again"),
                ],
            ),
            _ => check::Error::from(error).into(),
        }
    }
}

impl From<check::Error> for CliError {
    fn from(error: check::Error) -> Self {
        let findings = error.findings(Subject::none());
        let message = chain_of(&error);
        if findings.is_empty() {
            Self::undecided(message).hint("git awo doctor")
        } else {
            Self::denied(message, findings)
        }
    }
}

impl From<git::Error> for CliError {
    fn from(error: git::Error) -> Self {
        check::Error::from(error).into()
    }
}

impl From<harness::Error> for CliError {
    fn from(error: harness::Error) -> Self {
        let stopped = |rule: &str, status: &std::process::ExitStatus, said: &str| {
            let finding = Finding::new(Code::Gov002, rule, Subject::none())
                .found(status)
                .expected("exit status: 0")
                .remedy("mend the command and run it again: the approval is not spent");
            Self::denied(
                format!("{}\n{}", chain_of(&error), said.trim_end()),
                [finding],
            )
        };
        match &error {
            harness::Error::Refused(findings) => {
                let message = "the run was refused; nothing was recorded and nothing moved";
                Self::denied(message, findings.clone())
            }
            harness::Error::Failed { status, stderr } => {
                stopped("command-succeeds", status, stderr)
            }
            harness::Error::ValidationFailed { status, log } => {
                stopped("validation-succeeds", status, log)
            }
            other => Self::undecided(chain_of(other)),
        }
    }
}

impl From<hook::install::Error> for CliError {
    fn from(error: hook::install::Error) -> Self {
        Self::undecided(chain_of(&error)).hint("git awo hooks status")
    }
}
