//! Gate 2, broken in one place.

use super::story::*;
use crate::records::{GateStatus, IndependencePredicate};

#[test]
fn gate_2_is_passed_by_another_person_or_under_an_override() {
    use Edit::{Facts, Log, Override, Reviewer};
    const SELF: fn(&mut IndependencePredicate) =
        |it| it.status = GateStatus::SelfApprovedWithOverride;
    finds(&[
        (
            "no log",
            &[Facts(|it| it.independence.clear())],
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
            "a contract that asks for determinism, and nobody who ran it again",
            &[Edit::Contract(|it| it.determinism = Some(3))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-order",
                "GOV-002 ran-again",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another run",
            &[Log(|it| it.run_id = other_run())],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "ATT-002 binds-run",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another commit",
            &[Log(|it| it.commit = id(9))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-commit",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another root",
            &[Log(|it| it.root = sha(7))],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "ATT-002 binds-root",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another orchestrator",
            &[Log(|it| it.orchestrator = name("vera"))],
            &[
                "ATT-001 finalization-persons",
                "ATT-001 independence-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "another reviewer",
            &[Log(|it| it.reviewer = name("vera"))],
            &[
                "ATT-001 finalization-persons",
                "ATT-001 independence-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "passed with broken invariants",
            &[Log(|it| it.invariants_ok = false)],
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
            "passed with reasons",
            &[Log(|it| it.invariants_reasons = vec!["x".to_owned()])],
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
            "an override that was not needed",
            &[Log(SELF)],
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
            "a flag of its own",
            &[Log(|it| it.allow_self_approval = "true".to_owned())],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-001 self-approval-recorded",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "a flag without an override",
            &[Log(|it| it.allow_self_approval = "1".to_owned())],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-001 self-approval-recorded",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "a flag with an override",
            &[
                Override(|_| {}),
                Log(|it| it.allow_self_approval = "1".to_owned()),
            ],
            &[],
        ),
        (
            "another flag with an override",
            &[
                Override(|_| {}),
                Log(|it| it.allow_self_approval = "yes".to_owned()),
            ],
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-approvals",
                "ATT-002 binds-attestation",
                "ATT-002 binds-gate-2",
                "GOV-001 self-approval-recorded",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
            ],
        ),
        (
            "oneself",
            &[Reviewer("otto")],
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
            "oneself, and says so",
            &[Reviewer("otto"), Log(SELF)],
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
            "oneself with an override",
            &[Reviewer("otto"), Override(|_| {}), Log(SELF)],
            &[],
        ),
        (
            "oneself with an override, called independent",
            &[Reviewer("otto"), Override(|_| {})],
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
            "oneself with an override of another run",
            &[
                Reviewer("otto"),
                Override(|it| it.run = other_run()),
                Log(SELF),
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
            "oneself with an override of another commit",
            &[
                Reviewer("otto"),
                Override(|it| it.commit = id(9)),
                Log(SELF),
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
            "oneself with an override of another root",
            &[Reviewer("otto"), Override(|it| it.root = sha(7)), Log(SELF)],
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
            "oneself with an override that says no",
            &[
                Reviewer("otto"),
                Override(|it| it.allow_self_approval = "0".to_owned()),
                Log(SELF),
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
    ]);
}
