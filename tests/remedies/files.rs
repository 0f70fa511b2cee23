//! The files of a run, and exports.

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::world::{RUN, World};

const VERA: (&str, &str) = ("vera", "home/vera");
const VERIFY: &[&str] = &["git", "awo", "integrity", "verify", "../../files"];
const SUMS: &[&str] = &["git", "awo", "integrity", "sums", "../../files"];
const DIR: &[(&str, &str)] = &[("DIR", "../../files")];

fn listed(world: &World) {
    world.write("files/x", "x");
    world.write("files/y", "y");
    world.ok("vera", "home/vera", SUMS);
}

fn link(world: &World) {
    std::os::unix::fs::symlink("x", world.path("files/link")).unwrap();
}

fn exported(world: &World) {
    world.ok("otto", "otto", &["git", "awo", "export", RUN, "../out"]);
}

const EXPORT: &[&str] = &["git", "awo", "export", RUN, "../out"];
const ELSEWHERE: &[(&str, &str)] = &[("RUN", RUN), ("NEW-DIR", "../new"), ("DIR", "../new")];

const EVENTS: &[&str] = &["git", "awo", "events", "check", "../../events.jsonl"];

/// An event of a decision that its program wrote.
const EVENT: &str = r#"{"actor":"human","event_id":"0b5c1f5e-7d0a-4f1c-9d52-0a3c1f1f0001","payload":{"automation_level":"HYBRID","decision_id":"dec-1","gate_type":"SpecApproval","target_ref":"task/T-1"},"timestamp":"2026-11-21T01:52:49Z","type":"gov_decision_created"}
"#;

fn events(world: &World, text: &str) {
    world.write("events.jsonl", text);
}

/// Whoever has mended the program that wrote the events lets it write them again.
const EVENTS_CASE: Case = Case {
    stage: World::founded,
    who: VERA,
    act: EVENTS,
    pick: BY_HAND,
    then: |world| events(world, EVENT),
    ..CASE
};

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::DecisionEventForm,
        prepare: |world| events(world, &EVENT.replace("human", "person")),
        ..EVENTS_CASE
    },
    Case {
        rule: Rule::DecisionEventOrder,
        prepare: |world| events(world, &EVENT.replace("created", "applied")),
        ..EVENTS_CASE
    },
    Case {
        rule: Rule::DecisionEventBinding,
        prepare: |world| {
            let other = EVENT
                .replace("f0001", "f0002")
                .replace("created", "applied");
            events(
                world,
                &(EVENT.to_owned() + &other.replace("task/T-1", "task/T-2")),
            );
        },
        ..EVENTS_CASE
    },
    Case {
        rule: Rule::DecisionEventLimit,
        prepare: |world| events(world, &(" ".repeat(70_000) + EVENT)),
        ..EVENTS_CASE
    },
    Case {
        rule: Rule::InventoryAbsent,
        stage: World::founded,
        prepare: |world| world.write("files/x", "x"),
        who: VERA,
        act: VERIFY,
        fill: DIR,
        ..CASE
    },
    Case {
        rule: Rule::InventoryHash,
        stage: World::founded,
        prepare: |world| {
            listed(world);
            world.write("files/x", "other");
        },
        who: VERA,
        act: VERIFY,
        pick: BY_HAND,
        then: |world| world.write("files/x", "x"),
        ..CASE
    },
    Case {
        rule: Rule::InventoryMissing,
        stage: World::founded,
        prepare: |world| {
            listed(world);
            std::fs::remove_file(world.path("files/x")).unwrap();
        },
        who: VERA,
        act: VERIFY,
        pick: BY_HAND,
        then: |world| world.write("files/x", "x"),
        ..CASE
    },
    Case {
        rule: Rule::InventoryAdded,
        stage: World::founded,
        prepare: |world| {
            listed(world);
            world.write("files/z", "z");
        },
        who: VERA,
        act: VERIFY,
        pick: BY_HAND,
        then: |world| std::fs::remove_file(world.path("files/z")).unwrap(),
        ..CASE
    },
    Case {
        rule: Rule::InventoryForm,
        stage: World::founded,
        prepare: |world| {
            listed(world);
            world.write("files/SHA256SUMS.txt", "no inventory\n");
        },
        who: VERA,
        act: VERIFY,
        fill: DIR,
        ..CASE
    },
    Case {
        rule: Rule::RunFileKind,
        stage: World::founded,
        prepare: |world| {
            listed(world);
            link(world);
        },
        who: VERA,
        act: VERIFY,
        pick: BY_HAND,
        then: |world| std::fs::remove_file(world.path("files/link")).unwrap(),
        ..CASE
    },
    Case {
        rule: Rule::TimestampsRegion,
        stage: World::founded,
        prepare: |world| {
            listed(world);
            world.write("files/timestamps/x", "#!/bin/sh\n");
        },
        who: VERA,
        act: VERIFY,
        pick: BY_HAND,
        then: |world| std::fs::remove_file(world.path("files/timestamps/x")).unwrap(),
        ..CASE
    },
    Case {
        rule: Rule::Invariants,
        stage: World::approved,
        prepare: |world| world.write("ci/x", ""),
        act: &["git", "awo", "run", "import", "../ci", "--dry-run"],
        pick: BY_HAND,
        // Whoever makes run directories reads which files are missing, and makes it again.
        then: |world| {
            crate::remedies::people::executes(world, "run_ci");
            world.ok(
                "otto",
                "otto",
                &["git", "awo", "export", "run_ci", "../made"],
            );
            let dry = [
                "git",
                "awo",
                "run",
                "import",
                "../made/runs/run_ci",
                "--dry-run",
            ];
            world.ok("otto", "otto", &dry);
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::IndexPage,
        stage: World::founded,
        prepare: |world| {
            world.next_policy(2, None, crate::index_pages::with_pages);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
            world.write("otto/docs/a b.md", "x");
        },
        act: crate::index_pages::CHECK,
        ..CASE
    },
    Case {
        rule: Rule::ExportPlace,
        prepare: |world| world.write("out/mine.txt", "x"),
        act: EXPORT,
        fill: ELSEWHERE,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ExportSame,
        prepare: |world| {
            exported(world);
            world.write(&format!("out/runs/{RUN}/report.md"), "other");
        },
        act: EXPORT,
        fill: ELSEWHERE,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ExportDisguise,
        prepare: |world| {
            exported(world);
            let file = world.path(&format!("out/runs/{RUN}/report.md"));
            std::fs::remove_file(&file).unwrap();
            std::os::unix::fs::symlink("/etc/passwd", &file).unwrap();
        },
        act: EXPORT,
        fill: ELSEWHERE,
        end: End::Done,
        ..CASE
    },
];

#[test]
fn the_files_of_a_run_hold_after_the_remedy() {
    play_all(CASES);
}
