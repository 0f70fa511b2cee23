//! Baselines: what stands in the directory, and what they follow.

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::baselines::{ROOT, promotions, with_files, with_root, with_state};
use crate::world::World;

const CREATE: &[&str] = &["git", "awo", "amu0", "create", "BASE"];
const OTHER_NAME: &[(&str, &str)] = &[("NAME", "OTHER")];

fn create(world: &World) {
    world.ok("otto", "otto", CREATE);
}

fn push(world: &World, who: &str) {
    world.ok(who, who, &["git", "awo", "push"]);
}

/// olga has pushed a baseline of the line, and otto has made another one.
fn two_first_ones(world: &World) {
    create(world);
    crate::baselines::fill(&world.path("olga").join(ROOT));
    world.ok("olga", "olga", &["git", "awo", "amu0", "create", "FIRST"]);
    push(world, "olga");
}

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::StatePresent,
        stage: with_state,
        act: CREATE,
        pick: BY_HAND,
        then: |world| std::fs::create_dir_all(world.path("otto").join(ROOT)).unwrap(),
        ..CASE
    },
    Case {
        rule: Rule::StateKind,
        stage: with_files,
        prepare: |world| {
            world.ok("otto", "otto", &["git", "init", "-q", "src/state/inner"]);
        },
        act: CREATE,
        pick: BY_HAND,
        then: |world| {
            world.ok("otto", "otto", &["mv", "src/state/inner", "../elsewhere"]);
        },
        ..CASE
    },
    Case {
        rule: Rule::StateRootNamed,
        stage: World::founded,
        prepare: |world| {
            crate::baselines::fill(&world.path("otto").join(ROOT));
            let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
            world.write(
                "p.toml",
                with_root(text).replace("version = 1", "version = 2"),
            );
        },
        act: CREATE,
        by: Some(("olga", "olga")),
        fill: &[("FILE", "../p.toml")],
        then: |world| {
            world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
            push(world, "olga");
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        ..CASE
    },
    Case {
        rule: Rule::BaselineTaken,
        stage: with_files,
        prepare: create,
        act: CREATE,
        fill: OTHER_NAME,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::BaselineLine,
        stage: with_files,
        prepare: two_first_ones,
        act: &["git", "awo", "push"],
        fill: OTHER_NAME,
        end: End::Passes,
        ..CASE
    },
    Case {
        rule: Rule::BaselinePresent,
        stage: with_files,
        prepare: |world| {
            create(world);
            push(world, "otto");
            std::fs::create_dir_all(world.path("rita").join(ROOT)).unwrap();
        },
        who: ("rita", "rita"),
        act: &["git", "awo", "amu0", "restore", "BASE"],
        ..CASE
    },
    Case {
        rule: Rule::BaselineRun,
        stage: promotions::attested,
        act: &["git", "awo", "amu0", "promote", promotions::FIRST, "NEXT"],
        ..CASE
    },
    Case {
        rule: Rule::BaselineBefore,
        stage: promotions::finalized,
        prepare: |world| {
            let delete = ["git", "update-ref", "-d", "refs/awo/amu0/T-1/PRE"];
            world.ok("otto", "otto", &delete);
        },
        act: &["git", "awo", "amu0", "promote", promotions::FIRST, "NEXT"],
        fill: OTHER_NAME,
        ..CASE
    },
];

#[test]
fn baselines() {
    play_all(CASES);
}
