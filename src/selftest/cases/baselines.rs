//! Pack FP-3.2: baselines.

use super::super::case::{Case, Layer};
use super::super::forge;
use super::super::play::{Failed, Play};
use crate::record::{Code, RefName};
use crate::sandbox::{Stage, World};

/// The cases of baselines.
pub const CASES: &[Case] = &[
    Case {
        id: "FP-3.2.1",
        name: "FP-3.2",
        layer: Layer::State,
        title: "a baseline is put back byte for byte, whatever the attributes say, with no file too many",
        expected: &[Code::Gov002],
        play: put_back,
    },
    Case {
        id: "FP-3.2.2",
        name: "FP-3.2",
        layer: Layer::State,
        title: "a baseline never moves and is never deleted",
        expected: &[Code::Rep002],
        play: fixed,
    },
    Case {
        id: "FP-3.2.3",
        name: "FP-3.2",
        layer: Layer::State,
        title: "of two successors of one baseline the first is taken",
        expected: &[Code::Rep003],
        play: one_line,
    },
    Case {
        id: "FP-3.2.4",
        name: "FP-3.2",
        layer: Layer::State,
        title: "a baseline whose files are other ones than its manifest lists is refused",
        expected: &[Code::Int001],
        play: damaged,
    },
];

const BASE: &str = "refs/awo/amu0/-/BASE";
const NEXT: &str = "refs/awo/amu0/-/NEXT";

/// What stands in the directory at first. git would convert the line ends of one or the other.
const STATE: [(&str, &[u8]); 4] = [
    (".gitattributes", b"* text eol=lf\n"),
    ("crlf.txt", b"one\r\ntwo\r\n"),
    ("lf.txt", b"one\ntwo\n"),
    ("inner/data.bin", b"\0\xff\r\n"),
];

/// A world whose policy names a directory, in which otto has something.
fn world(play: &mut Play<'_>) -> Result<World, Failed> {
    let world = play.world(Stage::Founded)?;
    world.next_policy(2, None, |text| {
        let text = text.replacen("schema =", "requires = [\"state/1\"]\nschema =", 1);
        format!("{text}\n[state]\nroot = \"state/\"\n")
    })?;
    play.ok(&world, "otto", &["git", "awo", "fetch"])?;
    for (name, bytes) in STATE {
        world.write(&format!("otto/state/{name}"), bytes)?;
    }
    play.ok(&world, "otto", &create("BASE"))?;
    Ok(world)
}

fn create(name: &str) -> [&str; 5] {
    ["git", "awo", "amu0", "create", name]
}

fn put_back(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    world.write("otto/state/crlf.txt", "three\n")?;
    world.write("otto/state/inner/added", "not in the baseline\n")?;
    std::fs::remove_file(world.path("otto/state/lf.txt"))?;
    let restore = ["git", "awo", "amu0", "restore", "BASE"];
    play.refused(&world, "otto", &restore, Code::Gov002)?;
    let forced = [&restore[..], &["--force"]].concat();
    play.ok(&world, "otto", &forced)?;
    for (name, bytes) in STATE {
        let found = world.read(&format!("otto/state/{name}"))?;
        play.same(name, bytes, &found)?;
    }
    let added = world.path("otto/state/inner/added").exists();
    play.hold(!added, "what was added since must be gone")?;
    play.ok(&world, "otto", &["git", "awo", "amu0", "diff", "BASE"])?;
    play.push_accepted(&world, "otto", &[BASE])
}

fn fixed(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    play.push_accepted(&world, "otto", &[BASE])?;
    play.ok(&world, "otto", &create("NEXT"))?;
    let moved = format!("{NEXT}:{BASE}");
    play.push_refused(&world, "otto", &[&moved], Code::Rep002)?;
    play.push_refused(&world, "otto", &[&format!(":{BASE}")], Code::Rep002)?;
    play.push_accepted(&world, "otto", &[NEXT])
}

fn one_line(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    play.push_accepted(&world, "otto", &[BASE])?;
    play.ok(&world, "olga", &["git", "awo", "fetch"])?;
    // Both follow BASE, and neither knows of the other.
    world.write("olga/state/olgas", "olga's\n")?;
    play.ok(&world, "olga", &create("SECOND"))?;
    play.ok(&world, "otto", &create("NEXT"))?;
    play.push_accepted(&world, "otto", &[NEXT])?;
    let second = "refs/awo/amu0/-/SECOND";
    play.push_refused(&world, "olga", &[second], Code::Rep003)?;
    // It is set aside, and what is made after the newest one is taken.
    play.ok(&world, "olga", &["git", "awo", "fetch", "--theirs"])?;
    play.ok(&world, "olga", &create("THIRD"))?;
    play.push_accepted(&world, "olga", &["refs/awo/amu0/-/THIRD"])
}

fn damaged(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = world(play)?;
    let name = RefName::new(BASE).map_err(|error| Failed::Left(error.to_string()))?;
    let whole = play.ok(&world, "otto", &["git", "rev-parse", BASE])?;
    forge::resigned(&world, "otto", &name, ("files/lf.txt", b"one\nTWO\n"))?;
    play.push_refused(&world, "otto", &[BASE], Code::Int001)?;
    play.ok(&world, "otto", &["git", "update-ref", BASE, whole.trim()])?;
    play.push_accepted(&world, "otto", &[BASE])
}
