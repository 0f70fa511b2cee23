//! Decisions on gates: what a model's own key gets past the server with, and what it does not.

use git_awo::actor::Actor;
use git_awo::record::{Choice, DecisionId, Gate, IdentityName, Level, Sha256, Timestamp, Token};
use git_awo::records::{
    ActorKind, AutoSignaturePredicate, DecisionPredicate, Kind, SIGNATURE_SCHEMA, Target,
};

use super::Case;
use super::door::Door;
use super::forge::LEDGER;
use crate::automation::world;
use crate::escalation::escalated;

pub const CASES: &[Case] = &[
    Case {
        id: "L-09",
        attack: "an auto-signature for an escalation, a policy violation or a skeleton, with a decision on it and without",
        answer: "GOV-009, under LOCKED GOV-007",
        tests: &[
            "hostile::decisions::a_model_approves_no_more_than_the_policy_leaves_to_it",
            "hostile::decisions::no_model_opens_an_escalation",
            "automation_conformance::t_gov_001_under_autonomous_a_model_opens_gates_without_a_person",
            "src/check/tests/decisions::every_cell_of_the_gate_table_is_what_the_door_does",
        ],
    },
    Case {
        id: "L-21",
        attack: "a model's approval below the threshold, at a gate that needs a person, or of a gate that is none",
        answer: "GOV-009",
        tests: &[
            "hostile::decisions::a_model_approves_no_more_than_the_policy_leaves_to_it",
            "automation_conformance::t_gov_001_under_autonomous_a_model_opens_gates_without_a_person",
            "automation_conformance::t_gov_004_a_model_that_is_not_sure_enough_asks_a_person",
        ],
    },
    Case {
        id: "L-22",
        attack: "a model's approval without evidence, or with evidence that is nowhere",
        answer: "GOV-009",
        tests: &["hostile::decisions::a_model_approves_no_more_than_the_policy_leaves_to_it"],
    },
    Case {
        id: "L-23",
        attack: "a decision or an auto-signature of another decision, gate, target, content, level or repository, \
                 without a base, valid for too long or no more",
        answer: "ATT-002, GOV-005, INT-004",
        tests: &[
            "hostile::decisions::a_decision_and_its_auto_signature_bind_what_they_are_about",
            "src/check/tests/decisions::a_decision_says_who_decides_on_what_and_binds_exactly_that",
        ],
    },
    Case {
        id: "L-24",
        attack: "a run that a decision on another contract or base opened",
        answer: "ATT-002",
        tests: &["automation_runs::a_decision_on_another_contract_or_base_opens_nothing"],
    },
    Case {
        id: "L-25",
        attack: "a model's key as a person's, a person's as a model's, a model by another name, a person or model \
                 whom the policy does not know, a person without the role that decides on the gate",
        answer: "ATT-001, INT-004, GOV-009",
        tests: &[
            "hostile::decisions::nobody_decides_under_another_name",
            "automation::a_person_decides_in_the_role_that_decides_on_the_gate",
        ],
    },
    Case {
        id: "L-26",
        attack: "a run that a model opened without a decision on record, or without its auto-signature",
        answer: "GOV-005, ATT-002",
        tests: &[
            "automation_conformance::t_gov_002_an_automatic_approval_leaves_a_decision_on_record",
            "automation_runs::a_decision_without_its_auto_signature_opens_nothing",
            "automation_runs::a_run_says_of_its_decision_what_the_decision_says",
        ],
    },
    Case {
        id: "L-27",
        attack: "a second decision under the same name, or on the same target beside one that counts; two clones \
                 that contradict each other",
        answer: "REP-001, REP-003",
        tests: &[
            "hostile::decisions::a_decision_comes_in_its_turn_and_once",
            "automation::who_decides_too_late_loses_that_decision_and_nothing_else",
            "automation_runs::a_persons_reject_beats_an_approval_that_it_does_not_supersede",
        ],
    },
    Case {
        id: "L-28",
        attack: "a model that answers itself or takes a person's place, an answer to what was not deferred",
        answer: "GOV-011",
        tests: &["hostile::decisions::a_decision_comes_in_its_turn_and_once"],
    },
    Case {
        id: "L-29",
        attack: "a decision hoarded under a looser policy, and pushed or used under a stricter one",
        answer: "GOV-009, GOV-007, ATT-001, ATT-002",
        tests: &[
            "hostile::decisions::what_was_hoarded_is_refused_under_a_stricter_policy",
            "automation::what_was_hoarded_under_a_looser_level_is_set_aside",
            "automation_runs::nothing_is_hoarded_for_a_stricter_policy",
        ],
    },
    Case {
        id: "L-30",
        attack: "one push brings a looser level and a decision that needs it",
        answer: "ATT-002, GOV-009; forced, it is what two pushes would be, and noted",
        tests: &["hostile::decisions::a_level_lowered_in_the_same_push_opens_nothing"],
    },
    Case {
        id: "L-31",
        attack: "a decision used for a second run, or after it was withdrawn, replaced or had expired",
        answer: "REP-001, REP-003, GOV-005",
        tests: &[
            "automation_runs::a_decision_opens_one_execution",
            "automation_runs::a_decision_that_was_superseded_opens_nothing",
            "automation_runs::a_decision_that_was_withdrawn_opens_nothing",
            "automation_runs::a_decision_that_has_expired_opens_nothing",
        ],
    },
    Case {
        id: "L-32",
        attack: "benign: whoever decides again before they have pushed replaces or withdraws what they said",
        answer: "accepted",
        tests: &[
            "hostile::decisions::who_thinks_again_before_the_push_is_in_nobodys_way",
            "src/check/tests/decisions::what_took_the_place_of_another_may_come_with_it",
        ],
    },
];

/// Beside a decision that does not verify, its line under the target is one of nothing.
const OF_NOTHING: &str = "STR-001 record-of-something";

fn token(text: impl std::fmt::Display) -> Token {
    Token::new(text.to_string()).unwrap()
}

/// Asks as otto's model, whom the policy leaves SpecApproval of `T-1` from a confidence of 0.8.
fn ask(door: &Door, choice: &str) -> String {
    let base = door.world.rev(door.who, "refs/remotes/origin/main");
    let confidence = match door.who {
        "otto" => " --confidence 0.9",
        _ => "",
    };
    format!(
        "SpecApproval task/T-1 {choice} --rationale x{confidence} --evidence {base} --base {base}"
    )
}

impl Door {
    /// Somebody decides by the command; returns the name of the decision, which only their clone has.
    #[track_caller]
    fn decides(&self, words: &str) -> DecisionId {
        let (_, value, text) = self.world.decides(self.who, words);
        DecisionId::new(value["decision"].as_str().expect(&text)).unwrap()
    }

    /// The ledger of the server with this decision of the clone, which says something else.
    fn retold(
        &self,
        id: &DecisionId,
        change: impl FnOnce(&Actor, &mut DecisionPredicate),
        signed: impl FnOnce(&mut AutoSignaturePredicate),
    ) -> String {
        let edits = self.world.retold(self.who, id, change, signed);
        let edits: Vec<_> = edits
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_deref()))
            .collect();
        format!("{}:{LEDGER}", self.grown(LEDGER, &edits))
    }

    /// Tells what is wrong unless exactly these codes and rules refuse a push, and are found by a clone
    /// where it was forced.
    #[track_caller]
    fn tries(&self, what: &str, refspecs: &[&str], wanted: &[&str]) -> Option<String> {
        let door = self.refused_push(what, refspecs).rules;
        let forced = self.forced(refspecs);
        let found: Vec<_> = door.iter().map(String::as_str).collect();
        let later: Vec<_> = forced.rules.iter().map(String::as_str).collect();
        let right = found == wanted && later == wanted && forced.exit == 1;
        (!right).then(|| format!("{what}: {found:?}, forced: {later:?}, wanted: {wanted:?}"))
    }
}

/// One change of a model's approval and of its auto-signature, and what is found of it.
type Row<'a> = (
    &'a str,
    &'a dyn Fn(&Actor, &mut DecisionPredicate),
    &'a dyn Fn(&mut AutoSignaturePredicate),
    &'a [&'a str],
);

/// Each row is refused and found, and what the command wrote is accepted.
#[track_caller]
fn refuses_rows(door: &Door, id: &DecisionId, rows: &[Row<'_>]) {
    let wrong = rows.iter().filter_map(|(what, change, signed, wanted)| {
        let refspec = door.retold(id, change, signed);
        door.tries(what, &[&refspec], wanted)
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let refspec = door.retold(id, |_, _| {}, |_| {});
    door.accepts_push("what the command wrote", &[&refspec]);
}

fn as_it_is(_: &Actor, _: &mut DecisionPredicate) {}

fn fits(_: &mut AutoSignaturePredicate) {}

#[test]
fn a_model_approves_no_more_than_the_policy_leaves_to_it() {
    let door = Door::new(world("HYBRID", ""), "otto");
    let id = door.decides(&ask(&door, "approve"));
    let sure = |it: &mut DecisionPredicate, confidence: &str| {
        it.decision.confidence = Some(confidence.parse().unwrap());
    };
    let on = |it: &mut DecisionPredicate, gate: Gate| {
        it.decision.gate_type = token(gate);
        it.base = None;
    };
    let nowhere = "b".repeat(40);
    refuses_rows(
        &door,
        &id,
        &[
            (
                "below the threshold",
                &|_, it| sure(it, "0.7999"),
                &fits,
                &["GOV-009 below-threshold"],
            ),
            (
                "without evidence",
                &|_, it| it.decision.evidence_refs.clear(),
                &fits,
                &["GOV-009 decision-evidence"],
            ),
            (
                "evidence that is nowhere",
                &|_, it| it.decision.evidence_refs = vec![token(&nowhere)],
                &fits,
                &["GOV-009 decision-evidence"],
            ),
            (
                "one piece of evidence that is nowhere beside one that is there",
                &|_, it| it.decision.evidence_refs.push(token("run/run_none")),
                &fits,
                &["GOV-009 decision-evidence"],
            ),
            (
                "a gate that needs a person at this level",
                &|_, it| {
                    on(it, Gate::ScopeChange);
                    sure(it, "1.0");
                },
                &fits,
                &["GOV-009 human-required"],
            ),
            (
                "a policy violation, approved and signed by the model",
                &|_, it| {
                    on(it, Gate::PolicyViolation);
                    sure(it, "1.0");
                },
                &fits,
                &["GOV-009 gate-forbidden", "GOV-009 human-required"],
            ),
            (
                "an auto-signature for a policy violation",
                &as_it_is,
                &|it| it.signature.gate_type = token(Gate::PolicyViolation),
                &["GOV-009 gate-forbidden"],
            ),
            (
                "an auto-signature for an escalation",
                &as_it_is,
                &|it| it.signature.gate_type = token(Gate::CloudEscalation),
                &["GOV-009 gate-forbidden"],
            ),
            (
                "an auto-signature for a skeleton",
                &as_it_is,
                &|it| it.signature.gate_type = token(Gate::SkeletonApproval),
                &["GOV-009 gate-forbidden"],
            ),
            (
                "a gate in another case",
                &|_, it| it.decision.gate_type = token("specapproval"),
                &fits,
                &["GOV-009 gate-unknown"],
            ),
        ],
    );
}

#[test]
fn no_model_opens_an_escalation() {
    let world = escalated(Kind::Escalation);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let list = world.ok("otto", "otto", &["git", "awo", "escalate", "list"]);
    let id = list.split_whitespace().next().unwrap();
    let ask = format!(
        "CloudEscalation escalation/{id} approve --confidence 1.0 --rationale x --evidence task/T-1"
    );
    let door = Door::new(world, "otto");
    let asked = door.decides(&ask);
    let approve = door.retold(&asked, |_, it| it.decision.decision = Choice::Approve, fits);
    let wanted = ["GOV-009 gate-forbidden", "GOV-009 human-required"];
    assert_eq!(door.tries("approved", &[&approve], &wanted), None);
    door.accepts_push("what the command deferred", &[LEDGER]);
}

#[test]
fn a_decision_and_its_auto_signature_bind_what_they_are_about() {
    let door = Door::new(world("HYBRID", ""), "otto");
    door.world.writes_a_contract("olga", "T-2");
    door.world.ok("olga", "olga", &["git", "awo", "push"]);
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let id = door.decides(&ask(&door, "approve"));
    let base = door.world.rev("otto", "origin/main");
    let blob = door.world.rev("otto", "origin/main:README.md");
    let year = |it: Timestamp| it.plus_days(365);
    refuses_rows(
        &door,
        &id,
        &[
            (
                "an auto-signature of another decision",
                &as_it_is,
                &|it| it.decision = Sha256::of(b"x"),
                &["ATT-002 binding-mismatch"],
            ),
            (
                "an auto-signature that names another decision",
                &as_it_is,
                &|it| it.signature.decision_id = "dec_other".parse().unwrap(),
                &["ATT-002 binding-mismatch", "INT-004 record-place"],
            ),
            (
                "an auto-signature of another gate",
                &as_it_is,
                &|it| it.signature.gate_type = token(Gate::ScopeChange),
                &["ATT-002 binding-mismatch"],
            ),
            (
                "an auto-signature of another target",
                &as_it_is,
                &|it| it.signature.target_ref = token("task/T-2"),
                &["ATT-002 binding-mismatch"],
            ),
            (
                "an auto-signature of another form",
                &as_it_is,
                &|it| it.signature.schema_version = SIGNATURE_SCHEMA.replace("0.1", "0.2"),
                &["INT-004 decision-form"],
            ),
            (
                "another task than that of its contract",
                &|_, it| it.decision.target_ref = token("task/T-2"),
                &fits,
                &["ATT-002 binding-mismatch"],
            ),
            (
                "a contract with another content",
                &|_, it| it.target = Target::Record(Sha256::of(b"x")),
                &fits,
                &["ATT-002 binding-mismatch"],
            ),
            (
                "a file in the place of the contract",
                &|_, it| it.target = Target::Object(blob.parse().unwrap()),
                &fits,
                &["ATT-002 binding-mismatch"],
            ),
            (
                "no base",
                &|_, it| it.base = None,
                &fits,
                &["ATT-002 binding-mismatch"],
            ),
            (
                "another level",
                &|_, it| it.level = Level::Autonomous,
                &fits,
                &["ATT-002 binding-mismatch"],
            ),
            (
                "another repository",
                &|_, it| it.context.repository = base.parse().unwrap(),
                &|it| it.context.repository = base.parse().unwrap(),
                &["ATT-002 binds-repository", OF_NOTHING],
            ),
            (
                "valid for a year",
                &|_, it| it.expires = year(it.expires),
                &fits,
                &["GOV-005 approval-lifetime"],
            ),
            (
                "expired",
                &|_, it| it.expires = it.decision.timestamp,
                &fits,
                &["GOV-005 approval-unexpired"],
            ),
        ],
    );
}

#[test]
fn nobody_decides_under_another_name() {
    let door = Door::new(world("HYBRID", ""), "otto");
    let id = door.decides(&ask(&door, "approve"));
    let as_person = |it: &mut DecisionPredicate, name: &str| {
        it.decision.actor.kind = ActorKind::Human;
        it.decision.actor.model_id = None;
        it.decision.actor.user_id = Some(token(name));
        it.decision.confidence = None;
        it.context.role = "operator".to_owned();
    };
    let name = |text: &str| IdentityName::new(text).unwrap();
    refuses_rows(
        &door,
        &id,
        &[
            (
                "a model that calls itself another",
                &|_, it| it.decision.actor.model_id = Some("codex-cli:gpt-6".to_owned()),
                &fits,
                &["ATT-001 model-identity"],
            ),
            (
                "a model without a name",
                &|_, it| it.decision.actor.model_id = None,
                &fits,
                &["ATT-001 model-identity"],
            ),
            (
                "an auto-signature by another model",
                &as_it_is,
                &|it| it.signature.actor.model_id = Some("codex-cli:gpt-6".to_owned()),
                &["ATT-002 binding-mismatch"],
            ),
            (
                "a model without a confidence",
                &|_, it| it.decision.confidence = None,
                &fits,
                &["GOV-009 below-threshold", "INT-004 decision-form"],
            ),
            (
                "the model's key as that of a person",
                &|_, it| as_person(it, "otto"),
                &fits,
                &["ATT-001 role-held", OF_NOTHING],
            ),
            (
                "the model's key in a person's name",
                &|_, it| {
                    as_person(it, "olga");
                    it.context.identity = name("olga");
                },
                &fits,
                &["ATT-001 signer-is-claimed", OF_NOTHING],
            ),
            (
                "somebody whom the policy does not know",
                &|_, it| it.context.identity = name("mallory"),
                &|it| it.context.identity = name("mallory"),
                &["ATT-001 signer-is-claimed", OF_NOTHING],
            ),
        ],
    );
    // A person's key is no model's.
    let door = Door::new(world("HYBRID", ""), "olga");
    let id = door.decides(&ask(&door, "approve"));
    let as_model = |it: &mut DecisionPredicate| {
        it.decision.actor.kind = ActorKind::Model;
        it.decision.actor.model_id = Some("codex-cli:gpt-5.2".to_owned());
        it.decision.actor.user_id = None;
        it.decision.confidence = Some("1.0".parse().unwrap());
        it.context.role = "model".to_owned();
    };
    refuses_rows(
        &door,
        &id,
        &[
            (
                "a person's key as that of a model",
                &|_, it| as_model(it),
                &fits,
                &["ATT-001 role-held", OF_NOTHING],
            ),
            (
                "a person's key in the model's name",
                &|_, it| {
                    as_model(it);
                    it.context.identity = name("otto");
                },
                &|it| it.context.identity = name("otto"),
                &["ATT-001 signer-is-claimed", OF_NOTHING],
            ),
            (
                "a person with a confidence",
                &|_, it| it.decision.confidence = Some("1.0".parse().unwrap()),
                &fits,
                &["INT-004 decision-form"],
            ),
            (
                "a person with the name of another",
                &|_, it| it.decision.actor.user_id = Some(token("rita")),
                &fits,
                &["INT-004 decision-form"],
            ),
        ],
    );
}

#[test]
fn a_decision_comes_in_its_turn_and_once() {
    let door = Door::new(world("HYBRID", ""), "otto");
    // olga has decided on another contract, and is asked about the first.
    door.world.writes_a_contract("olga", "T-2");
    let olga = "SpecApproval task/T-2 reject --rationale no";
    let base = door.world.rev("olga", "origin/main");
    let (_, value, text) = door.world.decides("olga", &format!("{olga} --base {base}"));
    let hers = DecisionId::new(value["decision"].as_str().expect(&text)).unwrap();
    door.world.ok("olga", "olga", &["git", "awo", "push"]);
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let asked = door.decides(&ask(&door, "defer"));
    door.world.ok("otto", "otto", &["git", "awo", "push"]);
    let of_hers: DecisionPredicate = door.says(&Kind::Decision.of(&hers));
    let id = door.decides(&ask(&door, "approve"));
    let on_hers = |it: &mut DecisionPredicate| {
        it.decision.target_ref = of_hers.decision.target_ref.clone();
        it.target = of_hers.target;
        it.task = of_hers.task.clone();
    };
    refuses_rows(
        &door,
        &id,
        &[
            (
                "a model that answers itself",
                &|_, it| it.answers = Some(asked.clone()),
                &fits,
                &["GOV-011 answer-in-turn"],
            ),
            (
                "in the place of a decision that is nowhere",
                &|_, it| it.supersedes = Some("dec_none".parse().unwrap()),
                &fits,
                &["GOV-011 answer-in-turn"],
            ),
            (
                "in the place of one on another target",
                &|_, it| it.supersedes = Some(hers.clone()),
                &fits,
                &["GOV-011 answer-in-turn"],
            ),
            (
                "in the place of a person's",
                &|_, it| {
                    on_hers(it);
                    it.supersedes = Some(hers.clone());
                },
                &fits,
                &["GOV-011 answer-in-turn"],
            ),
            (
                "beside one that counts",
                &|_, it| on_hers(it),
                &fits,
                &["REP-003 one-live-decision"],
            ),
            (
                "under a name that another one has",
                &|_, it| it.decision.decision_id = asked.clone(),
                &fits,
                &["REP-001 record-name"],
            ),
        ],
    );
    // What was not deferred needs no answer.
    let door = Door::new(door.world.copied(), "olga");
    door.world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let reject = ask(&door, "reject");
    let id = door.decides(&format!("{reject} --supersedes {id}"));
    refuses_rows(
        &door,
        &id,
        &[(
            "an answer to what decides",
            &|_, it| it.answers = it.supersedes.clone(),
            &fits,
            &["GOV-011 answer-in-turn"],
        )],
    );
}

/// What a looser policy leaves to a model is decided, and pushed under a stricter one.
#[test]
fn what_was_hoarded_is_refused_under_a_stricter_policy() {
    let ask = "ScopeChange task/T-1 approve --rationale x --confidence 0.96 --evidence task/T-1";
    let hoarded = world("AUTONOMOUS", "");
    hoarded.approves("otto", ask);
    hoarded.copied().push_accepted("otto", &[LEDGER]);
    for (level, wanted) in [
        (
            "HYBRID",
            &["ATT-002 binding-mismatch", "GOV-009 human-required"][..],
        ),
        (
            "FULL_HUMAN",
            &["ATT-002 binding-mismatch", "GOV-009 human-required"],
        ),
        ("LOCKED", &["ATT-002 binding-mismatch", "GOV-007 locked"]),
    ] {
        let world = hoarded.copied();
        world.levels(3, level, "");
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
        let door = Door::new(world, "otto");
        assert_eq!(door.tries(level, &[LEDGER], wanted), None);
    }
    // The model is one no more.
    let world = hoarded.copied();
    world.next_policy(3, None, |text| text);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let door = Door::new(world, "otto");
    let wanted = ["ATT-001 role-held", OF_NOTHING];
    assert_eq!(door.tries("no model", &[LEDGER], &wanted), None);
}

/// A push brings the policy that leaves the gate to a model, and the model's decision by it.
#[test]
fn a_level_lowered_in_the_same_push_opens_nothing() {
    let world = world("HYBRID", "");
    let text = std::fs::read_to_string(world.path("policy/next.toml")).unwrap();
    let text = text.replacen("version = 2", "version = 3", 1);
    let text = text.replacen("level = \"HYBRID\"", "level = \"AUTONOMOUS\"", 1);
    world.write("policy/looser.toml", text);
    let propose = ["git", "awo", "policy", "propose", "../policy/looser.toml"];
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &propose);
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
    let policy = "refs/awo/policy";
    let take = [
        "git",
        "fetch",
        "-q",
        "../olga",
        &format!("{policy}:{policy}"),
    ];
    world.ok("otto", "otto", &take);
    let ask = "ScopeChange task/T-1 approve --rationale x --confidence 0.96 --evidence task/T-1";
    let id = world.approves("otto", ask);
    let twin = world.copied();
    let before = world.rev("server.git", policy);
    let door = Door::new(world, "otto");
    // The decision names the policy that comes with it: nobody holds a role by that yet.
    let both = [policy, LEDGER];
    let refused = door.refused_push("both", &both).rules;
    let wanted = ["ATT-002 binds-policy".to_owned(), OF_NOTHING.to_owned()];
    assert_eq!(refused, wanted.into());
    // Whoever forces both has put them there one after the other: that holds, and verify tells that neither
    // came by a push that the server took.
    door.world.fresh_clone();
    door.world.force("otto", &both);
    door.world.ok("vera", "vera", &["git", "awo", "fetch"]);
    let said = door.world.ok("vera", "vera", &["git", "awo", "verify"]);
    for name in ["policy", "ledger"] {
        let note = format!("refs/awo-remotes/origin/awo/{name} is ahead of the receive log");
        assert!(said.contains(&note), "{note}: {said}");
    }
    // It names the policy before the push, under which it would need a person.
    let door = Door::new(twin.copied(), "otto");
    let older = door.retold(
        &id,
        |_, it| {
            it.context.policy = before.parse().unwrap();
            it.level = Level::Hybrid;
        },
        |it| it.context.policy = before.parse().unwrap(),
    );
    let refused = door.refused_push("both", &[policy, &older]).rules;
    assert_eq!(refused, ["GOV-009 human-required".to_owned()].into());
    let forced = door.forced(&[policy, &older]);
    let wanted = ["ATT-002 binding-mismatch".to_owned()];
    assert_eq!((forced.exit, forced.rules), (1, wanted.into()));
    twin.push_accepted("olga", &[policy]);
    twin.push_accepted("otto", &[LEDGER]);
}

/// Benign: whoever decides again before they have pushed takes back what they said, and all of it lands.
#[test]
fn who_thinks_again_before_the_push_is_in_nobodys_way() {
    let world = world("HYBRID", "");
    let door = Door::new(world, "otto");
    let again = ask(&door, "approve");
    let first = door.decides(&again);
    let second = door.decides(&format!("{again} --supersedes {first}"));
    door.world.copied().push_accepted("otto", &[LEDGER]);
    let revoke = ["git", "awo", "revoke", second.as_str(), "--reason", "no"];
    door.world.ok("otto", "otto", &revoke);
    door.decides(&ask(&door, "reject"));
    door.accepts_push("all of it", &[LEDGER]);
    let found = door.verdict();
    assert_eq!((found.exit, found.rules.len()), (0, 0));
}
