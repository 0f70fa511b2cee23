//! What a cell costs: a command alone, in a cell, and in one with a root of its own, in turns.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use git_awo::cell::{Cell, Demand, Told};
use tempfile::TempDir;

use super::measure::median;
use crate::figure::{figure, size};
use crate::world::PROGRAM;

/// How often each is measured. `AWO_BENCH_CELLS` chooses another number.
const ROUNDS: usize = 200;

/// The commands: their names on the page, and their words.
const COMMANDS: &[(&str, &[&str])] = &[
    ("true", &["true"]),
    (
        "a test of Python's unittest",
        &["/usr/bin/python3", "-m", "unittest", "-q", "test_t"],
    ),
];

const TEST: &str =
    "import unittest\nclass T(unittest.TestCase):\n def test(self): self.assertTrue(1)\n";

#[test]
#[ignore = "benchmark: run by hand, or by .ci/figures"]
fn bench_cell() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let path = |name: &str| root.join(name);
    for name in ["tree", "home", "tmp", "root"] {
        std::fs::create_dir(path(name)).unwrap();
    }
    std::fs::write(path("tree/test_t.py"), TEST).unwrap();
    let cell = |own_root: bool| Cell {
        demand: match own_root {
            true => Demand::OwnRoot,
            false => Demand::Required,
        },
        write: vec![path("tree")],
        home: path("home"),
        temporary: path("tmp"),
        root: own_root.then(|| path("root")),
        ..Cell::default()
    };
    let cells = [None, Some(cell(false)), Some(cell(true))];
    println!("{}", super::measure::machine());
    let rounds = size("AWO_BENCH_CELLS", ROUNDS);
    for (name, words) in COMMANDS {
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for round in 0..rounds {
            // They take turns in going first.
            for turn in 0..cells.len() {
                let which = (round + turn) % cells.len();
                let time = run(words, cells[which].as_ref(), &path("tree"), &path("home"));
                times[which].push(time);
            }
        }
        let [alone, confined, rooted] = times.map(median);
        for (how, time) in [("in a cell", confined), ("with a root of its own", rooted)] {
            let (ratio, more) = (time / alone, (time - alone) * 1e3);
            figure(
                &format!("cell: {name}, {how} / alone"),
                rounds,
                format!(
                    "{ratio:.2} times its {:.1} ms: {more:.1} ms more",
                    alone * 1e3
                ),
                "measured",
            );
        }
    }
}

/// Runs a command, and returns how long that took, in seconds.
fn run(words: &[&str], cell: Option<&Cell>, tree: &Path, home: &Path) -> f64 {
    // Links that an earlier cell has made there.
    let _ = std::fs::remove_dir_all(home.join(".cargo"));
    let report = tempfile::tempfile().unwrap();
    let mut command = match cell {
        None => {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]);
            command
        }
        Some(cell) => {
            let mut command = Command::new(PROGRAM);
            command.args(cell.arguments(words.iter().map(Into::into)));
            command
        }
    };
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(tree);
    command.stdin(File::try_clone(&report).unwrap());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().unwrap();
    let time = begun.elapsed().as_secs_f64();
    assert!(status.success());
    if let Some(cell) = cell {
        let told = Told::read(&report).unwrap();
        assert_eq!(told.held.lacking(cell.demand.layers()), []);
    }
    time
}
