//! Every command in every state of a run.

use std::path::Path;

use git_awo::ops::life::{Says, State, TRANSITIONS};

use crate::world::{AGENT, RUN, TASK, World};

/// What is typed to bring a run to a state, and by whom.
const ACTS: &[(State, &str, &[&str])] = &[
    (
        State::Recorded,
        "otto",
        &["run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT],
    ),
    (
        State::Cancelled,
        "olga",
        &["cancel", RUN, "--task", TASK, "--reason", "no"],
    ),
    (State::Reviewed, "rita", &["gate", RUN]),
    (State::Audited, "rita", &["approve", RUN]),
    (State::Attested, "rita", &["attest", RUN]),
    (State::Finalized, "otto", &["finalize", RUN]),
    (
        State::Accepted,
        "olga",
        &["outcome", RUN, "accepted", "--reason", "so"],
    ),
    (
        State::Rejected,
        "olga",
        &["outcome", RUN, "rejected", "--reason", "so"],
    ),
    (State::RolledBack, "otto", &["rollback", RUN]),
];

fn act(to: State) -> Option<(&'static str, Vec<&'static str>)> {
    let (_, who, words) = ACTS.iter().find(|(state, ..)| *state == to)?;
    Some((who, [&["git", "awo"], *words].concat()))
}

/// Types what brings the run to a state, from the one before.
fn acts(world: &World, to: State) {
    let (who, words) = act(to).unwrap();
    world.ok(who, who, &words);
    match to {
        // The branch of otto's clone is there; the server's is not.
        State::Finalized => _ = world.ok(who, who, &["git", "awo", "push", "--records-only"]),
        _ => _ = world.ok(who, who, &["git", "awo", "push"]),
    }
    world.fetched();
}

/// A world in which the run is in a state, for everybody.
fn at(state: State) -> World {
    let before = |it: State| at(it);
    match state {
        State::Contracted => {
            let world = World::imported();
            world.fetched();
            world
        }
        State::Approved => World::approved(),
        State::Recorded => {
            let world = World::executed();
            world.fetched();
            world
        }
        State::Failed => {
            let world = before(State::Recorded);
            world.fails();
            world.ok("rita", "rita", &["git", "awo", "push"]);
            world.fetched();
            world
        }
        State::Landed => World::landed(),
        other => {
            let from = match other {
                State::Cancelled => State::Recorded,
                State::Accepted | State::Rejected => State::Landed,
                State::RolledBack => State::Rejected,
                _ => other.before().next().unwrap(),
            };
            let world = before(from);
            acts(&world, other);
            world
        }
    }
}

/// Tries every illegal command in a state, twice.
fn refuses_all(state: State) {
    let world = at(state);
    let mut tried = 0;
    for to in State::all().filter(|to| state.says(*to) == Says::OutOfTurn) {
        let Some((who, words)) = act(to) else {
            continue;
        };
        match to {
            // Of a name that a run has: REP-001 as ever. A finalization that is there is only followed.
            State::Recorded if !matches!(state, State::Contracted | State::Cancelled) => continue,
            State::Finalized if state >= State::Finalized => continue,
            // Where there is no run there is nothing to review.
            _ if state < State::Recorded && !matches!(to, State::Recorded | State::Cancelled) => {
                continue;
            }
            _ => {}
        }
        tried += 1;
        // The same words once more say what is recorded already; others say something new.
        let again = |it: &&'static str| match *it {
            "no" | "so" => "once more",
            other => other,
        };
        let words: Vec<_> = words.iter().map(again).collect();
        let json: Vec<_> = [&words[..2], &["--json"], &words[2..]].concat();
        let refs = |place: &str| {
            let list = ["git", "for-each-ref", "--format=%(refname) %(objectname)"];
            world.ok(who, place, &list)
        };
        let before = (refs(who), world.server());
        let once = world.refused(who, who, &json, "GOV-011");
        let again = world.refused(who, who, &json, "GOV-011");
        assert_eq!(once, again, "{state:?}: {}", words.join(" "));
        assert_eq!((refs(who), world.server()), before, "nothing moved");
        let rule = match state.leads_to(to) {
            true => "run-in-turn",
            false => "run-over",
        };
        assert!(
            once.contains(rule),
            "{state:?}: {}: {once}",
            words.join(" ")
        );
    }
    let expected = match state {
        State::Approved => 0,
        State::Contracted => 2,
        _ if state >= State::Landed => 2,
        _ => 4,
    };
    assert!(tried >= expected, "{state:?}: {tried}");
}

#[test]
fn every_command_in_every_state_is_refused_as_the_table_says() {
    let states: Vec<_> = State::all().collect();
    std::thread::scope(|scope| {
        for states in states.chunks(states.len().div_ceil(2)) {
            scope.spawn(move || states.iter().for_each(|state| refuses_all(*state)));
        }
    });
}

#[test]
fn the_page_has_the_table() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/life.md");
    let page = std::fs::read_to_string(page).unwrap();
    let word = |it: &State| format!("`{}`", it.word());
    let rows = TRANSITIONS.iter().map(|(from, next)| {
        let next: Vec<_> = next.iter().map(word).collect();
        match next.is_empty() {
            true => format!("| {} | |\n", word(from)),
            false => format!("| {} | {} |\n", word(from), next.join(", ")),
        }
    });
    let table = format!("| From | To |\n|---|---|\n{}\n", rows.collect::<String>());
    assert!(page.contains(&table), "docs/life.md has\n{table}");
    for state in State::all() {
        assert!(
            page.matches(&word(&state)).count() > 1,
            "what {state:?} follows from"
        );
    }
}

#[test]
fn show_draws_where_a_run_is() {
    let world = at(State::Landed);
    let shown = |world: &World| {
        let text = world.ok("olga", "olga", &["git", "awo", "show", RUN, "--json"]);
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["life"].clone()
    };
    let life = shown(&world);
    assert_eq!(life["state"], "landed");
    let passed = life["passed"].as_array().unwrap();
    let states: Vec<_> = passed
        .iter()
        .map(|it| it["state"].as_str().unwrap())
        .collect();
    let road = [
        "contracted",
        "approved",
        "recorded",
        "reviewed",
        "audited",
        "attested",
        "finalized",
        "landed",
    ];
    assert_eq!(states, road);
    assert_eq!(passed[2]["by"], "otto");
    assert_eq!(passed[3]["by"], "rita");
    assert!(passed[3]["recorded"].is_string());
    let next = life["next"].as_array().unwrap();
    let commands: Vec<_> = next
        .iter()
        .map(|it| it["command"].as_str().unwrap())
        .collect();
    assert_eq!(
        commands,
        [
            format!("git awo outcome {RUN} accepted --reason TEXT"),
            format!("git awo outcome {RUN} rejected --reason TEXT"),
        ]
    );
    let text = world.ok("olga", "olga", &["git", "awo", "show", RUN]);
    assert!(
        text.starts_with(&format!("{RUN}: landed\n| contracted\n")),
        "{text}"
    );
    for state in [State::Cancelled, State::Failed, State::RolledBack] {
        let life = shown(&at(state));
        assert_eq!(life["state"], state.word());
        assert_eq!(life["next"], serde_json::json!([]));
    }
}

#[test]
fn a_failed_run_waits_for_nothing() {
    let world = at(State::Failed);
    let status = world.ok("olga", "olga", &["git", "awo", "status"]);
    let line = status.lines().find(|it| it.contains(RUN)).unwrap();
    assert!(
        line.contains("failed") && !line.contains("git awo"),
        "{status}"
    );
}

#[test]
fn a_cancelled_run_waits_for_nothing_and_its_task_runs_again() {
    let world = at(State::Cancelled);
    let status = world.ok("olga", "olga", &["git", "awo", "status"]);
    let line = status.lines().find(|it| it.contains(RUN)).unwrap();
    assert!(
        line.contains("cancelled") && !line.contains("git awo"),
        "{status}"
    );
    let said = world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-011");
    assert!(said.contains("cancelled"), "{said}");
    // Its approval is spent: another run takes another one.
    let other = [
        "git", "awo", "run", TASK, "--run-id", "run_2", "--", "sh", "-c", AGENT,
    ];
    world.refused("otto", "otto", &other, "REP-001");
    let again = [
        "git",
        "awo",
        "approve",
        TASK,
        "--sentence",
        crate::world::SENTENCE,
        "--again",
    ];
    world.ok("olga", "olga", &again);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fetched();
    world.ok("otto", "otto", &other);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// What is said of a run that is over, in JSON: the rules and all the text.
fn found(world: &World, who: &str, words: &[&str]) -> (Vec<String>, String) {
    let words = [&["git", "awo", "--json"], words].concat();
    let text = world.refused(who, who, &words, "GOV-011");
    // The same in words comes after it, where a command is refused.
    let mut json = serde_json::Deserializer::from_str(&text).into_iter::<serde_json::Value>();
    let json = json.next().unwrap().unwrap();
    let findings = json["findings"].as_array().unwrap();
    let rule = |it: &serde_json::Value| it["rule"].as_str().unwrap().to_owned();
    (findings.iter().map(rule).collect(), text)
}

#[test]
fn of_a_run_that_is_over_only_that_is_said() {
    let world = at(State::Cancelled);
    for words in [["chain", RUN], ["verify", RUN], ["rollback", RUN]] {
        for who in ["olga", "otto"] {
            let (rules, said) = found(&world, who, &words);
            assert_eq!(rules, ["run-over"], "{words:?}: {said}");
            assert!(said.contains("cancelled"), "{said}");
            if words[0] != "rollback" {
                let on = format!("git awo approve {TASK} --again, then git awo run {TASK}");
                assert!(said.contains(&on), "{said}");
            }
        }
    }
    let world = at(State::Failed);
    for command in ["chain", "verify"] {
        let (rules, said) = found(&world, "olga", &[command, RUN]);
        assert_eq!(rules[0], "run-over", "{said}");
        // It says why the run has failed, and no step that can never be taken.
        assert!(said.contains("GOV-002:invariants:x"), "{said}");
        for step in ["approve", "attest", "finalize"] {
            let step = format!("git awo {step} {RUN}");
            assert!(!said.contains(&step), "{step}: {said}");
        }
    }
    // The twin: of a run that goes on, all that is missing.
    let world = at(State::Recorded);
    let said = world.refused("olga", "olga", &["git", "awo", "chain", RUN], "GOV-002");
    for step in ["gate", "approve", "attest"] {
        assert!(said.contains(&format!("git awo {step} {RUN}")), "{said}");
    }
    assert!(!said.contains("GOV-011"), "{said}");
}

#[test]
fn of_an_id_that_was_cancelled_it_is_said_that_no_run_has_it() {
    let world = World::approved();
    world.fetched();
    let (_, cancel) = act(State::Cancelled).unwrap();
    world.ok("olga", "olga", &cancel);
    for words in [["chain", RUN], ["rollback", RUN]] {
        let (rules, said) = found(&world, "olga", &words);
        assert_eq!(rules, ["run-over"], "{words:?}: {said}");
    }
    let run = format!("git awo run {TASK} -- COMMAND");
    let (_, said) = found(&world, "olga", &["chain", RUN]);
    assert!(said.contains(&run) && !said.contains("--again"), "{said}");
    world.refused("olga", "olga", &["git", "awo", "chain", "run_2"], "STR-002");
}

#[test]
fn a_task_that_is_approved_again_is_listed_until_it_runs_again() {
    for state in [State::Cancelled, State::Failed] {
        let world = at(state);
        let listed = |world: &World| {
            // Twice: what was found before changes no answer.
            let status = ["git", "awo", "status", "--json"];
            let text = world.ok("olga", "olga", &status);
            assert_eq!(text, world.ok("olga", "olga", &status));
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let all = world.ok("olga", "olga", &["git", "awo", "status", "--all", "--json"]);
            let all: serde_json::Value = serde_json::from_str(&all).unwrap();
            assert_eq!(json["tasks"], all["tasks"]);
            let board = world.ok("olga", "olga", &["git", "awo", "task", "board", "--json"]);
            let board: serde_json::Value = serde_json::from_str(&board).unwrap();
            let card = board["tasks"][0]["state"].as_str().unwrap().to_owned();
            (json["tasks"].as_array().unwrap().clone(), card)
        };
        let (tasks, card) = listed(&world);
        assert!(tasks.is_empty(), "{tasks:?}");
        assert_eq!(card, state.word());
        let sentence = crate::world::SENTENCE;
        let again = ["approve", TASK, "--sentence", sentence, "--again"];
        world.ok("olga", "olga", &[&["git", "awo"], &again[..]].concat());
        let (tasks, card) = listed(&world);
        assert_eq!(tasks.len(), 1, "{tasks:?}");
        assert_eq!(tasks[0]["task"], TASK, "{tasks:?}");
        assert_eq!(tasks[0]["state"], "approved");
        assert_eq!(tasks[0]["next"], format!("git awo run {TASK} -- COMMAND"));
        assert_eq!(card, "approved");
        world.ok("olga", "olga", &["git", "awo", "push"]);
        world.fetched();
        world.executes("otto", "run_2");
        world.ok("otto", "otto", &["git", "awo", "push"]);
        world.fetched();
        let (tasks, card) = listed(&world);
        assert!(tasks.is_empty(), "{tasks:?}");
        assert_eq!(card, "executed");
    }
}

#[test]
fn a_cancellation_that_names_another_task_is_refused() {
    let cancel = |task, reason| {
        [
            "git", "awo", "cancel", RUN, "--task", task, "--reason", reason,
        ]
    };
    let world = at(State::Recorded);
    let said = world.refused("olga", "olga", &cancel("OTHER", "no"), "ATT-002");
    assert!(said.contains("--task OTHER"), "{said}");
    world.ok("olga", "olga", &cancel(TASK, "no"));
    let said = world.refused("olga", "olga", &cancel("OTHER", "once more"), "GOV-011");
    assert!(said.contains("--task OTHER"), "{said}");
    let said = world.refused("olga", "olga", &cancel(TASK, "once more"), "GOV-011");
    assert!(!said.contains("--task"), "{said}");
}

#[test]
fn who_gives_no_sentence_is_told_the_whole_command() {
    let world = at(State::Cancelled);
    let words = ["git", "awo", "approve", TASK, "--again"];
    let said = world.run("olga", "olga", &words).text;
    let whole = format!("git awo approve {TASK} --again --sentence TEXT");
    assert!(said.contains(&whole), "{said}");
}

#[test]
fn the_id_of_a_run_that_nobody_recorded_is_cancelled_and_no_command_starts() {
    let world = World::approved();
    world.fetched();
    let (_, cancel) = act(State::Cancelled).unwrap();
    let bare = ["git", "awo", "cancel", RUN, "--reason", "no"];
    let said = world.refused("olga", "olga", &bare, "STR-002");
    assert!(said.contains("--task TASK"), "{said}");
    // An orchestrator cancels what they have made, and nothing else.
    world.refused("otto", "otto", &cancel, "ATT-001");
    world.ok("olga", "olga", &cancel);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fetched();
    let touch = [
        "git",
        "awo",
        "run",
        TASK,
        "--run-id",
        RUN,
        "--",
        "touch",
        "../../started",
    ];
    let said = world.refused("otto", "otto", &touch, "GOV-011");
    assert!(said.contains("run-over"), "{said}");
    assert!(!world.path("started").exists());
    // The approval is not spent.
    world.executes("otto", "run_2");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn the_orchestrator_cancels_an_own_run_before_it_is_pushed() {
    let world = World::approved();
    world.executes("otto", RUN);
    let cancel = ["git", "awo", "cancel", RUN, "--reason", "wrong"];
    world.ok("otto", "otto", &cancel);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
