//! Attestation and finalization, broken in one place; records judged as they arrive.

use super::story::*;
use crate::facts::run::Lookup;
use crate::record::{Code, Finding, Rule, Subject};

const NOTHING: [&str; 0] = [];

#[test]
fn an_attestation_binds_every_link() {
    use Edit::{Attestation, Attester, Facts, Override};
    finds(&[
        (
            "none",
            &[Facts(|it| it.attestations.clear())],
            &["ATT-002 binds-attestation", "GOV-002 attestation"],
        ),
        (
            "another run",
            &[Attestation(|it| it.run = other_run())],
            &["ATT-002 binds-attestation", "ATT-002 binds-run"],
        ),
        (
            "another commit",
            &[Attestation(|it| it.commit = id(9))],
            &["ATT-002 binds-attestation", "ATT-002 binds-commit"],
        ),
        (
            "another tree",
            &[Attestation(|it| it.tree = id(9))],
            &["ATT-002 binds-attestation", "ATT-002 binds-tree"],
        ),
        (
            "another root",
            &[Attestation(|it| it.root = sha(7))],
            &["ATT-002 binds-attestation", "ATT-002 binds-root"],
        ),
        (
            "another contract",
            &[Attestation(|it| it.contract = sha(7))],
            &["ATT-002 binds-attestation", "ATT-002 binds-contract"],
        ),
        (
            "another run record",
            &[Attestation(|it| it.run_record = sha(7))],
            &["ATT-002 binds-attestation", "ATT-002 binds-run-record"],
        ),
        (
            "another log",
            &[Attestation(|it| it.independence = sha(7))],
            &["ATT-002 binds-attestation", "ATT-002 binds-gate-2"],
        ),
        (
            "another approval",
            &[Attestation(|it| it.approvals.push(sha(7)))],
            &["ATT-002 binds-approvals", "ATT-002 binds-attestation"],
        ),
        (
            "longer than its approval",
            &[Attestation(|it| it.expires = it.expires.plus_days(1))],
            &["ATT-002 binds-approvals", "ATT-002 binds-attestation"],
        ),
        (
            "shorter than its approval",
            &[Attestation(|it| it.expires = time("2026-01-21T00:00:00Z"))],
            &["ATT-002 binds-approvals", "ATT-002 binds-attestation"],
        ),
        (
            "no approval",
            &[Attestation(|it| it.approvals.clear())],
            &["ATT-002 binds-attestation", "GOV-005 run-approved"],
        ),
        (
            "another reviewer",
            &[Attestation(|it| it.reviewer = name("vera"))],
            &["ATT-001 attestation-reviewer", "ATT-002 binds-attestation"],
        ),
        (
            "another reviewer's digest",
            &[Attestation(|it| it.reviewer_sha256 = sha(7))],
            &["ATT-001 attestation-reviewer", "ATT-002 binds-attestation"],
        ),
        (
            "oneself",
            &[Attester("otto")],
            &["ATT-002 binds-attestation", "GOV-001 independent-reviewer"],
        ),
        (
            "oneself with an override",
            &[Attester("otto"), Override(|_| {})],
            &[],
        ),
        ("another reviewer than gate 2", &[Attester("vera")], &[]),
    ]);
}

#[test]
fn a_finalization_binds_every_link() {
    use Edit::{Facts, Finalization};
    finds(&[
        (
            "none",
            &[Facts(|it| it.finalization = Lookup::Missing)],
            &["GOV-002 finalization"],
        ),
        (
            "another run",
            &[Finalization(|it| it.run = other_run())],
            &["ATT-002 binds-run"],
        ),
        (
            "another commit",
            &[Finalization(|it| it.commit = id(9))],
            &["ATT-002 binds-commit"],
        ),
        (
            "another root",
            &[Finalization(|it| it.root = sha(7))],
            &["ATT-002 binds-root"],
        ),
        (
            "another run record",
            &[Finalization(|it| it.run_record = sha(7))],
            &["ATT-002 binds-run-record"],
        ),
        (
            "another log",
            &[Finalization(|it| it.independence = sha(7))],
            &["ATT-002 binds-gate-2"],
        ),
        (
            "another attestation",
            &[Finalization(|it| it.attestation = sha(7))],
            &["ATT-002 binds-attestation"],
        ),
        (
            "another approval",
            &[Finalization(|it| it.approvals.push(sha(7)))],
            &["ATT-002 binds-approvals"],
        ),
        (
            "no approval",
            &[Finalization(|it| it.approvals.clear())],
            &["ATT-001 finalization-persons", "GOV-005 run-approved"],
        ),
        (
            "another person",
            &[Finalization(|it| it.approved_by = vec![name("vera")])],
            &["ATT-001 finalization-persons"],
        ),
        (
            "one more person",
            &[Finalization(|it| it.approved_by.push(name("vera")))],
            &["ATT-001 finalization-persons"],
        ),
        (
            "not indexed",
            &[Facts(|it| it.indexed = Lookup::Missing)],
            &["STR-001 provenance-index"],
        ),
        (
            "indexed wrongly",
            &[Facts(|it| {
                it.indexed = Lookup::Invalid(Rule::IndexDerived.finding(Subject::none()))
            })],
            &["INT-008 index-derived"],
        ),
    ]);
}

#[test]
fn records_are_judged_alone_as_they_arrive() {
    let mut story = told(&[]);
    story.facts.finalization = Lookup::Missing;
    story.facts.indexed = Lookup::Missing;
    story.facts.attestations.clear();
    let log = story.facts.independence[0].digest();
    assert_eq!(
        story.arrival(&[log]),
        NOTHING,
        "what is still to come is no gap"
    );
    story.facts.audit_approvals.clear();
    assert_eq!(story.arrival(&[log]), NOTHING, "nor are approvals");
    story.facts.independence.clear();
    assert_eq!(story.arrival(&[]), NOTHING);
    let bad = told(&[Edit::Audit(|it| it.root = Some(sha(7)))]);
    let (log, audit) = (
        bad.facts.independence[0].digest(),
        bad.facts.audit_approvals[0].digest(),
    );
    assert_eq!(bad.arrival(&[log]), NOTHING, "others are not in focus");
    assert_eq!(bad.arrival(&[audit]), ["ATT-002 binds-root"]);
    let finalization = bad.facts.finalization.valid().unwrap().digest();
    assert_eq!(
        bad.arrival(&[finalization]),
        [
            "ATT-001 finalization-persons",
            "ATT-002 binds-approvals",
            "ATT-002 binds-attestation",
            "GOV-005 run-approved"
        ]
    );
    let story = told(&[Edit::Facts(|it| {
        it.indexed = Lookup::Invalid(Finding::told(Code::Int008, "x", Subject::none()));
    })]);
    let log = story.facts.independence[0].digest();
    assert_eq!(story.arrival(&[log]), NOTHING, "the index is no record");
}
