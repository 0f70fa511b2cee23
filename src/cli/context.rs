//! What every command needs: where it runs, how to answer, and the environment. Built once.

use std::path::{Path, PathBuf};

use crate::actor::{Actor, Environment};
use crate::git::Repo;
use crate::ops::{Error, Session};
use crate::record::WorkflowUrl;
use crate::record::path::escape;

/// What every command needs.
pub struct Context {
    directory: PathBuf,
    json: bool,
}

impl Context {
    /// Returns the context of a program started with these global options.
    pub fn new(directory: Option<&Path>, json: bool) -> Self {
        Self {
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            json,
        }
    }

    /// Returns the directory to work in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Tells whether the result is wanted as JSON.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Returns a variable of the environment: the one door through which it enters.
    pub fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// Opens the repository: `GIT_DIR` as git does, else the one around the directory.
    pub fn session(&self) -> Result<Session, Error> {
        let repo = match std::env::var_os("GIT_DIR") {
            Some(git_dir) if !git_dir.is_empty() => Repo::open(&self.directory.join(git_dir))?,
            _ => Repo::discover(&self.directory)?,
        };
        let environment = Environment::read(|name| self.variable(name))?;
        Ok(Session::new(Actor::of(repo).told(environment)))
    }

    /// Reads a file that was named on the command line.
    pub fn read(&self, file: &Path) -> Result<Vec<u8>, Error> {
        std::fs::read(self.directory.join(file))
            .map_err(|error| Error::usage(format!("cannot read {}: {error}", file.display())))
    }

    /// Says something to a person, on stderr; results go to stdout.
    pub fn say(&self, text: impl AsRef<str>) {
        eprintln!("{}", escape(text.as_ref().as_bytes()));
    }
}

/// Returns the address of a forge's run as a record holds it (INT-004 if it is none).
pub fn workflow_url(text: Option<&str>) -> Result<Option<WorkflowUrl>, Error> {
    let checked = text.map(WorkflowUrl::new).transpose();
    checked.map_err(Error::workflow_url)
}

use crate::cli::Answer;
use crate::facts::report::Report;
pub use crate::ops::revision::revision;

impl Context {
    pub fn actor(&self) -> Result<Actor, Error> {
        Ok(self.session()?.into_actor())
    }
}

pub fn answer_of(report: &Report) -> Answer {
    Answer::of(report)
}
