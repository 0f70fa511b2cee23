//! The inventory of a run's files, the verdict on them, and their tarball: `git awo integrity`
//! and `git awo tar`, in directories far from any repository and on stored runs.

mod directory;
mod names;
mod stored;
mod tarball;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use assert_fs::TempDir;

use crate::world::PROGRAM;

/// What the program did.
struct Did {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Did {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: output.stdout,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.out).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// Code and path of each finding, as they stand in the answer.
    #[track_caller]
    fn findings(&self) -> Vec<String> {
        self.listed("findings")
    }

    /// The same of what leaves it undecided.
    #[track_caller]
    fn undecided(&self) -> Vec<String> {
        self.listed("undecided")
    }

    #[track_caller]
    fn listed(&self, key: &str) -> Vec<String> {
        let json = self.json();
        let findings = json[key].as_array().expect(key).clone();
        for finding in &findings {
            for part in ["rule", "found", "expected", "remedy"] {
                assert_ne!(finding[part], "", "{part} of {finding}");
            }
        }
        let line = |finding: &serde_json::Value| {
            let path = finding["subject"]["path"].as_str().unwrap_or("-");
            format!("{} {path}", finding["code"].as_str().unwrap())
        };
        findings.iter().map(line).collect()
    }
}

/// A directory outside of every repository.
struct Outside {
    directory: TempDir,
}

impl Outside {
    fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    /// With a small run directory `run` that has an inventory.
    fn with_run() -> Self {
        let outside = Self::new();
        outside.write("run/report.md", "# AWO Run Report — r\n");
        outside.write("run/steps/01_a.json", "{}");
        outside.write("run/steps.b", "sorted between\n");
        outside.write("run/empty", "");
        outside.write("run/timestamps/run.txt", "started=2026-01-31T23:59:59Z\n");
        assert_eq!(outside.awo(&["integrity", "sums", "run"]).code, 0);
        outside
    }

    fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    fn write(&self, below: &str, content: impl AsRef<[u8]>) {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn read(&self, below: &str) -> Vec<u8> {
        std::fs::read(self.path(below)).unwrap()
    }

    fn awo(&self, words: &[&str]) -> Did {
        self.awo_in("", words)
    }

    fn awo_in(&self, place: &str, words: &[&str]) -> Did {
        let mut command = program(&self.path(place));
        Did::of(command.args(words).output().unwrap())
    }

    #[track_caller]
    fn sh(&self, script: &str) -> String {
        let did = Did::of(shell(self.directory.path(), script));
        assert_eq!(did.code, 0, "{script}\n{}", did.err);
        did.text()
    }

    /// The findings on `run`, with the exit code that goes with them.
    #[track_caller]
    fn verified(&self) -> Vec<String> {
        let did = self.awo(&["--json", "integrity", "verify", "run"]);
        let findings = did.findings();
        let json = did.json();
        assert_eq!(json["schema"], "awo.verdict/1");
        let (code, verdict) = match findings.is_empty() {
            true => (0, "allowed"),
            false => (1, "denied"),
        };
        assert_eq!(
            (did.code, json["verdict"].as_str().unwrap()),
            (code, verdict)
        );
        assert_eq!(json["root"].is_null(), !findings.is_empty());
        findings
    }
}

fn program(place: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .current_dir(place)
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("HOME", place)
        .stdin(Stdio::null());
    command
}

fn shell(place: &Path, script: &str) -> Output {
    Command::new("sh")
        .args(["-euc", script])
        .current_dir(place)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}
