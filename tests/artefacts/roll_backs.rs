//! Roll-backs of runs and reverts of commits: they may take versions back, and nobody gives these out again as something else.

use super::pages::page;
use super::runs::{approved, finalizes, writes};
use super::{INDEXED, VERSIONED, commit, commit_as, door, file, gone, refuses, refuses_all};
use crate::hostile::door::Door;
use crate::world::World;

const FIXED: &str = "GOV-003 artefact-fixed";
const ARCHIVE: &str = "GOV-003 artefact-archive";
const PAGE: &str = "src/specs/INDEX.md";

/// otto's run lands, and everybody has it.
fn lands(world: &World, run: &str, task: &str, script: &str) {
    finalizes(world, run, task, script);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let merge = ["git", "merge", "-q", "--ff-only", "origin/main"];
    world.ok("olga", "olga", &merge);
}

#[test]
fn what_was_taken_back_does_not_come_back_as_something_else() {
    let world = door(INDEXED).world;
    lands(
        &world,
        "run_a",
        "T-1",
        &writes("A_v1.0.md", "a", &["A_v1.0.md"]),
    );
    lands(
        &world,
        "run_b",
        "T-2",
        &writes("B_v1.0.md", "b", &["A_v1.0.md", "B_v1.0.md"]),
    );
    let reject = [
        "git", "awo", "outcome", "run_a", "rejected", "--reason", "no",
    ];
    world.ok("olga", "olga", &reject);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let door = Door::new(world, "olga");
    let tip = door.world.rev("olga", "origin/main");
    let message = "Roll back\n\nAWO-Rollback: run_a\n";
    let taken_back = |text: &str| {
        commit_as(
            &door,
            &[&tip],
            message,
            &[gone("src/specs/A_v1.0.md"), file(PAGE, text)],
        )
    };
    let to_main = |commit: &str| format!("{commit}:refs/heads/main");
    for (what, text) in [
        ("as before the run", page(&["B_v1.0.md", "A_v1.0.md"])),
        ("none of the two", page(&[])),
        ("another text", "hello\n".to_owned()),
    ] {
        let wrong = taken_back(&text);
        door.refuses_push(what, &[&to_main(&wrong)], &["INT-008"]);
    }
    let listed = page(&["B_v1.0.md", "C_v1.0.md"]);
    let more = [
        gone("src/specs/A_v1.0.md"),
        file(PAGE, &listed),
        file("src/specs/C_v1.0.md", "c"),
    ];
    let more = commit_as(&door, &[&tip], message, &more);
    door.refuses_push("something besides", &[&to_main(&more)], &["GOV-008"]);
    // The command makes the page that belongs to what is left.
    let world = &door.world;
    world.ok("olga", "olga", &["git", "awo", "rollback", "run_a"]);
    let there = world.ok("olga", "olga", &["git", "show", &format!("HEAD:{PAGE}")]);
    assert_eq!(there, page(&["B_v1.0.md"]));
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok(
        "otto",
        "otto",
        &["git", "merge", "-q", "--ff-only", "origin/main"],
    );
    // Another content under the same version is refused before it is recorded, the next one is taken.
    approved(world, "T-3");
    let again = writes("A_v1.0.md", "other", &["A_v1.0.md", "B_v1.0.md"]);
    let words = [
        "git", "awo", "run", "T-3", "--run-id", "run_c", "--", "sh", "-c", &again,
    ];
    let said = world.refused("otto", "otto", &words, "GOV-003");
    assert!(said.contains("has taken back"), "{said}");
    world.executes_by(
        "run_c",
        "T-3",
        &writes("A_v1.0.md", "a", &["A_v1.0.md", "B_v1.0.md"]),
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_reverted_version_does_not_come_back_as_something_else() {
    let door = door(VERSIONED);
    let (main, _) = door.base();
    let (one, two) = ("src/specs/A_v1.0.md", "src/specs/A_v1.1.md");
    let first = commit(&door, &main, &[file(one, "1")]);
    let second = commit(&door, &first, &[file(two, "2")]);
    let revert = |target: &str, edits: &[super::Edit<'_>]| {
        let message = format!("Revert \"Work\"\n\nThis reverts commit {target}.\n");
        commit_as(&door, &[&second], &message, edits)
    };
    let taken_back = revert(&second, &[gone(two)]);
    refuses_all(
        &door,
        &[
            ("no revert", commit(&door, &second, &[gone(two)]), FIXED),
            (
                "more than the revert",
                revert(&second, &[gone(two), gone(one)]),
                FIXED,
            ),
            (
                "a revert that changes",
                revert(&second, &[file(two, "3")]),
                FIXED,
            ),
            (
                "again with another content",
                commit(&door, &taken_back, &[file(two, "3")]),
                FIXED,
            ),
            (
                "by another spelling",
                commit(&door, &taken_back, &[file("src/specs/a_v1.1.0.md", "3")]),
                FIXED,
            ),
        ],
    );
    door.accepts("the revert", &taken_back);
    door.accepts(
        "the same content",
        &commit(&door, &taken_back, &[file(two, "2")]),
    );
    let message = format!("Reapply \"Work\"\n\nThis reverts commit {taken_back}.\n");
    let reapplied = commit_as(&door, &[&taken_back], &message, &[file(two, "2")]);
    door.accepts("the revert of the revert", &reapplied);
    let next = commit(&door, &taken_back, &[file("src/specs/A_v1.0.1.md", "3")]);
    door.accepts("another version", &next);
    // An earlier commit, with a later one on top.
    let middle = revert(&first, &[gone(one)]);
    door.accepts("the revert of an earlier commit", &middle);
    let merged = commit_as(&door, &[&second, &taken_back], "Merge\n", &[gone(two)]);
    let other = commit(&door, &merged, &[file(two, "3")]);
    refuses_all(&door, &[("after a merge of the revert", other, FIXED)]);
    door.world.fresh_clone();
}

#[test]
fn only_what_the_branch_has_is_reverted() {
    let door = door(VERSIONED);
    let (main, _) = door.base();
    let one = "src/specs/A_v1.0.md";
    let ours = commit(&door, &main, &[file(one, "1")]);
    let elsewhere = commit(&door, &main, &[file(one, "1"), file("src/x", "x")]);
    door.accepts("ours", &ours);
    door.accepts("elsewhere", &elsewhere);
    for target in [
        elsewhere.as_str(),
        &"1".repeat(40),
        &door.world.rev("otto", "refs/awo/policy"),
    ] {
        let message = format!("Revert \"Work\"\n\nThis reverts commit {target}.\n");
        let commit = commit_as(&door, &[&ours], &message, &[gone(one)]);
        refuses(&door, target, &commit, FIXED);
    }
}

#[test]
fn a_revert_is_the_exact_inverse_below_the_roots() {
    let door = door(VERSIONED);
    let (main, _) = door.base();
    let (one, two) = ("src/specs/A_v1.0.md", "src/specs/B_v1.0.md");
    let archived = "src/specs/archive/A_v1.0.md";
    let both = commit(
        &door,
        &main,
        &[file(one, "a"), file(two, "b"), file("src/x", "x")],
    );
    let moved = commit(&door, &both, &[gone(one), file(archived, "a")]);
    let revert = |tip: &str, target: &str, edits: &[super::Edit<'_>]| {
        let message = format!("Revert \"Work\"\n\nThis reverts commit {target}.\n");
        commit_as(&door, &[tip], &message, edits)
    };
    let given_up = revert(&moved, &moved, &[gone(archived)]);
    let back = [gone(archived), file(one, "a")];
    let with_more = [back[0], back[1], file("src/specs/C_v1.0.md", "c")];
    refuses_all(
        &door,
        &[
            ("a part", revert(&both, &both, &[gone(one)]), FIXED),
            (
                "with something else",
                revert(
                    &both,
                    &both,
                    &[gone(one), gone(two), file("src/specs/C_v1.0.md", "c")],
                ),
                FIXED,
            ),
            ("gone from the archive", given_up.clone(), ARCHIVE),
            (
                "back as something else",
                revert(&moved, &moved, &[gone(archived), file(one, "b")]),
                ARCHIVE,
            ),
            (
                "back with something else",
                revert(&moved, &moved, &with_more),
                ARCHIVE,
            ),
            (
                "given up through an archive, and given out again",
                commit(&door, &given_up, &[file(one, "other")]),
                FIXED,
            ),
        ],
    );
    // What is not below a root is nothing that these rules ask about.
    let all = revert(&both, &both, &[gone(one), gone(two), file("src/y", "y")]);
    door.accepts("the whole", &all);
    door.accepts("back from the archive", &revert(&moved, &moved, &back));
}
