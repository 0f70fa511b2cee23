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

/// Returns the decisions that wait by the word of `status` to olga, and checks that it says the same anew
/// and that `decisions` has the same ones.
#[track_caller]
fn waiting(world: &World) -> Value {
    let found = status(world, &[])["decisions"].clone();
    let without_waits = |found: &Value| {
        let mut found = found.clone();
        for it in found.as_array_mut().unwrap() {
            assert!(
                it.as_object_mut()
                    .unwrap()
                    .remove("waits_seconds")
                    .is_some()
            );
        }
        found
    };
    let again = status(world, &[])["decisions"].clone();
    assert_eq!(without_waits(&again), without_waits(&found), "again");
    let all = status(world, &["--all"])["decisions"].clone();
    assert_eq!(without_waits(&all), without_waits(&found), "--all");
    let index = world.path("olga").join(".git/awo-index");
    if index.is_dir() {
        std::fs::remove_dir_all(index).unwrap();
        let anew = status(world, &[])["decisions"].clone();
        assert_eq!(without_waits(&anew), without_waits(&found), "anew");
    }
    let open = world.ok(
        "olga",
        "olga",
        &["git", "awo", "--json", "decisions", "--open"],
    );
    let open: Value = serde_json::from_str(&open).unwrap();
    let ids = |of: &Value, id: &dyn Fn(&Value) -> Value| {
        let mut ids: Vec<_> = of.as_array().unwrap().iter().map(id).collect();
        ids.sort_by_key(Value::to_string);
        ids
    };
    assert_eq!(
        ids(&open["decisions"], &|it| it["decision"]["decision_id"]
            .clone()),
        ids(&found, &|it| it["decision"].clone())
    );
    found
}

#[test]
fn what_waits_for_a_person_is_listed_until_it_is_answered_withdrawn_superseded_or_expired() {
    let world = crate::automation::world("HYBRID", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let (olga, otto) = ("olga", "otto");
    let exchange = |from: &str, to: &str| {
        world.ok(from, from, &["git", "awo", "push"]);
        world.ok(to, to, &["git", "awo", "fetch"]);
    };
    assert_eq!(waiting(&world), serde_json::json!([]));
    let defer = |gate: &str| {
        let on = if gate == "SpecApproval" {
            format!(" --base {base}")
        } else {
            String::new()
        };
        let ask =
            format!("{gate} task/T-1 approve --confidence 0.5 --rationale x --evidence {base}{on}");
        let (code, value, text) = world.decides(otto, &ask);
        assert_eq!(code, 1, "{text}");
        value["decision"].as_str().unwrap().to_owned()
    };
    let first = defer("SpecApproval");
    let listed = waiting(&world);
    assert_eq!(listed, serde_json::json!([]), "it is not here yet");
    exchange(otto, olga);
    let listed = waiting(&world);
    let it = &listed[0];
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(it["decision"], *first);
    assert_eq!(
        (&it["gate"], &it["target"]),
        (&"SpecApproval".into(), &"task/T-1".into())
    );
    assert_eq!(
        (&it["asks"], &it["yours"]),
        (&serde_json::json!(["olga"]), &true.into())
    );
    assert!(it["waits_seconds"].as_u64().unwrap() < 600, "{it}");
    // Whom it does not ask sees the same, and that others are asked.
    let seen = world.ok(otto, otto, &["git", "awo", "--json", "status"]);
    let seen: Value = serde_json::from_str(&seen).unwrap();
    assert_eq!(
        (
            &seen["decisions"][0]["decision"],
            &seen["decisions"][0]["yours"]
        ),
        (&it["decision"], &false.into())
    );

    // A week later nobody can answer it any more; by the clock of today somebody can.
    let words = [
        "sh",
        "-c",
        "SOURCE_DATE_EPOCH=$(($(date +%s) + 8 * 86400)) \"$0\" --json status",
        crate::world::PROGRAM,
    ];
    for _ in 0..2 {
        let later: Value = serde_json::from_str(&world.ok(olga, olga, &words)).unwrap();
        assert_eq!(later["decisions"], serde_json::json!([]));
        assert_eq!(waiting(&world)[0]["decision"], *first);
    }

    // The command that is named answers it.
    let next = it["next"].as_str().unwrap().replace("CODE", "reviewed");
    let words: Vec<_> = next.split(' ').collect();
    world.ok(olga, olga, &words);
    assert_eq!(waiting(&world), serde_json::json!([]));
    exchange(olga, otto);

    // A person who defers in her turn still waits for an answer.
    let second = defer("ScopeChange");
    exchange(otto, olga);
    assert_eq!(waiting(&world)[0]["decision"], *second);
    let own = format!("ScopeChange task/T-1 defer --rationale unsure --answers {second}");
    let (code, value, text) = world.decides(olga, &own);
    assert_eq!(code, 0, "{text}");
    let own = value["decision"].as_str().unwrap().to_owned();
    assert_eq!(waiting(&world)[0]["decision"], *own);
    let revoke = ["git", "awo", "revoke", &own, "--reason", "sure now"];
    world.ok(olga, olga, &revoke);
    assert_eq!(waiting(&world), serde_json::json!([]));
    exchange(olga, otto);

    // What another decision takes the place of waits for nobody.
    let third = defer("ScopeChange");
    exchange(otto, olga);
    assert_eq!(waiting(&world)[0]["decision"], *third);
    let (code, _, text) = world.decides(
        olga,
        &format!("ScopeChange task/T-1 reject --rationale no --supersedes {third}"),
    );
    assert_eq!(code, 0, "{text}");
    assert_eq!(waiting(&world), serde_json::json!([]));
    exchange(olga, otto);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// Under LOCKED an answer only rejects, and that is the command.
#[test]
fn under_locked_the_answer_that_is_named_rejects() {
    let world = crate::automation::world("HYBRID", "");
    let ask = "SpecApproval task/T-1 defer --confidence 0.5 --rationale x";
    assert_eq!(world.decides("otto", ask).0, 0);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.levels(3, "LOCKED", "");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let next = waiting(&world)[0]["next"].as_str().unwrap().to_owned();
    assert!(next.contains(" reject "), "{next}");
    let next = next.replace("CODE", "no");
    world.ok("olga", "olga", &next.split(' ').collect::<Vec<_>>());
    world.ok("olga", "olga", &["git", "awo", "push"]);
    assert_eq!(waiting(&world), serde_json::json!([]));
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
