//! Reviews that were not made, or by the wrong person.

use super::*;

#[test]
fn a_self_approved_run_is_refused() {
    let world = World::executed();
    let actor = world.actor("otto");
    let history = actor.history().unwrap();
    let run = world.run_record("otto");
    let log = IndependencePredicate {
        allow_self_approval: "0".into(),
        commit: run.commit,
        context: context(&actor, &history, "otto", "reviewer"),
        invariants_ok: true,
        invariants_reasons: Vec::new(),
        message: "reviewed by another person".into(),
        orchestrator: IdentityName::new("otto").unwrap(),
        reviewer: IdentityName::new("otto").unwrap(),
        root: run.root,
        run_id: run.run.clone(),
        status: GateStatus::ApprovedByIndependentReviewer,
    };
    let envelope = actor.sign(log).unwrap();
    Batch::new("forged")
        .record(
            &Kind::Independence.one_of(run.run, envelope.digest()),
            &envelope,
        )
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "GOV-001");
}

#[test]
fn a_log_that_names_another_reviewer_is_refused() {
    let world = World::executed();
    let actor = world.actor("otto");
    let history = actor.history().unwrap();
    let run = world.run_record("otto");
    let log = IndependencePredicate {
        allow_self_approval: "0".into(),
        commit: run.commit,
        context: context(&actor, &history, "rita", "reviewer"),
        invariants_ok: true,
        invariants_reasons: Vec::new(),
        message: "reviewed by another person".into(),
        orchestrator: IdentityName::new("otto").unwrap(),
        reviewer: IdentityName::new("rita").unwrap(),
        root: run.root,
        run_id: run.run.clone(),
        status: GateStatus::ApprovedByIndependentReviewer,
    };
    let envelope = actor.sign(log).unwrap();
    Batch::new("forged")
        .record(
            &Kind::Independence.one_of(run.run, envelope.digest()),
            &envelope,
        )
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "ATT-001");
}

/// Stores a result of gate 2 of the run, signed by this person in their clone as a reviewer.
fn forged_log(world: &World, who: &str, change: impl FnOnce(&mut IndependencePredicate)) {
    let actor = world.actor(who);
    let history = actor.history().unwrap();
    let run = world.run_record(who);
    let mut log = IndependencePredicate {
        allow_self_approval: "0".into(),
        commit: run.commit,
        context: context(&actor, &history, who, "reviewer"),
        invariants_ok: false,
        invariants_reasons: vec!["steps_empty".into()],
        message: "an invariant does not hold".into(),
        orchestrator: IdentityName::new("otto").unwrap(),
        reviewer: IdentityName::new(who).unwrap(),
        root: run.root,
        run_id: run.run.clone(),
        status: GateStatus::FailedInvariants,
    };
    change(&mut log);
    let envelope = actor.sign(log).unwrap();
    Batch::new("forged")
        .record(
            &Kind::Independence.one_of(run.run, envelope.digest()),
            &envelope,
        )
        .commit(&actor.repo, &actor.author())
        .unwrap();
}

#[test]
fn a_failed_review_of_a_finalized_run_is_refused() {
    let world = World::landed();
    forged_log(&world, "rita", |_| {});
    world.push_refused("rita", &["refs/awo/ledger"], "GOV-011");
}

#[test]
fn a_failed_review_that_comes_after_gate_3_ends_its_run_and_nothing_else() {
    let world = World::attested();
    forged_log(&world, "rita", |_| {});
    world.push_accepted("rita", &["refs/awo/ledger"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.refused("otto", "otto", &["git", "awo", "finalize", RUN], "GOV-002");
    // Nobody approves it any more, with whatever commands.
    world.refused("rita", "rita", &["git", "awo", "approve", RUN], "GOV-002");
}

#[test]
fn an_approval_after_a_failed_review_is_refused() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    forged_log(&world, "rita", |_| {});
    world.push_accepted("rita", &["refs/awo/ledger"]);
    let actor = world.actor("rita");
    let (history, run) = (actor.history().unwrap(), world.run_record("rita"));
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let logs = records.of_run(&run.run, Kind::Independence).unwrap();
    let passed = logs.iter().find(|(_, envelope)| {
        let text = String::from_utf8_lossy(envelope.payload());
        text.contains("APPROVED_BY_INDEPENDENT_REVIEWER")
    });
    let approval = ApprovalPredicate {
        approves: git_awo::records::Approves::Audit,
        base: None,
        commit: Some(run.commit),
        context: context(&actor, &history, "rita", "reviewer"),
        contract: run.contract,
        expires: actor.now().plus_days(7),
        independence: passed.map(|(_, envelope)| envelope.digest()),
        nonce: "1".into(),
        root: Some(run.root),
        run: Some(run.run),
        sentence: None,
        task: run.task,
        workflow_run_url: None,
    };
    let segment = Notes::APPROVALS.until(approval.expires);
    let envelope = actor.sign(approval).unwrap();
    Batch::new("forged")
        .note(segment, run.commit, envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.push_refused("rita", &["refs/notes/awo/approvals/*"], "GOV-002");
}

#[test]
fn a_review_that_fails_for_no_reason_is_refused() {
    for change in [
        (|log: &mut IndependencePredicate| log.invariants_reasons.clear()) as fn(&mut _),
        |log| log.invariants_ok = true,
        |log| log.status = GateStatus::FailedSelfApproval,
    ] {
        let world = World::executed();
        forged_log(&world, "rita", change);
        world.push_refused("rita", &["refs/awo/ledger"], "GOV-002");
    }
    let world = World::executed();
    forged_log(&world, "rita", |_| {});
    world.push_accepted("rita", &["refs/awo/ledger"]);
}

#[test]
fn the_failed_log_of_a_self_review_is_kept() {
    let world = World::executed();
    world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
}

#[test]
fn a_review_of_nothing_is_refused() {
    let world = World::attested();
    forged_approval(&world, |approval| approval.run = None);
    world.push_refused("rita", RECORDS, "ATT-002");
}

#[test]
fn a_review_noted_on_another_commit_is_refused() {
    let world = World::attested();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope = records.approvals_of(run.commit).unwrap().remove(0);
    let mut approval = Statement::<ApprovalPredicate>::parse(envelope.payload())
        .unwrap()
        .predicate;
    approval.commit = Some(run.base);
    let segment = Notes::APPROVALS.until(approval.expires);
    let envelope = actor.sign(approval).unwrap();
    Batch::new("forged")
        .note(segment, run.base, envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn a_run_is_rejected_once_it_has_landed() {
    let world = World::finalized();
    world.ok("otto", "otto", &["git", "awo", "push", "--records-only"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let reject = ["git", "awo", "outcome", RUN, "rejected", "--reason", "no"];
    world.refused("olga", "olga", &reject, "GOV-011");
    world.push_accepted("otto", &["main"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &reject);
    world.ok("olga", "olga", &["git", "awo", "push"]);
}
