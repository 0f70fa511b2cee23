//! Runs commands in a cell.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::actor::Actor;
use crate::cell::{Cell, Demand, Held, Told};
use crate::git::Repo;
use crate::record::{ObjectId, RunId, Subject};
use crate::rules::executed as rules;

use super::command;
use super::error::Error;
use super::place::{self, Place};

/// A cell for the commands of one place.
pub(super) struct Confinement {
    cell: Cell,
    /// The git-awo that opens it.
    program: PathBuf,
    /// Where reports are kept, in files without names.
    reports: PathBuf,
}

impl Confinement {
    pub(super) fn make(
        repo: &Repo,
        place: &Place,
        demand: Demand,
        program: &Path,
    ) -> Result<Self, Error> {
        Ok(Self {
            cell: place.cell(repo, demand)?,
            program: program.to_owned(),
            reports: place.root().to_owned(),
        })
    }

    /// Runs a command in the cell, and returns how it ended and what held. It is not started, and refused,
    /// where less holds than is demanded.
    pub(super) fn run(
        &self,
        command: &Command,
        stdout: Stdio,
        stderr: Stdio,
        subject: &Subject,
    ) -> Result<(ExitStatus, Held), Error> {
        let report = tempfile::tempfile_in(&self.reports);
        let report = report.map_err(Error::io("make a file in", &self.reports))?;
        let stdin = report.try_clone();
        let stdin = stdin.map_err(Error::io("open a file in", &self.reports))?;
        let program = || command.get_program().to_owned();
        let outer = command::in_cell(&self.program, &self.cell, command);
        let status = command::run(outer, stdin.into(), stdout, stderr)?;
        let Told { held, not_started } = Told::read(&report).map_err(|source| Error::NoCell {
            program: program(),
            source,
        })?;
        if self.cell.demand == Demand::Required {
            Error::unless_empty(rules::cell_holds(&held, subject))?;
        }
        match not_started {
            Some(why) => Err(Error::Start {
                program: program(),
                source: std::io::Error::other(why),
            }),
            None => Ok((status, held)),
        }
    }
}

/// How a command that was only tried has ended.
#[derive(Debug)]
pub struct Tried {
    /// How it ended.
    pub status: ExitStatus,
    /// What held of its cell.
    pub held: Held,
}

/// Tries what a command does in a cell, with the files of a commit. Nothing of what it does is kept.
pub fn attempt(
    actor: &Actor,
    commit: ObjectId,
    words: &[OsString],
    program: &Path,
    stdout: Stdio,
) -> Result<Tried, Error> {
    let [first, args @ ..] = words else {
        return Err(Error::NoCommand);
    };
    place::sweep(actor.repo.common_dir());
    let run = RunId::new("run_cell").map_err(|_| Error::NoCommand)?;
    let place = Place::make(&actor.repo, &run, commit, actor.refs()?)?;
    let cell = Confinement::make(&actor.repo, &place, Demand::BestEffort, program)?;
    let mut command = command::untrusted(first, place.tree());
    command.args(args);
    let (status, held) = cell.run(&command, stdout, Stdio::inherit(), &Subject::none())?;
    Ok(Tried { status, held })
}
