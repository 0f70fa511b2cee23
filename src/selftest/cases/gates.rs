//! Layer G: gates and independence.

use super::super::case::{Case, Layer};
use super::super::forge;
use super::super::play::{Failed, Play};
use super::found::{RECORDS, ledger};
use crate::record::{Code, RepoPath};
use crate::sandbox::{RUN, Stage};

/// The cases of the layer.
pub const CASES: &[Case] = &[
    Case {
        id: "TS-0001",
        name: "G1",
        layer: Layer::G,
        title: "another person reviews: gate 2 passes, with its log",
        expected: &[],
        play: independent,
    },
    Case {
        id: "TS-0002",
        name: "G2",
        layer: Layer::G,
        title: "the orchestrator reviews: gate 2 fails",
        expected: &[Code::Gov001],
        play: self_review,
    },
    Case {
        id: "TS-0003",
        name: "G3",
        layer: Layer::G,
        title: "the orchestrator reviews by an override: passes, and it is logged",
        expected: &[Code::Att001, Code::Gov001],
        play: overridden,
    },
    Case {
        id: "TS-0004",
        name: "G4",
        layer: Layer::G,
        title: "an override does not lift a broken invariant",
        expected: &[Code::Gov002],
        play: override_and_invariant,
    },
    Case {
        id: "TS-0005",
        name: "G5",
        layer: Layer::G,
        title: "the whole run: gates 2 and 3 pass and it lands",
        expected: &[],
        play: whole_run,
    },
    Case {
        id: "TS-0006",
        name: "G6",
        layer: Layer::G,
        title: "the reviewer recomputes other hashes: gate 2 fails",
        expected: &[Code::Int001],
        play: other_hashes,
    },
];

const GATE: [&str; 4] = ["git", "awo", "gate", RUN];

fn status(play: &mut Play<'_>, value: &serde_json::Value, wanted: &str) -> Result<(), Failed> {
    let found = value["status"].as_str().unwrap_or_default().to_owned();
    play.hold(
        found == wanted,
        format!("the status must be {wanted}, and is {found}"),
    )
}

fn independent(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    let value = play.value(&world, "rita", &GATE)?;
    status(play, &value, "APPROVED_BY_INDEPENDENT_REVIEWER")?;
    let logs = ledger(play, &world, "rita", "independence-")?;
    play.hold(logs == 1, "the independence log must be written, once")?;
    play.push_accepted(&world, "rita", &RECORDS[..1])
}

fn self_review(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    let value = play.refused(&world, "otto", &GATE, Code::Gov001)?;
    status(play, &value, "FAILED_SELF_APPROVAL")?;
    let logs = ledger(play, &world, "otto", "independence-")?;
    play.hold(logs == 1, "the log of the failure must be kept")?;
    play.push_accepted(&world, "otto", &RECORDS[..1])
}

fn overridden(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    let reason = ["--allow-self-approval", "--reason", "nobody else is awake"];
    let permitted = [&GATE[..], &reason].concat();
    // Only persons whom the policy names may override, and rita is not one of them.
    play.refused(&world, "rita", &permitted, Code::Att001)?;
    let value = play.value(&world, "otto", &permitted)?;
    status(play, &value, "SELF_APPROVED_WITH_OVERRIDE")?;
    let overrides = ledger(play, &world, "otto", "self-approval-")?;
    play.hold(overrides == 1, "the override must be logged")?;
    let logs = ledger(play, &world, "otto", "independence-")?;
    play.hold(logs == 1, "the independence log must be written")?;
    let shown = play.ok(&world, "otto", &["git", "awo", "show", RUN])?;
    let said = shown.matches("\"allow_self_approval\": \"1\"").count();
    play.hold(
        said == 2,
        "log and override must both say allow_self_approval \"1\"",
    )?;
    play.push_accepted(&world, "otto", &RECORDS[..1])?;
    // Any other spelling than "1" permits nothing, and is refused.
    let other = play.world(Stage::HandedOver)?;
    forge::override_spelled(&other, "01")?;
    play.push_refused(&other, "otto", &RECORDS[..1], Code::Gov001)?;
    Ok(())
}

fn override_and_invariant(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Executed)?;
    forge::rerecord(&world, |files| {
        files.insert(RepoPath::from("report.md"), b"# Some report\n".to_vec());
    })?;
    let permitted = [
        &GATE[..],
        &["--allow-self-approval", "--reason", "in haste"],
    ]
    .concat();
    let value = play.refused(&world, "otto", &permitted, Code::Gov002)?;
    status(play, &value, "FAILED_INVARIANTS")?;
    play.refused(
        &world,
        "otto",
        &["git", "awo", "approve", RUN],
        Code::Gov002,
    )?;
    Ok(())
}

fn whole_run(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    let value = play.value(&world, "rita", &GATE)?;
    status(play, &value, "APPROVED_BY_INDEPENDENT_REVIEWER")?;
    let value = play.value(&world, "rita", &["git", "awo", "approve", RUN])?;
    play.hold(value["effective"] == true, "gate 3 must pass")?;
    play.ok(&world, "rita", &["git", "awo", "attest", RUN])?;
    play.ok(&world, "rita", &["git", "awo", "push"])?;
    play.ok(&world, "otto", &["git", "awo", "fetch"])?;
    play.ok(&world, "otto", &["git", "awo", "finalize", RUN])?;
    play.ok(&world, "otto", &["git", "awo", "push"])?;
    world.fresh_clone()?;
    play.ok(&world, "vera", &["git", "awo", "verify"])?;
    Ok(())
}

fn other_hashes(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    forge::edit_evidence(&world, "rita", "test.log", Some(b"all tests passed\n"))?;
    let value = play.refused(&world, "rita", &GATE, Code::Int001)?;
    status(play, &value, "FAILED_INVARIANTS")?;
    play.refused(
        &world,
        "rita",
        &["git", "awo", "approve", RUN],
        Code::Int001,
    )?;
    Ok(())
}
