//! Roll-back: dressed up, partial, too much, of the wrong thing, twice.

use super::Case;
use super::door::Door;
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "V-01",
        attack: "git's own exact revert directly on top",
        answer: "accepted",
        tests: &[
            "attacks::rollbacks::the_exact_roll_back_is_accepted",
            "attacks::rollbacks::gits_own_revert_is_accepted_if_it_is_exact",
        ],
    },
    Case {
        id: "V-02",
        attack: "a commit that says it reverts, with other content",
        answer: "GOV-008",
        tests: &[
            "attacks::rollbacks::a_faked_roll_back_is_refused",
            "hostile::rollbacks::what_is_dressed_as_a_roll_back_is_refused",
        ],
    },
    Case {
        id: "V-03",
        attack: "a partial revert, or one with an additional file",
        answer: "GOV-008",
        tests: &[
            "attacks::rollbacks::a_partial_roll_back_is_refused",
            "attacks::rollbacks::a_larger_roll_back_is_refused",
        ],
    },
    Case {
        id: "V-05",
        attack: "the revert of the revert, or the same commit again, without a new approval",
        answer: "REP-001, ATT-002",
        tests: &[
            "attacks::rollbacks::a_revert_of_the_revert_is_refused",
            "attacks::rollbacks::the_same_commit_again_after_a_roll_back_is_refused",
        ],
    },
    Case {
        id: "V-06",
        attack: "a revert of something that no run made: a merge, an adopted commit, the policy",
        answer: "GOV-008",
        tests: &["hostile::rollbacks::only_a_rejected_run_is_rolled_back"],
    },
    Case {
        id: "V-09",
        attack: "two runs: both rolled back in one commit, or one under the name of the other",
        answer: "GOV-008",
        tests: &["hostile::rollbacks::two_runs_are_rolled_back_one_by_one"],
    },
    Case {
        id: "U-67",
        attack: "a run that was rejected before it landed is finalized",
        answer: "GOV-011",
        tests: &["life::pushes::a_run_that_was_rejected_before_it_landed_does_not_land"],
    },
];

/// Commits on top of main as olga: this tree, this message; returns the commit.
fn on_main(door: &Door, tree: &str, message: &str) -> String {
    let tip = door.world.rev("olga", "origin/main");
    let tree = door.world.rev("olga", tree);
    door.raw().commit(&tree, &[&tip], message)
}

fn to_main(commit: &str) -> String {
    format!("{commit}:refs/heads/main")
}

#[test]
fn what_is_dressed_as_a_roll_back_is_refused() {
    let door = Door::new(World::rejected(), "olga");
    let tip = door.world.rev("olga", "origin/main");
    let own = format!("Roll back {RUN}\n\nAWO-Rollback: {RUN}\n");
    let git = format!("Revert \"x\"\n\nThis reverts commit {tip}.\n");
    for message in [&own, &git] {
        let nothing = on_main(&door, "origin/main^{tree}", message);
        door.refuses_push(
            "a roll-back of nothing",
            &[&to_main(&nothing)],
            &["GOV-008"],
        );
        let other = door.raw().tree(&[]);
        let other = on_main(&door, &other, message);
        let pushed = door.push(&[&to_main(&other)]);
        assert!(pushed.codes.contains("GOV-008"), "{}", pushed.text);
    }
    for message in [own, git] {
        let door = Door::new(World::rejected(), "olga");
        let exact = on_main(&door, "origin/main^^{tree}", &message);
        door.accepts_push("the exact inverse", &[&to_main(&exact)]);
    }
}

#[test]
fn only_a_rejected_run_is_rolled_back() {
    let door = Door::new(World::rejected(), "olga");
    let adopted = door.world.rev("olga", "origin/main^");
    let policy = door.world.rev("olga", "refs/awo/policy");
    let ledger = door.world.rev("olga", "refs/awo/ledger");
    for (what, taken_back) in [("adopted", adopted), ("policy", policy), ("ledger", ledger)] {
        let message = format!("Revert \"x\"\n\nThis reverts commit {taken_back}.\n");
        let commit = on_main(&door, "origin/main^^{tree}", &message);
        door.refuses_push(what, &[&to_main(&commit)], &["GOV-008"]);
    }
    for run in ["run_none", "", "../x"] {
        let message = format!("Roll back\n\nAWO-Rollback: {run}\n");
        let commit = on_main(&door, "origin/main^^{tree}", &message);
        let pushed = door.push(&[&to_main(&commit)]);
        assert!(!pushed.accepted, "{run}: {}", pushed.text);
    }
    let both = format!("Roll back\n\nAWO-Rollback: {RUN}\nAWO-Rollback: run_none\n");
    let commit = on_main(&door, "origin/main^^{tree}", &both);
    assert!(!door.push(&[&to_main(&commit)]).accepted, "two names");
}

/// A second governed run on top of the first, both landed, and both rejected.
fn two_rejected_runs() -> World {
    let world = World::rejected();
    let (task, run) = ("SLUG-2", "run_again");
    let packet = crate::world::PACKET.replace("SLUG-1", task);
    world.write("second.md", packet);
    let sentence = crate::world::SENTENCE.replace("SLUG-1", task);
    let agent = "echo '# once more' >> src/strings.py";
    let acts: &[(&str, &[&str])] = &[
        ("olga", &["task", "import", "../second.md"]),
        ("olga", &["approve", task, "--sentence", &sentence]),
        ("olga", &["push"]),
        ("otto", &["fetch"]),
        (
            "otto",
            &["run", task, "--run-id", run, "--", "sh", "-c", agent],
        ),
        ("otto", &["push"]),
        ("rita", &["fetch"]),
        ("rita", &["gate", run]),
        ("rita", &["approve", run]),
        ("rita", &["attest", run]),
        ("rita", &["push"]),
        ("otto", &["fetch"]),
        ("otto", &["finalize", run]),
        ("otto", &["push"]),
        ("olga", &["fetch"]),
        ("olga", &["outcome", run, "rejected", "--reason", "no"]),
        ("olga", &["push"]),
    ];
    for (who, words) in acts {
        world.ok(who, who, &[&["git", "awo"], *words].concat());
    }
    world
}

#[test]
fn two_runs_are_rolled_back_one_by_one() {
    let door = Door::new(two_rejected_runs(), "olga");
    let name = |run: &str| format!("Roll back {run}\n\nAWO-Rollback: {run}\n");
    let last = "origin/main^^{tree}";
    let before_both = "origin/main~2^{tree}";
    let under_one = on_main(&door, before_both, &name("run_again"));
    door.refuses_push(
        "both, under one name",
        &[&to_main(&under_one)],
        &["GOV-008"],
    );
    let other = on_main(&door, last, &name(RUN));
    door.refuses_push(
        "one, under the other's name",
        &[&to_main(&other)],
        &["GOV-008"],
    );
    let both = format!("{}AWO-Rollback: {RUN}\n", name("run_again"));
    let both = on_main(&door, before_both, &both);
    door.refuses_push("both, under both names", &[&to_main(&both)], &["GOV-008"]);
    // The benign twin: one after the other, each by itself.
    let first = on_main(&door, last, &name("run_again"));
    door.accepts_push("the last one", &[&to_main(&first)]);
    door.world
        .ok("olga", "olga", &["git", "fetch", "--quiet", "origin"]);
    let second = on_main(&door, "origin/main~3^{tree}", &name(RUN));
    door.accepts_push("and the one before", &[&to_main(&second)]);
    door.world.fresh_clone();
    door.world.ok("vera", "vera", &["git", "awo", "verify"]);
}
