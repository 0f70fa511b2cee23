//! Two clones that take a run two ways at once: one wins, the other is told, nothing is lost.

use std::process::Stdio;

use crate::world::{RUN, TASK, World};

/// Pushes from two clones at once; returns who won, and what the other was told.
fn at_once(world: &World, both: [&'static str; 2]) -> (&'static str, String) {
    let children = both.map(|who| {
        let mut command = world.command(who, who, &["git", "awo", "push"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        (who, command.spawn().unwrap())
    });
    let mut won = Vec::new();
    let mut told = String::new();
    for (who, child) in children {
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        match output.status.code() {
            Some(0) => won.push(who),
            Some(1) => told = said,
            other => panic!("{who}: {other:?}: {said}"),
        }
    }
    assert_eq!(won.len(), 1, "one wins: {told}");
    (won[0], told)
}

/// What the loser had is set aside and named, and both clones and a fresh one verify.
fn settled(world: &World, both: [&str; 2], told: &str, lost: &str) {
    assert!(told.contains("GOV-011"), "{told}");
    let named = told
        .lines()
        .any(|it| it.contains("set aside") && it.contains(lost));
    assert!(named, "{lost}: {told}");
    for who in both {
        world.ok(who, who, &["git", "awo", "fetch"]);
        world.ok(who, who, &["git", "awo", "verify"]);
        world.ok(who, who, &["git", "awo", "push"]);
    }
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn of_a_cancellation_and_a_review_one_wins() {
    for _ in 0..3 {
        let world = World::executed();
        world.fetched();
        world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
        world.ok(
            "olga",
            "olga",
            &["git", "awo", "cancel", RUN, "--reason", "no"],
        );
        let (won, told) = at_once(&world, ["rita", "olga"]);
        let lost = match won {
            "rita" => "@cancellation-",
            _ => "@independence-",
        };
        settled(&world, ["rita", "olga"], &told, lost);
    }
}

#[test]
fn of_a_cancellation_and_a_run_one_wins() {
    for _ in 0..3 {
        let world = World::approved();
        world.executes("otto", RUN);
        let cancel = [
            "git", "awo", "cancel", RUN, "--task", TASK, "--reason", "no",
        ];
        world.ok("olga", "olga", &cancel);
        let children = at_once(&world, ["otto", "olga"]);
        let (won, told) = children;
        match won {
            "olga" => settled(&world, ["otto", "olga"], &told, "@run."),
            // Of a run that is there the cancellation says another thing than its maker saw.
            _ => {
                assert!(told.contains("binds-run-record"), "{told}");
                world.ok("olga", "olga", &["git", "awo", "fetch"]);
            }
        }
    }
}

#[test]
fn who_recorded_a_run_that_was_cancelled_is_told_that_first() {
    let world = World::approved();
    world.executes("otto", RUN);
    let cancel = [
        "git", "awo", "cancel", RUN, "--task", TASK, "--reason", "no",
    ];
    world.ok("olga", "olga", &cancel);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let done = world.run("otto", "otto", &["git", "awo", "push"]);
    let told = done.text;
    assert_eq!(done.code, 1, "{told}");
    settled(&world, ["otto", "olga"], &told, "@run.");
    assert!(told.contains("run-over"), "{told}");
    for follows in ["STR-001", "GOV-002"] {
        assert!(!told.contains(follows), "{follows}: {told}");
    }
    // The twin: a run of another name, which the server takes.
    world.executes("otto", "run_2");
    world.ok("otto", "otto", &["git", "awo", "push"]);
}
