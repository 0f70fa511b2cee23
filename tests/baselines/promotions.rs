//! The result of a run becomes the next baseline of its task.

use git_awo::record::baseline::Item;
use git_awo::record::tree::Mode;
use git_awo::record::{RepoPath, RunId, TaskId};

use super::forge::Forge;
use super::{ROOT, seen, with_files};
use crate::hostile::door::Door;
use crate::world::World;

pub const FIRST: &str = "run_first";
const SCRIPT: &str = "mkdir -p src/state && printf 'by the run\\r\\n' > src/state/result";

/// The task is approved, and its first baseline is at the server.
fn approved() -> World {
    let world = with_files();
    world.writes_a_contract("olga", "T-1");
    world.approves_task("T-1");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.amu0("otto", &["create", "PRE", "--task", "T-1"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world
}

/// otto executes it, in a clone of his without the files.
fn executed() -> World {
    let world = approved();
    std::fs::rename(world.path("otto").join(ROOT), world.path("aside")).unwrap();
    world.executes_by(FIRST, "T-1", SCRIPT);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world
}

/// rita has reviewed it, and otto has that.
pub fn attested() -> World {
    let world = executed();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.rita_reviews(FIRST);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

/// otto has finalized it, and not pushed that.
pub fn finalized() -> World {
    let world = attested();
    world.ok("otto", "otto", &["git", "awo", "finalize", FIRST]);
    world
}

#[test]
fn the_result_of_a_run_is_promoted_and_restored() {
    let world = finalized();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let said = world.amu0("otto", &["promote", FIRST, "NEXT"]);
    assert!(said.contains("follows T-1/PRE"), "{said}");
    let listed = world.amu0("otto", &["list"]);
    assert!(
        listed.contains("T-1/NEXT  1 paths  of run_first  after T-1/PRE"),
        "{listed}"
    );
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "config", "core.autocrlf", "input"]);
    world.amu0("olga", &["restore", "NEXT"]);
    let state = seen(&world.path("olga").join(ROOT));
    assert_eq!(state.len(), 1);
    assert_eq!(state[&b"result"[..]].2, b"by the run\r\n");
    world.fresh_clone();
    for _ in 0..2 {
        // The second time by what is remembered.
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
    // It and all before it can come in one push with the run.
    let said = world.amu0("otto", &["diff", "PRE", "NEXT"]);
    assert!(said.contains("added    result"), "{said}");
}

#[test]
fn a_run_and_its_promotion_are_pushed_together() {
    let world = finalized();
    world.amu0("otto", &["promote", FIRST, "NEXT"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
}

#[test]
fn only_a_finalized_run_is_promoted() {
    let world = executed();
    let said = world.amu0_refused("otto", &["promote", FIRST, "NEXT"], "GOV-011");
    assert!(said.contains("not finalized"), "{said}");
    world.amu0_refused("otto", &["promote", "run_other", "NEXT"], "STR-002");
    world.amu0_refused("rita", &["promote", FIRST, "NEXT"], "ATT-001");
    // At the door.
    let world = finalized();
    world.amu0("otto", &["promote", FIRST, "NEXT"]);
    let server = world.server();
    world.push_refused("otto", &["refs/awo/amu0/T-1/NEXT"], "GOV-011");
    assert_eq!(world.server(), server);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    // One that was rejected.
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let reject = ["git", "awo", "outcome", FIRST, "rejected", "--reason", "no"];
    world.ok("olga", "olga", &reject);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let said = world.amu0_refused("otto", &["promote", FIRST, "LATE"], "GOV-011");
    assert!(said.contains("was rejected"), "{said}");
    let mut forge = Forge::from(&world, "otto", "refs/awo/amu0/T-1/NEXT");
    forge.manifest.name = "LATE".parse().unwrap();
    forge.follow(world.rev("otto", "refs/awo/amu0/T-1/NEXT").parse().ok());
    let late = format!("{}:refs/awo/amu0/T-1/LATE", forge.write());
    world.push_refused("otto", &[&late], "GOV-011");
    // What was promoted before holds.
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_promotion_follows_a_baseline() {
    let world = finalized();
    world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "-d", "refs/awo/amu0/T-1/PRE"],
    );
    let said = world.amu0_refused("otto", &["promote", FIRST, "NEXT"], "GOV-011");
    assert!(
        said.contains("git awo amu0 create NAME --task T-1"),
        "{said}"
    );
}

#[test]
fn a_promotion_holds_what_the_run_has() {
    let world = finalized();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.amu0("otto", &["promote", FIRST, "NEXT"]);
    world.amu0("otto", &["create", "BASE"]);
    let door = Door::new(world, "otto");
    let world = &door.world;
    let own = "refs/awo/amu0/T-1/NEXT";
    let refused = |what: &str, codes: &[&str], change: &dyn Fn(&mut Forge<'_>)| {
        let mut forge = Forge::from(world, "otto", own);
        change(&mut forge);
        let place = forge.manifest.place();
        let pushed = format!("{}:refs/awo/amu0/{place}", forge.write());
        door.refuses_push(what, &[&pushed], codes);
    };
    refused("a file more", &["ATT-002"], &|it| {
        let id = it.blob("x");
        it.edit(&[("zz", Some((Mode::File, id)))]);
        let more = Item::new(
            RepoPath::from("zz"),
            git_awo::record::baseline::Kind::File,
            false,
            b"x",
        );
        it.manifest.items.push(more);
    });
    refused("an empty directory", &["ATT-002"], &|it| {
        it.manifest
            .items
            .push(Item::directory(RepoPath::from("zz")));
    });
    refused(
        "of another task",
        &["ATT-002", "GOV-011", "STR-002"],
        &|it| {
            it.manifest.task = Some(TaskId::new("T-2").unwrap());
            it.follow(None);
        },
    );
    refused("of no task", &["ATT-002", "GOV-011"], &|it| {
        it.manifest.task = None;
        it.follow(None);
    });
    refused("of a run that nobody knows", &["GOV-011"], &|it| {
        it.manifest.run = Some(RunId::new("run_other").unwrap());
    });
    door.accepts_push("as it was made", &[own]);
}

#[test]
fn of_two_promotions_of_one_baseline_one_wins() {
    let world = finalized();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", ".", &["cp", "-a", "otto", "other"]);
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "amu0", "promote", FIRST, "ONE"],
    );
    world.ok(
        "otto",
        "other",
        &["git", "awo", "amu0", "promote", FIRST, "TWO"],
    );
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let server = world.server();
    let push = [
        "git",
        "push",
        "--no-verify",
        "origin",
        "refs/awo/amu0/T-1/TWO",
    ];
    world.refused("otto", "other", &push, "REP-003");
    assert_eq!(world.server(), server);
    world.refused("otto", "other", &["git", "awo", "push"], "REP-003");
    assert_eq!(world.server(), server);
    // Made again, it follows the one that won.
    let said = world.ok(
        "otto",
        "other",
        &["git", "awo", "amu0", "promote", FIRST, "TWO"],
    );
    assert!(said.contains("follows T-1/ONE"), "{said}");
    world.ok("otto", "other", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_promotion_of_a_run_that_was_rejected_meanwhile_is_set_aside() {
    let world = finalized();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.amu0("otto", &["promote", FIRST, "NEXT"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let reject = ["git", "awo", "outcome", FIRST, "rejected", "--reason", "no"];
    world.ok("olga", "olga", &reject);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let server = world.server();
    let said = world.refused("otto", "otto", &["git", "awo", "push"], "GOV-011");
    assert!(said.contains("remedy: git awo push --set-aside"), "{said}");
    assert!(!said.contains("git awo finalize"), "{said}");
    assert_eq!(world.server(), server);
    let aside = ["git", "awo", "push", "--set-aside"];
    let said = world.refused("otto", "otto", &aside, "GOV-011");
    assert!(said.contains("kept: refs/awo-displaced/"), "{said}");
    world.amu0("otto", &["create", "AGAIN", "--task", "T-1"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}
