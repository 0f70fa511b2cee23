//! Executes a task, or records a run that took place elsewhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::record::{IdentityName, Report, RunId, Sha256, TaskId};
use crate::run::{self, Import, ImportRequest, RunDone, RunEnvironment, RunRequest};

use crate::sys::environment;

use super::revision::revision;
use super::{Error, Session};

/// A task that is to be executed.
pub struct Request {
    /// The task.
    pub task: TaskId,
    /// The run's id; made from the time if none is given.
    pub run: Option<RunId>,
    /// The command that does the work.
    pub command: Vec<OsString>,
    /// Who assists: identities of the policy that are models.
    pub assisted_by: Vec<IdentityName>,
    /// The pre-work to follow; the newest if none is given.
    pub pre_work: Option<Sha256>,
    /// `AWO_ALLOW_RUN`: exactly `1` enables execution.
    pub allow_run: Option<String>,
    /// `AWO_RUN_STAGE`: the stage, where the contract has one.
    pub stage: Option<String>,
}

/// Executes a task.
pub fn execute(session: &Session, request: Request) -> Result<RunDone, Error> {
    let mut assisted = Vec::new();
    if !request.assisted_by.is_empty() {
        session.history()?;
        let policy = session.policy()?;
        for name in &request.assisted_by {
            let model = policy.model_of(name).ok_or_else(|| {
                Error::usage(format!("the policy knows no model of {name}"))
                    .hint("git awo policy show")
            })?;
            assisted.push(model.to_owned());
        }
    }
    let request = RunRequest {
        assisted,
        task: request.task,
        run: request.run,
        command: request.command,
        pre_work: request.pre_work,
        environment: RunEnvironment {
            allow_run: request.allow_run,
            stage: request.stage,
            program: environment::program().ok(),
        },
    };
    let done = run::run(session.actor(), &request);
    done.map_err(|error| Error::from(error).or_fetch(session.is_behind()))
}

/// A run that took place elsewhere.
pub struct Elsewhere<'a> {
    /// Its directory.
    pub directory: PathBuf,
    /// Its id.
    pub run: RunId,
    /// The task that was executed.
    pub task: TaskId,
    /// A revision of the commit that it made.
    pub commit: &'a str,
    /// The pre-work to follow; the newest if none is given.
    pub pre_work: Option<Sha256>,
}

impl Elsewhere<'_> {
    fn request(self, session: &Session) -> Result<ImportRequest, Error> {
        Ok(ImportRequest {
            commit: revision(session.actor(), self.commit)?,
            directory: self.directory,
            task: self.task,
            run: self.run,
            pre_work: self.pre_work,
        })
    }
}

/// Records a run that took place elsewhere.
pub fn import(session: &Session, elsewhere: Elsewhere<'_>) -> Result<RunDone, Error> {
    let request = elsewhere.request(session)?;
    Ok(Import::check(session.actor(), &request)?.store()?)
}

/// Checks a run that took place elsewhere and records nothing.
pub fn check(session: &Session, elsewhere: Elsewhere<'_>) -> Result<Report, Error> {
    let request = elsewhere.request(session)?;
    let import = match Import::check(session.actor(), &request) {
        Ok(import) => import,
        Err(run::Error::Refused(why)) => return Ok(why.into_report()),
        Err(error) => return Err(error.into()),
    };
    let how = match import.takes_commit() {
        true => "its commit is recorded as it is",
        false => "a commit of the same tree is made and signed",
    };
    let mut report = Report::default();
    report.count("files", import.files());
    let note = format!("{} has the root {}; {how}", request.run, import.root());
    report.notes.push(note);
    Ok(report)
}

/// Checks the directory of a run; no repository is needed.
pub fn inspect(directory: &Path, run: &RunId) -> Result<Report, Error> {
    let found = run::inspect(directory, run)?;
    let mut report = Report::of(found.findings);
    if found.files > 0 {
        report.count("files", found.files);
    }
    let note = found.root.map(|root| format!("{run} has the root {root}"));
    report.notes.extend(note);
    Ok(report)
}
