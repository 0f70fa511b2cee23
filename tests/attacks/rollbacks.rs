//! Roll-backs that take back more, less, or something else.

use super::*;

#[test]
fn the_exact_roll_back_is_accepted() {
    let world = World::rejected();
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    assert_eq!(
        world.rev("server.git", "refs/heads/main^{tree}"),
        world.rev("server.git", "refs/heads/main~2^{tree}"),
        "the tree is as it was before the run"
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // Once: there is nothing left to take back.
    world.refused("olga", "olga", &["git", "awo", "rollback", RUN], "GOV-008");
}

#[test]
fn gits_own_revert_is_accepted_if_it_is_exact() {
    let world = World::rejected();
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.push_accepted("olga", &["main"]);
}

#[test]
fn a_roll_back_without_a_rejection_is_refused() {
    let world = World::landed();
    world.refused("olga", "olga", &["git", "awo", "rollback", RUN], "GOV-008");
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.attack("olga", &["main"], "GOV-008");
}

/// Commits a roll-back with this trailer after `change` has altered what is reverted.
fn bad_roll_back(change: impl FnOnce(&World)) {
    let world = World::rejected();
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-commit",
            "HEAD",
        ],
    );
    change(&world);
    world.commit("olga", &format!("Roll back {RUN}\n\nAWO-Rollback: {RUN}"));
    world.attack("olga", &["main"], "GOV-008");
}

#[test]
fn a_partial_roll_back_is_refused() {
    bad_roll_back(|world| {
        world.ok(
            "olga",
            "olga",
            &[
                "git",
                "checkout",
                "--quiet",
                "HEAD",
                "--",
                "test_strings.py",
            ],
        );
    });
}

#[test]
fn a_larger_roll_back_is_refused() {
    bad_roll_back(|world| world.write("olga/src/more.py", "x = 1\n"));
}

#[test]
fn a_faked_roll_back_is_refused() {
    bad_roll_back(|world| world.write("olga/src/strings.py", "print('other')\n"));
}

#[test]
fn a_revert_of_the_revert_is_refused() {
    let world = World::rejected();
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.attack("olga", &["main"], "REP-001");
}

#[test]
fn the_same_commit_again_after_a_roll_back_is_refused() {
    let world = World::rejected();
    let commit = world.rev("olga", "HEAD");
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "--quiet", "--hard", "origin/main"],
    );
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "cherry-pick",
            &commit,
        ],
    );
    world.attack("otto", &["main"], "ATT-002");
}

#[test]
fn an_amended_commit_is_refused() {
    let world = World::finalized();
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "commit",
            "--quiet",
            "--no-verify",
            "--amend",
            "--no-edit",
            "--date",
            "2030-01-01T00:00:00Z",
        ],
    );
    let mut refspecs = RECORDS.to_vec();
    refspecs.push("main");
    world.attack("otto", &refspecs, "ATT-002");
}
