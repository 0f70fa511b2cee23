//! A server's hook that does not come to its end lets nothing in.

use crate::world::{PROGRAM, RUN, World};

/// A record to push, and a server whose hook ends as this script says.
fn with_hook(name: &str, script: &str) -> World {
    let world = World::landed();
    let outcome = ["git", "awo", "outcome", RUN, "accepted", "--reason", "yes"];
    world.ok("olga", "olga", &outcome);
    let path = format!("server.git/hooks/{name}");
    world.write(&path, format!("#!/bin/sh\n{script}\n"));
    world.ok("server", ".", &["chmod", "+x", &path]);
    world
}

#[test]
fn a_push_is_refused_when_a_hook_is_killed_or_fails_or_is_not_heard_to_the_end() {
    let early = format!("exec {PROGRAM} hook pre-receive <&-");
    let part = format!("head -c 30 | {PROGRAM} hook pre-receive");
    let late = format!("timeout 0.001 sh -c 'sleep 5; exec {PROGRAM} hook pre-receive'");
    let ends = [
        "kill -KILL $$",
        "kill -SEGV $$",
        "kill -TERM $$",
        "cat >/dev/null; exit 101",
        early.as_str(),
        part.as_str(),
        late.as_str(),
    ];
    for script in ends {
        let world = with_hook("pre-receive", script);
        let before = world.server();
        let words = ["git", "push", "--no-verify", "origin", "refs/awo/ledger"];
        let done = world.run("olga", "olga", &words);
        assert_ne!(done.code, 0, "{script}: {}", done.text);
        assert_eq!(world.server(), before, "{script}: nothing moved");
    }
    let world = with_hook(
        "reference-transaction",
        "[ $1 != prepared ] || kill -KILL $$",
    );
    let before = world.server();
    let words = ["git", "push", "--no-verify", "origin", "refs/awo/ledger"];
    assert_ne!(world.run("olga", "olga", &words).code, 0);
    assert_eq!(world.server(), before);
    // The benign twin: the hook as it was installed.
    let script =
        format!("GIT_AWO_PARENT=$PPID; export GIT_AWO_PARENT\nexec {PROGRAM} hook pre-receive");
    let world = with_hook("pre-receive", &script);
    world.push_accepted("olga", &["refs/awo/ledger"]);
}

#[test]
fn a_branch_does_not_land_while_the_lock_of_the_ledger_keeps_its_records_out() {
    let world = World::finalized();
    let before = world.rev("server.git", "refs/heads/main");
    world.write("server.git/refs/awo/ledger.lock", "");
    let push = |world: &World| {
        let refs = [
            "main",
            "refs/awo/ledger",
            "refs/notes/awo/approvals/*",
            "refs/notes/awo/attestations/*",
        ];
        let words = [&["git", "push", "--no-verify", "origin"][..], &refs].concat();
        world.run("otto", "otto", &words)
    };
    let done = push(&world);
    assert_ne!(done.code, 0, "{}", done.text);
    assert_eq!(
        world.rev("server.git", "refs/heads/main"),
        before,
        "{}",
        done.text
    );
    // The benign twin: the lock is gone.
    std::fs::remove_file(world.path("server.git/refs/awo/ledger.lock")).unwrap();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    assert_ne!(world.rev("server.git", "refs/heads/main"), before);
    super::verified(&world);
}
