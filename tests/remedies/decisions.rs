//! Decisions on gates.

use git_awo::record::Rule;

use super::{CASE, Case, End, play_all};
use crate::automation::world;
use crate::automation_runs::{RUN, TASK, undecided_at};
use crate::world::World;

const OLGA: (&str, &str) = ("olga", "olga");

/// What a model adds to the command of a remedy that decides.
const SURE: (&str, &str) = ("git awo decide", "--confidence 0.9");

const RUNS: &[&str] = &[
    "git",
    "awo",
    "run",
    TASK,
    "--run-id",
    RUN,
    "--",
    "sh",
    "-c",
    "echo changed > src/decided.py",
];

fn hybrid() -> World {
    world("HYBRID", "")
}

fn undecided() -> World {
    undecided_at("HYBRID", "")
}

/// olga fetches, and answers what is open.
fn answered(world: &World) {
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let open = world.ok("olga", "olga", &["git", "awo", "decisions", "--open"]);
    let words: Vec<_> = open.split(' ').filter(|it| !it.is_empty()).collect();
    let (id, gate, target) = (words[0], words[2], words[3]);
    let answer = format!("{gate} {target} approve --rationale y --answers {id}");
    world.approves("olga", &answer);
}

fn asked(world: &World) {
    let (code, _, text) = world.decides(
        "otto",
        "SpecApproval task/T-1 defer --confidence 0.5 --rationale unsure",
    );
    assert_eq!(code, 0, "{text}");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
}

/// otto's model approves SpecApproval of `T-1`, with these words more.
macro_rules! approves {
    ($gate:literal, $($more:literal),*) => {
        &["git", "awo", "decide", $gate, "task/T-1", "approve", "--rationale", "x", $($more),*]
    };
}

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::BelowThreshold,
        stage: hybrid,
        act: approves!(
            "SpecApproval",
            "--confidence",
            "0.5",
            "--evidence",
            "task/T-1"
        ),
        pick: &[0],
        then: answered,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::HumanRequired,
        stage: hybrid,
        act: approves!(
            "ScopeChange",
            "--confidence",
            "1.0",
            "--evidence",
            "task/T-1"
        ),
        pick: &[0],
        then: answered,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::GateForbidden,
        stage: || {
            world(
                "HYBRID",
                "[[automation.gate]]\nname = \"ScopeChange\"\nHYBRID = \"never\"\n",
            )
        },
        act: approves!(
            "ScopeChange",
            "--confidence",
            "1.0",
            "--evidence",
            "task/T-1"
        ),
        fill: &[("CODE", "not-here"), SURE],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::GateUnknown,
        stage: hybrid,
        act: approves!(
            "specapproval",
            "--confidence",
            "0.9",
            "--evidence",
            "task/T-1"
        ),
        fill: &[
            ("GATE", "SpecApproval"),
            ("TARGET", "task/T-1"),
            ("CODE", "x --evidence task/T-1"),
            SURE,
        ],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::DecisionEvidence,
        stage: hybrid,
        act: approves!("SpecApproval", "--confidence", "0.9"),
        fill: &[("REF", "task/T-1")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::DecisionEvidence,
        stage: hybrid,
        act: approves!(
            "SpecApproval",
            "--confidence",
            "0.9",
            "--evidence",
            "run/run_none"
        ),
        fill: &[("REF", "task/T-1")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::OneLiveDecision,
        stage: crate::automation::decided,
        act: approves!(
            "SpecApproval",
            "--confidence",
            "0.95",
            "--evidence",
            "task/T-1"
        ),
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::AnswerInTurn,
        stage: hybrid,
        prepare: asked,
        who: OLGA,
        act: approves!("SpecApproval", "--answers", "dec-none"),
        then: answered,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::AnswerInTurn,
        stage: hybrid,
        prepare: asked,
        who: OLGA,
        act: approves!("SpecApproval", "--supersedes", "dec-none"),
        then: answered,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::BindingStale,
        stage: undecided,
        prepare: |world| {
            let policy = world.rev("otto", "refs/awo/policy");
            let more = format!("--confidence 0.9 --evidence BASE --base {policy}");
            world.opens("otto", &more);
        },
        act: RUNS,
        fill: &[("CODE", "x --evidence task/T-2"), SURE],
        ..CASE
    },
    Case {
        rule: Rule::ModelIdentity,
        stage: undecided,
        prepare: |world| {
            world.opens("otto", "--confidence 0.9 --evidence BASE");
            world.ok("otto", "otto", &["git", "awo", "push"]);
            let text = std::fs::read_to_string(world.path("policy/next.toml")).unwrap();
            let text = text.replacen("version = 2", "version = 3", 1);
            world.next_policy(3, None, |_| text.replace("gpt-5.2", "gpt-6"));
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        act: RUNS,
        ..CASE
    },
];

#[test]
fn whoever_is_refused_a_gate_is_told_what_opens_it() {
    play_all(CASES);
}
