//! `git awo status`: what is left to be done, and no more.

use std::path::Path;

use git_awo::ops::status::State;
use serde_json::Value;

use crate::world::{AGENT, READ_LEDGER, RUN, TASK, World};

fn status(world: &World, more: &[&str]) -> Value {
    let words = [&["git", "awo", "--json", "status"], more].concat();
    serde_json::from_str(&world.ok("olga", "olga", &words)).unwrap()
}

fn outcome(world: &World, word: &str) {
    let words = [
        "git",
        "awo",
        "outcome",
        RUN,
        word,
        "--reason",
        "looked at it",
    ];
    world.ok("olga", "olga", &words);
}

#[test]
fn a_run_is_listed_until_it_is_accepted_and_counted_then() {
    let world = World::landed();
    let json = status(&world, &[]);
    assert_eq!(json["runs"][0]["state"], "finalized");
    assert_eq!(
        json["runs"][0]["next"],
        format!("git awo outcome {RUN} accepted --reason TEXT")
    );
    assert_eq!(json["accepted_runs"], 0);
    let text = world.ok("olga", "olga", &["git", "awo", "status"]);
    assert!(!text.contains("accepted\n"), "{text}");

    outcome(&world, "accepted");
    let json = status(&world, &[]);
    assert_eq!(json["runs"], serde_json::json!([]));
    assert_eq!(json["accepted_runs"], 1);
    assert_eq!(json["tasks"], serde_json::json!([]), "its task is not open");
    let text = world.ok("olga", "olga", &["git", "awo", "status"]);
    assert!(text.contains("1 run accepted\n"), "{text}");
    assert!(!text.contains(RUN), "{text}");

    let json = status(&world, &["--all"]);
    assert_eq!(json["runs"][0]["state"], "accepted");
    assert_eq!(json["accepted_runs"], 1);
    let text = world.ok("olga", "olga", &["git", "awo", "status", "--all"]);
    assert!(text.contains(RUN), "{text}");
}

#[test]
fn the_readme_describes_every_state() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let rows = readme.lines().filter(|it| it.starts_with("| `"));
    let firsts: Vec<_> = rows.filter_map(|it| it.split('|').nth(1)).collect();
    for state in State::ALL {
        let words = format!("`{}`", state.words());
        assert!(firsts.iter().any(|it| it.contains(&words)), "{words}");
    }
}

#[test]
fn a_rejected_run_stays_listed() {
    let world = World::landed();
    outcome(&world, "rejected");
    let json = status(&world, &[]);
    assert_eq!(json["runs"][0]["state"], "rejected");
    assert_eq!(json["accepted_runs"], 0);
}

#[test]
fn an_outcome_that_does_not_hold_accepts_nothing() {
    let world = World::landed();
    outcome(&world, "accepted");
    // The outcome is replaced by one in a form of its own, past every check.
    let script = "set -eu
        export GIT_INDEX_FILE=$PWD/.git/edited
        READ_LEDGER
        path=$(git ls-files | grep @outcome.dsse.json)
        blob=$(git cat-file blob :$path | tr A-M B-N | git hash-object -w --stdin)
        git update-index --cacheinfo 100644,$blob,$path
        git update-ref refs/awo/ledger $(git commit-tree -m x $(git write-tree))";
    let script = script.replace("READ_LEDGER", READ_LEDGER);
    world.ok("olga", "olga", &["sh", "-c", &script]);
    let json = status(&world, &[]);
    assert_eq!(json["runs"][0]["state"], "broken");
    assert_eq!(json["runs"][0]["next"], "git awo verify");
    assert_eq!(json["accepted_runs"], 0);
}

#[test]
fn what_is_finalized_needs_no_evidence_to_be_listed() {
    let world = World::landed();
    let script =
        "git for-each-ref --format='delete %(refname)' refs/awo/evidence | git update-ref --stdin";
    world.ok("olga", "olga", &["sh", "-c", script]);
    assert_eq!(status(&world, &[])["runs"][0]["state"], "finalized");
    // What asks for the evidence says that it is missing.
    world.refused("olga", "olga", &["git", "awo", "chain", RUN], "GOV-002");
}

#[test]
fn what_was_found_before_changes_no_answer() {
    type Act = fn(&World);
    let push: Act = |world| _ = world.ok("olga", "olga", &["git", "awo", "push"]);
    let acts: &[(&str, Act)] = &[
        ("landed", |_| {}),
        ("a task more", |world| {
            let words = [
                "git", "awo", "task", "new", "T-9", "--task", "x", "--allow", "src/",
            ];
            world.ok("olga", "olga", &words);
        }),
        ("accepted", |world| outcome(world, "accepted")),
        ("pushed", push),
        ("another task", |world| {
            let words = [
                "git", "awo", "task", "new", "T-10", "--task", "x", "--allow", "src/",
            ];
            world.ok("olga", "olga", &words);
        }),
    ];
    let world = World::landed();
    world.with_index("olga/.git");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let file = world.path("olga").join(".git/awo-index/left");
    for (what, act) in acts {
        act(&world);
        let continued = status(&world, &[]);
        assert_eq!(status(&world, &[]), continued, "{what}: again");
        let kept = std::fs::read(&file).unwrap();
        for at in (0..kept.len()).step_by(kept.len() / 9) {
            let mut damaged = kept.clone();
            damaged[at] ^= 1;
            std::fs::write(&file, &damaged).unwrap();
            assert_eq!(status(&world, &[]), continued, "{what}: damaged at {at}");
        }
        std::fs::remove_dir_all(world.path("olga").join(".git/awo-index")).unwrap();
        assert_eq!(status(&world, &[]), continued, "{what}: anew");
    }
    // The ledger of before: what was found later does not count.
    let early = World::landed();
    early.ok("olga", "olga", &["git", "awo", "fetch"]);
    let before = status(&early, &[]);
    let tip = early.rev("olga", "refs/awo/ledger");
    outcome(&early, "accepted");
    assert_eq!(status(&early, &[])["accepted_runs"], 1);
    early.ok(
        "olga",
        "olga",
        &["git", "update-ref", "refs/awo/ledger", &tip],
    );
    assert_eq!(status(&early, &[])["runs"], before["runs"]);
    assert_eq!(status(&early, &[])["accepted_runs"], 0);
}

#[test]
fn the_index_is_made_anew_when_asked() {
    let world = World::landed();
    world.with_index("otto/.git");
    let index = world.path("otto").join(".git/awo-index/ledger");
    world.ok("otto", "otto", &["git", "awo", "doctor"]);
    assert!(index.join("0").exists());
    std::fs::write(index.join("0"), "x").unwrap();
    let said = world.ok("otto", "otto", &["git", "awo", "gc"]);
    assert!(said.starts_with("the index knows the "), "{said}");
    assert!(std::fs::read(index.join("0")).unwrap().len() > 100);
    world.ok("server", "server.git", &["git", "awo", "gc"]);
    world.ok("server", "server.git", &["git", "awo", "doctor"]);
}

#[test]
fn an_index_that_a_command_touched_is_made_anew() {
    for touched in [false, true] {
        let world = World::approved();
        world.with_index("otto/.git");
        world.ok("otto", "otto", &["git", "awo", "status"]);
        let index = world.path("otto").join(".git/awo-index");
        let act = match touched {
            true => format!("printf x > '{}'\n", index.join("left").display()),
            false => String::new(),
        };
        let agent = world.path("agent.sh").display().to_string();
        world.write("agent.sh", act + AGENT);
        let words = [
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ];
        world.ok("otto", "otto", &words);
        assert_eq!(
            index.join("left").exists(),
            !touched,
            "what it wrote is gone"
        );
        world.ok("otto", "otto", &["git", "awo", "doctor"]);
        let seen = world.ok("otto", "otto", &["git", "awo", "--json", "status"]);
        let seen: Value = serde_json::from_str(&seen).unwrap();
        assert_eq!(seen["runs"][0]["state"], "executed");
    }
}
