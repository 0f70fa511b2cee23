//! Persons: one is one, whatever they are called.

use git_awo::record::envelope::Envelope;
use git_awo::record::{IdentityName, Sha256};
use git_awo::records::{
    ApprovalPredicate, AttestationPredicate, GateStatus, IndependencePredicate, Kind, Statement,
};
use git_awo::store::ledger::Records;

use crate::hostile::door::Door;
use crate::hostile::forge::{LEDGER, approvals_until, attestations_until};
use crate::world::{AGENT, RUN, TASK, World};

impl Door {
    /// The result of gate 2 that this person would record.
    pub fn log_of(&self, change: impl FnOnce(&mut IndependencePredicate)) -> Envelope {
        let run = self.run_says();
        let own = self.who == "otto";
        let mut log = IndependencePredicate {
            allow_self_approval: if own { "1" } else { "0" }.into(),
            commit: run.commit,
            context: self.context("reviewer"),
            invariants_ok: true,
            invariants_reasons: Vec::new(),
            message: "reviewed".into(),
            orchestrator: IdentityName::new("otto").unwrap(),
            reviewer: IdentityName::new(self.who).unwrap(),
            root: run.root,
            run_id: run.run,
            status: match own {
                true => GateStatus::SelfApprovedWithOverride,
                false => GateStatus::ApprovedByIndependentReviewer,
            },
        };
        change(&mut log);
        self.sealed(Kind::Independence, Statement::new(log).to_payload())
    }

    /// The ledger with this result in it.
    pub fn logged(&self, envelope: &Envelope) -> String {
        let path = Kind::Independence
            .one_of(self.run(), envelope.digest())
            .to_path();
        let commit = self.grown(
            LEDGER,
            &[(path.to_str().unwrap(), Some(&envelope.to_bytes()))],
        );
        format!("{commit}:{LEDGER}")
    }

    /// The first approval of the run.
    pub fn approval(&self) -> ApprovalPredicate {
        let actor = self.actor();
        let refs = actor.refs().unwrap();
        let records = Records::open(&actor.repo, &refs).unwrap();
        let envelope = records
            .approvals_of(self.run_says().commit)
            .unwrap()
            .remove(0);
        Statement::parse(envelope.payload()).unwrap().predicate
    }
}

fn name(text: &str) -> IdentityName {
    IdentityName::new(text).unwrap()
}

#[test]
fn nobody_reviews_a_run_of_their_own_under_any_name() {
    let door = Door::new(World::executed(), "otto");
    type Change = fn(&mut IndependencePredicate);
    let table: &[(&str, Change, &[&str])] = &[
        (
            "by another's status",
            |it| {
                it.allow_self_approval = "0".into();
                it.status = GateStatus::ApprovedByIndependentReviewer;
            },
            &["GOV-001"],
        ),
        ("by a permission that is nowhere", |_| {}, &["GOV-001"]),
        (
            "in capitals",
            |it| it.reviewer = name("Otto"),
            &["ATT-001", "GOV-001"],
        ),
        (
            "with a plus",
            |it| it.reviewer = name("otto+r"),
            &["ATT-001", "GOV-001"],
        ),
        (
            "as an address",
            |it| it.reviewer = name("otto@example.org"),
            &["ATT-001", "GOV-001"],
        ),
        (
            "as rita",
            |it| it.reviewer = name("rita"),
            &["ATT-001", "GOV-001"],
        ),
        (
            "with olga as the orchestrator",
            |it| it.orchestrator = name("olga"),
            &["ATT-001", "GOV-001"],
        ),
        (
            "signed as rita",
            |it| it.context.identity = name("rita"),
            &["ATT-001"],
        ),
        (
            "signed as Otto",
            |it| it.context.identity = name("Otto"),
            &["ATT-001"],
        ),
    ];
    for (what, change, codes) in table {
        let refspec = door.logged(&door.log_of(change));
        door.refuses_push(what, &[&refspec], codes);
    }
    let log = door.log_of(|it| it.reviewer = name("otto+r"));
    let refspec = door.logged(&log);
    door.refuses_and_finds(
        "with a plus",
        &[&refspec],
        &["ATT-001", "GOV-001"],
        &["ATT-001", "GOV-001"],
    );
    let rita = Door::new(door.world, "rita");
    rita.accepts_push("rita's own", &[&rita.logged(&rita.log_of(|_| {}))]);
}

#[test]
fn no_mailmap_makes_two_persons_of_one() {
    let door = Door::new(World::executed(), "otto");
    let map = "Mallory <mallory@example.org> otto <otto@example.org>\n";
    door.world.write("home/mailmap", map);
    let file = door.world.path("home/mailmap").display().to_string();
    for (who, place) in [("server", "server.git"), ("otto", "otto"), ("rita", "rita")] {
        door.world
            .ok(who, place, &["git", "config", "mailmap.file", &file]);
        door.world
            .ok(who, place, &["git", "config", "log.mailmap", "true"]);
    }
    door.world.write("otto/.mailmap", map);
    door.world
        .refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001");
    let own = door.log_of(|it| {
        it.allow_self_approval = "0".into();
        it.status = GateStatus::ApprovedByIndependentReviewer;
    });
    door.refuses_push(
        "mapped by configuration",
        &[&door.logged(&own)],
        &["GOV-001"],
    );
    let (tip, tree) = door.base();
    let blob = door.raw().blob(map);
    for at in [b".mailmap".as_slice(), b".MailMap"] {
        let tree = door.raw().tree_with(&tree, &[("100644", at, &blob)]);
        let commit = door.raw().commit(&tree, &[&tip], "Map\n");
        door.refuses("a map in the tree", &commit, &["GOV-003"]);
    }
    std::fs::remove_file(door.world.path("otto/.mailmap")).unwrap();
    let rita = Door::new(door.world, "rita");
    rita.accepts_push("rita's own", &[&rita.logged(&rita.log_of(|_| {}))]);
}

/// otto, after olga has permitted him to review his run.
fn permitted() -> Door {
    let olga = crate::hostile::signatures::olga();
    let envelope = olga.sealed(Kind::SelfApproval, olga.override_of(|_| {}));
    olga.accepts_override("by the authority", &envelope);
    let otto = Door::new(olga.world, "otto");
    otto.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    otto
}

#[test]
fn a_permitted_self_approval_passes_and_says_so() {
    let door = permitted();
    door.world.ok("otto", "otto", &["git", "awo", "gate", RUN]);
    for words in [["approve", RUN], ["attest", RUN], ["finalize", RUN]] {
        let [verb, run] = words;
        door.world.ok("otto", "otto", &["git", "awo", verb, run]);
    }
    door.world.ok("otto", "otto", &["git", "awo", "push"]);
    let logs = door.world.ok("otto", "otto", &["git", "awo", "chain", RUN]);
    assert!(logs.contains("SELF_APPROVED_WITH_OVERRIDE"), "{logs}");
    assert_eq!(door.verdict().exit, 0);
}

#[test]
fn a_permission_lifts_no_invariant() {
    let door = permitted();
    for (what, change) in [
        (
            "said to be broken",
            (|it: &mut IndependencePredicate| it.invariants_ok = false) as fn(&mut _),
        ),
        ("with reasons", |it| {
            it.invariants_reasons = vec!["steps_empty".into()]
        }),
        ("both", |it| {
            it.invariants_ok = false;
            it.invariants_reasons = vec!["steps_empty".into()];
        }),
        ("as if another had reviewed", |it| {
            it.status = GateStatus::ApprovedByIndependentReviewer
        }),
    ] {
        let refspec = door.logged(&door.log_of(change));
        door.refuses_push(what, &[&refspec], &["GOV-002"]);
    }
    let refspec = door.logged(&door.log_of(|it| it.root = Sha256::of(b"")));
    door.refuses_push("another root", &[&refspec], &["ATT-002"]);
    door.accepts_push("all holds", &[&door.logged(&door.log_of(|_| {}))]);
}

#[test]
fn two_keys_of_one_person_are_one_approval() {
    let world = World::executed();
    world.ok(
        "rita",
        "home/rita",
        &[
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-f",
            "second",
        ],
    );
    let second = std::fs::read_to_string(world.path("home/rita/second.pub")).unwrap();
    let signers = std::fs::read_to_string(world.path("policy/allowed_signers")).unwrap();
    let signers = format!("{signers}rita {second}");
    let two = |text: String| text.replace("audit_approvals = 1", "audit_approvals = 2");
    world.next_policy(2, Some(&signers), two);
    for words in [["fetch"].as_slice(), &["gate", RUN], &["approve", RUN]] {
        let words: Vec<_> = ["git", "awo"].iter().chain(words).copied().collect();
        world.ok("rita", "rita", &words);
    }
    let door = Door::new(world, "rita");
    let run = door.run_says();
    let mut again = door.approval();
    let expires = again.expires;
    let (approvals_ref, attestations_ref) = (approvals_until(expires), attestations_until(expires));
    let first = Statement::new(again.clone()).to_payload();
    again.nonce = "again".into();
    let payload = Statement::new(again).to_payload();
    let actor = door.actor().with_key(&door.world.path("home/rita/second"));
    let by_second = |payload: &[u8]| {
        let signature = actor.sign_payload(Kind::Approval, payload).unwrap();
        Envelope::new(payload.to_vec(), vec![signature])
    };
    // The same statement signed by the other key, and another one.
    let (same, other) = (by_second(&first), by_second(&payload));
    let noted = door.noted(
        &approvals_ref,
        run.commit,
        &[&same.to_bytes(), &other.to_bytes()],
    );
    let refspecs = [format!("{noted}:{approvals_ref}"), LEDGER.to_owned()];
    let refspecs: Vec<_> = refspecs.iter().map(String::as_str).collect();
    door.accepts_push("three approvals by one person", &refspecs);
    door.world.ok(
        "rita",
        "rita",
        &["git", "update-ref", &approvals_ref, &noted],
    );
    // They are not two persons to anybody.
    door.world
        .refused("rita", "rita", &["git", "awo", "attest", RUN], "GOV-005");
    let actor = door.actor();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let logs = records.of_run(&run.run, Kind::Independence).unwrap();
    let log = logs.first().unwrap();
    let reviewer = name("rita");
    let mut approvals = vec![same.digest(), other.digest()];
    approvals.sort();
    let says = AttestationPredicate {
        gate1: None,
        approvals,
        commit: run.commit,
        context: door.context("reviewer"),
        contract: run.contract,
        expires,
        independence: log.1.digest(),
        reviewer_sha256: Sha256::of(b"rita"),
        reviewer,
        root: run.root,
        run: run.run.clone(),
        run_record: door.record(&Kind::Run.of(&run.run)).digest(),
        tree: run.tree,
        workflow_run_url: None,
    };
    let attestation = door.sealed(Kind::Attestation, Statement::new(says).to_payload());
    let noted = door.noted(&attestations_ref, run.commit, &[&attestation.to_bytes()]);
    door.refuses_push(
        "an attestation on two of them",
        &[&format!("{noted}:{attestations_ref}")],
        &["GOV-005", "GOV-011"],
    );
    // otto's would be a self-approval; a second reviewer makes two.
    assert_eq!(door.verdict().exit, 0);
}

#[test]
fn whom_the_commit_names_among_its_authors_reviews_nothing_of_it() {
    let world = World::approved();
    // otto commits under another name, whoever types it.
    world.ok("otto", "otto", &["git", "config", "user.name", "RITA"]);
    let run = [
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
    ];
    world.ok("otto", "otto", &run);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let before = Door::new(world.copied(), "rita");
    world.refused("rita", "rita", &["git", "awo", "gate", RUN], "GOV-001");
    // With another program she signs that it has passed.
    let refspec = before.logged(&before.log_of(|_| {}));
    before.refuses_and_finds(
        "a log by a co-author",
        &[&refspec],
        &["GOV-001"],
        &["GOV-001"],
    );
}
