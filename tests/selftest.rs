//! The suites of the selftest, the 25 published tests of AWO v4.2 and those of Tier 1: each test is an
//! ordinary test here, and all of them are the command `git awo selftest`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use git_awo::selftest::{self, Sandbox, Status};

use crate::world::PROGRAM;

/// Returns an empty directory of this name; what an earlier run left in it is gone.
fn place(name: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if place.exists() {
        std::fs::remove_dir_all(&place).unwrap();
    }
    place
}

fn play(id: &str) {
    static SANDBOX: OnceLock<Sandbox> = OnceLock::new();
    let made = || Sandbox::new(&place("selftest-cases"), Path::new(PROGRAM)).unwrap();
    let sandbox = SANDBOX.get_or_init(made);
    let case = selftest::cases().find(|case| case.id == id).unwrap();
    let row = selftest::play(sandbox, case);
    assert_eq!(row.status, Status::Passed, "{id}: {}", case.title);
    for code in case.expected {
        assert!(row.found.contains(code), "{id} finds {}", code.as_str());
    }
}

macro_rules! cases {
    ($($name:ident => $id:literal,)*) => {
        $(#[test] fn $name() { play($id); })*

        #[test]
        fn every_case_is_a_test_here() {
            let here = [$($id),*];
            let all: Vec<_> = selftest::cases().map(|case| case.id).collect();
            assert_eq!(here.as_slice(), all, "the same cases in the same order");
            let expected: Vec<_> = (1..=25).map(|number| format!("TS-{number:04}")).collect();
            assert_eq!(all[..25], expected, "TS-0001 to TS-0025");
        }
    };
}

cases! {
    ts_0001_g1 => "TS-0001",
    ts_0002_g2 => "TS-0002",
    ts_0003_g3 => "TS-0003",
    ts_0004_g4 => "TS-0004",
    ts_0005_g5 => "TS-0005",
    ts_0006_g6 => "TS-0006",
    ts_0007_i1 => "TS-0007",
    ts_0008_i2 => "TS-0008",
    ts_0009_i3 => "TS-0009",
    ts_0010_i4 => "TS-0010",
    ts_0011_i5 => "TS-0011",
    ts_0012_d1 => "TS-0012",
    ts_0013_d2 => "TS-0013",
    ts_0014_d3 => "TS-0014",
    ts_0015_a1 => "TS-0015",
    ts_0016_a2 => "TS-0016",
    ts_0017_a3 => "TS-0017",
    ts_0018_a4 => "TS-0018",
    ts_0019_p1 => "TS-0019",
    ts_0020_p2 => "TS-0020",
    ts_0021_p3 => "TS-0021",
    ts_0022_p4 => "TS-0022",
    ts_0023_s1 => "TS-0023",
    ts_0024_s2 => "TS-0024",
    ts_0025_s3 => "TS-0025",
    fp_3_1_1 => "FP-3.1.1",
    fp_3_1_2 => "FP-3.1.2",
    fp_3_1_3 => "FP-3.1.3",
    fp_3_1_4 => "FP-3.1.4",
    fp_3_1_5 => "FP-3.1.5",
    fp_3_1_6 => "FP-3.1.6",
    fp_3_1_7 => "FP-3.1.7",
    fp_3_2_1 => "FP-3.2.1",
    fp_3_2_2 => "FP-3.2.2",
    fp_3_2_3 => "FP-3.2.3",
    fp_3_2_4 => "FP-3.2.4",
    fp_3_3_1 => "FP-3.3.1",
    fp_3_3_2 => "FP-3.3.2",
    fp_3_3_3 => "FP-3.3.3",
    fp_3_3_4 => "FP-3.3.4",
    fp_3_9_1 => "FP-3.9.1",
    fp_3_9_2 => "FP-3.9.2",
    fp_3_9_3 => "FP-3.9.3",
    fp_3_9_4 => "FP-3.9.4",
}

fn command(words: &[&str]) -> (i32, serde_json::Value) {
    let output = Command::new(PROGRAM).args(words).output().unwrap();
    let value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), value)
}

#[test]
fn a_part_of_the_tests_is_no_success() {
    let place = place("selftest-part");
    let place = place.to_str().unwrap();
    let part = |case| {
        command(&[
            "selftest", "--json", "--suite", "awo", "--case", case, place,
        ])
    };
    let (code, value) = part("G1");
    assert_eq!(code, 3, "24 tests were not played");
    assert_eq!(value["passed"], 1);
    assert_eq!(value["not_asked"], 24);
    assert_eq!(value["findings"][0]["code"], "GOV-011");
    let evidence = value["tests"][0]["evidence"].as_str().unwrap();
    let transcript = std::fs::read_to_string(Path::new(place).join(evidence)).unwrap();
    assert!(transcript.contains("git awo --json gate") || transcript.contains("git awo gate"));
    let (code, _) = command(&["selftest", "--json", "--case", "TS-0026"]);
    assert_eq!(code, 2, "there is no such test");
    assert_eq!(part("FP-3.1").0, 2, "it is none of the suite");
    let (code, _) = command(&["selftest", "--json", "--case", "G1", place]);
    assert_eq!(code, 2, "the place is taken");
}

#[test]
#[ignore = "plays all tests twice more"]
fn the_command_plays_all_and_says_the_same_twice() {
    let said: Vec<_> = ["one", "two"]
        .map(|name| {
            let place = place(&format!("selftest-{name}"));
            let (code, value) = command(&["selftest", "--json", place.to_str().unwrap()]);
            assert_eq!(code, 0, "{value:#}");
            assert_eq!(value["passed"], selftest::cases().count());
            value
        })
        .into();
    assert_eq!(said[0], said[1], "the result is the same, byte for byte");
}
