//! Pack FP-3.1: the life of a run.

use super::super::case::{Case, Layer};
use super::super::play::{Failed, Play};
use super::found::RECORDS;
use crate::record::Code;
use crate::sandbox::{RUN, Stage};

/// The cases of the life of a run.
pub const CASES: &[Case] = &[
    Case {
        id: "FP-3.1.3",
        name: "FP-3.1",
        layer: Layer::Execution,
        title: "what is said of a run out of its turn is refused, with the same words each time",
        expected: &[Code::Gov011],
        play: out_of_turn,
    },
    Case {
        id: "FP-3.1.4",
        name: "FP-3.1",
        layer: Layer::Execution,
        title: "of a cancelled run nothing more is taken",
        expected: &[Code::Gov011],
        play: cancelled,
    },
];

const GATE: [&str; 4] = ["git", "awo", "gate", RUN];

fn out_of_turn(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    play.ok(&world, "rita", &GATE)?;
    play.ok(&world, "rita", &["git", "awo", "approve", RUN])?;
    play.ok(&world, "rita", &["git", "awo", "attest", RUN])?;
    // The approval and the attestation, without gate 2.
    let early = &RECORDS[2..];
    let one = play.push_refused(&world, "rita", early, Code::Gov011)?;
    let two = play.push_refused(&world, "rita", early, Code::Gov011)?;
    play.same("both refusals", one.as_bytes(), two.as_bytes())?;
    play.push_accepted(&world, "rita", &RECORDS)
}

fn cancelled(play: &mut Play<'_>) -> Result<(), Failed> {
    for cancels in [true, false] {
        let world = play.world(Stage::HandedOver)?;
        play.ok(&world, "olga", &["git", "awo", "fetch"])?;
        if cancels {
            let cancel = ["git", "awo", "cancel", RUN, "--reason", "not needed"];
            play.ok(&world, "olga", &cancel)?;
            let again = ["git", "awo", "cancel", RUN, "--reason", "once more"];
            play.refused(&world, "olga", &again, Code::Gov011)?;
            play.ok(&world, "olga", &["git", "awo", "push"])?;
            // rita has not heard of it when she reviews.
            play.ok(&world, "rita", &GATE)?;
            play.ok(&world, "rita", &["git", "awo", "fetch"])?;
            play.push_refused(&world, "rita", &RECORDS[..1], Code::Gov011)?;
            play.refused(&world, "rita", &GATE, Code::Gov011)?;
        } else {
            play.ok(&world, "rita", &GATE)?;
            play.push_accepted(&world, "rita", &RECORDS[..1])?;
        }
    }
    Ok(())
}
