//! Statements about something else, by somebody else, twice.

use super::*;

#[test]
fn an_approval_for_another_commit_is_refused() {
    let world = World::attested();
    let other: ObjectId = world.rev("rita", "HEAD").parse().unwrap();
    forged_approval(&world, |approval| approval.commit = Some(other));
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn an_approval_of_another_root_is_refused() {
    let world = World::attested();
    forged_approval(&world, |approval| {
        approval.root = Some(Sha256::of(b"another"))
    });
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn an_approval_from_another_repository_is_refused() {
    let world = World::attested();
    let elsewhere: ObjectId = world.rev("rita", "HEAD").parse().unwrap();
    forged_approval(&world, |approval| approval.context.repository = elsewhere);
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn a_second_approval_that_holds_is_accepted() {
    let world = World::attested();
    forged_approval(&world, |_| {});
    world.push_accepted("rita", RECORDS);
}

#[test]
fn an_attestation_reused_as_an_approval_is_refused() {
    let world = World::attested();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let attestation = records.attestations_of(run.commit).unwrap().remove(0);
    let statement = Statement::<AttestationPredicate>::parse(attestation.payload());
    let segment = Notes::APPROVALS.until(statement.unwrap().predicate.expires);
    Batch::new("forged")
        .note(segment, run.commit, attestation)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "ATT-003");
}

#[test]
fn an_attestation_of_another_tree_is_refused() {
    let world = World::attested();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope = records.attestations_of(run.commit).unwrap().remove(0);
    let mut says = Statement::<AttestationPredicate>::parse(envelope.payload())
        .unwrap()
        .predicate;
    says.tree = run.commit;
    let segment = Notes::ATTESTATIONS.until(says.expires);
    let envelope = actor.sign(says).unwrap();
    Batch::new("forged")
        .note(segment, run.commit, envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn an_outcome_by_the_orchestrator_is_refused() {
    let world = World::landed();
    let actor = world.actor("otto");
    let history = actor.history().unwrap();
    let run = world.run_record("otto");
    let outcome = OutcomePredicate {
        commit: run.commit,
        context: context(&actor, &history, "otto", "operator"),
        outcome: Outcome::Rejected,
        reason: "mine".into(),
        root: run.root,
        run: run.run.clone(),
    };
    let envelope = actor.sign(outcome).unwrap();
    Batch::new("forged")
        .record(&Kind::Outcome.of(run.run), &envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "ATT-001");
}

#[test]
fn a_replayed_approval_is_refused() {
    let world = World::executed();
    let actor = world.actor("otto");
    let mut run = world.run_record("otto");
    run.run = RunId::new("run_again").unwrap();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let sums = records
        .file(&LedgerPath::Inventory(RunId::new(RUN).unwrap()))
        .unwrap()
        .unwrap();
    let id = run.run.clone();
    let envelope = actor.sign(run).unwrap();
    Batch::new("forged")
        .record(&Kind::Run.of(&id), &envelope)
        .file(&LedgerPath::Inventory(id), sums)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "REP-001");
}

#[test]
fn a_second_run_under_one_approval_is_refused_by_the_command() {
    let world = World::executed();
    let agent = crate::world::AGENT;
    let again = [
        "git",
        "awo",
        "run",
        TASK,
        "--run-id",
        "run_again",
        "--",
        "sh",
        "-c",
        agent,
    ];
    world.refused("otto", "otto", &again, "REP-001");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "awo",
            "approve",
            TASK,
            "--sentence",
            crate::world::SENTENCE,
        ],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &again);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

#[test]
fn a_record_in_another_spelling_is_refused() {
    let world = World::executed();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope: Envelope = records.envelope(&Kind::Run.of(run.run)).unwrap().unwrap();
    let mut bytes = envelope.to_bytes();
    bytes.push(b'\n');
    let path = Kind::Outcome.of(RunId::new(RUN).unwrap());
    Batch::new("forged")
        .file(&path, bytes)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "INT-004");
}

#[test]
fn a_file_of_an_unknown_kind_in_the_ledger_is_refused() {
    let world = World::executed();
    let actor = world.actor("rita");
    let tip = actor.repo.reference(&layout::ledger()).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let blob = actor.repo.write_blob(b"payload\n").unwrap();
    let edit = (RepoPath::from("smuggled/file"), Some((Mode::File, blob)));
    let draft = CommitDraft {
        tree: actor.repo.edit_tree(Some(commit.tree), &[edit]).unwrap(),
        parents: vec![tip],
        author: actor.author(),
        committer: actor.author(),
        message: b"more\n".to_vec(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: layout::ledger(),
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack("rita", RECORDS, "STR-002");
}

#[test]
fn an_approval_with_a_nonce_that_is_no_plain_word_is_refused() {
    for nonce in ["", "a b", "\u{1b}[31m", "n\u{e9}", &"n".repeat(65)] {
        let world = World::attested();
        forged_approval(&world, |approval| approval.nonce = nonce.to_owned());
        let said = world.push_refused("rita", RECORDS, "INT-004");
        assert!(said.contains("approval-nonce"), "{said}");
    }
    let world = World::attested();
    forged_approval(&world, |approval| approval.nonce = "n.1_-".repeat(12));
    world.push_accepted("rita", RECORDS);
}

#[test]
fn another_approval_with_the_nonce_of_one_that_is_there_is_refused() {
    let twice = |second: &str| {
        let world = World::attested();
        forged_approval(&world, |_| {});
        world.push_accepted("rita", RECORDS);
        forged_approval(&world, |approval| {
            approval.nonce = second.to_owned();
            approval.expires = approval.expires.plus_days(1);
        });
        world
    };
    let said = twice("7").push_refused("rita", RECORDS, "REP-001");
    assert!(said.contains("nonce-once"), "{said}");
    twice("8").push_accepted("rita", RECORDS);
}

#[test]
fn an_approval_valid_for_ever_is_refused() {
    let world = World::attested();
    forged_approval(&world, |approval| {
        approval.expires = approval.expires.plus_days(3_000)
    });
    world.push_refused("rita", RECORDS, "GOV-005");
}
