//! Content is handed to a model elsewhere only after request, plan, consent and a use that the server has
//! recorded; of the original's conformance tests T-GOV-003 and T-CLOUD-001 to 004.

use std::process::Output;

use git_awo::record::{EscalationId, RefName, RunId, Sha256, Timestamp};
use git_awo::records::{
    ConsentReceiptPredicate, EscalationPredicate, EscalationUsePredicate, Kind, Predicate,
    ProjectionPlanPredicate, Scope,
};

use crate::automation::world;
use crate::hostile::Case;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "L-33",
        attack: "bytes for a model elsewhere without a plan or a consent, by a model's decision, by a person's \
                 decision alone, after a refusal",
        answer: "GOV-009",
        tests: &[
            "escalation::t_cloud_001_and_t_gov_003_no_level_sends_without_a_persons_consent",
            "escalation::a_person_who_refuses_is_asked_no_more_for_that",
        ],
    },
    Case {
        id: "L-34",
        attack: "other bytes than were consented to, a consent to another plan, request or decision, in another's \
                 name, by a model, for too long",
        answer: "ATT-002, ATT-001, INT-004, GOV-005",
        tests: &[
            "escalation::t_cloud_002_only_the_bytes_that_were_consented_to_are_sent",
            "escalation::a_consent_binds_plan_request_and_bytes_and_is_a_persons",
            "escalation::a_plan_says_what_it_is_made_from_and_keeps_to_its_limit",
        ],
    },
    Case {
        id: "L-35",
        attack: "a consent that was withdrawn or has expired; the withdrawal of one that was used",
        answer: "GOV-005, REP-001",
        tests: &[
            "escalation::a_consent_that_was_withdrawn_or_has_expired_sends_nothing",
            "escalation::a_withdrawal_that_overtakes_the_use_wins",
            "escalation::a_use_that_was_overtaken_does_not_hold_up_the_clone",
            "escalation::a_consent_holds_no_longer_than_the_policy_lets_it_when_it_is_used",
        ],
    },
    Case {
        id: "L-36",
        attack: "a consent that several clones and processes use at once, or that is used again",
        answer: "one of them gets the bytes, the others REP-001",
        tests: &["escalation::of_two_clones_that_send_at_once_one_gets_the_bytes"],
    },
    Case {
        id: "L-37",
        attack: "an escalation under LOCKED, or under a policy that allows none; a consent hoarded until then",
        answer: "GOV-007, GOV-009",
        tests: &["escalation::t_cloud_004_locked_denies_before_the_bundle_is_read"],
    },
    Case {
        id: "L-38",
        attack: "a use that the server does not confirm, in a clone that trusts nobody, or into the void",
        answer: "INT-005, GOV-006, nothing is handed over",
        tests: &[
            "escalation::whoever_cannot_reach_the_server_sends_nothing_and_keeps_the_consent",
            "escalation::a_clone_that_trusts_nobody_and_an_output_that_keeps_nothing_get_nothing",
        ],
    },
];

const LEDGER: &str = "refs/awo/ledger";
const ALLOWED: &str = "[automation.escalation]\nallow = true\nconsent_hours = 24\n";
/// The bytes that are handed over. They must be found nowhere.
const PAYLOAD: &str = "a question that concerns nobody else\n";

/// What is changed, how, and by which code and rule that is found.
type Change<P> = (&'static str, fn(&mut P), (&'static str, &'static str));

/// A world whose policy allows escalations, where otto has asked for one; and its name.
fn requested(level: &str) -> (World, EscalationId) {
    let world = world(level, ALLOWED);
    let ask = [
        "git",
        "awo",
        "escalate",
        "request",
        "--task",
        "T-1",
        "--model",
        "gpt-4o",
        "--reason",
        "stuck:twice",
    ];
    let said = world.ok("otto", "otto", &ask);
    let id = EscalationId::new(said.lines().next().unwrap()).unwrap();
    world.write("payload", PAYLOAD);
    (world, id)
}

/// The same, where otto has planned what is sent, and pushed that.
fn planned(level: &str) -> (World, EscalationId) {
    let (world, id) = requested(level);
    world.ok("otto", "otto", &plan(&id, "../payload"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    (world, id)
}

/// The same, where olga has consented, and pushed that.
fn consented(level: &str) -> (World, EscalationId) {
    let (world, id) = planned(level);
    world.ok("olga", "olga", &consent(&id, "--yes"));
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    (world, id)
}

/// A world in which the record of this kind is the newest one of an escalation, and not pushed.
pub fn escalated(kind: Kind) -> World {
    match kind {
        Kind::Escalation => requested("HYBRID").0,
        Kind::ProjectionPlan => {
            let (world, id) = requested("HYBRID");
            world.ok("otto", "otto", &plan(&id, "../payload"));
            world
        }
        Kind::ConsentReceipt => {
            let (world, id) = planned("HYBRID");
            world.ok("olga", "olga", &consent(&id, "--yes"));
            world
        }
        _ => {
            let (world, id) = consented("HYBRID");
            world.writes("otto", &id, world.use_of("otto", &id));
            world
        }
    }
}

fn plan<'a>(id: &'a EscalationId, file: &'a str) -> [&'a str; 12] {
    [
        "git",
        "awo",
        "escalate",
        "plan",
        id.as_str(),
        file,
        "--include",
        "task/T-1",
        "--redacted",
        "secrets",
        "--max-bytes",
        "4096",
    ]
}

fn consent<'a>(id: &'a EscalationId, how: &'a str) -> [&'a str; 6] {
    ["git", "awo", "escalate", "consent", id.as_str(), how]
}

fn send<'a>(id: &'a EscalationId, file: &'a str) -> [&'a str; 6] {
    ["git", "awo", "escalate", "send", id.as_str(), file]
}

impl World {
    fn sends(&self, who: &str, id: &EscalationId, file: &str) -> Output {
        let mut command = self.command(who, who, &send(id, file));
        command.output().unwrap()
    }

    /// `send` is refused by this rule, hands nothing over, and nothing is recorded, here or there.
    #[track_caller]
    fn sends_nothing(&self, who: &str, id: &EscalationId, file: &str, (code, rule): (&str, &str)) {
        let before = (self.uses(who, id), self.server());
        let done = self.sends(who, id, file);
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(1), "{said}");
        assert!(
            said.contains(code) && said.contains(rule),
            "{code} {rule}: {said}"
        );
        assert_eq!(done.stdout, b"");
        assert_eq!(
            (self.uses(who, id), self.server()),
            before,
            "nothing is recorded"
        );
    }

    fn uses(&self, who: &str, id: &EscalationId) -> bool {
        let path = Kind::EscalationUse.of(id).to_path().to_string();
        let mut there = self.ledger_of(who).into_iter();
        there.any(|(it, _)| it == path)
    }

    fn of<P: Predicate>(&self, who: &str, id: &EscalationId) -> P {
        self.predicate(who, &P::KIND.of(id))
    }

    /// olga approves another execution of a task, and somebody executes it.
    fn executes_one(&self, who: &str, task: &str, run: &str) {
        let sentence = format!("I approve {task}.");
        let approve = [
            "git",
            "awo",
            "approve",
            task,
            "--sentence",
            &sentence,
            "--again",
        ];
        self.ok("olga", "olga", &approve);
        self.ok("olga", "olga", &["git", "awo", "push"]);
        self.ok(who, who, &["git", "awo", "fetch"]);
        let change = format!("echo {run} > src/{run}.py");
        let words = [
            "git", "awo", "run", task, "--run-id", run, "--", "sh", "-c", &change,
        ];
        self.ok(who, who, &words);
    }

    /// Somebody records this in their own clone as no command would.
    fn writes<P: Predicate>(&self, who: &str, id: &EscalationId, says: P) {
        let path = P::KIND.of(id).to_path().to_string();
        let bytes = self.actor(who).sign(says).unwrap().to_bytes();
        let ledger = RefName::new(LEDGER).unwrap();
        self.forge(who, &ledger, &[(&path, Some(&bytes))]);
    }

    /// Returns the use that `send` would record now.
    fn use_of(&self, who: &str, id: &EscalationId) -> EscalationUsePredicate {
        let path = Kind::ConsentReceipt.of(id);
        let (_, bytes) = self
            .ledger_of(who)
            .into_iter()
            .find(|(it, _)| *it == path.to_path().to_string())
            .expect("a consent");
        let envelope = git_awo::record::envelope::Envelope::parse(&bytes).unwrap();
        let says: ConsentReceiptPredicate = self.of(who, id);
        let plan: ProjectionPlanPredicate = self.of(who, id);
        EscalationUsePredicate {
            consent: envelope.digest(),
            context: git_awo::records::Context {
                identity: who.parse().unwrap(),
                role: if who == "otto" {
                    "orchestrator"
                } else {
                    "operator"
                }
                .to_owned(),
                ..plan.context
            },
            decided: says.decided,
            decision: says.decision,
            escalation: id.clone(),
            nonce: "0123".parse().unwrap(),
            payload_sha256: says.consent.payload_sha256,
            time: self.actor(who).now(),
        }
    }
}

/// T-CLOUD-001 and T-GOV-003: whatever the level, nothing is handed over without a person's consent.
#[test]
fn t_cloud_001_and_t_gov_003_no_level_sends_without_a_persons_consent() {
    for level in ["FULL_HUMAN", "HYBRID", "AUTONOMOUS"] {
        let (world, id) = planned(level);
        let human = ("GOV-009", "human-required");
        world.sends_nothing("otto", &id, "../payload", human);
        // Nor by a decision of a model, however confident: a person is asked.
        let ask = format!(
            "CloudEscalation escalation/{id} approve --confidence 1.0 --rationale x --evidence task/T-1"
        );
        let (code, value, text) = world.decides("otto", &ask);
        assert_eq!((code, &value["choice"]), (1, &"defer".into()), "{text}");
        assert!(text.contains("human-required"), "{text}");
        let asked = value["decision"].as_str().unwrap().to_owned();
        world.ok("otto", "otto", &["git", "awo", "push"]);
        world.refused("otto", "otto", &consent(&id, "--yes"), "ATT-001");
        // A decision of a person is none either: it says nothing of the bytes.
        let alone = world.copied();
        alone.ok("olga", "olga", &["git", "awo", "fetch"]);
        let ask = format!("CloudEscalation escalation/{id} approve --rationale x");
        let (code, _, text) = alone.decides("olga", &ask);
        assert_eq!(code, 0, "{text}");
        alone.ok("olga", "olga", &["git", "awo", "push"]);
        alone.sends_nothing("otto", &id, "../payload", human);
        // The consent answers who was deferred, and is used once.
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
        let said = world.ok("olga", "olga", &consent(&id, "--yes"));
        let digest = Sha256::of(PAYLOAD.as_bytes()).to_string();
        for shown in [&digest, "gpt-4o", "task/T-1", "secrets"] {
            assert!(said.contains(shown), "{shown}: {said}");
        }
        world.ok("olga", "olga", &["git", "awo", "push"]);
        let decisions = world.ok("olga", "olga", &["git", "awo", "decisions"]);
        let line = decisions.lines().find(|it| it.starts_with(&asked));
        assert!(line.unwrap().ends_with("answered"), "{decisions}");
        let done = world.sends("otto", &id, "../payload");
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{said}");
        assert_eq!(String::from_utf8_lossy(&done.stdout), PAYLOAD);
        world.sends_nothing("otto", &id, "../payload", ("REP-001", "record-name"));
        let list = world.ok("otto", "otto", &["git", "awo", "escalate", "list"]);
        assert!(list.contains("used"), "{list}");
        // It stands in every clone, and the events of the decision are whole and legal.
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
        let events = world.ok("vera", "vera", &["git", "awo", "events", "export"]);
        assert_eq!(
            events,
            world.ok("otto", "otto", &["git", "awo", "events", "export"])
        );
        assert!(events.contains("FR-EVT-GOV-002"), "{events}");
        world.write("events", &events);
        world.ok(
            "vera",
            "vera",
            &["git", "awo", "events", "check", "../events"],
        );
        // Of the content nobody has anything.
        for place in ["otto", "olga", "vera", "server.git"] {
            let grep =
                "git cat-file --batch-all-objects --batch | grep -a -q 'concerns nobody else'";
            let who = place.strip_suffix(".git").unwrap_or(place);
            let done = world.run(who, place, &["sh", "-c", grep]);
            assert_eq!(done.code, 1, "{place}: {}", done.text);
        }
    }
}

/// T-CLOUD-002: the digest that the person saw is that of the bytes that are sent.
#[test]
fn t_cloud_002_only_the_bytes_that_were_consented_to_are_sent() {
    let (world, id) = consented("HYBRID");
    let other = ("ATT-002", "binding-mismatch");
    world.write("other", PAYLOAD.replace("nobody", "NOBODY"));
    world.write("longer", PAYLOAD.repeat(2));
    world.write("empty", "");
    for file in ["../other", "../longer", "../empty"] {
        world.sends_nothing("otto", &id, file, other);
    }
    // Nor does the server take the use of a consent to other bytes, to another plan or by another decision.
    let changes: [fn(&mut EscalationUsePredicate); 3] = [
        |it| it.payload_sha256 = Sha256::of(b"other"),
        |it| it.consent = Sha256::of(b"other"),
        |it| it.decided = Sha256::of(b"other"),
    ];
    for change in changes {
        let world = world.copied();
        let mut says = world.use_of("otto", &id);
        change(&mut says);
        world.writes("otto", &id, says);
        world.is_found_of("otto", &[LEDGER], other.0, other.1);
    }
    let twin = world.copied();
    twin.writes("otto", &id, twin.use_of("otto", &id));
    twin.push_accepted("otto", &[LEDGER]);
    let done = world.sends("otto", &id, "../payload");
    assert_eq!(String::from_utf8_lossy(&done.stdout), PAYLOAD);
}

#[test]
fn a_consent_binds_plan_request_and_bytes_and_is_a_persons() {
    let (world, id) = planned("HYBRID");
    world.ok("olga", "olga", &consent(&id, "--yes"));
    world.copied().push_accepted("olga", &[LEDGER]);
    let changes: &[Change<ConsentReceiptPredicate>] = &[
        (
            "other bytes",
            |it| it.consent.payload_sha256 = Sha256::of(b"other"),
            ("ATT-002", "binding-mismatch"),
        ),
        (
            "another plan",
            |it| it.plan = Sha256::of(b"x"),
            ("ATT-002", "binding-mismatch"),
        ),
        (
            "another request",
            |it| it.request = Sha256::of(b"x"),
            ("ATT-002", "binding-mismatch"),
        ),
        (
            "another decision",
            |it| it.decided = Sha256::of(b"x"),
            ("ATT-002", "binding-mismatch"),
        ),
        (
            "a refusal that was an approval",
            |it| it.consent.approved = false,
            ("ATT-002", "binding-mismatch"),
        ),
        (
            "another user",
            |it| it.consent.user_id = "otto".parse().unwrap(),
            ("INT-004", "decision-form"),
        ),
        (
            "another schema",
            |it| it.consent.schema_version = "hsk.consent_receipt@0.5".to_owned(),
            ("INT-004", "decision-form"),
        ),
        (
            "too long",
            |it| it.expires = it.consent.approved_at.plus_days(3),
            ("GOV-005", "approval-lifetime"),
        ),
    ];
    for (what, change, found) in changes {
        let world = world.copied();
        let mut says: ConsentReceiptPredicate = world.of("olga", &id);
        change(&mut says);
        world.writes("olga", &id, says);
        println!("{what}");
        world.is_found_of("olga", &[LEDGER], found.0, found.1);
    }
    // A model's key under a consent.
    let mut says: ConsentReceiptPredicate = world.of("olga", &id);
    says.context.identity = "otto".parse().unwrap();
    says.context.role = "operator".to_owned();
    world.writes("olga", &id, says.clone());
    world.push_refused("olga", &[LEDGER], "ATT-001");
}

#[test]
fn a_plan_says_what_it_is_made_from_and_keeps_to_its_limit() {
    let (world, id) = requested("HYBRID");
    let mut small = plan(&id, "../payload");
    small[11] = "8";
    let text = world.refused("otto", "otto", &small, "INT-005");
    assert!(text.contains("more than 8 bytes"), "{text}");
    let mut nowhere = plan(&id, "../payload");
    nowhere[7] = "task/T-9";
    let text = world.refused("otto", "otto", &nowhere, "GOV-009");
    assert!(text.contains("decision-evidence"), "{text}");
    world.ok("otto", "otto", &plan(&id, "../payload"));
    let mut another = plan(&id, "../payload");
    another[9] = "pii";
    let text = world.refused("otto", "otto", &another, "REP-001");
    assert!(text.contains("record-name"), "{text}");
    world.copied().push_accepted("otto", &[LEDGER]);
    let changes: &[Change<ProjectionPlanPredicate>] = &[
        (
            "another request",
            |it| it.request = Sha256::of(b"x"),
            ("ATT-002", "binding-mismatch"),
        ),
        (
            "more than it may be",
            |it| it.bytes = 4_097,
            ("ATT-002", "binding-mismatch"),
        ),
        (
            "made from what is not there",
            |it| it.plan.include_artifact_refs = vec!["run/nowhere".parse().unwrap()],
            ("GOV-009", "decision-evidence"),
        ),
        (
            "another schema",
            |it| it.plan.schema_version = "hsk.projection_plan@0.3".to_owned(),
            ("INT-004", "decision-form"),
        ),
    ];
    for (what, change, (code, rule)) in changes {
        let world = world.copied();
        let mut says: ProjectionPlanPredicate = world.of("otto", &id);
        change(&mut says);
        world.writes("otto", &id, says);
        let text = world.push_refused("otto", &[LEDGER], code);
        assert!(text.contains(rule), "{what}, {rule}: {text}");
    }
    let mut says: EscalationPredicate = world.of("otto", &id);
    says.contract = Sha256::of(b"x");
    world.writes("otto", &id, says);
    world.is_found_of("otto", &[LEDGER], "ATT-002", "binding-mismatch");
}

/// T-CLOUD-003: two recorded failures of a task offer an escalation, and send nothing.
#[test]
fn t_cloud_003_two_failed_runs_offer_an_escalation() {
    let world = world("HYBRID", ALLOWED);
    let none = world.copied();
    none.levels(3, "HYBRID", "");
    let offered = |world: &World| {
        let text = world.ok("otto", "otto", &["git", "awo", "--json", "status"]);
        let status: serde_json::Value = serde_json::from_str(&text).unwrap();
        let tasks = status["escalation_offered"].as_array().unwrap().clone();
        let escalations = status["escalations"].as_array().unwrap().len();
        (tasks, escalations)
    };
    let fails = |world: &World, run: &str| {
        world.executes_one("otto", "T-1", run);
        world.ok("otto", "otto", &["git", "awo", "push"]);
        world.ok("rita", "rita", &["git", "awo", "fetch"]);
        world.fails_of(&RunId::new(run).unwrap());
        world.ok("rita", "rita", &["git", "awo", "push"]);
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
    };
    fails(&world, "run_1");
    assert_eq!(offered(&world), (vec![], 0));
    fails(&world, "run_2");
    let (tasks, _) = offered(&world);
    assert_eq!(tasks[0]["task"], "T-1");
    assert_eq!(tasks[0]["failed"], 2);
    let next = "git awo escalate request --task T-1 --model NAME --reason CODE";
    assert_eq!(tasks[0]["next"], next);
    let text = world.ok("otto", "otto", &["git", "awo", "status"]);
    assert!(text.contains(next), "{text}");
    let escalations = world.ok("otto", "otto", &["git", "awo", "escalate", "list"]);
    assert!(escalations.contains("no escalations"), "{escalations}");
    // Once asked for it is under way and not offered again, until two more have failed.
    let ask = next.replace("NAME", "gpt-4o").replace("CODE", "x");
    let ask: Vec<_> = ask.split(' ').collect();
    let said = world.ok("otto", "otto", &ask);
    let id = EscalationId::new(said.lines().next().unwrap()).unwrap();
    assert_eq!(offered(&world), (vec![], 1));
    world.write("payload", PAYLOAD);
    world.ok("otto", "otto", &plan(&id, "../payload"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let text = world.ok("olga", "olga", &["git", "awo", "status"]);
    assert!(
        text.contains(&format!("git awo escalate consent {id} --yes")),
        "{text}"
    );
    world.ok("olga", "olga", &consent(&id, "--no"));
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    assert_eq!(offered(&world), (vec![], 0));
    fails(&world, "run_3");
    assert_eq!(offered(&world), (vec![], 0));
    fails(&world, "run_4");
    assert_eq!(offered(&world).0.len(), 1);
    // Where the policy allows none, none is offered.
    none.ok("otto", "otto", &["git", "awo", "fetch"]);
    fails(&none, "run_1");
    fails(&none, "run_2");
    assert_eq!(offered(&none), (vec![], 0));
}

/// T-CLOUD-004: LOCKED denies, before anything of the bundle is read.
#[test]
fn t_cloud_004_locked_denies_before_the_bundle_is_read() {
    let (world, id) = consented("AUTONOMOUS");
    // The same where the policy allows none, and where it forbids the gate.
    for (version, level, more, code, rule) in [
        (3, "LOCKED", ALLOWED, "GOV-007", "locked"),
        (3, "AUTONOMOUS", "", "GOV-009", "gate-forbidden"),
        (
            3,
            "AUTONOMOUS",
            "[[automation.gate]]\nname = \"CloudEscalation\"\nAUTONOMOUS = \"never\"\n[automation.escalation]\nallow = true\n",
            "GOV-009",
            "gate-forbidden",
        ),
    ] {
        let world = world.copied();
        // What was hoarded before is refused when it comes.
        world.writes("otto", &id, world.use_of("otto", &id));
        world.copied().push_accepted("otto", &[LEDGER]);
        world.levels(version, level, more);
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
        let again = world.copied();
        world.is_found_of("otto", &[LEDGER], code, rule);
        // The file is not there, and nobody looks.
        again.ok("olga", "olga", &["git", "awo", "fetch"]);
        let ask = [
            "git", "awo", "escalate", "request", "--task", "T-1", "--model", "m", "--reason", "x",
        ];
        for words in [
            &ask[..],
            &plan(&id, "nowhere"),
            &consent(&id, "--no"),
            &send(&id, "nowhere"),
        ] {
            let text = again.refused("olga", "olga", words, code);
            assert!(text.contains(rule) && !text.contains("nowhere:"), "{text}");
            assert!(!text.contains("cannot read"), "{text}");
        }
    }
}

#[test]
fn a_consent_that_was_withdrawn_or_has_expired_sends_nothing() {
    let (world, id) = consented("HYBRID");
    let withdrawn = world.copied();
    withdrawn.writes("otto", &id, withdrawn.use_of("otto", &id));
    let twin = withdrawn.copied();
    let revoke = [
        "git",
        "awo",
        "revoke",
        id.as_str(),
        "--reason",
        "changed my mind",
    ];
    withdrawn.refused("rita", "rita", &revoke, "");
    withdrawn.ok("olga", "olga", &revoke);
    withdrawn.ok("olga", "olga", &["git", "awo", "push"]);
    withdrawn.push_refused("otto", &[LEDGER], "");
    let sent = world.copied();
    sent.ok("olga", "olga", &["git", "awo", "fetch"]);
    sent.ok("olga", "olga", &revoke);
    sent.ok("olga", "olga", &["git", "awo", "push"]);
    sent.sends_nothing("otto", &id, "../payload", ("GOV-005", "approval-revoked"));
    sent.writes("otto", &id, sent.use_of("otto", &id));
    sent.is_found_of("otto", &[LEDGER], "GOV-005", "approval-revoked");
    // Its decision is withdrawn like every other one, with the same effect.
    let decision: ConsentReceiptPredicate = world.of("olga", &id);
    let other = world.copied();
    let revoke_it = [
        "git",
        "awo",
        "revoke",
        decision.decision.as_str(),
        "--reason",
        "no",
    ];
    other.ok("olga", "olga", &revoke_it);
    other.ok("olga", "olga", &["git", "awo", "push"]);
    other.sends_nothing("otto", &id, "../payload", ("GOV-005", "approval-revoked"));
    // What was used is not withdrawn any more: whichever the server has first counts.
    twin.push_accepted("otto", &[LEDGER]);
    twin.ok("olga", "olga", &["git", "awo", "fetch"]);
    for words in [&revoke, &revoke_it] {
        let text = twin.refused("olga", "olga", words, "REP-001");
        assert!(text.contains("revocation-before-use"), "{text}");
    }
    let record = Scope::Record(twin.use_of("otto", &id).consent);
    assert!(
        !twin.ledger_of("server.git").iter().any(|(path, _)| {
            *path == Kind::Revocation.of(record.clone()).to_path().to_string()
        })
    );
    // A consent that was given for seconds.
    let (world, id) = planned("HYBRID");
    world.ok("olga", "olga", &consent(&id, "--yes"));
    let mut says: ConsentReceiptPredicate = world.of("olga", &id);
    let until = world.actor("olga").now().seconds() + 20;
    says.expires = Timestamp::from_seconds(until).unwrap();
    let until = says.expires;
    world.writes("olga", &id, says);
    world.push_accepted("olga", &[LEDGER]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let late = world.copied();
    world.writes("otto", &id, world.use_of("otto", &id));
    world.copied().push_accepted("otto", &[LEDGER]);
    while world.actor("otto").now() <= until {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    late.sends_nothing("otto", &id, "../payload", ("GOV-005", "approval-unexpired"));
    world.is_found_of("otto", &[LEDGER], "GOV-005", "approval-unexpired");
}

/// What is handed over only where it can be proved, and to somebody.
#[test]
fn a_clone_that_trusts_nobody_and_an_output_that_keeps_nothing_get_nothing() {
    let (world, id) = consented("HYBRID");
    let distrusting = world.copied();
    std::fs::remove_file(distrusting.path("otto/.git/awo/anchor")).unwrap();
    let done = distrusting.sends("otto", &id, "../payload");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(
        (done.status.code(), &*done.stdout),
        (Some(3), &b""[..]),
        "{said}"
    );
    assert!(
        said.contains("GOV-006") && said.contains("pinned-root"),
        "{said}"
    );
    let words = send(&id, "../payload").join(" ");
    for nowhere in [">&-", "> /dev/null", "1< ../payload"] {
        let line = format!("{words} {nowhere}").replacen("git awo", crate::world::PROGRAM, 1);
        let done = world.run("otto", "otto", &["sh", "-c", &line]);
        assert_eq!(done.code, 3, "{}", done.text);
        assert!(done.text.contains("output-written"), "{}", done.text);
    }
    assert!(!world.uses("otto", &id), "the consent is there");
    let done = world.sends("otto", &id, "../payload");
    assert_eq!(String::from_utf8_lossy(&done.stdout), PAYLOAD);
}

/// A use that never reached the server and was overtaken is in nobody's way.
#[test]
fn a_use_that_was_overtaken_does_not_hold_up_the_clone() {
    let (world, id) = consented("HYBRID");
    let other = world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "escalate", "request", "--task", "T-1", "--model", "m", "--reason", "x",
        ],
    );
    let other = EscalationId::new(other.lines().next().unwrap()).unwrap();
    world.ok("otto", "otto", &plan(&other, "../payload"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &consent(&other, "--yes"));
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    // otto is killed between the record and the push; olga withdraws meanwhile.
    world.writes("otto", &id, world.use_of("otto", &id));
    let revoke = ["git", "awo", "revoke", id.as_str(), "--reason", "no"];
    world.ok("olga", "olga", &revoke);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let by_push = world.copied();
    let done = world.sends("otto", &other, "../payload");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(String::from_utf8_lossy(&done.stdout), PAYLOAD, "{said}");
    assert!(
        said.contains("set aside") && said.contains("approval-revoked"),
        "{said}"
    );
    let text = by_push.refused("otto", "otto", &["git", "awo", "push"], "GOV-005");
    assert!(text.contains("set aside"), "{text}");
    for world in [&world, &by_push] {
        world.ok("otto", "otto", &["git", "awo", "push"]);
        assert!(!world.uses("otto", &id));
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
}

/// A policy may shorten what a consent holds, and a consent is no older than it says.
#[test]
fn a_consent_holds_no_longer_than_the_policy_lets_it_when_it_is_used() {
    let (world, id) = planned("HYBRID");
    world.ok("olga", "olga", &consent(&id, "--yes"));
    let told = world.copied();
    let aged = |world: &World, hours: i64| {
        let mut says: ConsentReceiptPredicate = world.of("olga", &id);
        let then = says.consent.approved_at.seconds() + hours * 3_600;
        says.consent.approved_at = Timestamp::from_seconds(then).unwrap();
        world.writes("olga", &id, says);
    };
    aged(&world, -3);
    world.push_accepted("olga", &[LEDGER]);
    world.levels(3, "HYBRID", &ALLOWED.replace("24", "1"));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let found = ("GOV-005", "approval-lifetime");
    world.sends_nothing("otto", &id, "../payload", found);
    world.writes("otto", &id, world.use_of("otto", &id));
    world.is_found_of("otto", &[LEDGER], found.0, found.1);
    aged(&told, 3);
    let text = told.push_refused("olga", &[LEDGER], "INT-004");
    assert!(text.contains("decision-form"), "{text}");
}

/// The withdrawal reaches the server after the last fetch of whoever sends, and before their use.
#[test]
fn a_withdrawal_that_overtakes_the_use_wins() {
    let (world, id) = consented("HYBRID");
    let revoke = ["git", "awo", "revoke", id.as_str(), "--reason", "no"];
    world.ok("olga", "olga", &revoke);
    let clone = world.path("olga");
    let script = format!(
        "#!/bin/sh\nenv -u GIT_DIR git -C {} push --no-verify -q origin refs/awo/ledger >&2\n\
         exec git-receive-pack \"$@\"\n",
        clone.display()
    );
    world.write("late.sh", script);
    let late = world.path("late.sh").display().to_string();
    world.ok("otto", "otto", &["chmod", "+x", &late]);
    world.ok(
        "otto",
        "otto",
        &["git", "config", "remote.origin.receivepack", &late],
    );
    let done = world.sends("otto", &id, "../payload");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(
        (done.status.code(), &*done.stdout),
        (Some(1), &b""[..]),
        "{said}"
    );
    assert!(
        said.contains("GOV-005") && said.contains("approval-revoked"),
        "{said}"
    );
    assert!(
        !world.uses("otto", &id),
        "what the server refuses for good is set aside"
    );
    assert!(!world.uses("server.git", &id));
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn the_page_is_typed_as_it_stands() {
    let world = world("HYBRID", ALLOWED);
    let mut typed = 0;
    for (kind, lines) in crate::howtos::blocks("escalation") {
        let Some(who) = kind.strip_prefix("sh ") else {
            assert_eq!(lines, ALLOWED);
            continue;
        };
        crate::howtos::typed(&world, who, &lines);
        typed += 1;
    }
    assert_eq!(typed, 3);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_person_who_refuses_is_asked_no_more_for_that() {
    let (world, id) = planned("HYBRID");
    world.ok("olga", "olga", &consent(&id, "--no"));
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.sends_nothing("otto", &id, "../payload", ("GOV-009", "human-required"));
    let text = world.refused("olga", "olga", &consent(&id, "--yes"), "REP-001");
    assert!(text.contains("olga has refused"), "{text}");
    let list = world.ok("otto", "otto", &["git", "awo", "escalate", "list"]);
    assert!(list.contains("refused"), "{list}");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn of_two_clones_that_send_at_once_one_gets_the_bytes() {
    let (world, id) = consented("HYBRID");
    // The same person in another clone, and twice in one: each of six.
    let six = ["otto", "otto", "otto", "olga", "olga", "olga"].map(|who| {
        let mut command = world.command(who, who, &send(&id, "../payload"));
        command.stdout(std::process::Stdio::piped());
        command.stderr(std::process::Stdio::piped());
        (who, command.spawn().unwrap())
    });
    let mut got = 0;
    for (who, child) in six {
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        match done.status.code() {
            Some(0) => {
                assert_eq!(String::from_utf8_lossy(&done.stdout), PAYLOAD);
                got += 1;
            }
            code => {
                assert_eq!(done.stdout, b"", "{who}");
                assert!(said.contains("REP-001"), "{who} {code:?}: {said}");
            }
        }
    }
    assert_eq!(got, 1);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    for who in ["otto", "olga"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
        world.ok(who, who, &["git", "awo", "push"]);
    }
}

#[test]
fn whoever_cannot_reach_the_server_sends_nothing_and_keeps_the_consent() {
    let (world, id) = consented("HYBRID");
    let server = world.path("server.git");
    let aside = world.path("aside.git");
    std::fs::rename(&server, &aside).unwrap();
    let done = world.sends("otto", &id, "../payload");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3), "{said}");
    assert!(said.contains("INT-005"), "{said}");
    assert_eq!(done.stdout, b"");
    assert!(!world.uses("otto", &id));
    std::fs::rename(&aside, &server).unwrap();
    let done = world.sends("otto", &id, "../payload");
    assert_eq!(String::from_utf8_lossy(&done.stdout), PAYLOAD);
}
