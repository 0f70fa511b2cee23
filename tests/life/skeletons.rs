//! The run of a skeleton that was cancelled: nobody decides on it, and nothing follows it.

use crate::life::{LEDGER, RECORDS};
use crate::work::{DOCUMENT, outlined};
use crate::world::{AGENT, World};

const APPROVE: &str = "SkeletonApproval run/run_s approve --rationale x";

fn run<'a>(id: &'a str, script: &'a str) -> Vec<&'a str> {
    vec![
        "git", "awo", "run", "SK-1", "--run-id", id, "--", "sh", "-c", script,
    ]
}

fn cancels(world: &World) {
    let cancel = ["git", "awo", "cancel", "run_s", "--reason", "no"];
    world.ok("otto", "otto", &cancel);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

/// otto has made a skeleton, and everybody has it.
fn skeleton() -> World {
    let world = outlined();
    world.ok("otto", "otto", &run("run_s", DOCUMENT));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world
}

#[test]
fn nobody_decides_on_the_skeleton_of_a_cancelled_run() {
    let world = skeleton();
    world.approves("rita", APPROVE);
    let twin = world.copied();
    twin.push_accepted("rita", LEDGER);
    cancels(&world);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.refuses("rita", LEDGER, "run-over");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let decide: Vec<_> = ["git", "awo", "decide"]
        .into_iter()
        .chain(APPROVE.split(' '))
        .collect();
    let clean = [
        "git",
        "update-ref",
        "refs/awo/ledger",
        "refs/awo-remotes/origin/awo/ledger",
    ];
    world.ok("rita", "rita", &clean);
    world.refused("rita", "rita", &decide, "GOV-011");
}

#[test]
fn nothing_follows_the_skeleton_of_a_cancelled_run() {
    let world = skeleton();
    world.approves("rita", APPROVE);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.everybody_follows();
    world.approves_again("SK-1");
    let other = crate::aside::other_machine(&world, "otto");
    // otto follows it on another machine, and has not heard of what he did here.
    world.ok("otto", &other, &run("run_1", AGENT));
    let twin = world.copied();
    twin.ok("otto", &other, &["git", "awo", "push"]);
    twin.fresh_clone();
    twin.ok("vera", "vera", &["git", "awo", "verify"]);
    cancels(&world);
    world.ok("otto", &other, &["git", "awo", "fetch"]);
    let before = world.server();
    let push = [
        &["git", "push", "--no-verify", "--atomic", "origin"],
        RECORDS,
    ]
    .concat();
    let said = world.refused("otto", &other, &push, "GOV-011");
    assert!(said.contains("run-over"), "{said}");
    assert_eq!(world.server(), before);
    world.refused("otto", "otto", &run("run_2", AGENT), "GOV-011");
    // What followed it before it was cancelled stays.
    twin.ok("otto", "otto", &["git", "awo", "fetch"]);
    cancels(&twin);
    twin.fresh_clone();
    twin.ok("vera", "vera", &["git", "awo", "verify"]);
}
