//! Runs: judged before anything is recorded, and as they land.

use super::pages::page;
use super::{INDEXED, VERSIONED, with};
use crate::hostile::door::Door;
use crate::world::World;

pub const RUN: &str = "run_first";

/// A task that olga approves; otto has it.
pub fn approved(world: &World, task: &str) {
    world.writes_a_contract("olga", task);
    world.approves_task(task);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
}

/// otto executes a task, rita reviews the run, and otto finalizes it.
pub fn finalizes(world: &World, run: &str, task: &str, script: &str) {
    approved(world, task);
    world.executes_by(run, task, script);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.rita_reviews(run);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", run]);
}

/// A script that writes a file of one line, and the page for these files, if any.
pub fn writes(name: &str, text: &str, listed: &[&str]) -> String {
    let mut script = format!("mkdir -p src/specs && printf '{text}' > 'src/specs/{name}'");
    if !listed.is_empty() {
        let page = page(listed);
        script.push_str(&format!("\ncat > src/specs/INDEX.md <<'END'\n{page}END\n"));
    }
    script
}

#[test]
fn what_a_run_writes_is_judged_before_it_is_recorded() {
    let world = super::door(INDEXED).world;
    approved(&world, "T-1");
    let words = |script: &str| {
        let words = [
            "git", "awo", "run", "T-1", "--run-id", RUN, "--", "sh", "-c", script,
        ];
        words.map(str::to_owned)
    };
    for (what, script, code, rule) in [
        (
            "a bad name",
            writes("A_v1.0_Final.md", "x", &["A_v1.0_Final.md"]),
            "GOV-003",
            "artefact-name",
        ),
        (
            "a gap",
            writes("A_v2.0.md", "x", &["A_v2.0.md"]),
            "GOV-003",
            "artefact-version",
        ),
        (
            "no page",
            writes("A_v1.0.md", "x", &[]),
            "INT-008",
            "index-page",
        ),
        (
            "another page",
            writes("A_v1.0.md", "x", &["A_v1.0.md", "B_v1.0.md"]),
            "INT-008",
            "index-page",
        ),
    ] {
        let words = words(&script);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let before = world.rev("otto", "refs/awo/ledger");
        let said = world.refused("otto", "otto", &words, code);
        assert!(said.contains(rule), "{what}: {said}");
        assert_eq!(world.rev("otto", "refs/awo/ledger"), before, "{what}");
    }
    world.executes_by(RUN, "T-1", &writes("A_v1.0.md", "x", &["A_v1.0.md"]));
}

#[test]
fn a_run_that_was_made_before_is_judged_as_it_lands() {
    for (script, accepted) in [
        (writes("A_v2.0.md", "x", &["A_v2.0.md"]), false),
        (writes("A_v1.0.md", "x", &["A_v1.0.md"]), true),
    ] {
        let world = World::founded();
        finalizes(&world, RUN, "T-1", &script);
        world.next_policy(2, None, |text| with(text, VERSIONED));
        let door = Door::new(world, "otto");
        let commit = door.world.rev("otto", "refs/heads/main");
        let land = format!("{commit}:refs/heads/main");
        if accepted {
            door.world.ok("otto", "otto", &["git", "awo", "push"]);
            door.world.fresh_clone();
            door.world.ok("vera", "vera", &["git", "awo", "verify"]);
            continue;
        }
        let pushed = door.refused_push("it skips", &[&land]);
        assert!(
            pushed.rules.contains("GOV-003 artefact-version"),
            "{}",
            pushed.text
        );
        door.world.force("otto", &[&land]);
        door.world.fresh_clone();
        door.world.verify_finds("GOV-003");
    }
}
