//! Failures and vetoes at gate 2; gate 3, broken in one place.

use super::story::*;
use crate::facts::run::Lookup;
use crate::policy::Verified;
use crate::record::{Finding, Findings};
use crate::records::{Approves, GateStatus};
use crate::rules::{self, revocation};

const NOTHING: [&str; 0] = [];

#[test]
fn a_gate_stands_until_its_approvals_are_withdrawn() {
    let mut two = told(&[]);
    let second = Edit::Audit(|it| it.nonce = "2".to_owned());
    let mut second = told(&[second]).facts.audit_approvals;
    two.facts.audit_approvals.append(&mut second);
    let task = two.facts.task_approvals[0].digest();
    let audits: Vec<_> = two
        .facts
        .audit_approvals
        .iter()
        .map(Verified::digest)
        .collect();
    for (what, revoked, gates, said) in [
        ("nothing", vec![], [false, false], None),
        ("the task's", vec![task], [true, false], None),
        ("one of two", vec![audits[0]], [false, false], None),
        (
            "both",
            audits.clone(),
            [false, true],
            Some("approved by 0 persons; withdrawn by rita"),
        ),
    ] {
        two.facts.revoked = revoked.into_iter().map(|it| (it, [].into())).collect();
        let facts = &two.facts;
        let found = [
            revocation::gate_1_withdrawn(facts),
            revocation::gate_3_withdrawn(facts),
        ];
        assert_eq!(found, gates, "{what}");
        let mut findings = Findings::new();
        rules::reviews(facts, &two.policy, None, &mut findings);
        let of_gate_3 = |it: &&Finding| it.found.starts_with("approved by");
        let found = findings.iter().find(of_gate_3);
        assert_eq!(found.map(|it| it.found.as_str()), said, "{what}");
    }
    two.facts.audit_approvals.clear();
    assert!(!revocation::gate_3_withdrawn(&two.facts), "there was none");
}

#[test]
fn a_failure_of_gate_2_follows_from_what_its_log_says() {
    use Edit::{Log, Reviewer};
    finds(&[
        (
            "failed for invariants",
            &[Log(|it| {
                it.status = GateStatus::FailedInvariants;
                it.invariants_ok = false;
                it.invariants_reasons = vec!["x".to_owned()];
            })],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-2",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "failed for invariants without one",
            &[Log(|it| {
                it.status = GateStatus::FailedInvariants;
                it.invariants_ok = false;
            })],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-2-status",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "failed for invariants that hold",
            &[Log(|it| {
                it.status = GateStatus::FailedInvariants;
                it.invariants_reasons = vec!["x".to_owned()];
            })],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-2-status",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "failed for oneself, being another",
            &[Log(|it| it.status = GateStatus::FailedSelfApproval)],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-001 independent-reviewer",
                "GOV-002 gate-2-status",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "failed for oneself",
            &[
                Reviewer("otto"),
                Log(|it| it.status = GateStatus::FailedSelfApproval),
            ],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-001 independent-reviewer",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "failed for oneself with broken invariants",
            &[
                Reviewer("otto"),
                Log(|it| {
                    it.status = GateStatus::FailedSelfApproval;
                    it.invariants_ok = false;
                }),
            ],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-001 independent-reviewer",
                "GOV-002 gate-2-status",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "failed with another root",
            &[Log(|it| {
                it.status = GateStatus::FailedInvariants;
                it.invariants_ok = false;
                it.root = sha(7);
                it.invariants_reasons = vec!["x".to_owned()];
            })],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-2",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
    ]);
}

#[test]
fn a_veto_is_not_outvoted_by_a_log_that_passes() {
    let veto = || {
        told(&[
            Edit::Reviewer("vera"),
            Edit::Log(|it| {
                it.status = GateStatus::FailedInvariants;
                it.invariants_ok = false;
                it.invariants_reasons = vec!["x".to_owned()];
            }),
        ])
        .facts
        .independence
        .remove(0)
    };
    let mut story = told(&[]);
    let passing = story.facts.independence[0].digest();
    let (audit, finalization) = (
        story.facts.audit_approvals[0].digest(),
        story.facts.finalization.valid().unwrap().digest(),
    );
    story.facts.independence.push(veto());
    let vetoed = veto().digest();
    assert_eq!(
        story.chain(),
        [
            "ATT-001 finalization-persons",
            "ATT-002 binds-approvals",
            "ATT-002 binds-attestation",
            "ATT-002 binds-gate-2",
            "GOV-002 gate-2",
            "GOV-002 gate-order",
            "GOV-005 run-approved"
        ],
        "the whole chain"
    );
    assert_eq!(
        story.arrival(&[vetoed]),
        NOTHING,
        "that it comes after the finalization is for the states of the run"
    );
    assert_eq!(
        story.arrival(&[audit]),
        NOTHING,
        "after the finalization a failure stops nothing"
    );
    assert_eq!(
        story.arrival(&[vetoed, passing, audit, finalization]),
        NOTHING,
        "all together"
    );
    story.facts.finalization = Lookup::Missing;
    assert_eq!(story.arrival(&[vetoed]), NOTHING, "before any finalization");
    assert_eq!(
        story.arrival(&[audit]),
        ["GOV-002 gate-order"],
        "an approval after it"
    );
    assert_eq!(
        story.arrival(&[vetoed, audit]),
        NOTHING,
        "an approval together with it"
    );
    let story = told(&[]);
    assert_eq!(
        story.arrival(&[passing]),
        NOTHING,
        "a log that passes is never too late"
    );
}

#[test]
fn gate_3_follows_gate_2() {
    use Edit::{Audit, Facts, Override, Policy};
    finds(&[
        (
            "none",
            &[Facts(|it| it.audit_approvals.clear())],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "GOV-005 run-approved",
            ],
        ),
        (
            "none, and nothing after it",
            &[Facts(|it| {
                it.audit_approvals.clear();
                it.attestations.clear();
                it.finalization = Lookup::Missing;
            })],
            &[
                "GOV-002 attestation",
                "GOV-002 finalization",
                "GOV-005 run-approved",
            ],
        ),
        (
            "a task",
            &[Audit(|it| it.approves = Approves::Task)],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 approves-run",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another run",
            &[Audit(|it| it.run = Some(other_run()))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-run",
                "GOV-005 run-approved",
            ],
        ),
        (
            "no run",
            &[Audit(|it| it.run = None)],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-run",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another commit",
            &[Audit(|it| it.commit = Some(id(9)))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-commit",
                "GOV-005 run-approved",
            ],
        ),
        (
            "no root",
            &[Audit(|it| it.root = None)],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-root",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another root",
            &[Audit(|it| it.root = Some(sha(7)))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-root",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another contract",
            &[Audit(|it| it.contract = sha(7))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-contract",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another log",
            &[Audit(|it| it.independence = Some(sha(7)))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "no log",
            &[Audit(|it| it.independence = None)],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "oneself",
            &[Audit(|it| it.context = context("otto", "reviewer"))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "GOV-001 independent-reviewer",
                "GOV-005 run-approved",
            ],
        ),
        (
            "oneself with an override",
            &[
                Override(|_| {}),
                Audit(|it| it.context = context("otto", "reviewer")),
            ],
            &["ATT-001 finalization-persons"],
        ),
        (
            "expired",
            &[Audit(|it| it.expires = time("2026-01-20T00:00:00Z"))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "GOV-005 approval-unexpired",
                "GOV-005 run-approved",
            ],
        ),
        (
            "nearly expired",
            &[Audit(|it| it.expires = time("2026-01-20T00:00:01Z"))],
            &[],
        ),
        (
            "two are needed",
            &[Policy(|it| {
                *it = it.replace("audit_approvals = 1", "audit_approvals = 2")
            })],
            &["ATT-002 binds-attestation", "GOV-005 run-approved"],
        ),
    ]);
}

#[test]
fn an_approval_that_expired_is_history_where_another_one_is_valid() {
    let vera: &[Edit] = &[Edit::Audit(|it| {
        it.context = context("vera", "reviewer");
        it.expires = time("2026-01-19T00:00:00Z");
    })];
    let mut story = told(&[]);
    story
        .facts
        .audit_approvals
        .append(&mut told(vera).facts.audit_approvals);
    assert!(story.chain().is_empty(), "{:?}", story.chain());
    let expired = story.facts.audit_approvals[1].digest();
    assert!(
        story.arrival(&[expired]).is_empty(),
        "it was valid as it arrived"
    );
    // Where two are needed it counts for none, and says why.
    let two: &[Edit] = &[Edit::Policy(|it| {
        *it = it.replace("audit_approvals = 1", "audit_approvals = 2")
    })];
    story.policy = told(two).policy;
    let found = story.chain();
    for expected in ["GOV-005 approval-unexpired", "GOV-005 run-approved"] {
        assert!(found.contains(&expected.to_owned()), "{found:?}");
    }
}

/// A policy that asks for more of contracts of a tier.
fn tiers(text: &str, tables: &str) -> String {
    let head = "requires = [\"risk/1\"]\nschema =";
    format!("{}{tables}", text.replacen("schema =", head, 1))
}

#[test]
fn a_risk_tier_asks_for_more_reviewers() {
    use Edit::{Contract, Policy};
    const TWO: Edit =
        Policy(|it| *it = tiers(it, "[risk.HIGH]\naudit_approvals = 2\n[risk.LOW]\n"));
    const TOO_FEW: &[&str] = &["ATT-002 binds-attestation", "GOV-005 run-approved"];
    finds(&[
        (
            "of the tier that asks for two",
            &[TWO, Contract(|it| it.risk_tier = Some("HIGH".to_owned()))],
            TOO_FEW,
        ),
        (
            "of a tier that asks for no more",
            &[TWO, Contract(|it| it.risk_tier = Some("LOW".to_owned()))],
            &[],
        ),
        (
            "of a tier that no table names",
            &[TWO, Contract(|it| it.risk_tier = Some("high".to_owned()))],
            TOO_FEW,
        ),
        ("of no tier", &[TWO], &[]),
        (
            "of a tier, without tables",
            &[Contract(|it| it.risk_tier = Some("HIGH".to_owned()))],
            &[],
        ),
    ]);
    // A second reviewer is enough.
    let mut story = told(&[TWO, Contract(|it| it.risk_tier = Some("HIGH".to_owned()))]);
    let reviews =
        |it: &Told| rules::reviews(&it.facts, &it.policy, None, &mut Findings::new()).suffices;
    assert!(!reviews(&story));
    let vera = Edit::Audit(|it| it.context = context("vera", "reviewer"));
    let mut second = told(&[vera, Contract(|it| it.risk_tier = Some("HIGH".to_owned()))]);
    story
        .facts
        .audit_approvals
        .append(&mut second.facts.audit_approvals);
    assert!(reviews(&story));
}

#[test]
fn approvals_by_models_count_where_the_risk_tier_lets_them() {
    use Edit::{Contract, Facts, Policy};
    const PERSONS: Edit = Policy(|it| *it = tiers(it, "[risk.HIGH]\nmodel_reviewers = false\n"));
    const HIGH: Edit = Contract(|it| it.risk_tier = Some("HIGH".to_owned()));
    fn by_model(permitted: bool, it: &mut crate::facts::run::RunFacts) {
        let approval = it.audit_approvals[0].digest();
        it.by_models.insert(approval, permitted);
    }
    const PERMITTED: Edit = Facts(|it| by_model(true, it));
    const FORBIDDEN: Edit = Facts(|it| by_model(false, it));
    finds(&[
        ("by a person", &[PERSONS, HIGH], &[]),
        ("by a model", &[HIGH, PERMITTED], &[]),
        ("by a model, of no tier", &[PERSONS, PERMITTED], &[]),
        (
            "by a model before persons were asked for",
            &[PERSONS, HIGH, PERMITTED],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-attestation",
                "GOV-005 run-approved",
            ],
        ),
        (
            "by a model where persons are asked for",
            &[PERSONS, HIGH, FORBIDDEN],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "GOV-005 run-approved",
                "GOV-009 model-reviewer",
            ],
        ),
    ]);
}
