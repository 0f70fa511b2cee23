//! A server with a ledger of `N` runs, and one clone of it that serves all persons in turn.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::super::measure::{self, Cost};
use crate::world::PROGRAM;

/// A server (`server.git`), a copy of it without hooks (`plain.git`) and a clone (`desk`).
pub struct Desk {
    directory: PathBuf,
}

impl Desk {
    /// Returns the one in this directory.
    pub fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.directory.join(below)
    }

    /// Returns a command as this person; `git awo` is the program under test.
    pub fn command(&self, who: &str, place: &str, words: &[&str]) -> Command {
        let mut all: Vec<OsString> = Vec::new();
        match words {
            ["git", "awo", rest @ ..] => {
                all.push(PROGRAM.into());
                all.extend(rest.iter().map(OsString::from));
            }
            _ => all.extend(words.iter().map(OsString::from)),
        }
        let mut command = Command::new(&all[0]);
        command
            .args(&all[1..])
            .current_dir(self.path(place))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home").join(who))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("AWO_ALLOW_RUN", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed; returns what it printed.
    pub fn ok(&self, who: &str, place: &str, words: &[&str]) -> String {
        let output = self.command(who, place, words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}\n{text}{said}", words.join(" "));
        text
    }

    /// Runs a command that must succeed; returns what it cost with all its children.
    pub fn cost(&self, who: &str, words: &[&str]) -> Cost {
        let out = self.path("cost");
        let mut all = vec!["python3", "-c", measure::WRAPPER, out.to_str().unwrap()];
        match words {
            ["git", "awo", rest @ ..] => {
                all.push(PROGRAM);
                all.extend(rest);
            }
            _ => all.extend(words),
        }
        self.ok(who, "desk", &all);
        measure::read(&std::fs::read_to_string(out).unwrap())
    }
}
