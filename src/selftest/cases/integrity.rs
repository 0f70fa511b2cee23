//! Layer I: integrity.

use super::super::case::{Case, Layer};
use super::super::forge;
use super::super::play::{Failed, Play};
use super::found::{export, exported_run};
use crate::record::Code;
use crate::sandbox::{RUN, Stage};

/// The cases of the layer.
pub const CASES: &[Case] = &[
    Case {
        id: "TS-0007",
        name: "I1",
        layer: Layer::I,
        title: "a file changed after the inventory was made",
        expected: &[Code::Int001],
        play: changed,
    },
    Case {
        id: "TS-0008",
        name: "I2",
        layer: Layer::I,
        title: "a file added, a file removed",
        expected: &[Code::Int002],
        play: added_and_removed,
    },
    Case {
        id: "TS-0009",
        name: "I3",
        layer: Layer::I,
        title: "a failing run is neither attested nor committed",
        expected: &[Code::Int001],
        play: no_further,
    },
    Case {
        id: "TS-0010",
        name: "I4",
        layer: Layer::I,
        title: "the tarball made twice is bit-identical",
        expected: &[],
        play: tarball,
    },
    Case {
        id: "TS-0011",
        name: "I5",
        layer: Layer::I,
        title: "a copied run directory has the same root",
        expected: &[],
        play: copies,
    },
];

fn paths_of(value: &serde_json::Value, code: Code) -> Vec<&str> {
    let findings = value["findings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    findings
        .iter()
        .filter(|finding| finding["code"] == code.as_str())
        .filter_map(|finding| finding["subject"]["path"].as_str())
        .collect()
}

fn changed(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    export(play, &world)?;
    let run = exported_run();
    let verify = ["git", "awo", "integrity", "verify", &format!("../{run}")];
    play.ok(&world, "otto", &verify)?;
    world.write(&format!("{run}/test.log"), "all tests passed\n")?;
    let value = play.refused(&world, "otto", &verify, Code::Int001)?;
    let named = paths_of(&value, Code::Int001) == ["test.log"];
    play.hold(named, "exactly the changed file must be named")
}

fn added_and_removed(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    export(play, &world)?;
    let run = exported_run();
    let verify = ["git", "awo", "integrity", "verify", &format!("../{run}")];
    let extra = format!("{run}/artifacts/more.txt");
    world.write(&extra, "more\n")?;
    let value = play.refused(&world, "otto", &verify, Code::Int002)?;
    let named = paths_of(&value, Code::Int002) == ["artifacts/more.txt"];
    play.hold(named, "exactly the added file must be named")?;
    std::fs::remove_file(world.path(&extra))?;
    play.ok(&world, "otto", &verify)?;
    std::fs::remove_file(world.path(&format!("{run}/test.log")))?;
    let value = play.refused(&world, "otto", &verify, Code::Int002)?;
    let named = paths_of(&value, Code::Int002) == ["test.log"];
    play.hold(named, "exactly the removed file must be named")
}

fn no_further(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Gated)?;
    play.ok(&world, "rita", &["git", "awo", "approve", RUN])?;
    forge::edit_evidence(&world, "rita", "test.log", Some(b"all tests passed\n"))?;
    let before = world.refs("rita")?;
    play.refused(&world, "rita", &["git", "awo", "attest", RUN], Code::Int001)?;
    let same = world.refs("rita")? == before;
    play.hold(same, "nothing may be attested")?;

    let world = play.world(Stage::Attested)?;
    forge::edit_evidence(&world, "otto", "test.log", Some(b"all tests passed\n"))?;
    let before = world.refs("otto")?;
    play.refused(
        &world,
        "otto",
        &["git", "awo", "finalize", RUN],
        Code::Int001,
    )?;
    let same = world.refs("otto")? == before;
    play.hold(same, "no branch and no record may move")
}

fn tarball(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    export(play, &world)?;
    let run = format!("../{}", exported_run());
    play.ok(
        &world,
        "otto",
        &["git", "awo", "tar", RUN, "-o", "../one.tar.gz"],
    )?;
    play.ok(
        &world,
        "otto",
        &["git", "awo", "tar", RUN, "-o", "../two.tar.gz"],
    )?;
    play.ok(
        &world,
        "otto",
        &["git", "awo", "tar", &run, "-o", "../three.tar.gz"],
    )?;
    play.ok(&world, "otto", &["cp", "-R", &run, "../elsewhere"])?;
    // Another time zone, mask, language and place.
    let words = ["git", "awo", "tar", "elsewhere", "-o", "four.tar.gz"];
    let mut command = world.command("vera", ".", &["sh", "-c", "umask 077; exec \"$@\"", "sh"]);
    command.arg(world.command("vera", ".", &words).get_program());
    command
        .args(&words[2..])
        .env("TZ", "Asia/Tokyo")
        .env("LC_ALL", "tr_TR.UTF-8");
    let status = command.output()?.status;
    play.hold(status.success(), "the tarball of a copy must be made")?;
    let one = world.read("one.tar.gz")?;
    for other in ["two", "three", "four"] {
        let bytes = world.read(&format!("{other}.tar.gz"))?;
        play.same(&format!("the tarballs one and {other}"), &one, &bytes)?;
    }
    play.hold(!one.is_empty(), "the tarball must not be empty")
}

fn copies(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Landed)?;
    export(play, &world)?;
    let run = format!("../{}", exported_run());
    let stored = play.value(&world, "otto", &["git", "awo", "integrity", "verify", RUN])?;
    let root = stored["root"].as_str().unwrap_or_default().to_owned();
    play.hold(root.len() == 64, "a stored run must have a root")?;
    play.ok(&world, "otto", &["cp", "-R", &run, "../copied"])?;
    play.ok(&world, "otto", &["cp", "-R", &run, "../held"])?;
    for words in [
        ["git", "init", "-q", "../held"].as_slice(),
        &["git", "-C", "../held", "add", "-A"],
        &["git", "-C", "../held", "commit", "-q", "-m", "A run"],
        &["git", "clone", "-q", "../held", "../cloned"],
    ] {
        play.ok(&world, "otto", words)?;
    }
    std::fs::remove_dir_all(world.path("cloned/.git"))?;
    for place in [run.as_str(), "../copied", "../cloned"] {
        let verify = ["git", "awo", "integrity", "verify", place];
        let value = play.value(&world, "otto", &verify)?;
        play.hold(
            value["root"] == root.as_str(),
            format!("{place} must have the root {root}"),
        )?;
        let sums = ["git", "awo", "integrity", "sums", place];
        let value = play.value(&world, "otto", &sums)?;
        play.hold(
            value["root"] == root.as_str(),
            format!("the inventory of {place} made again must be the same"),
        )?;
    }
    Ok(())
}
