//! Layer P: the order of the gates, the server's hook, concurrency, the chain.

use crate::records::{Kind, Notes};
use std::process::{Child, Stdio};

use super::super::case::{Case, Layer};
use super::super::forge;
use super::super::play::{Failed, Play};
use super::found::ledger;
use crate::record::Code;
use crate::sandbox::{RUN, Stage, World};
use crate::store::layout::{self, LedgerPath};

/// The cases of the layer.
pub const CASES: &[Case] = &[
    Case {
        id: "TS-0019",
        name: "P1",
        layer: Layer::P,
        title: "after a failed gate 2 there is no gate 3 and no finalization",
        expected: &[Code::Gov001],
        play: no_later_gate,
    },
    Case {
        id: "TS-0020",
        name: "P2",
        layer: Layer::P,
        title: "a direct commit to the governed branch is rejected by the server",
        expected: &[Code::Gov002],
        play: direct_commit,
    },
    Case {
        id: "TS-0021",
        name: "P3",
        layer: Layer::P,
        title: "sixteen at once: one approval takes effect, nothing is lost",
        expected: &[],
        play: at_once,
    },
    Case {
        id: "TS-0022",
        name: "P4",
        layer: Layer::P,
        title: "a missing link of the chain is found at the end",
        expected: &[
            Code::Gov002,
            Code::Gov005,
            Code::Int002,
            Code::Str001,
            Code::Str002,
        ],
        play: missing_links,
    },
];

fn no_later_gate(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::HandedOver)?;
    play.refused(&world, "otto", &["git", "awo", "gate", RUN], Code::Gov001)?;
    let before = world.refs("otto")?;
    play.refused(
        &world,
        "otto",
        &["git", "awo", "approve", RUN],
        Code::Gov001,
    )?;
    play.refused(&world, "otto", &["git", "awo", "attest", RUN], Code::Gov001)?;
    play.refused(
        &world,
        "otto",
        &["git", "awo", "finalize", RUN],
        Code::Gov002,
    )?;
    let same = world.refs("otto")? == before;
    play.hold(same, "nothing may be recorded after a failed gate")?;
    // Push the branch by hand, without git-awo.
    let commit = forge::run_record(&world.actor("otto", "otto")?)?.commit;
    let refspec = format!("{commit}:refs/heads/main");
    play.push_refused(&world, "otto", &[&refspec, "refs/awo/ledger"], Code::Gov002)?;
    Ok(())
}

fn direct_commit(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Founded)?;
    world.write("olga/src/strings.py", "hi\n")?;
    play.ok(
        &world,
        "olga",
        &[
            "git",
            "commit",
            "-q",
            "--no-verify",
            "-a",
            "-m",
            "Just this once",
        ],
    )?;
    play.push_refused(&world, "olga", &["main"], Code::Gov002)?;
    // The benign twin: the same change through a run.
    let world = play.world(Stage::Finalized)?;
    play.ok(&world, "otto", &["git", "awo", "push"])?;
    Ok(())
}

/// Starts a command sixteen times at once; returns what each printed.
fn sixteen(
    play: &mut Play<'_>,
    world: &World,
    words: &[&str],
) -> Result<Vec<serde_json::Value>, Failed> {
    play.note(&format!("sixteen times at once: {}", words.join(" ")));
    let mut children: Vec<Child> = Vec::new();
    for _ in 0..16 {
        let mut command = world.command("rita", "rita", words);
        children.push(
            command
                .arg("--json")
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?,
        );
    }
    let mut values = Vec::new();
    for child in children {
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        play.hold(
            output.status.success(),
            format!("each must end well, and one said: {said}"),
        )?;
        values.push(serde_json::from_slice(&output.stdout)?);
    }
    Ok(values)
}

fn at_once(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Gated)?;
    let commit = forge::run_record(&world.actor("rita", "rita")?)?
        .commit
        .to_string();
    for (act, digest) in [("approve", "approval"), ("attest", "attestation")] {
        let values = sixteen(play, &world, &["git", "awo", act, RUN])?;
        let effective = values.iter().filter(|it| it["effective"] == true).count();
        play.hold(
            effective == 1,
            format!("one {act} must take effect, and {effective} did"),
        )?;
        let first = values.first().map(|it| it[digest].clone());
        let same = values.iter().all(|it| Some(&it[digest]) == first.as_ref());
        play.hold(
            same,
            format!("every other {act} must name the one that took effect"),
        )?;
        let notes = format!("--notes=awo/{digest}s/*");
        let show = ["git", "show", "-s", "--format=%N", &notes, &commit];
        let note = play.ok(&world, "rita", &show)?;
        let lines = note.lines().filter(|line| !line.is_empty()).count();
        play.hold(
            lines == 1,
            format!("one {digest} must be noted, and {lines} are"),
        )?;
    }
    play.ok(&world, "rita", &["git", "fsck", "--strict"])?;
    // Two persons push at the same time: neither record is lost.
    play.ok(
        &world,
        "otto",
        &[
            "git",
            "awo",
            "gate",
            RUN,
            "--allow-self-approval",
            "--reason",
            "both",
        ],
    )?;
    let mut pushes = Vec::new();
    for who in ["rita", "otto"] {
        let mut command = world.command(who, who, &["git", "awo", "push"]);
        pushes.push(
            command
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?,
        );
    }
    for push in pushes {
        let output = push.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        play.hold(
            output.status.success(),
            format!("both pushes must end well: {said}"),
        )?;
    }
    world.fresh_clone()?;
    let logs = ledger(play, &world, "vera", "independence-")?;
    play.hold(
        logs == 2,
        format!("both reviews must be on the server, and {logs} are"),
    )?;
    play.ok(&world, "vera", &["git", "awo", "verify"])?;
    Ok(())
}

fn missing_links(play: &mut Play<'_>) -> Result<(), Failed> {
    let finalized = play.world(Stage::Finalized)?;
    let run = forge::run_record(&finalized.actor("otto", "otto")?)?;
    let contract = Kind::Contract.of(&run.task).to_path().to_string();
    let inventory = LedgerPath::Inventory(run.run.clone()).to_path().to_string();
    let record = Kind::Run.of(&run.run).to_path().to_string();
    let finalization = Kind::Finalization.of(&run.run).to_path().to_string();
    let entry = LedgerPath::Provenance(run.run.clone())
        .to_path()
        .to_string();
    let logs = forge::ledger(&finalized.actor("otto", "otto")?)?;
    let log = logs
        .iter()
        .find(|path| path.kind() == Some(Kind::Independence))
        .ok_or_else(|| Failed::Expected("the independence log must be there".to_owned()))?;
    let log = log.to_path().to_string();
    let chain = ["git", "awo", "chain", RUN];
    let forget = ["git", "remote", "remove", "origin"];
    play.ok(&finalized, "otto", &chain)?;
    for (path, code) in [
        (contract.as_str(), Code::Gov002),
        (&record, Code::Str002),
        (&inventory, Code::Int002),
        (&log, Code::Gov002),
        (&finalization, Code::Gov002),
        (&entry, Code::Str001),
    ] {
        let world = play.world(Stage::Finalized)?;
        play.note(&format!("without {path}"));
        forge::edit(&world, "otto", &layout::ledger(), &[(path, None)])?;
        // Nothing is left that `git awo fetch` could bring.
        play.ok(&world, "otto", &forget)?;
        match path == record.as_str() {
            // Of a run that is not here at all nothing can be said.
            true => play.undecided(&world, "otto", &chain, code)?,
            false => play.refused(&world, "otto", &chain, code)?,
        };
    }
    let blob = forge::contract_blob(&finalized.actor("otto", "otto")?, &run.task)?;
    for (notes, object, code) in [
        (Notes::APPROVALS, blob, Code::Gov005),
        (Notes::APPROVALS, run.commit, Code::Gov005),
        (Notes::ATTESTATIONS, run.commit, Code::Gov002),
    ] {
        let world = play.world(Stage::Finalized)?;
        play.note(&format!("without the {} on {object}", notes.name()));
        forge::drop_notes(&world, "otto", notes, object)?;
        play.ok(&world, "otto", &forget)?;
        play.refused(&world, "otto", &chain, code)?;
    }
    let world = play.world(Stage::Finalized)?;
    let delete = ["git", "update-ref", "-d", run.evidence.as_str()];
    play.ok(&world, "otto", &delete)?;
    play.ok(&world, "otto", &forget)?;
    play.refused(&world, "otto", &chain, Code::Gov002)?;
    // On the server: the commit alone, without the records that finalize it.
    let world = play.world(Stage::Finalized)?;
    play.push_refused(&world, "otto", &["main"], Code::Gov002)?;
    play.push_accepted(&world, "otto", &["main", "refs/awo/ledger"])
}
