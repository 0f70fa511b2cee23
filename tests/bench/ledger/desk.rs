//! A server with a ledger of `N` runs, and one clone of it that serves all persons in turn.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::super::measure::{self, Cost};
use super::build;
use crate::world::PROGRAM;

/// A server (`server.git`), a copy of it without hooks (`plain.git`), a clone where the work is done
/// (`desk`) and one that fetches it (`other`).
pub struct Desk {
    directory: PathBuf,
    /// How many runs were built.
    pub runs: usize,
}

impl Desk {
    /// Returns the one in this directory.
    pub fn at(directory: &Path, runs: usize) -> Self {
        let directory = directory.to_owned();
        Self { directory, runs }
    }

    /// Builds a desk below a directory, or uses the one that is there.
    pub fn take_up(root: &Path, runs: usize) -> Self {
        let directory = root.join(format!("ledger-{runs}"));
        let desk = Self::at(&directory, runs);
        if !directory.join("done").exists() {
            desk.build();
        }
        // Hooks name the program by its path, which is another one where the ledger was built.
        for place in ["server.git", "desk"] {
            desk.ok("otto", place, &["git", "awo", "hooks", "install"]);
        }
        if !directory.join("other").exists() {
            desk.ok("otto", ".", &["cp", "-a", "desk", "other"]);
        }
        desk.ok("vera", "other", &["git", "awo", "fetch"]);
        desk
    }

    /// Builds it, and verifies a small one.
    fn build(&self) {
        let start = Instant::now();
        let runs = self.runs;
        build::build(self);
        let seconds = start.elapsed().as_secs_f64();
        println!("built {runs} runs in {seconds:.0} s");
        // What is larger was verified by the fetch of the builder.
        if runs <= 1_000 {
            let verdict = self.ok("otto", "desk", &["git", "awo", "verify", "--json"]);
            let verdict: serde_json::Value = serde_json::from_str(&verdict).unwrap();
            assert_eq!(verdict["verdict"], "allowed");
            assert_eq!(verdict["checked"]["runs"], runs);
            assert!(verdict["checked"]["receipts"].as_u64().unwrap() >= runs as u64);
        }
        std::fs::write(self.path("done"), "").unwrap();
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
    pub fn cost(&self, who: &str, place: &str, words: &[&str]) -> Cost {
        let out = self.path("cost");
        let mut all = vec!["python3", "-c", measure::WRAPPER, out.to_str().unwrap()];
        match words {
            ["git", "awo", rest @ ..] => {
                all.push(PROGRAM);
                all.extend(rest);
            }
            _ => all.extend(words),
        }
        self.ok(who, place, &all);
        measure::read(&std::fs::read_to_string(out).unwrap())
    }

    /// Returns the object of a name.
    pub fn id(&self, place: &str, name: &str) -> String {
        self.ok("server", place, &["git", "rev-parse", name])
    }

    /// Returns the governance refs with their objects.
    pub fn governance(&self, place: &str) -> String {
        let list = [
            "git",
            "for-each-ref",
            "refs/awo/ledger",
            "refs/awo/evidence",
            "refs/notes/awo",
        ];
        self.ok("server", place, &list)
    }

    /// Returns how many runs there are now: each has a commit of main, and so has the adoption.
    pub fn count(&self) -> usize {
        let count = ["git", "rev-list", "--count", "main"];
        let count = self.ok("server", "server.git", &count);
        count.trim().parse::<usize>().unwrap() - 1
    }
}
