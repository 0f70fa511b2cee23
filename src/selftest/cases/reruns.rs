//! Pack FP-3.1: commands that are run several times.

use serde_json::Value;

use super::super::case::{Case, Layer};
use super::super::play::{Failed, Play, as_json};
use super::found::RECORDS;
use crate::record::Code;
use crate::sandbox::{RUN, Stage};

/// The cases of determinism.
pub const CASES: &[Case] = &[
    Case {
        id: "FP-3.1.5",
        name: "FP-3.1",
        layer: Layer::Execution,
        title: "a check of the same command gives the same report, wherever and by whomever it is made",
        expected: &[],
        play: same,
    },
    Case {
        id: "FP-3.1.6",
        name: "FP-3.1",
        layer: Layer::Execution,
        title: "a command that makes something else each time is found, with path and offset",
        expected: &[Code::Int007],
        play: differs,
    },
    Case {
        id: "FP-3.1.7",
        name: "FP-3.1",
        layer: Layer::Execution,
        title: "where a contract asks for determinism, a run passes gate 2 only once another person ran it again",
        expected: &[Code::Gov002],
        play: ran_again,
    },
];

/// What makes the same each time.
const WORK: &str = "echo one > src/one.txt";

/// Returns what checks a script.
fn check(script: &str) -> Vec<&str> {
    let check = [
        "git",
        "awo",
        "determinism",
        "check",
        "--runs",
        "2",
        "--",
        "sh",
        "-c",
    ];
    check.into_iter().chain([script]).collect()
}

fn same(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Founded)?;
    let mut reports = Vec::new();
    for (who, zone, language) in [
        ("otto", "UTC", "C"),
        ("otto", "America/Lima", "C.UTF-8"),
        ("rita", "Asia/Tokyo", "C"),
    ] {
        let check = as_json(&check("date +%Z > zone; ls -a > all"));
        let mut command = world.command(who, who, &check);
        let language = [("TZ", zone), ("LANG", language), ("LC_ALL", language)];
        let output = command.envs(language).env("USER", zone).output()?;
        play.note(&format!("{who} checks a command in the time zone {zone}"));
        let said = String::from_utf8_lossy(&output.stderr);
        play.hold(output.status.success(), said)?;
        reports.push(output.stdout);
    }
    let [one, two, three] = reports.as_slice() else {
        return Err(Failed::Expected("three reports are compared".to_owned()));
    };
    play.same("two reports", one, two)?;
    play.same("the reports of two persons", one, three)
}

fn differs(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Founded)?;
    let script = "printf same > src/one.txt; head -c 16 /dev/urandom >> src/one.txt";
    let report = play.refused(&world, "otto", &check(script), Code::Int007)?;
    let difference = &report["difference"];
    let path = difference["path"].as_str().unwrap_or_default().to_owned();
    play.hold(
        path == "src/one.txt",
        format!("the path must be src/one.txt, and is {path:?}"),
    )?;
    let offset = difference["offset"].as_u64().unwrap_or_default();
    play.hold(
        (4..20).contains(&offset),
        format!("the offset must be among the bytes by chance, and is {offset}"),
    )?;
    let fits = play.value(&world, "otto", &check(WORK))?;
    play.hold(fits["verdict"] == "same", "the twin must be the same")
}

fn ran_again(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Founded)?;
    let new = "git awo task new AGAIN --task again --allow src/ --validate true --determinism 2";
    play.ok(&world, "olga", &words(new))?;
    let told = play.value(&world, "olga", &words("git awo task show AGAIN"))?;
    let sentence = told["approval_sentence"].as_str().unwrap_or_default();
    let approve = ["git", "awo", "approve", "AGAIN", "--sentence", sentence];
    play.ok(&world, "olga", &approve)?;
    play.ok(&world, "olga", &words("git awo push"))?;
    play.ok(&world, "otto", &words("git awo fetch"))?;
    let run = [
        "git", "awo", "run", "AGAIN", "--run-id", RUN, "--", "sh", "-c", WORK,
    ];
    play.ok(&world, "otto", &run)?;
    let again = format!("git awo determinism check --sign --run {RUN}");
    let gate = format!("git awo gate {RUN}");
    // The word of whoever made the run does not count.
    play.ok(&world, "otto", &words(&again))?;
    play.ok(&world, "otto", &words("git awo push"))?;
    play.ok(&world, "rita", &words("git awo fetch"))?;
    let refused: Value = play.refused(&world, "rita", &words(&gate), Code::Gov002)?;
    let rule = refused["findings"].to_string();
    play.hold(rule.contains("ran-again"), "the rule must be ran-again")?;
    play.ok(&world, "rita", &words(&again))?;
    play.ok(&world, "rita", &words(&gate))?;
    play.push_accepted(&world, "rita", &RECORDS[..1])
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}
