//! Room 5, `harness`: executes a contract. A worktree of its own, the command, the measure of
//! what it did, one signed commit with its evidence, and the record of the run. [`Import`] makes
//! the same of a run that took place elsewhere.

mod approvals;
mod clean;
mod documents;
mod dossier;
mod events;
mod execute;
mod failure;
mod family;
mod finish;
mod gate;
mod import;
mod leftover;
mod measure;
mod place;
#[cfg(target_os = "linux")]
mod reaper;
mod run_id;
mod scope;
mod scrub;
mod state;
#[cfg(test)]
mod tests;
mod tools;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitStatus;

use crate::actor::{self, Actor};
use crate::check::PolicyHistory;
use crate::record::{
    Coded, Finding, Findings, ObjectId, RefName, RepoPath, RunId, Sha256, Subject, TaskId,
    Timestamp,
};
use crate::{check, evidence, git, store};

pub use import::{Import, ImportRequest, Inspection, inspect};
pub use leftover::{Leftover, leftovers};

use gate::{Admitted, Asked};
use place::Place;
use scrub::Scrub;
use watch::Watch;

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    /// The task whose contract is executed.
    pub task: TaskId,
    /// The name of the run; none for one made of the clock.
    pub run: Option<RunId>,
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// What the environment permits.
    pub environment: RunEnvironment,
}

/// What the environment says about runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunEnvironment {
    /// `AWO_ALLOW_RUN`: exactly `1` enables execution.
    pub allow_run: Option<String>,
    /// `AWO_RUN_STAGE`: the stage, where the contract has one.
    pub stage: Option<String>,
}

/// A run that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDone {
    /// The run.
    pub run: RunId,
    /// The one commit it made. No branch holds it yet: finalization moves the branch.
    pub commit: ObjectId,
    /// The SHA-256 root of its evidence.
    pub root: Sha256,
    /// The branch that the commit is for.
    pub reference: RefName,
    /// The ref that holds the evidence, and through it the commit.
    pub evidence: RefName,
    /// The paths changed, sorted.
    pub changed: Vec<RepoPath>,
}

/// A run could not be done. Nothing is recorded then, and no ref has been moved by the harness.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The execution gate, or the measure of what was done, refuses.
    #[error("cannot accept the run: {}", describe(.0))]
    Refused(Findings),
    /// The command ended badly.
    #[error("cannot go on, the command ended with {status}; nothing was recorded or moved")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// The end of what it wrote to stderr.
        stderr: String,
    },
    /// The contract's validation command ended badly.
    #[error("cannot go on, the validation ended with {status}; nothing was recorded or moved")]
    ValidationFailed {
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

fn describe(findings: &Findings) -> String {
    let words: Vec<_> = findings
        .iter()
        .map(|it| format!("{} {}: {}", it.code, it.rule, it.found))
        .collect();
    words.join("; ")
}

/// What one run works with.
struct Execution<'a> {
    actor: &'a Actor,
    history: &'a PolicyHistory,
    admitted: Admitted,
    command: &'a [OsString],
    place: Place,
    watch: Watch,
    scrub: Scrub,
    started: Timestamp,
}

/// Executes a contract.
///
/// Everything that stands against it is reported together, stage by stage: the execution gate;
/// what the command did; what the validation found. The branch does not move; the commit made
/// is held by the ref of its evidence.
///
/// While it goes on, this process should start no other children: what a command leaves running
/// cannot be told from them, and is ended. A second run in the same process waits.
pub fn run(actor: &Actor, request: &RunRequest) -> Result<RunDone, Error> {
    if request.command.first().is_none_or(|it| it.is_empty()) {
        return Err(Error::NoCommand);
    }
    // Before anything refuses: a run that was killed once it was recorded is not to be run again.
    leftover::sweep(actor.repo.common_dir());
    let started = actor.now();
    let refs = actor.refs()?;
    let history = load_history(actor)?;
    let asked = Asked {
        task: &request.task,
        run: request.run.as_ref(),
        execution: Some(&request.environment),
    };
    let admitted = gate::look(actor, &asked, &refs, &history)?.admitted()?;
    let place = Place::make(&actor.repo, &admitted.run, admitted.base)?;
    let execution = Execution {
        actor,
        history: &history,
        watch: Watch::take(actor, &place)?,
        scrub: Scrub::new(actor, &place),
        admitted,
        command: &request.command,
        place,
        started,
    };
    execution.execute()
}

fn load_history(actor: &Actor) -> Result<PolicyHistory, Error> {
    match actor.history() {
        Err(actor::Error::NoPolicy) => {
            let why = actor::Error::NoPolicy.refusal(Subject::none());
            Err(refused(why.findings()))
        }
        Err(actor::Error::Check(error @ check::Error::Policy(_))) => {
            Err(refused(error.refusal(Subject::none()).findings()))
        }
        other => Ok(other?),
    }
}

fn refused(findings: impl IntoIterator<Item = Finding>) -> Error {
    Error::Refused(findings.into_iter().collect())
}
