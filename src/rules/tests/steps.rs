//! The steps of a run: when each may be taken, and what gate 2 records.

use super::story::*;
use crate::facts::run::Lookup;
use crate::record::{Findings, Refusal};
use crate::records::GateStatus;
use crate::rules::gate2::{Judgement, Review, Unrecorded};
use crate::rules::{self, Step, life, step};

/// A story that is not told to its end.
const UNFINISHED: Edit = Edit::Facts(|it| it.finalization = Lookup::Missing);

fn chain(told: &Told, before: Step) -> Findings {
    let mut found = Findings::new();
    told.judged(|case, facts, findings| {
        rules::chain_before(Some(before), case, facts, findings);
        found = findings.clone();
    });
    found
}

fn gate(edits: &[Edit], reviewer: &str, override_asked: bool) -> Result<Judgement, Unrecorded> {
    let told = told(edits);
    let review = Review {
        run: told.facts.held().unwrap(),
        policy: &told.policy,
        life: &life::here(&told.facts, &told.policy, false),
        reviewer: &name(reviewer),
        override_asked,
    };
    review.judge(chain(&told, Step::Gate2))
}

fn of(why: &Refusal) -> Vec<String> {
    codes(&why.findings())
}

#[test]
fn gate_2_ends_as_the_chain_and_the_persons_say() {
    let end = |edits: &[Edit], reviewer, asked| {
        let judged = gate(edits, reviewer, asked).ok().unwrap();
        let invariants = judged.broken_invariants().len();
        (judged.status, codes(&judged.findings), invariants)
    };
    let passed = GateStatus::ApprovedByIndependentReviewer;
    assert_eq!(end(&[UNFINISHED], "rita", false), (passed, vec![], 0));
    let (status, found, invariants) = end(&[UNFINISHED], "otto", false);
    assert_eq!(status, GateStatus::FailedSelfApproval);
    assert_eq!(found, ["GOV-001 independent-reviewer"]);
    assert_eq!(invariants, 0, "who reviewed is no invariant");
    let touched = Edit::Contract(|it| it.allowed_paths = vec!["elsewhere/".to_owned()]);
    let (status, found, invariants) = end(&[UNFINISHED, touched], "otto", false);
    assert_eq!(status, GateStatus::FailedInvariants, "{found:?}");
    assert!(found.contains(&"GOV-003 allowed-paths".to_owned()));
    assert!(invariants > 0);
}

#[test]
fn only_whom_the_policy_names_permits_a_self_approval() {
    let judged = gate(&[UNFINISHED], "olga", true).ok().unwrap();
    assert!(judged.records_override && judged.overridden);
    match gate(&[UNFINISHED], "otto", true) {
        Err(Unrecorded::MayNotOverride(why)) => assert_eq!(of(&why), ["ATT-001 role-held"]),
        _ => panic!("otto may not permit it"),
    }
}

#[test]
fn what_is_only_missing_here_is_not_held_against_a_run() {
    let missing = Edit::Facts(|it| it.contract = Lookup::Missing);
    match gate(&[UNFINISHED, missing], "rita", false) {
        Err(Unrecorded::NotHere(why)) => assert!(!of(&why).is_empty()),
        _ => panic!("nothing may be recorded"),
    }
}

#[test]
fn no_failure_is_recorded_after_the_finalization() {
    match gate(&[], "otto", false) {
        Err(Unrecorded::OutOfTurn(why)) => assert_eq!(
            of(&why),
            ["GOV-001 independent-reviewer", "GOV-011 run-over"]
        ),
        _ => panic!("it is too late for a failure"),
    }
    assert!(
        gate(&[], "rita", false).is_ok(),
        "but not for a passed gate"
    );
}

#[test]
fn each_step_needs_the_one_before_and_no_later_one() {
    let no_log = Edit::Facts(|it| it.independence.clear());
    let bare = told(&[
        Edit::Facts(|it| {
            it.attestations.clear();
            it.audit_approvals.clear();
        }),
        UNFINISHED,
    ]);
    let by = |told: &Told, step, who: &str| {
        let (facts, policy) = (&told.facts, &told.policy);
        let chain = chain(told, step);
        let (run, life) = (facts.held().unwrap(), life::here(facts, policy, false));
        step::by_reviewer(step, run, policy, &name(who), &life, chain).map(|_| ())
    };
    assert!(by(&bare, Step::Gate3, "rita").is_ok());
    let refused = |told: &Told, step, who: &str| of(&by(told, step, who).unwrap_err());
    assert_eq!(
        refused(&bare, Step::Gate3, "otto"),
        ["GOV-001 independent-reviewer"]
    );
    assert_eq!(
        refused(&bare, Step::Attestation, "rita"),
        ["GOV-005 run-approved", "GOV-011 run-in-turn"]
    );
    let unreviewed = told(&[no_log, UNFINISHED]);
    let found = refused(&unreviewed, Step::Gate3, "rita");
    assert!(found.contains(&"GOV-002 gate-2".to_owned()), "{found:?}");

    let finalize = |told: &Told| {
        let chain = chain(told, Step::Finalization);
        let (run, policy) = (told.facts.held().unwrap(), &told.policy);
        let life = life::here(&told.facts, policy, false);
        let result = step::finalization(run, policy, &life, chain);
        result.map(|it| it.attestation.digest())
    };
    let whole = told(&[UNFINISHED]);
    assert_eq!(finalize(&whole), Ok(whole.facts.attestations[0].digest()));
    let found = of(&finalize(&bare).unwrap_err());
    assert!(
        found.contains(&"GOV-002 attestation".to_owned()),
        "{found:?}"
    );
}
