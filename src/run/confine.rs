//! Runs commands in a cell.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::actor::Actor;
use crate::cell::{Demand, Held, Told};
use crate::git::Repo;
use crate::record::{ObjectId, RunId, Subject};
use crate::rules::executed as rules;

use super::command;
use super::error::Error;
use super::place::{self, Place};

/// How the commands of a run are confined.
pub(super) struct Confinement {
    demand: Demand,
    /// Whether a root of its own is tried.
    own_root: bool,
    /// The git-awo that opens the cells.
    program: PathBuf,
}

impl Confinement {
    pub(super) fn new(demand: Demand, program: Option<&Path>) -> Result<Self, Error> {
        let program = program.ok_or(Error::NoProgram)?.to_owned();
        Ok(Self {
            demand,
            own_root: demand != Demand::Required,
            program,
        })
    }

    /// Returns the same, which tries a root of its own only if that is demanded: in one, process ids are the same
    /// each time.
    pub(super) fn without_more(self) -> Self {
        Self {
            own_root: self.demand == Demand::OwnRoot,
            ..self
        }
    }

    /// Runs a command in a cell of its own, and returns how it ended and what held. It is not started, and
    /// refused, where less holds than is demanded.
    pub(super) fn run(
        &self,
        (repo, place): (&Repo, &Place),
        command: &Command,
        [stdout, stderr]: [Stdio; 2],
        subject: &Subject,
    ) -> Result<(ExitStatus, Held), Error> {
        // Without a name: nobody else can write into it.
        let report = tempfile::tempfile_in(place.root());
        let report = report.map_err(Error::io("make a file in", place.root()))?;
        let stdin = report.try_clone();
        let stdin = stdin.map_err(Error::io("open a file in", place.root()))?;
        let program = || command.get_program().to_owned();
        let mut cell = place.cell(repo, self.demand)?;
        if !self.own_root {
            cell.root = None;
        }
        let outer = command::in_cell(&self.program, &cell, command);
        let status = command::run(outer, stdin.into(), stdout, stderr)?;
        let Told { held, not_started } = Told::read(&report).map_err(|source| Error::NoCell {
            program: program(),
            source,
        })?;
        Error::unless_empty(rules::cell_holds(&held, self.demand, subject))?;
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
    own_root: bool,
    stdout: Stdio,
) -> Result<Tried, Error> {
    let [first, args @ ..] = words else {
        return Err(Error::NoCommand);
    };
    place::sweep(actor.repo.common_dir());
    let run = RunId::new("run_cell").map_err(|_| Error::NoCommand)?;
    let place = Place::make(&actor.repo, &run, commit, actor.refs()?)?;
    let cell = Confinement {
        own_root,
        ..Confinement::new(Demand::BestEffort, Some(program))?
    };
    let mut command = command::untrusted(first, place.tree());
    command.args(args);
    let streams = [stdout, Stdio::inherit()];
    let here = (&actor.repo, &place);
    let (status, held) = cell.run(here, &command, streams, &Subject::none())?;
    Ok(Tried { status, held })
}
