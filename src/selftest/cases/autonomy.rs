//! Pack FP-3.9: protected artefacts, and how far whoever orchestrates may go.

use super::super::case::{Case, Layer};
use super::super::play::{Failed, Play};
use crate::record::Code;
use crate::sandbox::{RUN, Stage, World};

/// The cases of protections and ceilings.
pub const CASES: &[Case] = &[
    Case {
        id: "FP-3.9.1",
        name: "FP-3.9",
        layer: Layer::Autonomy,
        title: "a protected artefact changes by no commit without an override, nor by a way around its path",
        expected: &[Code::Gov003],
        play: protected,
    },
    Case {
        id: "FP-3.9.2",
        name: "FP-3.9",
        layer: Layer::Autonomy,
        title: "an override is for one change, by others than who commits it, and is used once",
        expected: &[Code::Gov001, Code::Gov003, Code::Rep001],
        play: overridden,
    },
    Case {
        id: "FP-3.9.3",
        name: "FP-3.9",
        layer: Layer::Autonomy,
        title: "a run above its ceiling does not land, and at the ceiling it does",
        expected: &[Code::Gov012],
        play: ceiling,
    },
    Case {
        id: "FP-3.9.4",
        name: "FP-3.9",
        layer: Layer::Autonomy,
        title: "where an operator has to decide on a run, it waits for that",
        expected: &[Code::Gov012],
        play: waits,
    },
];

const LAW: &str = "docs/law.md";

/// A world whose policy protects a file, and lets one operator override that.
fn lawful(play: &mut Play<'_>) -> Result<World, Failed> {
    let world = play.world(Stage::Founded)?;
    world.next_policy(2, None, |text| {
        text.replacen("schema =", "requires = [\"override/1\"]\nschema =", 1)
            .replacen("[gates]\n", "[gates]\nprotection_overrides = 1\n", 1)
            .replacen("protected = [", &format!("protected = [\"{LAW}\", "), 1)
            .replacen(
                "roles = [\"reviewer\"]",
                "roles = [\"reviewer\", \"operator\"]",
                1,
            )
    })?;
    for who in ["otto", "rita"] {
        play.ok(&world, who, &["git", "awo", "fetch"])?;
    }
    Ok(world)
}

/// Commits what stands in the work tree as a branch of this name that begins at main.
fn commit(play: &mut Play<'_>, world: &World, who: &str, branch: &str) -> Result<(), Failed> {
    play.ok(
        world,
        who,
        &["git", "checkout", "-q", "-B", branch, "origin/main"],
    )?;
    play.ok(world, who, &["git", "add", "-A"])?;
    let words = ["git", "commit", "-q", "--no-verify", "-m", "Work"];
    play.ok(world, who, &words)?;
    Ok(())
}

/// Makes the law, and returns the blob of it.
fn law(play: &mut Play<'_>, world: &World, who: &str) -> Result<String, Failed> {
    world.write(&format!("{who}/{LAW}"), "the law\n")?;
    Ok(play
        .ok(world, who, &["git", "hash-object", LAW])?
        .trim()
        .to_owned())
}

fn protected(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = lawful(play)?;
    for path in [
        LAW,
        "docs/LAW.md",
        "docs/law.md/inner",
        "docs/l\u{fe0f}aw.md",
    ] {
        world.write(&format!("otto/{path}"), "the law\n")?;
        commit(play, &world, "otto", "wip/law")?;
        play.push_refused(&world, "otto", &["wip/law"], Code::Gov003)?;
    }
    world.write("otto/docs/law.md.txt", "a note\n")?;
    commit(play, &world, "otto", "wip/note")?;
    play.push_accepted(&world, "otto", &["wip/note"])
}

fn overridden(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = lawful(play)?;
    let zeros = "0".repeat(40);
    let blob = law(play, &world, "otto")?;
    commit(play, &world, "otto", "wip/law")?;
    play.push_refused(&world, "otto", &["wip/law"], Code::Gov003)?;
    let sign = |to: &str| -> Vec<String> {
        let words = [
            "git",
            "awo",
            "override",
            LAW,
            "--from",
            &zeros,
            "--to",
            to,
            "--reason",
            "agreed",
            "--expires",
            "3650d",
        ];
        words.map(str::to_owned).to_vec()
    };
    let signs = |play: &mut Play<'_>, who: &str, to: &str| -> Result<(), Failed> {
        let words = sign(to);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        play.ok(&world, who, &words)?;
        play.push_accepted(&world, who, &["refs/awo/ledger"])
    };
    // For another content it does not count.
    let other = ["git", "hash-object", "src/strings.py"];
    let other = play.ok(&world, "otto", &other)?;
    signs(play, "olga", other.trim())?;
    play.push_refused(&world, "otto", &["wip/law"], Code::Gov003)?;
    signs(play, "olga", &blob)?;
    play.push_accepted(&world, "otto", &["wip/law"])?;
    // Nor a second time, elsewhere.
    play.ok(
        &world,
        "otto",
        &["git", "checkout", "-q", "--detach", "origin/main"],
    )?;
    law(play, &world, "otto")?;
    commit(play, &world, "otto", "wip/again")?;
    let amend = [
        "git",
        "commit",
        "-q",
        "--no-verify",
        "--amend",
        "-m",
        "Again",
    ];
    play.ok(&world, "otto", &amend)?;
    play.push_refused(&world, "otto", &["wip/again"], Code::Rep001)?;
    // rita signs her own change.
    play.ok(&world, "rita", &["git", "awo", "fetch"])?;
    world.write(&format!("rita/{LAW}"), "her law\n")?;
    let hers = play.ok(&world, "rita", &["git", "hash-object", LAW])?;
    commit(play, &world, "rita", "wip/hers")?;
    signs(play, "rita", hers.trim())?;
    play.push_refused(&world, "rita", &["wip/hers"], Code::Gov001)?;
    Ok(())
}

/// olga puts a ceiling for orchestrators into force, as this version of the policy.
fn limits(play: &mut Play<'_>, world: &World, version: u32, lines: &str) -> Result<(), Failed> {
    world.next_policy(version, None, |text| {
        let text = text.replacen("schema =", "requires = [\"ceiling/1\"]\nschema =", 1);
        format!("{text}\n[[ceiling]]\nfor = [\"orchestrator\"]\n{lines}\n")
    })?;
    play.ok(world, "otto", &["git", "awo", "fetch"])?;
    Ok(())
}

fn ceiling(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Finalized)?;
    let paths = ["git", "diff", "--name-only", "origin/main", "main"];
    let files = play.ok(&world, "otto", &paths)?.lines().count();
    let below = files.saturating_sub(1);
    let push = ["refs/heads/main", "refs/awo/ledger"];
    limits(play, &world, 2, &format!("level = \"L0\"\nfiles = {below}"))?;
    let one = play.push_refused(&world, "otto", &push, Code::Gov012)?;
    let two = play.push_refused(&world, "otto", &push, Code::Gov012)?;
    play.same("both refusals", one.as_bytes(), two.as_bytes())?;
    limits(play, &world, 3, &format!("level = \"L0\"\nfiles = {files}"))?;
    play.push_accepted(&world, "otto", &push)
}

fn waits(play: &mut Play<'_>) -> Result<(), Failed> {
    let world = play.world(Stage::Finalized)?;
    let push = ["refs/heads/main", "refs/awo/ledger"];
    limits(play, &world, 2, "level = \"L3\"")?;
    play.push_refused(&world, "otto", &push, Code::Gov012)?;
    let target = format!("run/{RUN}");
    let permit = [
        "git",
        "awo",
        "decide",
        "PolicyViolation",
        &target,
        "approve",
        "--permits",
        "change",
        "--rationale",
        "SEEN",
        "--expires",
        "3650d",
    ];
    play.ok(&world, "olga", &["git", "awo", "fetch"])?;
    play.ok(&world, "olga", &permit)?;
    play.ok(&world, "olga", &["git", "awo", "push"])?;
    play.ok(&world, "otto", &["git", "awo", "fetch"])?;
    play.push_accepted(&world, "otto", &push)
}
