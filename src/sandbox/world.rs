//! A world on disk: running commands in it, and the settings that differ between worlds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use crate::actor::{Actor, Clock};
use crate::record::Timestamp;
use crate::record::path::escape;

use super::copy;
use super::error::{Error, io};

/// The time in a world without a clock: 2026-01-01T00:00:00Z. Only the server's receive log has the
/// real time.
pub const DATE: i64 = 1_767_225_600;

/// The directory for temporary files, below that of the world.
pub(super) const TEMPORARY: &str = "tmp";

/// The settings that differ between worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The time of all records, in seconds since 1970; `None` is the machine's time.
    pub date: Option<i64>,
    /// Keys are derived from this and a name, so anyone who knows it knows all keys.
    pub secret: [u8; 32],
    /// The validity of an approval, in days.
    pub approval_days: u32,
    /// The person who may permit a self-approval.
    pub authority: &'static str,
    /// The contract's validation command.
    pub validation: &'static str,
    /// The kind of object ids: `sha1` or `sha256`.
    pub objects: &'static str,
}

impl Setting {
    /// The machine's time, and validation with Python. The keys are not secret.
    pub const LIVE: Self = Self {
        date: None,
        secret: [0; 32],
        approval_days: 30,
        authority: "olga",
        validation: "python3 -m unittest -q test_strings",
        objects: "sha1",
    };
    /// A fixed time, so that the same commands give the same bytes; only git and a shell are needed.
    pub const STILL: Self = Self {
        date: Some(DATE),
        approval_days: 3650,
        authority: "otto",
        validation: "grep -q split src/strings.py",
        ..Self::LIVE
    };
}

/// Observes the commands in a world.
pub trait Watch: std::fmt::Debug + Send + Sync {
    /// Called before a command runs.
    fn typed(&self, who: &str, place: &str, words: &[&str]);
    /// Called after a command has ended.
    fn ended(&self, who: &str, words: &[&str], done: &Done);
}

/// The result of a command.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Done {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }

    /// Returns both streams as text, fit for a terminal.
    pub fn said(&self) -> String {
        escape(&[self.stdout.as_slice(), self.stderr.as_slice()].concat())
    }
}

/// A world: a directory, and the program under test.
#[derive(Clone, Debug)]
pub struct World {
    root: PathBuf,
    program: PathBuf,
    pub(super) setting: Setting,
    watch: Option<Arc<dyn Watch>>,
}

impl World {
    /// Creates an empty world in a directory that is absent or empty.
    pub fn new(root: &Path, program: &Path, setting: Setting) -> Result<Self, Error> {
        std::fs::create_dir_all(root).map_err(io(root))?;
        let mut entries = std::fs::read_dir(root).map_err(io(root))?;
        if entries.next().is_some() {
            return Err(Error::NotEmpty {
                path: root.to_owned(),
            });
        }
        Self::at(root, program, setting)
    }

    /// Returns the world that was created in this directory.
    pub(super) fn at(root: &Path, program: &Path, setting: Setting) -> Result<Self, Error> {
        Ok(Self {
            root: root.canonicalize().map_err(io(root))?,
            program: program.canonicalize().map_err(io(program))?,
            setting,
            watch: None,
        })
    }

    /// Sets an observer of the commands in this world.
    pub fn watched(self, watch: Arc<dyn Watch>) -> Self {
        Self {
            watch: Some(watch),
            ..self
        }
    }

    /// Returns the directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns a path below the directory.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Copies the whole world; commands in the copy do not affect this one.
    pub fn copy(&self, to: &Path) -> Result<Self, Error> {
        let copy = Self::new(to, &self.program, self.setting)?;
        copy::tree(&self.root, &copy.root)?;
        Ok(copy)
    }

    /// Packs the repositories, so that the world is copied faster.
    pub(super) fn pack(&self) -> Result<(), Error> {
        for (who, place) in [
            ("server", "server.git"),
            ("olga", "olga"),
            ("otto", "otto"),
            ("rita", "rita"),
        ] {
            self.ok(who, place, &["git", "repack", "-a", "-d", "-q"])?;
        }
        Ok(())
    }

    /// Writes a file and creates its directories.
    pub fn write(&self, below: &str, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        let path = self.path(below);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io(parent))?;
        }
        std::fs::write(&path, bytes).map_err(io(&path))
    }

    /// Reads a file.
    pub fn read(&self, below: &str) -> Result<Vec<u8>, Error> {
        let path = self.path(below);
        std::fs::read(&path).map_err(io(&path))
    }

    /// Returns a command as this person would type it in a directory of the world. `git awo` is
    /// the program under test.
    pub fn command(&self, who: &str, place: &str, words: &[&str]) -> Command {
        let (program, arguments): (OsString, &[&str]) = match words {
            ["git", "awo", rest @ ..] => (self.program.clone().into(), rest),
            [program, rest @ ..] => (program.into(), rest),
            [] => (OsString::new(), &[]),
        };
        let home = self.path(&format!("home/{who}"));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(self.path(place))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            // Without a template there are no sample hooks to copy with each world.
            .env("GIT_TEMPLATE_DIR", "")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("TMPDIR", self.path(TEMPORARY))
            .env("AWO_ALLOW_RUN", "1")
            .stdin(Stdio::null());
        if let Some(seconds) = self.setting.date {
            let date = format!("{seconds} +0000");
            command
                .env("GIT_AUTHOR_DATE", &date)
                .env("GIT_COMMITTER_DATE", &date)
                .env("SOURCE_DATE_EPOCH", seconds.to_string());
        }
        command
    }

    /// Runs a command; any exit code is allowed.
    pub fn run(&self, who: &str, place: &str, words: &[&str]) -> Result<Done, Error> {
        if let Some(watch) = &self.watch {
            watch.typed(who, place, words);
        }
        let output = self.command(who, place, words).output();
        let program = PathBuf::from(words.first().copied().unwrap_or_default());
        let done = Done::of(output.map_err(io(&program))?);
        if let Some(watch) = &self.watch {
            watch.ended(who, words, &done);
        }
        Ok(done)
    }

    /// Runs a command that must succeed; returns its standard output.
    pub fn ok(&self, who: &str, place: &str, words: &[&str]) -> Result<String, Error> {
        let done = self.run(who, place, words)?;
        if done.code == 0 {
            return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
        }
        Err(Error::Failed {
            who: who.to_owned(),
            command: words.join(" "),
            code: done.code,
            said: done.said(),
        })
    }

    /// Runs a command that must be refused with this code of the taxonomy; returns its output.
    pub fn refused(
        &self,
        who: &str,
        place: &str,
        words: &[&str],
        code: &str,
    ) -> Result<String, Error> {
        let done = self.run(who, place, words)?;
        let said = done.said();
        if done.code != 0 && said.contains(code) {
            return Ok(said);
        }
        Err(Error::NotRefused {
            who: who.to_owned(),
            command: words.join(" "),
            expected: code.to_owned(),
            code: done.code,
            said,
        })
    }

    /// Returns all refs of a repository with their objects.
    pub fn refs(&self, place: &str) -> Result<String, Error> {
        let format = "--format=%(refname) %(objectname)";
        self.ok("server", place, &["git", "for-each-ref", format])
    }

    /// Returns an actor for a person in a clone, for operations that the commands would refuse.
    pub fn actor(&self, who: &str, place: &str) -> Result<Actor, Error> {
        let key = self.path(&format!("home/{who}/key"));
        let mut actor = Actor::open(&self.path(place))?.with_key(&key);
        if let Some(date) = self.setting.date.and_then(Timestamp::from_seconds) {
            actor.clock = Clock::at(date);
        }
        Ok(actor)
    }
}
