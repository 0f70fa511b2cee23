//! Approvals that are withdrawn: too late, by others, of nothing, and what is made of them later.

use git_awo::record::{RunId, Sha256, TaskId};
use git_awo::records::{Kind, RevocationPredicate, Scope, Statement};
use git_awo::store::ledger::Records;

use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::world::{AGENT, RUN, SENTENCE, TASK, World};

/// The digest of the approval of the task, or of the one of the run, as this person's clone has it.
pub fn approval(door: &Door, of_run: bool) -> Sha256 {
    let actor = door.actor();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let task = TaskId::new(TASK).unwrap();
    let object = match of_run {
        true => door.run_says().commit,
        false => records.contract_blob(&task).unwrap().unwrap(),
    };
    records.approvals_of(object).unwrap()[0].digest()
}

/// The digests of all approvals of the task, as this person's clone has them.
fn approvals(door: &Door) -> Vec<Sha256> {
    let actor = door.actor();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let blob = records
        .contract_blob(&TaskId::new(TASK).unwrap())
        .unwrap()
        .unwrap();
    let noted = records.approvals_of(blob).unwrap();
    noted.iter().map(|it| it.digest()).collect()
}

/// The ledger of this person with a revocation that they signed.
fn withdrawn(door: &Door, role: &str, record: Sha256, run: Option<&str>) -> String {
    withdrawn_for(door, role, record, run, "a mistake")
}

fn withdrawn_for(
    door: &Door,
    role: &str,
    record: Sha256,
    run: Option<&str>,
    reason: &str,
) -> String {
    let says = RevocationPredicate {
        run: run.map(|run| RunId::new(run).unwrap()),
        task: Some(TaskId::new(TASK).unwrap()),
        ..RevocationPredicate::of(door.context(role), record, reason.into())
    };
    let envelope = door.sealed(Kind::Revocation, Statement::new(says).to_payload());
    let path = Kind::Revocation.of(Scope::Record(record)).to_path();
    door.grown(
        LEDGER,
        &[(path.to_str().unwrap(), Some(&envelope.to_bytes()))],
    )
}

fn revoke(world: &World, who: &str, record: Sha256) -> crate::world::Done {
    let short = record.to_string()[..12].to_owned();
    let words = ["git", "awo", "revoke", &short, "--reason", "a mistake"];
    world.run(who, who, &words)
}

#[test]
fn only_an_own_approval_that_is_there_is_withdrawn() {
    let rita = Door::new(World::approved(), "rita");
    rita.world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let record = approval(&rita, false);
    let forged = format!("{}:{LEDGER}", withdrawn(&rita, "reviewer", record, None));
    rita.refuses_and_finds("another's", &[&forged], &["GOV-005"], &["GOV-005"]);
    let done = revoke(&rita.world, "rita", record);
    assert!(
        done.code == 1 && done.text.contains("revocation-own"),
        "{}",
        done.text
    );

    let olga = Door::new(rita.world, "olga");
    let nothing = withdrawn(&olga, "operator", Sha256::of(b"nothing"), None);
    let nothing = format!("{nothing}:{LEDGER}");
    olga.refuses_and_finds("nothing", &[&nothing], &["STR-001"], &["STR-001"]);
    let done = revoke(&olga.world, "olga", Sha256::of(b"nothing"));
    assert!(
        done.code == 1 && done.text.contains("revocation-of-record"),
        "{}",
        done.text
    );

    let own = withdrawn(&olga, "operator", record, None);
    olga.accepts_record("an own approval", LEDGER, &own);
    // The same once more changes nothing; for another reason it would be a second one.
    let words = [
        "git",
        "awo",
        "revoke",
        &record.to_string(),
        "--reason",
        "another",
    ];
    let said = olga.world.refused("olga", "olga", &words, "REP-001");
    for words in [
        "withdrawn already",
        "revocation-once",
        "olga withdrew it already: a mistake",
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn what_is_to_be_withdrawn_is_named_by_its_digest_and_for_a_reason() {
    let world = World::executed();
    let revoke = |record: &str, reason: &str| {
        let words = ["git", "awo", "revoke", record, "--reason", reason];
        world.run("olga", "olga", &words)
    };
    for (record, reason, code, says) in [
        (
            TASK,
            "x",
            1,
            format!("git awo show {TASK} lists its approvals"),
        ),
        (RUN, "x", 2, "is not the beginning of a digest".to_owned()),
        ("abc", "x", 2, "4 to 64 hex digits".to_owned()),
        ("", "x", 2, "git awo show TASK or RUN".to_owned()),
        (TASK, "", 2, "is not a reason".to_owned()),
        (TASK, " \t", 2, "is not a reason".to_owned()),
    ] {
        let done = revoke(record, reason);
        assert_eq!(done.code, code, "{record:?} {reason:?}: {}", done.text);
        assert!(done.text.contains(&says), "{record:?}: {}", done.text);
    }
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for words in [
        &["outcome", RUN, "accepted", "--reason", ""][..],
        &["gate", RUN, "--allow-self-approval", "--reason", " "],
        &["revoke", RUN, "--reason", "x"],
    ] {
        let done = world.run("rita", "rita", &[&["git", "awo"], words].concat());
        let is_run = done.text.contains(&format!("{RUN} is a run"));
        assert!(
            done.text.contains("is not a reason") || is_run,
            "{}",
            done.text
        );
    }
}

#[test]
fn what_is_used_is_not_withdrawn() {
    let olga = Door::new(World::executed(), "olga");
    olga.world.ok("otto", "otto", &["git", "awo", "push"]);
    let record = approval(&olga, false);
    // olga's clone does not know of the run: the command lets it pass, and the server does not.
    let done = revoke(&olga.world, "olga", record);
    assert_eq!(done.code, 0, "{}", done.text);
    let words = [
        "git",
        "update-ref",
        LEDGER,
        "refs/awo-remotes/origin/awo/ledger",
    ];
    olga.world.ok("olga", "olga", &words);
    olga.world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let late = format!("{}:{LEDGER}", withdrawn(&olga, "operator", record, None));
    olga.refuses_and_finds("a spent approval", &[&late], &["REP-001"], &["REP-001"]);
    let done = revoke(&olga.world, "olga", record);
    assert!(
        done.code == 1 && done.text.contains("revocation-before-use"),
        "{}",
        done.text
    );
}

#[test]
fn no_run_spends_what_was_withdrawn() {
    let world = World::approved();
    let execute = |run: &'static str| {
        vec![
            "git", "awo", "run", TASK, "--run-id", run, "--", "sh", "-c", AGENT,
        ]
    };
    // otto has executed the task, and not pushed that, while olga withdraws her approval.
    world.ok("otto", "otto", &execute(RUN));
    let olga = Door::new(world, "olga");
    let done = revoke(&olga.world, "olga", approval(&olga, false));
    assert_eq!(done.code, 0, "{}", done.text);
    olga.world.ok("olga", "olga", &["git", "awo", "push"]);
    let otto = Door::new(olga.world, "otto");
    let world = &otto.world;
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let evidence = otto.run_says().evidence.to_string();
    let twin = world.copied();
    otto.refuses_and_finds(
        "a run",
        &[LEDGER, &evidence],
        &["GOV-005", "GOV-011"],
        &["GOV-005", "GOV-011"],
    );
    // Whoever has the revocation executes nothing by that approval.
    let ledger = "refs/awo-remotes/origin/awo/ledger";
    twin.ok("otto", "otto", &["git", "update-ref", LEDGER, ledger]);
    twin.ok("otto", "otto", &["git", "update-ref", "-d", &evidence]);
    twin.refused("otto", "otto", &execute("run_2"), "GOV-005");
    // The twin: approved anew it is executed, and the server takes that.
    let sentence = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
    twin.ok("olga", "olga", &sentence);
    twin.ok("olga", "olga", &["git", "awo", "push"]);
    twin.ok("otto", "otto", &["git", "awo", "fetch"]);
    twin.ok("otto", "otto", &execute("run_2"));
    twin.ok("otto", "otto", &["git", "awo", "push"]);
}

#[test]
fn no_attestation_counts_what_was_withdrawn() {
    let rita = Door::new(World::executed(), "rita");
    let world = &rita.world;
    for (who, words) in [
        ("otto", &["git", "awo", "push"][..]),
        ("rita", &["git", "awo", "fetch"]),
        ("rita", &["git", "awo", "gate", RUN]),
        ("rita", &["git", "awo", "approve", RUN]),
        ("rita", &["git", "awo", "push"]),
    ] {
        world.ok(who, who, words);
    }
    let record = approval(&rita, true);
    let before = world.rev("rita", LEDGER);
    // What rita attests is not known to the server when she withdraws the approval.
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    let notes = world.notes("rita", "attestations");
    let early = withdrawn(&rita, "reviewer", record, Some(RUN));
    rita.accepts_push("in time", &[&format!("{early}:{LEDGER}")]);
    rita.refuses_and_finds(
        "an attestation",
        &[&notes],
        &["GOV-005", "GOV-011"],
        &["GOV-005", "GOV-011"],
    );
    // Here and now neither attests nor finalizes anybody by it.
    world.ok("rita", "rita", &["git", "update-ref", "-d", &notes]);
    world.ok("rita", "rita", &["git", "update-ref", LEDGER, &early]);
    assert_ne!(before, early);
    world.refused("rita", "rita", &["git", "awo", "attest", RUN], "GOV-005");
    // The twin: approved anew, it is attested, and the server takes that.
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
}

#[test]
fn an_approval_is_withdrawn_for_one_reason() {
    let olga = Door::new(World::approved(), "olga");
    let first = approval(&olga, false);
    let own = withdrawn(&olga, "operator", first, None);
    olga.accepts_record("an own approval", LEDGER, &own);
    let again = withdrawn_for(&olga, "operator", first, None, "another reason");
    let again = format!("{again}:{LEDGER}");
    olga.refuses_and_finds("another reason", &[&again], &["REP-001"], &["REP-001"]);
    // The twin: for that reason another approval is withdrawn.
    let sentence = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
    olga.world.ok("olga", "olga", &sentence);
    let second = approvals(&olga)
        .into_iter()
        .find(|it| *it != first)
        .unwrap();
    olga.world.ok("olga", "olga", &["git", "awo", "push"]);
    let other = withdrawn_for(&olga, "operator", second, None, "another reason");
    olga.accepts_record("another approval", LEDGER, &other);
}

#[test]
fn no_run_is_finalized_by_an_approval_that_was_withdrawn() {
    let rita = Door::new(World::executed(), "rita");
    let world = &rita.world;
    for (who, words) in [
        ("otto", &["git", "awo", "push"][..]),
        ("rita", &["git", "awo", "fetch"]),
        ("rita", &["git", "awo", "gate", RUN]),
        ("rita", &["git", "awo", "approve", RUN]),
        ("rita", &["git", "awo", "push"]),
    ] {
        world.ok(who, who, words);
    }
    let finalize = ["git", "awo", "finalize", RUN];
    let record = approval(&rita, true);
    // The attestation is known here alone, and so the server takes the revocation.
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    let twin = world.copied();
    let notes = world.notes("rita", "attestations");
    let early = withdrawn(&rita, "reviewer", record, Some(RUN));
    rita.accepts_record("in time", LEDGER, &early);
    let before = world.ok("rita", "rita", &["git", "for-each-ref"]);
    world.refused("rita", "rita", &finalize, "GOV-005");
    assert_eq!(
        world.ok("rita", "rita", &["git", "for-each-ref"]),
        before,
        "nothing moved"
    );
    // Approved and attested anew it is finalized, and so it is where nothing was withdrawn.
    world.ok("rita", "rita", &["git", "update-ref", "-d", &notes]);
    for words in [
        &["git", "awo", "approve", RUN][..],
        &["git", "awo", "attest", RUN],
        &finalize,
        &["git", "awo", "push"],
    ] {
        world.ok("rita", "rita", words);
    }
    twin.ok("rita", "rita", &finalize);
    // Once finalized it says so too, though the server would not take it.
    let rita = Door::new(twin, "rita");
    let late = withdrawn(&rita, "reviewer", record, Some(RUN));
    let status = ["git", "awo", "status"];
    let said = rita.world.ok("rita", "rita", &status);
    assert!(said.contains("finalized"), "{said}");
    let update = ["git", "update-ref", LEDGER, &late];
    rita.world.ok("rita", "rita", &update);
    let said = rita.world.ok("rita", "rita", &status);
    assert!(said.contains("withdrawn"), "{said}");
}

#[test]
fn status_says_what_was_withdrawn() {
    let state = |door: &Door, what: &str| {
        let words = ["git", "awo", "--json", "status"];
        let json = door.world.ok(door.who, door.who, &words);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let (state, next) = (&json[what][0]["state"], &json[what][0]["next"]);
        format!("{}: {}", state.as_str().unwrap(), next.as_str().unwrap())
    };
    let olga = Door::new(World::approved(), "olga");
    let run = format!("approved: git awo run {TASK} -- COMMAND");
    assert_eq!(state(&olga, "tasks"), run);
    let done = revoke(&olga.world, "olga", approval(&olga, false));
    assert_eq!(done.code, 0, "{}", done.text);
    let withdrawn = format!("withdrawn: git awo approve {TASK}");
    assert_eq!(state(&olga, "tasks"), withdrawn);
    let sentence = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
    olga.world.ok("olga", "olga", &sentence);
    assert_eq!(state(&olga, "tasks"), run, "approved anew");

    let rita = Door::new(World::executed(), "rita");
    for (who, words) in [
        ("otto", &["git", "awo", "push"][..]),
        ("rita", &["git", "awo", "fetch"]),
        ("rita", &["git", "awo", "gate", RUN]),
        ("rita", &["git", "awo", "approve", RUN]),
    ] {
        rita.world.ok(who, who, words);
    }
    assert_eq!(
        state(&rita, "runs"),
        format!("approved: git awo attest {RUN}")
    );
    let done = revoke(&rita.world, "rita", approval(&rita, true));
    assert_eq!(done.code, 0, "{}", done.text);
    let withdrawn = format!("withdrawn: git awo approve {RUN}");
    assert_eq!(state(&rita, "runs"), withdrawn);
    let links = chain(&rita);
    assert!(links.contains(&("gate 3".to_owned(), "withdrawn".to_owned())));
    assert!(links.contains(&("approval (gate 1)".to_owned(), "held".to_owned())));
    let attest = ["git", "awo", "attest", RUN];
    let done = rita.world.refused("rita", "rita", &attest, "GOV-005");
    assert!(done.contains("withdrawn by rita"), "{done}");
}

/// Returns the links of the run and how they stand.
fn chain(door: &Door) -> Vec<(String, String)> {
    let words = ["git", "awo", "--json", "chain", RUN];
    let json = door.world.run(door.who, door.who, &words).text;
    let json = json.lines().take_while(|it| !it.is_empty());
    let json: serde_json::Value = serde_json::from_str(&json.collect::<String>()).unwrap();
    let text = |it: &serde_json::Value| it.as_str().unwrap().to_owned();
    let links = json["links"].as_array().unwrap().iter();
    links
        .map(|it| (text(&it["link"]), text(&it["state"])))
        .collect()
}

#[test]
fn a_run_whose_task_approval_is_withdrawn_meanwhile_says_so() {
    let world = World::approved();
    let run = ["git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c"];
    world.ok("otto", "otto", &[&run[..], &[AGENT]].concat());
    let olga = Door::new(world, "olga");
    let record = approval(&olga, false);
    assert_eq!(revoke(&olga.world, "olga", record).code, 0);
    olga.world.ok("olga", "olga", &["git", "awo", "push"]);
    let otto = Door::new(olga.world, "otto");
    let status = ["git", "awo", "status"];
    let before = otto.world.ok("otto", "otto", &status);
    assert!(before.contains("executed"), "{before}");
    otto.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let merged = otto.world.ok("otto", "otto", &status);
    assert!(merged.contains("withdrawn"), "{merged}");
    let next = format!("git awo approve {TASK}, then git awo run {TASK} -- COMMAND");
    assert!(merged.contains(&next), "{merged}");
    let gate_1 = ("approval (gate 1)".to_owned(), "withdrawn".to_owned());
    assert!(chain(&otto).contains(&gate_1));
    // Both name the approval and what withdrew it.
    for what in [RUN, TASK] {
        let shown = otto.world.ok("otto", "otto", &["git", "awo", "show", what]);
        assert!(shown.contains(&format!("approval of {TASK}  {record}")));
        assert!(shown.contains("@revocation.dsse.json"), "{shown}");
    }
}

#[test]
fn an_approval_withdrawn_while_its_run_goes_on_is_not_spent() {
    let olga = Door::new(World::approved(), "olga");
    let world = &olga.world;
    let record = approval(&olga, false);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.write("agent.sh", AGENT);
    let (agent, begun, go) = (
        world.path("agent.sh"),
        world.path("begun"),
        world.path("go"),
    );
    let script = format!(
        "sh {} && : > {} && while ! test -e {}; do sleep 0.05; done",
        agent.display(),
        begun.display(),
        go.display()
    );
    let words = |run: &'static str| ["git", "awo", "run", TASK, "--run-id", run, "--", "sh", "-c"];
    let with = |run| [&words(run)[..], &[&script]].concat();
    let mut running = world.command("otto", "otto", &with(RUN));
    let running = running
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    for _ in 0..1_200 {
        if begun.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(begun.exists(), "the command is running");
    // In the very clone in which the run goes on.
    let short = record.to_string();
    let revoke = ["git", "awo", "revoke", &short, "--reason", "a mistake"];
    world.ok("olga", "otto", &revoke);
    let before = world.ok("otto", "otto", &["git", "for-each-ref"]);
    world.write("go", "");
    let ended = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("GOV-005"), "{said}");
    let after = world.ok("otto", "otto", &["git", "for-each-ref"]);
    assert_eq!(after, before, "nothing was recorded");
    // Approved anew, it is executed.
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let sentence = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
    world.ok("olga", "olga", &sentence);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &with(RUN));
    world.ok("otto", "otto", &["git", "awo", "push"]);
}
