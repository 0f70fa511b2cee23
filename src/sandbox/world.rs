//! A world on disk: what is typed in it, and what may differ between worlds.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use crate::actor::{Actor, Clock};
use crate::record::Timestamp;
use crate::record::path::escape;

use super::copy;
use super::error::{Error, io};

/// The time in a world without a clock: 2026-01-01T00:00:00Z. Only the server's receive log has
/// the real one.
pub const DATE: i64 = 1_767_225_600;

/// The directory for temporary files, below that of the world.
pub(super) const TEMPORARY: &str = "tmp";

/// What may differ between worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The time of everything that is recorded, in seconds; `None` is the time of the machine.
    pub date: Option<i64>,
    /// Keys are made of this and a name: who knows it has them all.
    pub secret: [u8; 32],
    /// How long an approval counts, in days.
    pub approval_days: u32,
    /// Who may permit a self-approval.
    pub authority: &'static str,
    /// The contract's validation command.
    pub validation: &'static str,
    /// The kind of object ids: `sha1` or `sha256`.
    pub objects: &'static str,
}

impl Setting {
    /// The time of the machine, and Python to validate with. The keys are no secret.
    pub const LIVE: Self = Self {
        date: None,
        secret: [0; 32],
        approval_days: 30,
        authority: "olga",
        validation: "python3 -m unittest -q test_strings",
        objects: "sha1",
    };
    /// The time stands still, so that the same acts give the same bytes; nothing but git and a
    /// shell is needed.
    pub const STILL: Self = Self {
        date: Some(DATE),
        approval_days: 3650,
        authority: "otto",
        validation: "grep -q split src/strings.py",
        ..Self::LIVE
    };
}

/// Watches what is typed in a world.
pub trait Watch: std::fmt::Debug + Send + Sync {
    /// Hears of a command before it runs.
    fn typed(&self, who: &str, place: &str, words: &[&str]);
    /// Hears how it ended.
    fn ended(&self, who: &str, words: &[&str], done: &Done);
}

/// What a command did.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its exit code; -1 if a signal ended it.
    pub code: i32,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it said besides.
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
    /// Makes an empty world in a directory that is absent or empty.
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

    /// Returns the world that was made in this directory.
    pub(super) fn at(root: &Path, program: &Path, setting: Setting) -> Result<Self, Error> {
        Ok(Self {
            root: root.canonicalize().map_err(io(root))?,
            program: program.canonicalize().map_err(io(program))?,
            setting,
            watch: None,
        })
    }

    /// Lets somebody watch what is typed in this world.
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

    /// Copies the whole world: what is done in the copy leaves this one as it is.
    pub fn copy(&self, to: &Path) -> Result<Self, Error> {
        let copy = Self::new(to, &self.program, self.setting)?;
        copy::tree(&self.root, &copy.root)?;
        Ok(copy)
    }

    /// Packs what the repositories hold: a packed world is copied faster.
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

    /// Writes a file, with its directories.
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
            // No sample hooks: they are many, and copied with each world.
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

    /// Runs a command, however it ends.
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

    /// Runs a command that must succeed; returns what it printed.
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

    /// Runs a command that must be refused with this code of the taxonomy; returns what it said.
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

    /// Returns where every ref of a repository is.
    pub fn refs(&self, place: &str) -> Result<String, Error> {
        let format = "--format=%(refname) %(objectname)";
        self.ok("server", place, &["git", "for-each-ref", format])
    }

    /// Acts as a person in a clone through the library, for what the commands would refuse.
    pub fn actor(&self, who: &str, place: &str) -> Result<Actor, Error> {
        let key = self.path(&format!("home/{who}/key"));
        let mut actor = Actor::open(&self.path(place))?.with_key(&key);
        if let Some(date) = self.setting.date.and_then(Timestamp::from_seconds) {
            actor.clock = Clock::at(date);
        }
        Ok(actor)
    }
}
