//! Layer D: determinism.

use super::super::case::{Case, Layer};
use super::super::play::{Failed, Play};
use super::found::{export, exported_run, file};
use crate::record::{Code, RepoPath, json};
use crate::sandbox::{AGENT, DATE, RUN, Stage, TASK};
use std::collections::BTreeMap;

/// The cases of the layer.
pub const CASES: &[Case] = &[
    Case {
        id: "TS-0012",
        name: "D1",
        layer: Layer::D,
        title: "the whole run twice: all canonical files identical",
        expected: &[],
        play: twice,
    },
    Case {
        id: "TS-0013",
        name: "D2",
        layer: Layer::D,
        title: "every JSON file has its canonical bytes",
        expected: &[],
        play: canonical,
    },
    Case {
        id: "TS-0014",
        name: "D3",
        layer: Layer::D,
        title: "no time influences the inventory",
        expected: &[Code::Int002],
        play: timeless,
    },
];

fn twice(play: &mut Play<'_>) -> Result<(), Failed> {
    let mut exports = Vec::new();
    for _ in 0..2 {
        let world = play.world_from_nothing(Stage::Landed)?;
        let files = export(play, &world)?;
        play.ok(
            &world,
            "otto",
            &["git", "awo", "tar", RUN, "-o", "../run.tar.gz"],
        )?;
        exports.push((files, world.read("run.tar.gz")?));
    }
    let [(one, one_tar), (two, two_tar)] = exports.as_slice() else {
        return Err(Failed::Expected("two exports are compared".to_owned()));
    };
    let paths = |files: &BTreeMap<RepoPath, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    play.hold(
        paths(one) == paths(two),
        "both exports must have the same files",
    )?;
    for (path, bytes) in one {
        play.same(
            &path.to_string(),
            bytes,
            two.get(path).map_or(&[], Vec::as_slice),
        )?;
    }
    play.same("the tarball", one_tar, two_tar)?;
    let attested = format!("governance/attestations/{RUN}/ATTESTATION.dsse.json");
    for path in [attested.as_str(), "provenance/index.json"] {
        file(one, path)?;
    }
    Ok(())
}

fn canonical(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    let files = export(play, &world)?;
    let mut seen = 0;
    for (path, bytes) in &files {
        let name = path.to_string();
        // An envelope is stored as one line, in its own canonical form.
        if !name.ends_with(".json") || name.ends_with(".dsse.json") {
            continue;
        }
        let value = json::parse(bytes).map_err(|bad| Failed::Expected(format!("{name}: {bad}")))?;
        play.same(&name, bytes, &json::to_canonical(&value))?;
        seen += 1;
    }
    let run = format!("runs/{RUN}");
    for path in [
        format!("governance/approvals/{RUN}/approval.json"),
        format!("governance/attestations/{RUN}/ATTESTATION.json"),
        format!("governance/logs/{RUN}_independence.json"),
        format!("{run}/run_manifest.json"),
        "provenance/index.json".to_owned(),
    ] {
        file(&files, &path)?;
    }
    play.hold(seen > 10, "an export must have JSON files")
}

fn timeless(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    let files = export(play, &world)?;
    let run = exported_run();
    let sums = file(&files, &format!("runs/{RUN}/SHA256SUMS.txt"))?;
    let listed = String::from_utf8_lossy(sums).contains("timestamps/");
    play.hold(!listed, "the inventory must not list timestamps/")?;
    let verify = ["git", "awo", "integrity", "verify", &format!("../{run}")];
    let before = play.value(&world, "otto", &verify)?;
    let times = format!("{run}/timestamps/run.txt");
    world.write(
        &times,
        "finished=2031-02-03T04:05:06Z\nstarted=2031-02-03T04:05:05Z\n",
    )?;
    let after = play.value(&world, "otto", &verify)?;
    play.hold(
        before["root"] == after["root"],
        "another time must leave the root as it is",
    )?;
    world.write(&times, "import os\n")?;
    play.refused(&world, "otto", &verify, Code::Int002)?;

    // The same run, forty days later.
    let mut roots = Vec::new();
    for later in [0, 40 * 86_400] {
        let world = play.world(Stage::Approved)?;
        play.ok(&world, "otto", &["git", "awo", "fetch"])?;
        let words = [
            "git", "awo", "run", TASK, "--run-id", RUN, "--json", "--", "sh", "-c", AGENT,
        ];
        let mut command = world.command("otto", "otto", &words);
        let date = (DATE + later).to_string();
        command
            .env("SOURCE_DATE_EPOCH", date)
            .env("TZ", "America/Lima");
        let output = command.output()?;
        play.hold(
            output.status.success(),
            String::from_utf8_lossy(&output.stderr),
        )?;
        let value: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        roots.push(value["root"].clone());
    }
    play.hold(
        roots.first() == roots.last(),
        "the clock must not reach the root",
    )
}
