//! A branch that is behind or beside that of the server, and records that a push leaves out.

use git_awo::record::Rule;

use super::{CASE, Case, play_all};
use crate::howtos::MOVES;
use crate::world::{RUN, World};

const OLGA: (&str, &str) = ("olga", "olga");
const RITA: (&str, &str) = ("rita", "rita");
const SECOND: &str = "T-2";
const SECOND_RUN: &str = "run_2";

/// olga's words on the second task.
const APPROVE: &[&str] = &[
    "git",
    "awo",
    "approve",
    SECOND,
    "--sentence",
    "I approve T-2.",
];

/// otto lets a command run for it.
const EXECUTE: &[&str] = &[
    "git",
    "awo",
    "run",
    SECOND,
    "--run-id",
    SECOND_RUN,
    "--",
    "sh",
    "-c",
    "echo >> src/strings.py",
];

/// Somebody's main is where it was before the last run landed; the tracking ref is not.
fn falls_behind(world: &World, who: &str) {
    world.ok(who, who, &["git", "awo", "fetch"]);
    world.ok(who, who, &["git", "reset", "-q", "--hard", "origin/main^"]);
}

fn up_to_date(world: &World, who: &str) {
    world.ok(who, who, &["git", "awo", "fetch"]);
    let merge = ["git", "merge", "-q", "--ff-only", "origin/main"];
    world.ok(who, who, &merge);
}

/// olga writes a second task, and approves it on what has landed.
fn approved(world: &World) {
    up_to_date(world, "olga");
    world.writes_a_contract("olga", SECOND);
    world.ok("olga", "olga", APPROVE);
    world.ok("olga", "olga", &["git", "awo", "push"]);
}

/// otto has executed it, and rita attested.
fn attested(world: &World) {
    approved(world);
    up_to_date(world, "otto");
    world.ok("otto", "otto", EXECUTE);
    for (who, act) in [
        ("otto", "push"),
        ("rita", "fetch"),
        ("rita", "gate"),
        ("rita", "approve"),
        ("rita", "attest"),
        ("rita", "push"),
    ] {
        let mut words = vec!["git", "awo", act];
        if !matches!(act, "push" | "fetch") {
            words.push(SECOND_RUN);
        }
        world.ok(who, who, &words);
    }
}

/// A run of a clone that is behind.
const RUNS: Case = Case {
    prepare: |world| {
        approved(world);
        falls_behind(world, "otto");
    },
    act: EXECUTE,
    ..CASE
};

/// otto's branch and that of the server each have a commit that the other lacks.
fn beside(world: &World) {
    world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
    world.write("otto/src/one.py", "x\n");
    world.commit("otto", "One");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "reset", "-q", "--hard", "HEAD^"]);
    world.write("otto/src/two.py", "x\n");
    world.commit("otto", "Two");
}

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::BindsBase,
        ..RUNS
    },
    Case {
        rule: Rule::TaskApproved,
        ..RUNS
    },
    // From another branch.
    Case {
        rule: Rule::BindsBase,
        prepare: |world| {
            approved(world);
            falls_behind(world, "otto");
            world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
        },
        ..RUNS
    },
    Case {
        rule: Rule::BranchMoved,
        prepare: |world| {
            world.writes_a_contract("olga", SECOND);
            falls_behind(world, "olga");
        },
        who: OLGA,
        act: APPROVE,
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::BaseIsTip,
        prepare: |world| {
            attested(world);
            falls_behind(world, "rita");
        },
        who: RITA,
        act: &["git", "awo", "finalize", SECOND_RUN],
        ..CASE
    },
    // Somebody else has finalized it, and it has landed.
    Case {
        rule: Rule::BaseIsTip,
        prepare: |world| {
            attested(world);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
            world.ok("otto", "otto", &["git", "awo", "finalize", SECOND_RUN]);
            world.ok("otto", "otto", &["git", "awo", "push"]);
            world.ok("rita", "rita", &["git", "awo", "fetch"]);
            world.ok(
                "rita",
                "rita",
                &["git", "reset", "-q", "--hard", "origin/main~2"],
            );
        },
        who: RITA,
        act: &["git", "awo", "finalize", SECOND_RUN],
        ..CASE
    },
    Case {
        rule: Rule::Finalization,
        stage: World::finalized,
        act: &["git", "push", "-q", "origin", "main"],
        ..CASE
    },
    // Past the hooks of the clone, the server says so.
    Case {
        rule: Rule::Finalization,
        stage: World::finalized,
        act: &["git", "push", "-q", "--no-verify", "origin", "main"],
        ..CASE
    },
    Case {
        rule: Rule::Finalization,
        stage: World::attested,
        prepare: |world| {
            world.takes_tags("");
            world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
            world.ok("otto", "otto", &["git", "tag", "-s", "-m", "x", "v9"]);
        },
        act: &["git", "push", "-q", "--follow-tags", "origin", "main"],
        ..CASE
    },
    Case {
        rule: Rule::BranchMoved,
        stage: World::founded,
        prepare: beside,
        act: &["git", "awo", "push"],
        pick: &[0, 1, 2],
        ..CASE
    },
    Case {
        rule: Rule::SubmodulesPushed,
        stage: World::with_submodules,
        prepare: |world| {
            let check = "git config push.recurseSubmodules check\n";
            world.typed("olga", "howto/olga", &(check.to_owned() + MOVES));
        },
        who: ("olga", "howto/olga"),
        act: &["git", "awo", "push"],
        fill: &[("SUBMODULE", "vendor/lib"), ("BRANCH", "main")],
        ..CASE
    },
];

#[test]
fn a_branch_that_is_behind_or_beside_follows_by_the_remedy() {
    play_all(CASES);
}

#[test]
fn a_push_names_what_has_diverged_and_takes_the_rest_along() {
    let world = World::approved();
    beside(&world);
    world.ok("otto", "otto", &["git", "switch", "-q", "main"]);
    world.executes("otto", RUN);
    world.ok("otto", "otto", &["git", "switch", "-q", "wip/x"]);
    let theirs = world.rev("server.git", "refs/heads/wip/x");
    let done = world.run("otto", "otto", &["git", "awo", "push"]);
    assert_eq!(done.code, 1, "{}", done.text);
    for part in [
        "not pushed: refs/heads/wip/x",
        "branch-moved",
        "git rebase origin/wip/x",
    ] {
        assert!(done.text.contains(part), "{part}: {}", done.text);
    }
    let ledger = world.rev("server.git", "refs/awo/ledger");
    assert_eq!(ledger, world.rev("otto", "refs/awo/ledger"), "records went");
    assert_eq!(theirs, world.rev("server.git", "refs/heads/wip/x"));
    // Records alone are asked for, and a branch that is only behind has nothing to push.
    world.ok("otto", "otto", &["git", "awo", "push", "--records-only"]);
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "-q", "--hard", "origin/wip/x^"],
    );
    let said = world.ok("otto", "otto", &["git", "awo", "push"]);
    assert!(said.contains("nothing to push"), "{said}");
}

#[test]
fn what_a_fork_has_on_a_branch_of_that_name_counts_for_nothing() {
    let world = World::landed();
    world.writes_a_contract("olga", SECOND);
    let fork = "git remote add fork ../nowhere && git update-ref refs/remotes/fork/main \
                $(git commit-tree --no-gpg-sign -p main -m x main^{tree})";
    world.ok("olga", "olga", &["sh", "-c", fork]);
    world.ok("olga", "olga", APPROVE);
    // Beside the same of the server, which counts.
    let server = "git update-ref refs/remotes/origin/main refs/remotes/fork/main";
    world.ok("olga", "olga", &["sh", "-c", server]);
    let again = [APPROVE, &["--again"]].concat();
    world.refused("olga", "olga", &again, "branch-moved");
}
