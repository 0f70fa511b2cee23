//! Rows about the plans of work packets.

use git_awo::record::Rule;

use super::{CASE, Case, End};
use crate::post_work::{DO, PLAN, TASK, approved, published};
use crate::world::World;

/// Plans more than is there, and what was really meant.
fn plans(world: &World) {
    world.write("far.toml", PLAN.replace("1-3", "1-9"));
    world.write("plan.toml", PLAN);
}

/// A plan for one line more.
fn plans_more(world: &World) {
    world.write("plan.toml", PLAN.replace("delta = 0", "delta = 1"));
}

const MORE: &str = "mkdir -p docs; echo x > docs/notes.md; sed -i '2i x' src/strings.py";

const FILL: &[(&str, &str)] = &[("FILE", "../plan.toml")];

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::PreWorkPlan,
        stage: approved,
        prepare: plans,
        act: &[
            "git",
            "awo",
            "packet",
            "pre-work",
            TASK,
            "--plan",
            "../far.toml",
        ],
        fill: FILL,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::PreWorkFirst,
        stage: approved,
        prepare: plans,
        act: &["git", "awo", "run", TASK, "--", "sh", "-c", DO],
        fill: FILL,
        ..CASE
    },
    Case {
        rule: Rule::PostWorkGate,
        stage: published,
        prepare: plans_more,
        act: &["git", "awo", "run", TASK, "--", "sh", "-c", MORE],
        fill: FILL,
        ..CASE
    },
];
