//! A decision that opens gate 1, as a table: everything is in order but for one thing.

use super::story::*;
use crate::facts::opening::Opening;
use crate::facts::run::Lookup;
use crate::record::contract::{ContractDraft, Gate1};
use crate::record::{Choice, DecisionId, Findings, Level, Subject, Token};
use crate::records::*;
use crate::rules::opening as opens;

/// What is changed before it is signed.
type Decide = fn(&mut DecisionPredicate);
type Use = fn(&mut Opening);
/// What it is, who decides, what the contract asks for, the changes, and what is found.
type Case = (
    &'static str,
    &'static str,
    Gate1,
    Decide,
    Use,
    &'static [&'static str],
);

const MODEL: &str = "codex-cli:gpt-5.2";

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

/// The policy, with otto as a model.
fn text(level: &str) -> String {
    let text = document()
        .replace("level = \"HYBRID\"", &format!("level = \"{level}\""))
        .replace("schema =", "requires = [\"automation/1\"]\nschema =");
    let (before, after) = text.split_once("name = \"otto\"\n").unwrap();
    let after = after.replacen("roles = [\"", "roles = [\"model\", \"", 1);
    format!("{before}name = \"otto\"\nmodel = \"{MODEL}\"\n{after}")
}

fn found(by: &str, gate1: Gate1, decide: Decide, change: Use) -> Vec<String> {
    let policy = policy(&text("HYBRID"));
    let contract = told(&[]).facts.contract.into_valid().unwrap();
    let mut draft = ContractDraft::from(contract.predicate().contract.clone());
    draft.gate1 = gate1;
    let contract = verified(
        &policy,
        ContractPredicate {
            context: context("olga", "operator"),
            contract: draft.check().unwrap(),
        },
    );
    let model = by == "otto";
    let mut says = DecisionPredicate {
        answers: None,
        base: Some(id(10)),
        context: context(by, if model { "model" } else { "operator" }),
        decision: GovDecision {
            actor: Actor {
                kind: if model {
                    ActorKind::Model
                } else {
                    ActorKind::Human
                },
                model_id: model.then(|| MODEL.to_owned()),
                user_id: (!model).then(|| token(by)),
            },
            confidence: model.then(|| "0.8".parse().unwrap()),
            decision: Choice::Approve,
            decision_id: DecisionId::new("d-1").unwrap(),
            evidence_refs: vec![token("task/T-1")],
            gate_type: token("SpecApproval"),
            rationale: token("x"),
            schema_version: DECISION_SCHEMA.to_owned(),
            target_ref: token("task/T-1"),
            timestamp: time("2026-01-09T00:00:00Z"),
        },
        expires: time("2026-01-16T00:00:00Z"),
        level: Level::Hybrid,
        note: None,
        run: None,
        supersedes: None,
        target: Target::Record(contract.digest()),
        task: None,
        permits: Vec::new(),
        waiver: None,
        protection: None,
    };
    decide(&mut says);
    let decision = verified(&policy, says);
    let it = &decision.predicate().decision;
    let auto_signature = match model {
        false => Lookup::Missing,
        true => Lookup::Valid(verified(
            &policy,
            AutoSignaturePredicate {
                context: context("otto", "model"),
                decision: decision.digest(),
                signature: AutoSignature {
                    actor: it.actor.clone(),
                    auto_signature_id: token("sig/d-1"),
                    created_at: it.timestamp,
                    decision_id: it.decision_id.clone(),
                    gate_type: it.gate_type.clone(),
                    schema_version: SIGNATURE_SCHEMA.to_owned(),
                    target_ref: it.target_ref.clone(),
                },
            },
        )),
    };
    let mut opening = Opening {
        decision,
        auto_signature,
        policies: vec![policy],
        time: time("2026-01-10T00:00:00Z"),
        withdrawn: false,
        superseded_by: None,
        against: Default::default(),
    };
    change(&mut opening);
    let mut findings = Findings::new();
    let subject = Subject::none();
    let counts = opens::gate_1(&opening, &contract, Some(id(10)), &subject, &mut findings);
    assert_eq!(counts, findings.is_empty());
    codes(&findings)
}

#[test]
fn a_decision_opens_gate_1_as_long_as_everything_holds() {
    use Gate1::{Decision, Operator, Sentence};
    let cases: &[Case] = &[
        ("a model's", "otto", Decision, |_| {}, |_| {}, &[]),
        ("a person's", "olga", Decision, |_| {}, |_| {}, &[]),
        (
            "a sentence",
            "otto",
            Sentence,
            |_| {},
            |_| {},
            &["GOV-009 human-required"],
        ),
        (
            "an operator",
            "olga",
            Operator,
            |_| {},
            |_| {},
            &["GOV-009 human-required"],
        ),
        (
            "a reject",
            "olga",
            Decision,
            |it| it.decision.decision = Choice::Reject,
            |_| {},
            &["ATT-002 binding-mismatch"],
        ),
        (
            "another gate",
            "olga",
            Decision,
            |it| it.decision.gate_type = token("ScopeChange"),
            |_| {},
            &["ATT-002 binding-mismatch"],
        ),
        (
            "another name",
            "olga",
            Decision,
            |it| it.decision.target_ref = token("task/T-2"),
            |_| {},
            &["ATT-002 binding-mismatch"],
        ),
        (
            "another contract",
            "otto",
            Decision,
            |it| it.target = Target::Record(sha(1)),
            |_| {},
            &["ATT-002 binding-stale"],
        ),
        (
            "another base",
            "otto",
            Decision,
            |it| it.base = Some(id(9)),
            |_| {},
            &["ATT-002 binding-stale"],
        ),
        (
            "no base",
            "otto",
            Decision,
            |it| it.base = None,
            |_| {},
            &["ATT-002 binding-stale"],
        ),
        (
            "the last second",
            "otto",
            Decision,
            |it| it.expires = time("2026-01-10T00:00:01Z"),
            |_| {},
            &[],
        ),
        (
            "expired",
            "otto",
            Decision,
            |it| it.expires = time("2026-01-10T00:00:00Z"),
            |_| {},
            &["GOV-005 approval-unexpired"],
        ),
        (
            "too little confidence",
            "otto",
            Decision,
            |it| it.decision.confidence = "0.7999".parse().ok(),
            |_| {},
            &["GOV-009 below-threshold"],
        ),
        (
            "no evidence",
            "otto",
            Decision,
            |it| it.decision.evidence_refs.clear(),
            |_| {},
            &["GOV-009 decision-evidence"],
        ),
        (
            "withdrawn",
            "otto",
            Decision,
            |_| {},
            |it| it.withdrawn = true,
            &["GOV-005 approval-revoked"],
        ),
        (
            "superseded",
            "otto",
            Decision,
            |_| {},
            |it| it.superseded_by = DecisionId::new("d-2").ok(),
            &["REP-003 one-live-decision"],
        ),
        (
            "contradicted",
            "otto",
            Decision,
            |_| {},
            |it| it.against = DecisionId::new("d-2").into_iter().collect(),
            &["REP-003 one-live-decision"],
        ),
        (
            "no auto-signature",
            "otto",
            Decision,
            |_| {},
            |it| it.auto_signature = Lookup::Missing,
            &["ATT-002 binding-mismatch"],
        ),
        (
            "no model any more",
            "otto",
            Decision,
            |_| {},
            |it| it.policies.push(policy(&document())),
            &["ATT-001 model-identity"],
        ),
        (
            "FULL_HUMAN",
            "otto",
            Decision,
            |_| {},
            |it| it.policies.push(policy(&text("FULL_HUMAN"))),
            &["GOV-009 human-required"],
        ),
        (
            "a person's under FULL_HUMAN",
            "olga",
            Decision,
            |_| {},
            |it| it.policies.push(policy(&text("FULL_HUMAN"))),
            &[],
        ),
        (
            "LOCKED",
            "olga",
            Decision,
            |_| {},
            |it| it.policies.push(policy(&text("LOCKED"))),
            &["GOV-007 locked"],
        ),
        (
            "no operator any more",
            "anna",
            Decision,
            |_| {},
            |it| {
                it.policies.push(policy(&text("HYBRID").replace(
                    "name = \"anna\"\nroles = [\"operator\"]",
                    "name = \"anna\"\nroles = [\"reviewer\"]",
                )));
            },
            &["GOV-005 approved-by-operator"],
        ),
    ];
    for (what, by, gate1, decide, change, expected) in cases {
        assert_eq!(found(by, *gate1, *decide, *change), *expected, "{what}");
    }
}
