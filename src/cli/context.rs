//! What every command needs: where it runs, how to answer, and the environment. Built once.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::actor::Actor;
use crate::git::Repo;
use crate::ops::{Error, Session};
use crate::sys::{Environment, file};

use super::out::say;

/// The largest file that a command reads because it was named: a packet, a policy, a receipt.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// What every command needs.
pub struct Context {
    directory: PathBuf,
    json: bool,
    environment: Environment,
}

impl Context {
    /// Returns the context of a program started with these global options in this environment.
    pub fn new(directory: Option<&Path>, json: bool, environment: Environment) -> Self {
        Self {
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            json,
            environment,
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

    /// Returns the environment of the process.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Opens the repository: `GIT_DIR` as git does, else the one around the directory.
    pub fn session(&self) -> Result<Session, Error> {
        let repo = match self.environment.given("GIT_DIR") {
            Some(git_dir) => Repo::open(&self.directory.join(git_dir))?,
            None => Repo::discover(&self.directory)?,
        };
        let actor = Actor::of(repo).told(&self.environment)?;
        Ok(Session::new(actor))
    }

    /// Opens the repository of this directory, whatever the environment names.
    pub fn session_in(&self, directory: &Path) -> Result<Session, Error> {
        let actor = Actor::of(Repo::discover(directory)?).told(&self.environment)?;
        Ok(Session::new(actor))
    }

    /// Reads a file that was named on the command line.
    pub fn read(&self, file: &Path) -> Result<Vec<u8>, Error> {
        file::read_existing(&self.directory.join(file), MAX_FILE)
            .map_err(|error| Error::usage(format!("cannot read {}: {error}", file.display())))
    }

    /// Opens a file that was named on the command line, for a caller with a limit of its own.
    pub fn open(&self, path: &Path) -> Result<File, Error> {
        file::open(&self.directory.join(path))
            .map_err(|error| Error::usage(format!("cannot read {}: {error}", path.display())))
    }

    /// Says something to a person, on stderr; results go to stdout.
    pub fn say(&self, text: impl AsRef<str>) {
        say(&format!("{}\n", text.as_ref()));
    }
}
