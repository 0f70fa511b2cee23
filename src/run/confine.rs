//! Runs commands in a cell.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::actor::Actor;
use crate::cell::{Demand, Held, Told, asked};
use crate::git::Repo;
use crate::record::contract::CellTerms;
use crate::record::{Findings, ObjectId, Subject};
use crate::rules::cell as terms;
use crate::rules::executed as rules;
use crate::sys::file;

use super::command;
use super::error::Error;
use super::explain::{self, FailedCall};
use super::place::{self, Place};

/// How the commands of a run are confined.
pub(super) struct Confinement {
    demand: Demand,
    /// Whether a root of its own is tried.
    own_root: bool,
    /// What the contract says of them.
    terms: CellTerms,
    /// Where strace writes the calls that fail, if it is to watch.
    traced: Option<PathBuf>,
    /// The git-awo that opens the cells.
    program: PathBuf,
}

impl Confinement {
    pub(super) fn new(demand: Demand, program: Option<&Path>) -> Result<Self, Error> {
        let program = program.ok_or(Error::NoProgram)?.to_owned();
        Ok(Self {
            demand,
            own_root: demand != Demand::Required,
            terms: CellTerms::default(),
            traced: None,
            program,
        })
    }

    /// Returns the same, with what a contract says of the cells.
    pub(super) fn under(self, terms: CellTerms) -> Self {
        Self { terms, ..self }
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
        let mut refused = Findings::new();
        for name in &self.terms.read {
            match asked(name, &cell.closed) {
                Ok(path) => cell.read.extend(path),
                Err(why) => refused.push(terms::read(why, subject)),
            }
        }
        Error::unless_empty(refused)?;
        cell.network = self.terms.network;
        cell.limits = self.terms.limits;
        let wall = cell.limits.wall_seconds.map(Duration::from_secs);
        cell.marked = self.traced.is_some();
        let mut outer = command::in_cell(&self.program, &cell, command);
        if let Some(calls) = &self.traced {
            outer = explain::traced(&outer, calls);
        }
        let status = command::run_within(outer, stdin.into(), stdout, stderr, wall)?;
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
    /// The calls that failed, if that was asked.
    pub failed: Option<Vec<FailedCall>>,
}

/// A command to be tried.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// The commit whose files it gets.
    pub commit: ObjectId,
    /// The command and its arguments.
    pub command: &'a [OsString],
    /// The git-awo that opens the cell.
    pub program: &'a Path,
    /// Whether a root of its own is tried.
    pub own_root: bool,
    /// Whether it has the network.
    pub network: bool,
    /// Whether strace is to tell which calls failed.
    pub explain: bool,
    /// Where its standard output goes.
    pub stdout: Stdio,
}

/// Tries what a command does in a cell, with the files of a commit. Nothing of what it does is kept.
pub fn attempt(actor: &Actor, attempt: Attempt<'_>) -> Result<Tried, Error> {
    let [first, args @ ..] = attempt.command else {
        return Err(Error::NoCommand);
    };
    place::sweep(actor.repo.common_dir());
    let place = Place::make(&actor.repo, "run_cell", attempt.commit, actor.refs()?)?;
    let mut cell = Confinement::new(Demand::BestEffort, Some(attempt.program))?;
    cell.own_root = attempt.own_root;
    cell.terms.network = attempt.network;
    let mut command = command::untrusted(first, place.tree());
    command.args(args);
    let streams = [attempt.stdout, Stdio::inherit()];
    let here = (&actor.repo, &place);
    let calls = place.file("calls");
    cell.traced = attempt.explain.then(|| calls.clone());
    let ended = cell.run(here, &command, streams, &Subject::none());
    let (status, held) = ended.map_err(|error| match error {
        Error::Start { program, source }
            if program == explain::TRACER && source.kind() == io::ErrorKind::NotFound =>
        {
            Error::NoTracer
        }
        error => error,
    })?;
    let failed = match attempt.explain {
        true => {
            let text = file::read_existing(&calls, explain::LONGEST);
            let text = text.map_err(Error::io("read", &calls))?;
            Some(explain::failed(&text, Path::exists))
        }
        false => None,
    };
    Ok(Tried {
        status,
        held,
        failed,
    })
}
