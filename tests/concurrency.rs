//! Many processes that say the same at once: it is said once, and each is told so.

use std::process::{Output, Stdio};

use base64ct::{Base64, Encoding as _};
use git_awo::store::ledger::Records;
use serde_json::Value;

use crate::world::{AGENT, PACKET, RUN, SENTENCE, TASK, World};

const PROCESSES: usize = 16;

/// Starts these commands, each `(who, place, words)`, before it waits for any of them.
fn at_once(world: &World, commands: &[(&str, &str, &[&str])]) -> Vec<Output> {
    let started: Vec<_> = commands
        .iter()
        .map(|(who, place, words)| {
            let mut command = world.command(who, place, words);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    let wait = |it: std::process::Child| it.wait_with_output().unwrap();
    started.into_iter().map(wait).collect()
}

fn said(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    text
}

/// Returns the persons whose statements are noted on the commit of the run, sorted, one for each
/// line of the note.
fn noted(world: &World, place: &str, notes: &str) -> Vec<String> {
    let find = ["git", "log", "--all", "--format=%H", "--grep=^AWO-Run: "];
    let commit = world.ok("rita", "rita", &find).trim().to_owned();
    noted_on(world, place, notes, &commit)
}

/// The same, of any object.
fn noted_on(world: &World, place: &str, notes: &str, object: &str) -> Vec<String> {
    let who = if place.ends_with(".git") {
        "server"
    } else {
        place
    };
    let reference = format!("--ref={}", world.notes(place, notes));
    let note = world.ok(who, place, &["git", "notes", &reference, "show", object]);
    let mut persons: Vec<_> = note
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let envelope: Value = serde_json::from_str(line).unwrap();
            let payload = Base64::decode_vec(envelope["payload"].as_str().unwrap()).unwrap();
            let statement: Value = serde_json::from_slice(&payload).unwrap();
            let person = &statement["predicate"]["context"]["identity"];
            person.as_str().unwrap().to_owned()
        })
        .collect();
    persons.sort();
    persons
}

/// Lets one reviewer say it in many processes at once: to programs in one world, to people in
/// another, each as `stage` makes it.
fn says_it_once(stage: impl Fn() -> World, word: &str, schema: &str, notes: &str) {
    let world = stage();
    let words = ["git", "awo", "--json", word, RUN];
    let outputs = at_once(&world, &[("rita", "rita", &words[..]); PROCESSES]);
    let mut digests = Vec::new();
    let mut effective = 0;
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(json["schema"], format!("awo.{schema}/1"));
        digests.push(json[schema].as_str().unwrap().to_owned());
        effective += usize::from(json["effective"].as_bool().unwrap());
    }
    assert_eq!(effective, 1, "one process has added it");
    digests.dedup();
    assert_eq!(digests.len(), 1, "all name the one that counts");
    assert_eq!(noted(&world, "rita", notes), ["rita"], "one line");

    let world = stage();
    let words = ["git", "awo", word, RUN];
    let outputs = at_once(&world, &[("rita", "rita", &words[..]); PROCESSES]);
    let losers: Vec<_> = outputs
        .iter()
        .map(said)
        .filter(|text| text.contains("by you before") && text.contains("nothing was added"))
        .collect();
    assert_eq!(losers.len(), PROCESSES - 1, "{losers:?}");
    assert!(outputs.iter().all(|it| it.status.success()));
    assert_eq!(noted(&world, "rita", notes), ["rita"], "one line");
}

fn reviewed() -> World {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world
}

#[test]
fn of_sixteen_processes_that_approve_a_run_one_does() {
    says_it_once(reviewed, "approve", "approval", "approvals");
}

#[test]
fn of_sixteen_processes_that_attest_a_run_one_does() {
    let approved = || {
        let world = reviewed();
        world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
        world
    };
    says_it_once(approved, "attest", "attestation", "attestations");
}

#[test]
fn two_reviewers_in_eight_processes_each_push_their_approvals_and_none_is_lost() {
    let world = World::executed();
    world.next_policy(2, None, |text| {
        text.replace(r#"["operator"]"#, r#"["operator", "reviewer"]"#)
    });
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);

    let script = format!("\"$0\" approve {RUN} && \"$0\" push");
    let words = ["sh", "-c", &script, crate::world::PROGRAM];
    let commands = [
        [("rita", "rita", &words[..]); PROCESSES / 2],
        [("olga", "olga", &words[..]); PROCESSES / 2],
    ]
    .concat();
    let outputs = at_once(&world, &commands);
    let texts: Vec<_> = outputs.iter().map(said).collect();
    for (output, text) in outputs.iter().zip(&texts) {
        assert_eq!(output.status.code(), Some(0), "{text}");
    }
    let losers = texts.iter().filter(|it| it.contains("nothing was added"));
    assert_eq!(losers.count(), PROCESSES - 2, "{texts:?}");
    assert_eq!(
        noted(&world, "server.git", "approvals"),
        ["olga", "rita"],
        "each once on the server"
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

/// olga's task, which nobody has approved.
fn imported() -> World {
    let world = World::founded();
    world.write("packet.md", PACKET);
    let import = ["git", "awo", "task", "import", "../packet.md"];
    world.ok("olga", "olga", &import);
    world
}

/// The words by which olga approves it.
const APPROVE: [&str; 7] = [
    "git",
    "awo",
    "--json",
    "approve",
    TASK,
    "--sentence",
    SENTENCE,
];

/// The same as [`noted`], of the task.
fn task_noted(world: &World) -> Vec<String> {
    let actor = world.actor("olga");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let contract = records.contract_blob(&TASK.parse().unwrap()).unwrap();
    noted_on(world, "olga", "approvals", &contract.unwrap().to_string())
}

/// Tells of each process whether its approval counted, and which one stands.
fn told(outputs: &[Output]) -> Vec<(bool, String)> {
    let one = |output: &Output| {
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let digest = json["approval"].as_str().unwrap().to_owned();
        (json["effective"].as_bool().unwrap(), digest)
    };
    outputs.iter().map(one).collect()
}

#[test]
fn of_sixteen_processes_that_approve_a_task_one_does_until_a_run_has_spent_it() {
    let world = imported();
    let olga = ("olga", "olga", &APPROVE[..]);
    let answers = told(&at_once(&world, &[olga; PROCESSES]));
    assert_eq!(answers.iter().filter(|it| it.0).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|it| it.1 == answers[0].1), "{answers:?}");
    assert_eq!(task_noted(&world), ["olga"], "one line");

    let later = told(&at_once(&world, &[olga]));
    assert_eq!(later, [(false, answers[0].1.clone())]);
    let text = world.ok("olga", "olga", &[&APPROVE[..2], &APPROVE[3..]].concat());
    assert!(
        text.contains("by you before") && text.contains("--again"),
        "{text}"
    );
    assert_eq!(task_noted(&world), ["olga"], "one line");

    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let spend = ["git", "awo", "run", TASK, "--", "sh", "-c", AGENT];
    world.ok("otto", "otto", &spend);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let spent = told(&at_once(&world, &[olga]));
    assert!(spent[0].0 && spent[0].1 != answers[0].1, "{spent:?}");
    assert_eq!(task_noted(&world), ["olga", "olga"]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
}

#[test]
fn eight_processes_that_approve_a_task_again_are_eight_approvals() {
    let world = imported();
    let again = [&APPROVE[..], &["--again"]].concat();
    let answers = told(&at_once(&world, &[("olga", "olga", &again[..]); 8]));
    assert!(answers.iter().all(|it| it.0), "{answers:?}");
    assert_eq!(task_noted(&world), ["olga"; 8]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
}

#[test]
fn eight_processes_push_from_one_clone_and_each_says_it_is_there() {
    let world = reviewed();
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    let outputs = at_once(&world, &[("rita", "rita", &["git", "awo", "push"][..]); 8]);
    for output in &outputs {
        assert_eq!(output.status.code(), Some(0), "{}", said(output));
    }
    assert_eq!(noted(&world, "server.git", "approvals"), ["rita"]);
}

#[test]
fn of_eight_processes_that_finalize_none_takes_another_s_work_for_local_changes() {
    let world = World::attested();
    let words = ["git", "awo", "finalize", RUN];
    let outputs = at_once(&world, &[("otto", "otto", &words[..]); 8]);
    for output in &outputs {
        let text = said(output);
        let landed = output.status.success() && text.contains("finalized");
        assert!(landed || text.contains("REP-003"), "{text}");
        assert!(!text.contains("git stash"), "{text}");
    }
    assert!(outputs.iter().any(|it| it.status.success()));
    let status = ["git", "status", "--porcelain", "--untracked-files=no"];
    assert_eq!(world.ok("otto", "otto", &status), "");
    // The benign twin of what is not stashed: what the user changed is still refused.
    let world = World::attested();
    world.write("otto/src/strings.py", "changed\n");
    world.refused("otto", "otto", &words, "GOV-002");
}
