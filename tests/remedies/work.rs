//! Work packets.

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::actors::{ALLOWED, OTHER_CODER, with_models};
use crate::claims::{approved_tasks, without_a_server};
use crate::packets::{MAP, mapped};
use crate::post_work;
use crate::risk::{delegating, for_persons};
use crate::versions::with_lineage;
use crate::waivers;
use crate::work::{DOCUMENT, outlined, plain, planned};
use crate::world::{AGENT, RUN, World};

const OLGA: (&str, &str) = ("olga", "olga");
const RITA: (&str, &str) = ("rita", "rita");

const IMPORT: &[&str] = &["git", "awo", "task", "import", "../work.md"];

macro_rules! approve {
    ($task:literal) => {
        &[
            "git",
            "awo",
            "approve",
            $task,
            "--sentence",
            concat!("I approve ", $task, "."),
        ]
    };
}

fn imported() -> World {
    let world = planned();
    world.imports(&plain(&world, "WP-X", 0, &[]));
    world
}

fn signed() -> World {
    let world = imported();
    world.signs("WP-X");
    world
}

/// A second version that says less.
const LESS: (&str, &str) = ("- Outer spaces give none.\n", "");
const WHY: &str = "  - Dropped: \"Outer spaces give none.\": they never did\n";

fn followed() -> World {
    let world = imported();
    world.imports(&plain(&world, "WP-X-v2", 1, &with_lineage(&[LESS], WHY)));
    world.signs("WP-X-v2");
    world
}

/// rita looks at the skeleton that otto makes, and the task is approved again.
fn outlines(world: &World) {
    let run = [
        "git", "awo", "run", "SK-1", "--run-id", "run_s", "--", "sh", "-c", DOCUMENT,
    ];
    world.ok("otto", "otto", &run);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.approves_again("SK-1");
}

fn approved(world: &World) {
    outlines(world);
    world.approves("rita", "SkeletonApproval run/run_s approve --rationale x");
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.everybody_follows();
}

const PUSH: &[&str] = &["git", "awo", "push"];
const RENEW: &[&str] = &["git", "awo", "claim", "T-A", "--renew"];
const RUN_SCRIPT: &[&str] = &[
    "git",
    "awo",
    "run",
    "WP-X",
    "--",
    "sh",
    "{world}/home/otto/act.sh",
];
const HELPED: &[&str] = &[
    "git",
    "awo",
    "run",
    "WP-X",
    "--assisted-by",
    "rita",
    "--",
    "sh",
    "{world}/home/otto/act.sh",
];

/// A world with this packet and its models, in which otto has what does its work as a script.
fn scripted(edit: &[(&str, &str)]) -> World {
    let world = with_models(edit);
    world.write("home/otto/act.sh", mapped(AGENT, MAP));
    world
}

/// What olga has approved again is run without a waiver.
fn runs_as_planned(world: &World) {
    world.ok("olga", "olga", PUSH);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.executes_by("run_again", post_work::TASK, post_work::DO);
}

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::RefinementSigned,
        stage: imported,
        who: OLGA,
        act: approve!("WP-X"),
        fill: &[("REVISION", "HEAD"), ("CODE", "x")],
        ..CASE
    },
    Case {
        rule: Rule::OneLiveDecision,
        stage: signed,
        who: OLGA,
        act: &[
            "git",
            "awo",
            "decide",
            "RefinementSign",
            "refinement/WP-X",
            "approve",
            "--rationale",
            "x",
            "--file",
            "HEAD:docs/plans/WP-X.md",
        ],
        fill: &[("REVISION", "HEAD"), ("PATH", "docs/plans/WP-X.md")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ScopeChanged,
        stage: followed,
        who: OLGA,
        act: approve!("WP-X-v2"),
        fill: &[("CODE", "x")],
        ..CASE
    },
    Case {
        rule: Rule::VersionSuperseded,
        stage: followed,
        prepare: |world| {
            world.approves("olga", "ScopeChange task/WP-X-v2 approve --rationale x");
        },
        who: OLGA,
        act: approve!("WP-X"),
        fill: &[("git awo approve", "--sentence 'I approve WP-X-v2.'")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::LineageComplete,
        stage: || {
            let world = imported();
            world.write(
                "work.md",
                plain(&world, "WP-X-v2", 1, &with_lineage(&[LESS], "")),
            );
            world
        },
        who: OLGA,
        act: IMPORT,
        pick: BY_HAND,
        then: |world| {
            world.write(
                "work.md",
                plain(world, "WP-X-v2", 1, &with_lineage(&[LESS], WHY)),
            );
        },
        ..CASE
    },
    Case {
        rule: Rule::LineagePredecessor,
        stage: || {
            let world = planned();
            world.imports(&plain(&world, "WP-X-v2", 1, &with_lineage(&[], "")));
            world.signs("WP-X-v2");
            world
        },
        who: OLGA,
        act: approve!("WP-X-v2"),
        pick: BY_HAND,
        then: |world| {
            world.imports(&plain(world, "WP-X-v3", 2, &with_lineage(&[], "")));
            world.signs("WP-X-v3");
            world.approves_task("WP-X-v3");
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::PacketFiles,
        stage: || {
            let world = planned();
            world.imports(&plain(&world, "WP-Y", 0, &[]));
            world
        },
        who: OLGA,
        act: approve!("WP-Y"),
        pick: BY_HAND,
        then: |world| {
            world.write("olga/docs/plans/WP-Y-v2.md", "# WP-Y\n");
            world.lands_documents("the plan");
            world.imports(&plain(world, "WP-Y-v2", 1, &with_lineage(&[], "")));
            world.signs("WP-Y-v2");
            let text = world.ok("olga", "olga", &["git", "awo", "task", "show", "WP-Y-v2"]);
            assert!(text.contains("refinement blob"), "{text}");
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::EvidenceMap,
        stage: || crate::work_evidence::world_with(crate::work_evidence::PACKET),
        act: &[
            "git",
            "awo",
            "run",
            "EV-1",
            "--run-id",
            "run_1",
            "--",
            "sh",
            "-c",
            crate::work_evidence::DO,
        ],
        pick: BY_HAND,
        then: |world| {
            use crate::work_evidence::{DO, MAP, TASK};
            world.executes_by("run_1", TASK, &crate::packets::mapped(DO, MAP));
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::DelegationTier,
        stage: delegating,
        who: OLGA,
        act: approve!("WP-X"),
        pick: BY_HAND,
        then: |world| {
            world.imports(&plain(world, "WP-X-v2", 1, &with_lineage(&[], "")));
            world.signs("WP-X-v2");
            world.approves_task("WP-X-v2");
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ModelReviewer,
        stage: for_persons,
        who: RITA,
        act: &["git", "awo", "approve", RUN],
        by: Some(OLGA),
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::SkeletonFirst,
        stage: outlined,
        act: &[
            "git", "awo", "run", "SK-1", "--run-id", "run_1", "--", "sh", "-c", AGENT,
        ],
        pick: BY_HAND,
        then: approved,
        ..CASE
    },
    Case {
        rule: Rule::SkeletonStays,
        stage: || {
            let world = outlined();
            outlines(&world);
            world
        },
        who: RITA,
        act: &["git", "awo", "gate", "run_s"],
        fill: &[("CODE", "x")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::WaiverGate,
        stage: outlined,
        who: OLGA,
        act: &[
            "git",
            "awo",
            "waive",
            "--task",
            "SK-1",
            "--gates",
            "post_sha1_captured",
            "--paths",
            "src/",
            "--reason",
            "x",
        ],
        fill: &[
            ("TASK", "SK-1"),
            ("GATE", "window_matches_plan"),
            ("GLOB", "src/"),
            ("TEXT", "x"),
        ],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::WaiverScope,
        stage: outlined,
        who: OLGA,
        act: &[
            "git",
            "awo",
            "waive",
            "--task",
            "SK-1",
            "--gates",
            "window_matches_plan",
            "--paths",
            "**",
            "--reason",
            "x",
        ],
        fill: &[
            ("TASK", "SK-1"),
            ("GATE", "window_matches_plan"),
            ("GLOB", "src/"),
            ("TEXT", "x"),
        ],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ClaimAlone,
        stage: || {
            let world = approved_tasks();
            world.ok("rita", "rita", &["git", "awo", "claim", "T-AB"]);
            world.ok("rita", "rita", &["git", "awo", "push"]);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
            world
        },
        act: &["git", "awo", "claim", "T-A"],
        by: Some(RITA),
        fill: &[("TEXT", "done")],
        then: |world| {
            world.ok("rita", "rita", &["git", "awo", "push"]);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        ..CASE
    },
    Case {
        rule: Rule::ClaimApproved,
        stage: || {
            let world = approved_tasks();
            world.writes_a_task("T-N", "docs/");
            world.ok("olga", "olga", &["git", "awo", "push"]);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
            world
        },
        act: &["git", "awo", "claim", "T-N"],
        by: Some(OLGA),
        fill: &[("git awo approve", "--sentence 'I approve T-N.'")],
        then: |world| {
            world.ok("olga", "olga", &["git", "awo", "push"]);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        ..CASE
    },
    Case {
        rule: Rule::ClaimHours,
        stage: approved_tasks,
        act: &["git", "awo", "claim", "T-A", "--hours", "25"],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ClaimNumber,
        stage: || {
            let world = approved_tasks();
            world.writes_a_task("T-D", "lib/");
            world.approves_task("T-D");
            world.ok("olga", "olga", &["git", "awo", "push"]);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
            for task in ["T-A", "T-B", "T-C"] {
                world.ok("otto", "otto", &["git", "awo", "claim", task]);
            }
            world
        },
        act: &["git", "awo", "claim", "T-D"],
        fill: &[("TASK", "T-C")],
        ..CASE
    },
    Case {
        rule: Rule::ClaimHeld,
        stage: || {
            let world = post_work::planned();
            world.ok("otto", "otto", &["git", "awo", "unclaim", post_work::TASK]);
            world
        },
        act: &[
            "git",
            "awo",
            "packet",
            "pre-work",
            post_work::TASK,
            "--plan",
            "../plan.toml",
        ],
        ..CASE
    },
    Case {
        rule: Rule::ClaimLive,
        stage: || {
            let world = approved_tasks();
            let claim = ["git", "awo", "claim", "T-A", "--hours", "1"];
            assert_eq!(world.earlier("otto", 7_200, &claim).code, 0);
            world
        },
        act: PUSH,
        ..CASE
    },
    Case {
        rule: Rule::ClaimRenewed,
        stage: || {
            let world = approved_tasks();
            world.ok("otto", "otto", &["git", "awo", "claim", "T-A"]);
            world.ok("otto", "otto", RENEW);
            world
        },
        act: RENEW,
        pick: BY_HAND,
        then: |world| {
            world.ok("otto", "otto", &["git", "awo", "unclaim", "T-A"]);
            world.shell("otto", "otto", "git awo claim T-A --hours 24");
        },
        ..CASE
    },
    Case {
        rule: Rule::ClaimNeedsLog,
        stage: || {
            let world = approved_tasks();
            without_a_server(&world);
            world
        },
        act: &["git", "awo", "claim", "T-A"],
        by: Some(OLGA),
        fill: &[(
            "FILE",
            "../policy/with.toml --allowed-signers ../policy/allowed_signers",
        )],
        then: |world| {
            world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
            world.ok("olga", "olga", &["git", "awo", "push"]);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        ..CASE
    },
    Case {
        rule: Rule::CoderModel,
        stage: || scripted(OTHER_CODER),
        act: RUN_SCRIPT,
        fill: &[("NAME", "rita"), ("COMMAND", "sh ~/act.sh")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::Delegation,
        stage: || scripted(&[]),
        act: HELPED,
        pick: &[1],
        fill: &[("COMMAND", "sh ~/act.sh")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::DelegationApproved,
        stage: || scripted(ALLOWED),
        act: HELPED,
        by: Some(OLGA),
        fill: &[("CODE", "x"), ("TEXT", "go-ahead")],
        then: World::shares,
        ..CASE
    },
    Case {
        rule: Rule::WaiverReceived,
        stage: waivers::too_early,
        act: PUSH,
        by: Some(OLGA),
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::WaiverUses,
        stage: || waivers::raced("1"),
        act: PUSH,
        by: Some(OLGA),
        pick: &[0],
        then: runs_as_planned,
        ..CASE
    },
    Case {
        rule: Rule::WaiverBeneficiary,
        stage: waivers::for_himself,
        act: PUSH,
        by: Some(OLGA),
        pick: &[0],
        then: runs_as_planned,
        ..CASE
    },
];

#[test]
fn remedies_help_with_work_packets() {
    play_all(CASES);
}
