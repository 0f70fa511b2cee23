//! Layer A: attestation.

use super::super::case::{Case, Layer};
use super::super::forge;
use super::super::play::{Failed, Play};
use super::found::{RECORDS, export, file};
use crate::record::{Code, IdentityName, Sha256};
use crate::sandbox::{RUN, Stage};

/// The cases of the layer.
pub const CASES: &[Case] = &[
    Case {
        id: "TS-0015",
        name: "A1",
        layer: Layer::A,
        title: "the identity of reviewer or orchestrator is manipulated",
        expected: &[Code::Att001],
        play: identities,
    },
    Case {
        id: "TS-0016",
        name: "A2",
        layer: Layer::A,
        title: "an approval that is bound to another root",
        expected: &[Code::Att002],
        play: other_root,
    },
    Case {
        id: "TS-0017",
        name: "A3",
        layer: Layer::A,
        title: "a run that is unverified or fails is not signed",
        expected: &[Code::Int001, Code::Int002],
        play: unsigned,
    },
    Case {
        id: "TS-0018",
        name: "A4",
        layer: Layer::A,
        title: "the hash of the reviewer's identity is recorded",
        expected: &[],
        play: placed,
    },
];

fn name(text: &str) -> Result<IdentityName, Failed> {
    IdentityName::new(text).map_err(|error| Failed::Left(error.to_string()))
}

fn identities(play: &mut Play<'_>) -> Result<(), Failed> {
    let notes = ["refs/notes/awo/attestations/*"];
    // olga is not a reviewer, whatever her statement claims.
    let world = play.world(Stage::Attested)?;
    play.ok(&world, "olga", &["git", "awo", "fetch"])?;
    let mut attestation = forge::attestation(&world.actor("olga", "olga")?)?;
    let olga = name("olga")?;
    attestation.context.identity = olga.clone();
    attestation.reviewer_sha256 = Sha256::of(b"olga");
    attestation.reviewer = olga;
    forge::attest_as(&world, "olga", attestation)?;
    play.push_refused(&world, "olga", &notes, Code::Att001)?;
    // A statement by rita that names another reviewer.
    let world = play.world(Stage::Attested)?;
    let mut attestation = forge::attestation(&world.actor("rita", "rita")?)?;
    attestation.reviewer = name("olga")?;
    attestation.reviewer_sha256 = Sha256::of(b"olga");
    forge::attest_as(&world, "rita", attestation)?;
    play.push_refused(&world, "rita", &notes, Code::Att001)?;
    // A run record signed by rita, who is not an orchestrator.
    let world = play.world(Stage::Executed)?;
    forge::run_record_by(&world, "rita")?;
    play.push_refused(&world, "otto", &RECORDS[..2], Code::Att001)?;
    Ok(())
}

fn other_root(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Gated)?;
    play.ok(&world, "rita", &["git", "awo", "approve", RUN])?;
    forge::reapprove(&world, |approval| {
        approval.root = Some(Sha256::of(b"another"))
    })?;
    play.push_refused(&world, "rita", &RECORDS, Code::Att002)?;
    // The benign twin: the same with the right root.
    let world = play.world(Stage::Gated)?;
    play.ok(&world, "rita", &["git", "awo", "approve", RUN])?;
    forge::reapprove(&world, |_| {})?;
    play.push_accepted(&world, "rita", &["refs/awo/ledger", "refs/notes/awo/*"])
}

fn unsigned(play: &mut Play<'_>) -> Result<(), Failed> {
    let forgeries = [
        (
            "test.log",
            Some(b"all tests passed\n".as_slice()),
            Code::Int001,
        ),
        ("artifacts/more.txt", Some(b"more\n"), Code::Int002),
        ("test.log", None, Code::Int002),
    ];
    for (path, bytes, code) in forgeries {
        let world = play.world(Stage::Gated)?;
        play.ok(&world, "rita", &["git", "awo", "approve", RUN])?;
        forge::edit_evidence(&world, "rita", path, bytes)?;
        let before = world.refs("rita")?;
        play.refused(&world, "rita", &["git", "awo", "attest", RUN], code)?;
        let same = world.refs("rita")? == before;
        play.hold(same, "nothing may be signed and stored")?;
    }
    // Not reviewed at all.
    let world = play.world(Stage::HandedOver)?;
    play.refused(&world, "rita", &["git", "awo", "attest", RUN], Code::Gov002)?;
    Ok(())
}

fn placed(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    let files = export(play, &world)?;
    let directory = format!("governance/attestations/{RUN}");
    let json = file(&files, &format!("{directory}/ATTESTATION.json"))?;
    let statement: serde_json::Value = serde_json::from_slice(json)?;
    let says = &statement["predicate"];
    let hash = Sha256::of(b"rita").to_string();
    play.hold(
        says["reviewer"] == "rita",
        "the attestation must name its reviewer",
    )?;
    let right = says["reviewer_sha256"] == hash.as_str();
    play.hold(
        right,
        "the attestation must have the hash of the reviewer's identity",
    )?;
    let text = file(&files, &format!("{directory}/ATTESTATION.txt"))?;
    let text = String::from_utf8_lossy(text).into_owned();
    for wanted in ["rita", &hash, RUN] {
        play.hold(
            text.contains(wanted),
            format!("ATTESTATION.txt must say {wanted}"),
        )?;
    }
    let index: serde_json::Value = serde_json::from_slice(file(&files, "provenance/index.json")?)?;
    let path = index["entries"][0]["attestation_path"]
        .as_str()
        .unwrap_or_default();
    file(&files, path)?;
    Ok(())
}
