//! Layer S: the provenance index, and the taxonomy.

use super::super::case::{Case, Layer};
use super::super::forge;
use super::super::play::{Failed, Play};
use super::found::{export, exported_run};
use crate::record::{Code, RunId};
use crate::sandbox::{RUN, Stage, TASK, World};
use crate::store::layout::{self, LedgerPath};
use crate::store::provenance::Index;

/// The cases of the layer.
pub const CASES: &[Case] = &[
    Case {
        id: "TS-0023",
        name: "S1",
        layer: Layer::S,
        title: "the provenance index is the same on every clone",
        expected: &[],
        play: index,
    },
    Case {
        id: "TS-0024",
        name: "S2",
        layer: Layer::S,
        title: "a run missing from the index, an entry without its run",
        expected: &[Code::Str001],
        play: orphans,
    },
    Case {
        id: "TS-0025",
        name: "S3",
        layer: Layer::S,
        title: "every failure has a code of the taxonomy",
        expected: &[
            Code::Att001,
            Code::Gov001,
            Code::Gov002,
            Code::Gov005,
            Code::Int001,
            Code::Int002,
            Code::Str002,
        ],
        play: codes,
    },
];

const EXPORT: [&str; 4] = ["git", "awo", "provenance", "export"];

fn index(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    world.fresh_clone()?;
    let ottos = play.ok(&world, "otto", &EXPORT)?;
    play.ok(&world, "olga", &["git", "awo", "fetch"])?;
    for who in ["otto", "olga", "vera"] {
        let other = play.ok(&world, who, &EXPORT)?;
        play.same(
            &format!("the index of {who}"),
            ottos.as_bytes(),
            other.as_bytes(),
        )?;
        play.ok(&world, who, &["git", "awo", "provenance", "verify"])?;
    }
    let before = world.refs("otto")?;
    play.ok(&world, "otto", &["git", "awo", "provenance", "rebuild"])?;
    let same = world.refs("otto")? == before;
    play.hold(same, "rebuilding a good index must change nothing")?;
    let parsed = Index::parse(ottos.trim_end_matches('\n').as_bytes());
    let parsed = parsed.map_err(|bad| Failed::Expected(format!("the index: {bad}")))?;
    play.hold(
        parsed.get(&forge::run_id()?).is_some(),
        "the index must have the run",
    )?;
    // The index does not depend on the order of the runs.
    let mut entries = parsed.entries.clone();
    for number in 0..20 {
        let mut entry = parsed
            .entries
            .first()
            .cloned()
            .ok_or_else(|| Failed::Expected("an entry".to_owned()))?;
        entry.run_id = RunId::new(format!("run_{}", (number * 7) % 20))
            .map_err(|error| Failed::Left(error.to_string()))?;
        entries.push(entry);
    }
    let forwards = Index::of(entries.clone()).to_bytes();
    entries.reverse();
    play.same(
        "the index of runs in another order",
        &forwards,
        &Index::of(entries).to_bytes(),
    )
}

fn orphans(play: &mut Play<'_>) -> Result<(), Failed> {
    let entry = LedgerPath::Provenance(forge::run_id()?)
        .to_path()
        .to_string();
    // The run is missing from the index.
    let world = play.world(Stage::Finalized)?;
    forge::edit(&world, "otto", &layout::ledger(), &[(&entry, None)])?;
    play.refused(
        &world,
        "otto",
        &["git", "awo", "provenance", "verify"],
        Code::Str001,
    )?;
    play.push_refused(&world, "otto", &["main", "refs/awo/ledger"], Code::Str001)?;
    play.ok(&world, "otto", &["git", "awo", "provenance", "rebuild"])?;
    play.ok(&world, "otto", &["git", "awo", "provenance", "verify"])?;
    play.push_accepted(&world, "otto", &["main", "refs/awo/ledger"])?;
    // The index has an entry without its run.
    let world = play.world(Stage::Finalized)?;
    let printed = play.ok(&world, "otto", &EXPORT)?;
    let whole = Index::parse(printed.trim_end_matches('\n').as_bytes());
    let whole = whole.map_err(|bad| Failed::Expected(format!("the index: {bad}")))?;
    let mut stray = whole
        .entries
        .first()
        .cloned()
        .ok_or_else(|| Failed::Expected("an entry".to_owned()))?;
    stray.run_id = RunId::new("run_of_nobody").map_err(|error| Failed::Left(error.to_string()))?;
    let place = LedgerPath::Provenance(stray.run_id.clone())
        .to_path()
        .to_string();
    let bytes = stray.to_bytes();
    forge::edit(&world, "otto", &layout::ledger(), &[(&place, Some(&bytes))])?;
    play.refused(
        &world,
        "otto",
        &["git", "awo", "provenance", "verify"],
        Code::Str001,
    )?;
    play.push_refused(&world, "otto", &["main", "refs/awo/ledger"], Code::Str001)?;
    Ok(())
}

fn codes(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    let landed = play.world(Stage::Landed)?;
    export(play, &landed)?;
    let run = exported_run();
    landed.write(&format!("{run}/test.log"), "all tests passed\n")?;
    landed.write(&format!("{run}/more.txt"), "more\n")?;
    let run = format!("../{run}");
    let wrong = [
        "--sentence",
        "I approve SLUG-1 against the sandbox for the slugify alignment task",
    ];
    let failures: &[(&World, &str, &[&str], Code)] = &[
        (&world, "olga", &["approve", "NO-SUCH-TASK"], Code::Str002),
        (
            &world,
            "olga",
            &["approve", TASK, wrong[0], wrong[1]],
            Code::Gov005,
        ),
        (
            &world,
            "otto",
            &["approve", TASK, wrong[0], wrong[1]],
            Code::Att001,
        ),
        (&world, "otto", &["gate", RUN], Code::Gov001),
        (&world, "otto", &["gate", "no_such_run"], Code::Str002),
        (&world, "olga", &["gate", "no_such_run"], Code::Str002),
        (&world, "rita", &["approve", RUN], Code::Gov002),
        (&world, "rita", &["attest", RUN], Code::Gov002),
        (&world, "otto", &["finalize", RUN], Code::Gov002),
        (&world, "rita", &["run", TASK, "--", "true"], Code::Att001),
        (
            &world,
            "otto",
            &["run", "NO-SUCH-TASK", "--", "true"],
            Code::Str002,
        ),
        (
            &world,
            "otto",
            &["run", TASK, "--run-id", RUN, "--", "true"],
            Code::Rep001,
        ),
        (
            &world,
            "rita",
            &["outcome", RUN, "accepted", "--reason", "fine"],
            Code::Att001,
        ),
        (&world, "otto", &["rollback", RUN], Code::Gov008),
        (&world, "otto", &["chain", RUN], Code::Gov002),
        (
            &world,
            "otto",
            &["export", "no_such_run", "../nowhere"],
            Code::Str002,
        ),
        (
            &world,
            "otto",
            &["tar", "no_such_run", "-o", "../nowhere"],
            Code::Str002,
        ),
        (
            &landed,
            "otto",
            &["integrity", "verify", &run],
            Code::Int001,
        ),
        (
            &landed,
            "otto",
            &["integrity", "verify", &run],
            Code::Int002,
        ),
        (
            &landed,
            "otto",
            &["tar", &run, "-o", "../nowhere"],
            Code::Int001,
        ),
    ];
    for (world, who, words, code) in failures {
        let words = [&["git", "awo"], *words].concat();
        // What is not here may be elsewhere.
        match code {
            Code::Str002 => play.undecided(world, who, &words, *code)?,
            _ => play.refused(world, who, &words, *code)?,
        };
    }
    // The text output names the same code.
    for (world, who, words, code) in failures {
        let done = world.run(who, who, &[&["git", "awo"], *words].concat())?;
        let said = done.said();
        play.hold(
            said.contains(code.as_str()),
            format!(
                "{words:?} must tell people {}, and said {said}",
                code.as_str()
            ),
        )?;
    }
    Ok(())
}
