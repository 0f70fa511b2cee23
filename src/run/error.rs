//! Why a run could not be done.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use crate::record::{Coded, Diagnosis, Findings, Refusal, RepoPath, Rule, Subject};
use crate::{actor, check, evidence, git, store};

/// A run could not be done. Nothing is recorded then, and no ref has been moved by it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The execution gate, or a rule about what was done, refuses.
    #[error("cannot accept the run: {}", describe(.0))]
    Refused(Refusal),
    /// The command ended badly.
    #[error("cannot go on, the command ended with {status}; nothing was recorded or moved")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to stderr.
        stderr: String,
    },
    /// The contract's validation command, or a step of its validation, ended badly.
    #[error(
        "cannot go on, the validation {step}ended with {status}; nothing was recorded or moved"
    )]
    ValidationFailed {
        /// The step, as a part of the sentence; empty where there is only one command.
        step: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its output.
        log: String,
    },
    /// There is no command.
    #[error("cannot run an empty command")]
    NoCommand,
    /// A program could not be started.
    #[error("cannot start {program:?}; nothing was recorded or moved")]
    Start {
        /// The program.
        program: OsString,
        /// Why not.
        source: std::io::Error,
    },
    /// The cell of a command told nothing of itself.
    #[error("cannot open a cell for {program:?}; nothing was recorded or moved")]
    NoCell {
        /// The program that was to be confined.
        program: OsString,
        /// Why its report cannot be read.
        source: std::io::Error,
    },
    /// There is no strace.
    #[error("cannot tell which calls failed: strace is not installed")]
    NoTracer,
    /// A cell is demanded, and whoever asks for the run names no git-awo that opens it.
    #[error("cannot open a cell: no git-awo is named that does")]
    NoProgram,
    /// A command took longer than its contract allows.
    #[error("the command did not end in time; nothing was recorded or moved")]
    TooLong {
        /// The longest time, in seconds.
        seconds: u64,
    },
    /// The command left processes that do not end.
    #[error("processes that do not end: {0}")]
    ProcessesLeft(String),
    /// A place of the run could not be used.
    #[error("cannot {action} {}", .path.display())]
    Io {
        /// What was tried: `make`, `read`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The base commit holds something that cannot be put on a disk.
    #[error("cannot check out {path}: {why}")]
    CheckOut {
        /// The path.
        path: RepoPath,
        /// Why not.
        why: &'static str,
    },
    /// A run directory could not be read.
    #[error(transparent)]
    Evidence(#[from] evidence::Error),
    /// Nobody can act.
    #[error(transparent)]
    Actor(#[from] actor::Error),
    /// A check could not be made.
    #[error(transparent)]
    Check(#[from] check::Error),
    /// The repository could not be read or written.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The records could not be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn describe(why: &Refusal) -> String {
    let findings = why.findings();
    let words = findings
        .iter()
        .map(|it| format!("{} {}: {}", it.code, it.rule, it.found));
    words.collect::<Vec<_>>().join("; ")
}

impl Error {
    /// Fails if anything was found.
    pub(super) fn unless_empty(findings: Findings) -> Result<(), Self> {
        match Refusal::of(findings) {
            Some(why) => Err(Self::Refused(why)),
            None => Ok(()),
        }
    }

    /// Adds what was found before the error. Without anything the error stays as it is.
    pub(super) fn after(self, mut findings: Findings, subject: Subject) -> Self {
        if findings.is_empty() {
            return self;
        }
        findings.extend(self.refusal(subject).findings());
        Refusal::of(findings).map_or(self, Self::Refused)
    }

    /// Returns what the error says of a command that was only tried: no run was to be recorded, and no approval
    /// spent. `another` says how a command is given.
    pub fn of_trial(&self, another: &str) -> Diagnosis {
        let said = self.diagnosis();
        match self {
            Error::NoCommand => said.remedy(another),
            Error::Start { program, source } => said
                .found(format!("cannot start {program:?}: {source}"))
                .remedy(another),
            Error::TooLong { .. } => said.remedy("try it where it is faster, or let it do less"),
            _ => said,
        }
    }

    /// Adds what was tried and where to an error of the file system.
    pub(super) fn io(
        action: &'static str,
        path: &Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        let stopped = |rule: Rule, status: &ExitStatus| {
            let remedy = "mend the command and run it again: the approval is not spent";
            Diagnosis::against(self, rule, "exit status: 0", remedy).found(status)
        };
        match self {
            Error::Refused(why) => why.clone().into(),
            Error::Failed { status, .. } => stopped(Rule::CommandSucceeds, status),
            Error::ValidationFailed { status, .. } => stopped(Rule::ValidationSucceeds, status),
            Error::NoCommand => {
                let remedy = "git awo run TASK -- COMMAND";
                Diagnosis::against(self, Rule::CommandGiven, "a command to run", remedy)
                    .found("an empty command")
            }
            Error::Start { .. } => {
                let expected = "a program that can be started";
                let remedy = "name a program that is there: git awo run TASK -- COMMAND";
                Diagnosis::undecided(self, Rule::CommandStarts, expected, remedy)
            }
            Error::NoTracer => {
                let remedy = "install strace, as by apt-get install strace";
                let expected = "strace, which watches the command";
                Diagnosis::undecided(self, Rule::CommandStarts, expected, remedy)
            }
            Error::NoCell { .. } | Error::NoProgram => Diagnosis::unusable(self, Rule::CellHolds),
            Error::TooLong { seconds } => {
                let remedy = "let the command do less; the approval is not spent";
                let expected = format!("at most {seconds} s: cell.limits.wall_seconds");
                Diagnosis::against(self, Rule::Limits, expected, remedy)
                    .found("a command that takes longer")
            }
            Error::ProcessesLeft(_) => {
                let remedy = "end them by hand; let the command wait for what it starts";
                let expected = "a command that leaves nothing running";
                Diagnosis::against(self, Rule::ProcessLeft, expected, remedy)
            }
            Error::Io { .. } => Diagnosis::unusable(self, Rule::RunPlaceUsable),
            Error::CheckOut { path, .. } => {
                let expected = "paths that can be put on a disk";
                let remedy = "git mv, in a task of its own";
                Diagnosis::against(self, Rule::CheckoutPath, expected, remedy)
                    .about(Subject::none().path(path))
            }
            Error::Evidence(error) => error.diagnosis(),
            Error::Actor(error) => error.diagnosis(),
            Error::Check(error) => error.diagnosis(),
            Error::Git(error) => error.diagnosis(),
            Error::Store(error) => error.diagnosis(),
        }
    }
}
