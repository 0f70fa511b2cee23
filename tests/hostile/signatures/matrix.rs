//! Every kind of statement in every namespace, and in the place of every other kind.

use std::collections::BTreeSet;

use git_awo::policy::Keyring;
use git_awo::record::envelope::Envelope;
use git_awo::record::{
    Code, Coded as _, DecisionId, EscalationId, Finding, RepoPath, RunId, Sha256, Subject, TaskId,
};
use git_awo::records::{Kind, LedgerPath, PolicyPredicate, Scope, Statement};

use crate::admissions::ADMIT;
use crate::automation::decided;
use crate::escalation::escalated;
use crate::hostile::approvals::withdrawn::approval;
use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::hostile::vouches::vouched;
use crate::post_work::planned;
use crate::world::{RUN, SENTENCE, TASK, World};

/// Namespaces of others, and what looks like one of ours.
const FOREIGN: &[&str] = &[
    "git",
    "file",
    "email",
    "git-awo",
    "git-awo.",
    "git-awo.*",
    "Git-Awo.Run",
    "git-awo.approvals",
];

/// A check that takes as little time as one can.
const CHECKED: &[&str] = &[
    "git",
    "awo",
    "determinism",
    "check",
    "--sign",
    "--runs",
    "2",
    "--",
    "true",
];

/// One record of each kind as its maker is about to push it: who, where it stands, and what else
/// has to come with it.
struct Fresh {
    kind: Kind,
    door: Door,
    reference: String,
    path: String,
}

impl Fresh {
    fn bytes(&self) -> Vec<u8> {
        let from = format!("{}:{}", self.reference, self.path);
        let words = ["git", "cat-file", "blob", &from];
        let text = self.door.world.ok(self.door.who, self.door.who, &words);
        text.trim_end().as_bytes().to_vec()
    }

    fn envelope(&self) -> Envelope {
        Envelope::parse(&self.bytes()).unwrap()
    }

    /// The ref with this envelope in the place of the good one.
    fn with(&self, envelope: &Envelope) -> String {
        let mut bytes = envelope.to_bytes();
        if self.reference.starts_with("refs/notes/") {
            bytes.push(b'\n');
        }
        self.door
            .grown(&self.reference, &[(&self.path, Some(&bytes))])
    }

    fn signed_in(&self, namespace: &str) -> Envelope {
        let payload = self.envelope().payload().to_vec();
        let signature = self.door.sign_in(namespace, &payload);
        Envelope::new(payload, vec![signature])
    }

    #[track_caller]
    fn refuses(&self, what: &str, envelope: &Envelope) {
        let commit = self.with(envelope);
        let what = format!("{}: {what}", self.kind);
        let refspec = format!("{commit}:{}", self.reference);
        self.door.refuses_push(&what, &[&refspec], &["ATT-003"]);
    }
}

/// Returns where in a ref of this clone a record of a kind stands that the server has not yet.
fn fresh(kind: Kind, world: World, who: &'static str, reference: &str, has: &str) -> Fresh {
    let listed = world.ok(
        who,
        who,
        &["git", "ls-tree", "-r", "--name-only", reference],
    );
    let path = listed.lines().find(|path| path.contains(has)).expect(has);
    Fresh {
        kind,
        path: path.to_owned(),
        door: Door::new(world, who),
        reference: reference.to_owned(),
    }
}

fn made(kind: Kind) -> Fresh {
    let import = ["git", "awo", "task", "import", "../packet.md"];
    let all: &[(&str, &str, &[&str])] = match kind {
        Kind::Contract => &[("olga", "olga", &import)],
        Kind::Approval => &[
            ("olga", "olga", &import),
            ("olga", "olga", &["git", "awo", "push"]),
            (
                "olga",
                "olga",
                &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
            ),
        ],
        Kind::Revocation => &[
            ("olga", "olga", &import),
            ("olga", "olga", &["git", "awo", "push"]),
            (
                "olga",
                "olga",
                &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
            ),
            ("olga", "olga", &["git", "awo", "push"]),
        ],
        Kind::Admission => &[("olga", "olga", ADMIT)],
        Kind::Determinism => &[("rita", "rita", CHECKED)],
        Kind::Independence => &[("rita", "rita", &["git", "awo", "gate", RUN])],
        Kind::Attestation => &[
            ("rita", "rita", &["git", "awo", "gate", RUN]),
            ("rita", "rita", &["git", "awo", "approve", RUN]),
            ("rita", "rita", &["git", "awo", "push"]),
            ("rita", "rita", &["git", "awo", "attest", RUN]),
        ],
        Kind::Outcome => &[(
            "olga",
            "olga",
            &["git", "awo", "outcome", RUN, "accepted", "--reason", "good"],
        )],
        Kind::Cancellation => &[(
            "otto",
            "otto",
            &["git", "awo", "cancel", RUN, "--reason", "no"],
        )],
        _ => &[],
    };
    let world = match kind {
        Kind::Admission | Kind::Contract | Kind::Approval | Kind::Revocation | Kind::Policy => {
            World::founded()
        }
        Kind::Determinism => World::executed(),
        Kind::Run => World::executed(),
        Kind::Cancellation => World::executed(),
        Kind::Lease => {
            let world = World::approved();
            world.ok("otto", "otto", &["git", "awo", "claim", crate::world::TASK]);
            world
        }
        Kind::Independence | Kind::Attestation | Kind::SelfApproval => World::executed(),
        Kind::Finalization => World::finalized(),
        Kind::Outcome | Kind::Receipt => World::landed(),
        Kind::Vouch => vouched(),
        Kind::PreWork => planned(),
        Kind::Decision | Kind::AutoSignature => decided(),
        Kind::Escalation | Kind::ProjectionPlan | Kind::ConsentReceipt | Kind::EscalationUse => {
            escalated(kind)
        }
    };
    world.write("packet.md", crate::world::PACKET);
    for (who, place, words) in all {
        world.ok(who, place, words);
    }
    match kind {
        Kind::Admission => fresh(kind, world, "olga", LEDGER, "@admission-"),
        Kind::Determinism => fresh(kind, world, "rita", LEDGER, "@determinism-"),
        Kind::Contract => fresh(kind, world, "olga", LEDGER, "@contract."),
        Kind::Approval => {
            let notes = world.notes("olga", "approvals");
            fresh(kind, world, "olga", &notes, "")
        }
        Kind::Independence => fresh(kind, world, "rita", LEDGER, "@independence"),
        Kind::Revocation => {
            let record = approval(&Door::new(world.copied(), "olga"), false).to_string();
            let words = ["git", "awo", "revoke", &record, "--reason", "no"];
            world.ok("olga", "olga", &words);
            fresh(kind, world, "olga", LEDGER, "@revocation")
        }
        Kind::Attestation => {
            let notes = world.notes("rita", "attestations");
            fresh(kind, world, "rita", &notes, "")
        }
        Kind::Finalization => fresh(kind, world, "otto", LEDGER, "@finalization"),
        Kind::Outcome => fresh(kind, world, "olga", LEDGER, "@outcome"),
        Kind::Cancellation => fresh(kind, world, "otto", LEDGER, "@cancellation-"),
        Kind::Vouch => fresh(kind, world, "olga", LEDGER, "@vouch-"),
        Kind::PreWork => fresh(kind, world, "otto", LEDGER, "@pre-work-"),
        Kind::Decision => fresh(kind, world, "otto", LEDGER, "@decision."),
        Kind::AutoSignature => fresh(kind, world, "otto", LEDGER, "@auto-signature."),
        Kind::Escalation => fresh(kind, world, "otto", LEDGER, "@escalation."),
        Kind::ProjectionPlan => fresh(kind, world, "otto", LEDGER, "@projection-plan."),
        Kind::ConsentReceipt => fresh(kind, world, "olga", LEDGER, "@consent-receipt."),
        Kind::EscalationUse => fresh(kind, world, "otto", LEDGER, "@escalation-use."),
        Kind::Run => fresh(kind, world, "otto", LEDGER, "@run."),
        Kind::Lease => fresh(kind, world, "otto", LEDGER, "@lease-"),
        Kind::Receipt => {
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
            fresh(kind, world, "otto", "refs/awo/log", "entry.dsse.json")
        }
        Kind::Policy => fresh(kind, world, "olga", "refs/awo/policy", "policy.dsse.json"),
        Kind::SelfApproval => {
            world.ok("olga", "olga", &["git", "awo", "fetch"]);
            let door = Door::new(world, "olga");
            let envelope = door.sealed(kind, door.override_of(|_| {}));
            let commit = door.overridden(&envelope);
            let words = ["git", "update-ref", LEDGER, &commit];
            door.world.ok("olga", "olga", &words);
            let path = door.override_path(&envelope);
            Fresh {
                kind,
                door,
                reference: LEDGER.to_owned(),
                path,
            }
        }
    }
}

/// What the keyring says of an envelope that is to be a statement of a kind.
fn judged(door: &Door, kind: Kind, envelope: &Envelope) -> Result<(), Finding> {
    let actor = door.actor();
    let history = actor.history().unwrap();
    let position = history.now(actor.now());
    let refused = |it: git_awo::policy::Unverified| it.to_finding(Subject::none());
    match kind {
        Kind::Policy => Keyring::verify_policy(envelope, position.policy, actor.now()).map(drop),
        _ => Keyring::verify_as(kind, envelope, &position).map(drop),
    }
    .map_err(refused)
}

/// Nobody in this world has the server's key but the server.
fn signer_of(fresh: &Fresh, namespace: &str, payload: &[u8]) -> Envelope {
    if fresh.kind != Kind::Receipt {
        return Envelope::new(
            payload.to_vec(),
            vec![fresh.door.sign_in(namespace, payload)],
        );
    }
    let key = fresh.door.world.path("server.git/awo/server_key");
    let actor = fresh.door.actor().with_key(&key);
    let made = actor
        .sign_raw(namespace, &git_awo::record::envelope::pae(payload))
        .unwrap();
    let signature = git_awo::record::envelope::EnvelopeSignature {
        keyid: made.public_key().fingerprint().to_owned(),
        sig: made.to_blob().to_vec(),
    };
    Envelope::new(payload.to_vec(), vec![signature])
}

#[test]
fn every_kind_holds_in_its_own_namespace_and_place_and_in_no_other() {
    let records: Vec<_> = Kind::ALL.iter().map(|kind| made(*kind)).collect();
    let ours: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.namespace()).collect();
    assert_eq!(ours.len(), Kind::ALL.len(), "one namespace a kind");
    let mut crossed = 0;
    for record in &records {
        let payload = record.envelope().payload().to_vec();
        for namespace in ours.iter().chain(FOREIGN) {
            let envelope = signer_of(record, namespace, &payload);
            let verdict = judged(&record.door, record.kind, &envelope);
            if *namespace == record.kind.namespace() {
                verdict.unwrap_or_else(|finding| panic!("{}: {finding:?}", record.kind));
                continue;
            }
            let finding = verdict.expect_err(namespace);
            assert_eq!(finding.code, Code::Att003, "{} in {namespace}", record.kind);
            crossed += 1;
        }
        for place in Kind::ALL.iter().filter(|place| **place != record.kind) {
            // Whatever namespace it is in: what it says is of another kind.
            for namespace in [record.kind.namespace(), place.namespace()] {
                let envelope = signer_of(record, namespace, &payload);
                let finding = judged(&record.door, *place, &envelope).expect_err(namespace);
                assert_eq!(finding.code, Code::Att003, "{} as {place}", record.kind);
                crossed += 1;
            }
        }
    }
    let kinds = Kind::ALL.len();
    assert_eq!(
        crossed,
        kinds * (kinds - 1 + FOREIGN.len()) + kinds * (kinds - 1) * 2
    );
}

/// Pushes a record of a kind in the namespaces of its neighbour and of commits, and with the
/// neighbour's content.
fn at_the_door(kind: Kind, neighbour: Kind) {
    let record = made(kind);
    for namespace in [neighbour.namespace(), "git", "file"] {
        record.refuses(namespace, &record.signed_in(namespace));
    }
    let refspec = format!("{0}:{0}", record.reference);
    match kind {
        // Needs its run to have landed in the same push.
        Kind::Finalization => {
            let words = ["git", "awo", "push"];
            record
                .door
                .world
                .ok(record.door.who, record.door.who, &words);
        }
        _ => record.door.accepts_push("the good one", &[&refspec]),
    }
}

#[test]
fn a_contract_in_another_namespace_is_refused() {
    at_the_door(Kind::Contract, Kind::Approval);
}

#[test]
fn an_approval_in_another_namespace_is_refused() {
    at_the_door(Kind::Approval, Kind::Attestation);
}

#[test]
fn an_independence_log_in_another_namespace_is_refused() {
    at_the_door(Kind::Independence, Kind::SelfApproval);
}

#[test]
fn an_override_in_another_namespace_is_refused() {
    at_the_door(Kind::SelfApproval, Kind::Outcome);
}

#[test]
fn an_attestation_in_another_namespace_is_refused() {
    at_the_door(Kind::Attestation, Kind::Approval);
}

#[test]
fn a_finalization_in_another_namespace_is_refused() {
    at_the_door(Kind::Finalization, Kind::Run);
}

#[test]
fn an_outcome_in_another_namespace_is_refused() {
    at_the_door(Kind::Outcome, Kind::Contract);
}

#[test]
fn an_admission_in_another_namespace_is_refused() {
    at_the_door(Kind::Admission, Kind::Contract);
}

#[test]
fn a_determinism_report_in_another_namespace_is_refused() {
    at_the_door(Kind::Determinism, Kind::Independence);
}

#[test]
fn a_pre_work_in_another_namespace_is_refused() {
    at_the_door(Kind::PreWork, Kind::Run);
}

#[test]
fn a_run_record_in_another_namespace_is_refused() {
    let world = World::approved();
    world.write("agent.sh", crate::world::AGENT);
    let agent = world.path("agent.sh").display().to_string();
    let run = [
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
    ];
    world.ok("otto", "otto", &run);
    let record = fresh(Kind::Run, world, "otto", LEDGER, "@run.");
    for namespace in ["git-awo.contract", "git", "file"] {
        let commit = record.with(&record.signed_in(namespace));
        let refspecs = [&format!("{commit}:{LEDGER}"), "refs/awo/evidence/*"];
        record.door.refuses_push(namespace, &refspecs, &["ATT-003"]);
    }
    record
        .door
        .accepts_push("the good one", &[LEDGER, "refs/awo/evidence/*"]);
}

#[test]
fn a_policy_in_another_namespace_is_refused() {
    let world = World::founded();
    let tip = world.rev("olga", "refs/heads/main");
    world.write("policy/next.toml", crate::world::policy(2, &tip, ""));
    let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
    world.ok("olga", "olga", &propose);
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
    let record = fresh(
        Kind::Policy,
        world,
        "olga",
        "refs/awo/policy",
        "policy.dsse.json",
    );
    for namespace in ["git-awo.contract", "git", "file"] {
        record.refuses(namespace, &record.signed_in(namespace));
    }
    let statement = Statement::<PolicyPredicate>::parse(record.envelope().payload());
    assert_eq!(statement.unwrap().predicate.version, 2);
    record
        .door
        .accepts_push("the good one", &["refs/awo/policy"]);
}

#[test]
fn no_kind_is_made_by_somebody_without_its_role() {
    let table: &[(Kind, &str, &[&str])] = &[
        (Kind::Contract, "olga", &["otto", "rita"]),
        (Kind::Approval, "olga", &["otto", "rita"]),
        (Kind::Independence, "rita", &["olga"]),
        (Kind::SelfApproval, "olga", &["otto", "rita"]),
        (Kind::Outcome, "olga", &["otto", "rita"]),
    ];
    for (kind, maker, others) in table {
        let record = made(*kind);
        let payload = record.envelope().payload().to_vec();
        let text = String::from_utf8(payload).unwrap();
        let door = &record.door;
        for other in *others {
            // The statement names who signs it, and who signs it lacks the role.
            let forged = text.replace(&format!("\"{maker}\""), &format!("\"{other}\""));
            let key = door.world.path(&format!("home/{other}/key"));
            let actor = door.actor().with_key(&key);
            let signature = actor.sign_payload(*kind, forged.as_bytes()).unwrap();
            let envelope = Envelope::new(forged.clone().into_bytes(), vec![signature]);
            let finding = judged(door, *kind, &envelope).expect_err(other);
            assert_eq!(finding.code, Code::Att001, "{kind} by {other}");
            let path = match kind {
                Kind::SelfApproval => door.override_path(&envelope),
                Kind::Independence => {
                    let id = git_awo::record::RunId::new(RUN).unwrap();
                    let path = Kind::Independence.one_of(id, envelope.digest());
                    path.to_path().to_str().unwrap().to_owned()
                }
                _ => record.path.clone(),
            };
            let mut bytes = envelope.to_bytes();
            if record.reference.starts_with("refs/notes/") {
                bytes.push(b'\n');
            }
            let mut edits: Vec<(&str, Option<&[u8]>)> =
                vec![(&record.path, None), (&path, Some(&bytes))];
            if path == record.path {
                edits.remove(0);
            }
            let commit = door.grown(&record.reference, &edits);
            let refspec = format!("{commit}:{}", record.reference);
            door.refuses_push(&format!("{kind} by {other}"), &[&refspec], &["ATT-001"]);
        }
        if *kind == Kind::SelfApproval {
            continue;
        }
        // The right person in a role that does not make it.
        for role in ["server", "model", "root", "Operator", "reviewer ", ""] {
            let own = text
                .lines()
                .find(|line| line.contains("\"role\":"))
                .unwrap();
            let forged = text.replacen(own, &format!("      \"role\": \"{role}\""), 1);
            let envelope = Envelope::new(
                forged.clone().into_bytes(),
                vec![door.sign_in(kind.namespace(), forged.as_bytes())],
            );
            let finding = judged(door, *kind, &envelope).expect_err(role);
            assert_eq!(finding.code, Code::Att001, "{kind} as {role}: {finding:?}");
        }
    }
}

/// A ref in which the record stands a second time, under another name that such a record could have.
fn copied_elsewhere(record: &Fresh) -> Vec<(&'static str, String)> {
    let door = &record.door;
    let line = record.envelope().to_bytes();
    if record.reference.starts_with("refs/notes/") {
        let base = door.base().0.parse().unwrap();
        let object = record.path.replace('/', "").parse().unwrap();
        let (there, _) = record.reference.rsplit_once('-').unwrap();
        let month = if record.reference.ends_with("-03") {
            "04"
        } else {
            "03"
        };
        let other = format!("{there}-{month}");
        return vec![
            (
                "on another object",
                format!(
                    "{}:{}",
                    door.noted(&record.reference, base, &[&line]),
                    record.reference
                ),
            ),
            (
                "in another month",
                format!("{}:{other}", door.noted(&other, object, &[&line])),
            ),
        ];
    }
    let path = RepoPath::from(record.path.as_str());
    let Some(LedgerPath::Record(scope, kind, key)) = LedgerPath::parse(&path) else {
        panic!("{}", record.path)
    };
    let other = |digest: &Sha256| Sha256::of(digest.to_string().as_bytes());
    let another = match &scope {
        Scope::Task(_) => Scope::Task(TaskId::new("OTHER-1").unwrap()),
        Scope::Run(_) => Scope::Run(RunId::new("another_run").unwrap()),
        Scope::Decision(_) => Scope::Decision(DecisionId::new("dec-other").unwrap()),
        Scope::Escalation(_) => Scope::Escalation(EscalationId::new("esc-other").unwrap()),
        Scope::Commit(_) => Scope::Commit(door.base().0.parse().unwrap()),
        Scope::Record(digest) => Scope::Record(other(digest)),
        Scope::Proposal(digest) => Scope::Proposal(other(digest)),
        Scope::Locator(digest) => Scope::Locator(other(digest)),
        Scope::Recipe(digest) => Scope::Recipe(other(digest)),
        Scope::Day(_) => Scope::Day("2020-01-01".parse().unwrap()),
    };
    let mut places = vec![("of something else", LedgerPath::Record(another, kind, key))];
    places.extend(key.map(|key| {
        let place = LedgerPath::Record(scope, kind, Some(other(&key)));
        ("under another key", place)
    }));
    let there = |(what, place): (&'static str, LedgerPath)| {
        let path = place.to_path().to_string();
        let commit = door.grown(LEDGER, &[(&path, Some(&line))]);
        (what, format!("{commit}:{LEDGER}"))
    };
    places.into_iter().map(there).collect()
}

#[test]
fn a_record_of_every_kind_stands_only_where_its_content_says() {
    let mut places = 0;
    for kind in Kind::ALL {
        let record = match kind {
            // Of the receive log nothing is ever pushed.
            Kind::Receipt => continue,
            Kind::Policy => {
                let world = World::founded();
                let tip = world.rev("olga", "refs/heads/main");
                world.write("policy/next.toml", crate::world::policy(2, &tip, ""));
                let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
                world.ok("olga", "olga", &propose);
                fresh(*kind, world, "olga", LEDGER, "@policy-")
            }
            _ => made(*kind),
        };
        let door = &record.door;
        for (what, refspec) in copied_elsewhere(&record) {
            let before = door.world.server();
            let pushed = door.push(&[&refspec]);
            assert!(!pushed.accepted, "{kind} {what} is accepted");
            let code = match (kind, record.reference.starts_with("refs/notes/")) {
                (_, true) => "ATT-002",
                // The name of a proposal is what its roots sign.
                (Kind::Policy, _) if what == "of something else" => "ATT-002",
                _ => "INT-004",
            };
            assert!(
                pushed.codes.contains(code),
                "{kind} {what}: {}",
                pushed.text
            );
            assert_eq!(door.world.server(), before, "nothing moved");
            places += 1;
        }
        match kind {
            // These come with a branch, or have come.
            Kind::Finalization | Kind::Run => {
                _ = door.world.ok(door.who, door.who, &["git", "awo", "push"])
            }
            _ => door.accepts_push("in its own place", &[&record.reference]),
        }
    }
    let once = Kind::ALL.iter().filter(|kind| {
        let stands = kind.shape();
        !stands.starts_with("notes") && !stands.contains("-<sha256>")
    });
    // The receive log is among those that stand once.
    let once = once.count() - 1;
    assert!(
        places >= 2 * (Kind::ALL.len() - 1) - once,
        "{places} places"
    );
}
