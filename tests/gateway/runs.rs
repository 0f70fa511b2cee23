//! The gateway in the command of a run.

use super::with_artefacts;
use crate::cell::here::confines;
use crate::world::{RUN, World, confining};

/// A world in which a task for the versions in `src/specs/` is approved, whose page follows from them, and commands are confined so.
fn asked(cell: Option<&str>, more: &[&str]) -> World {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        with_artefacts(match cell {
            Some(how) => confining(&text, how),
            None => text,
        })
    });
    let words = [
        "git",
        "awo",
        "task",
        "new",
        "D-1",
        "--task",
        "it",
        "--validate",
        "true",
    ];
    let allow = [
        "--allow",
        "src/specs/**/*_v*.md",
        "--forbid",
        "src/specs/forbidden/",
    ];
    world.ok("olga", "olga", &[&words[..], &allow, more].concat());
    world.approves_task("D-1");
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

fn script(text: &str) -> [&str; 10] {
    [
        "git", "awo", "run", "D-1", "--run-id", RUN, "--", "sh", "-ec", text,
    ]
}

/// Writes two versions, and tries what it may not.
const WORK: &str = r"
    refused() { if printf x | git awo write $1 2>said; then exit 9; fi; grep -q $2 said; rm said; }
    printf one | git awo write src/specs/A_v1.0.md
    echo two > two.txt; git awo write src/specs/A_v1.1.md --from two.txt; rm two.txt
    (cd src && printf three | git-awo write src/specs/deep/B_v0.1.md)
    refused src/other.md GOV-003
    refused docs/x.md GOV-003
    refused src/specs/forbidden/A_v1.0.md GOV-003
    refused src/specs/A_v3.0.md artefact-version
    refused .github/workflows/x.yml GOV-003
    printf four | git awo write --check src/specs/C_v1.0.md
    test ! -e src/specs/C_v1.0.md
    git awo index reconcile --check >/dev/null
    echo five > src/specs/C_v1.0.md; git awo index reconcile >/dev/null; git awo index reconcile --check >/dev/null
";

#[test]
fn a_command_writes_by_the_gateway_and_the_run_lands() {
    for cell in [None, Some("best-effort"), Some("required")] {
        if cell == Some("required") && !confines() {
            continue;
        }
        let world = asked(cell, &[]);
        world.ok("otto", "otto", &script(WORK));
        world.ok("otto", "otto", &["git", "awo", "push"]);
        world.everybody_follows();
        world.rita_reviews(RUN);
        world.finalize_and_verify();
        let listed = world.ok(
            "vera",
            "vera",
            &["git", "show", "origin/main:src/specs/INDEX.md"],
        );
        assert!(listed.ends_with(
            "- [A_v1.0.md](A_v1.0.md)\n- [A_v1.1.md](A_v1.1.md)\n- [C_v1.0.md](C_v1.0.md)\n- [deep/B_v0.1.md](deep/B_v0.1.md)\n"
        ), "{cell:?}: {listed}");
    }
}

#[test]
fn what_is_written_past_the_gateway_is_judged_all_the_same() {
    for cell in [None, Some("best-effort")] {
        let world = asked(cell, &[]);
        let refs = || world.ok("otto", "otto", &["git", "for-each-ref"]);
        let before = refs();
        for (work, code) in [
            (
                "mkdir -p src/specs; echo x > src/specs/A_Final.md",
                "artefact-name",
            ),
            (
                "mkdir -p src/specs; echo x > src/specs/A_v2.0.md",
                "artefact-version",
            ),
            (
                "mkdir -p src/specs; echo x > src/specs/A_v1.0.md",
                "index-page",
            ),
            (
                "printf x | git awo write src/specs/A_v1.0.md; echo x > src/x",
                "allowed-paths",
            ),
            (
                "printf x | git awo write src/specs/A_v1.0.md; rm src/specs/INDEX.md",
                "index-page",
            ),
            // The terms are the command's to change; what it does by them is judged by others.
            (
                "printf x > \"$AWO_GATEWAY\" || true; mkdir -p src/specs; echo x > src/specs/A.md",
                "artefact-name",
            ),
        ] {
            let said = world.refused("otto", "otto", &script(work), code);
            assert_eq!(refs(), before, "nothing is recorded: {said}");
        }
        world.ok("otto", "otto", &script(WORK));
    }
}

#[test]
fn without_contract_and_policy_nothing_is_written() {
    let world = asked(None, &[]);
    let tries = r"
        undecided() { if printf x | env $1 git awo write src/specs/A_v1.0.md 2>said; then exit 9; else test $? = 3; fi; rm said; }
        undecided AWO_GATEWAY=
        undecided AWO_GATEWAY=/nowhere
        undecided AWO_TASK_ID=OTHER
        sed s/olga/otto/ $AWO_GATEWAY > damaged; undecided AWO_GATEWAY=$PWD/damaged; rm damaged
        if printf x | git awo write --task OTHER src/specs/A_v1.0.md 2>/dev/null; then exit 9; fi
        git init -q other; cd other
        if printf x | git awo write src/specs/A_v1.0.md 2>/dev/null; then exit 9; fi
        cd ..; rm -rf other; test ! -e src/specs
        printf x | git awo write src/specs/A_v1.0.md --task D-1
    ";
    world.ok("otto", "otto", &script(tries));
}

#[test]
fn a_task_judges_a_write_outside_of_a_run() {
    let world = asked(None, &[]);
    let by = ["--task", "D-1", "src/specs/A_v1.0.md"];
    let done = world.gateway("otto", "otto", &by, b"x");
    assert_eq!(done.code, 0, "{}", done.text);
    let done = world.gateway("otto", "otto", &["--task", "D-1", "docs/x"], b"x");
    assert!(
        done.code == 1 && done.text.contains("allowed-paths"),
        "{}",
        done.text
    );
    let done = world.gateway(
        "otto",
        "otto",
        &["--task", "D-9", "src/specs/B_v1.0.md"],
        b"x",
    );
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(!world.path("otto/src/specs/B_v1.0.md").exists());
}

#[test]
fn a_run_that_wrote_by_the_gateway_can_be_run_again() {
    if !confines() {
        return;
    }
    let world = asked(None, &["--determinism", "2"]);
    world.ok("otto", "otto", &script(WORK));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    let rerun = ["git", "awo", "determinism", "check", "--sign", "--run", RUN];
    world.ok("rita", "rita", &rerun);
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}
