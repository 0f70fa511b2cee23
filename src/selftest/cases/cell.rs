//! Pack FP-3.1: the cell of a run.

use super::super::case::{Case, Layer};
use super::super::forge;
use super::super::play::{Failed, Play};
use super::found::RECORDS;
use crate::evidence::confined::CELL;
use crate::record::{Code, RepoPath};
use crate::sandbox::{AGENT, RUN, Stage, TASK, World, confining};

/// The cases of the cell.
pub const CASES: &[Case] = &[
    Case {
        id: "FP-3.1.1",
        name: "FP-3.1",
        layer: Layer::Execution,
        title: "where a cell is required, a run's command reads no key and writes nothing outside, or does not start",
        expected: &[],
        play: confined,
    },
    Case {
        id: "FP-3.1.2",
        name: "FP-3.1",
        layer: Layer::Execution,
        title: "evidence that does not say what its cell held is refused where the policy asks for a cell",
        expected: &[Code::Gov002],
        play: unsaid,
    },
];

/// Where otto keeps what no command is to read.
const KEY: &str = "home/otto/.ssh/id";

/// Returns a world whose policy asks for a cell, with the task approved.
fn asking(play: &mut Play<'_>, how: &str) -> Result<World, Failed> {
    let world = play.world(Stage::Founded)?;
    world.write(KEY, "secret\n")?;
    world.next_policy(2, None, |text| confining(&text, how))?;
    world.approve()?;
    Ok(world)
}

fn words(script: &str) -> Vec<&str> {
    vec![
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", script,
    ]
}

/// Not every system has all layers: there the command must not start.
fn confined(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = asking(play, "required")?;
    let (key, outside) = (world.path(KEY), world.path("outside"));
    let script = format!(
        "if cat '{}' || touch '{}'; then exit 9; fi\n{AGENT}",
        key.display(),
        outside.display()
    );
    let done = world.run("otto", "otto", &words(&script))?;
    // What a machine lacks differs, and is no part of the result.
    play.note("otto runs a command that reads a key and writes outside");
    play.hold(!outside.exists(), "nothing outside must be written")?;
    let said = done.said();
    match done.code {
        0 => play.push_accepted(&world, "otto", &RECORDS),
        1 => play.hold(
            said.contains("INT-005") && said.contains("cell-holds"),
            format!("the command must be confined or not start, and ended with:\n{said}"),
        ),
        code => play.hold(false, format!("the run ended with {code}:\n{said}")),
    }
}

fn unsaid(play: &mut Play<'_>) -> Result<(), Failed> {
    for says in [false, true] {
        let world = asking(play, "best-effort")?;
        play.ok(&world, "otto", &words(AGENT))?;
        if says {
            play.push_accepted(&world, "otto", &RECORDS)?;
        } else {
            forge::rerecord(&world, |files| {
                files.remove(&RepoPath::from(CELL));
            })?;
            play.push_refused(&world, "otto", &RECORDS, Code::Gov002)?;
        }
    }
    Ok(())
}
