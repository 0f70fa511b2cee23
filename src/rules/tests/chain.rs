//! From the contract to the evidence, broken in one place: exactly what that makes is found.

use super::story::*;
use crate::facts::evidence::EvidenceFacts;
use crate::facts::run::{Lookup, RunFacts};
use crate::record::{Code, Finding, Findings, Subject};
use crate::records::Approves;
use crate::rules;

const NOTHING: [&str; 0] = [];

pub fn evidence(facts: &mut RunFacts) -> &mut EvidenceFacts {
    match &mut facts.evidence {
        Lookup::Valid(evidence) => evidence,
        _ => unreachable!(),
    }
}

#[test]
fn a_story_in_order_has_no_findings() {
    finds(&[("as it is", &[], &[])]);
}

#[test]
fn a_ref_takes_governed_commits_or_does_not() {
    let none = Edit::Policy(|it| *it = it.replace("\"governed\", ", ""));
    finds(&[("none taken", &[none], &["GOV-002 governed-accepted"])]);
}

#[test]
fn a_run_record_binds_its_commit() {
    use Edit::{Commit, Committer, Run};
    finds(&[
        (
            "commit",
            &[Commit(|it| it.id = id(9))],
            &["ATT-002 binds-commit"],
        ),
        (
            "tree",
            &[Commit(|it| it.tree = id(9))],
            &["ATT-002 binds-tree"],
        ),
        (
            "base",
            &[Commit(|it| it.parents = vec![id(9)])],
            &["ATT-002 binds-base"],
        ),
        (
            "no parent",
            &[Commit(|it| it.parents.clear())],
            &["GOV-002 single-commit"],
        ),
        (
            "two parents",
            &[Commit(|it| it.parents.push(id(9)))],
            &["GOV-002 single-commit"],
        ),
        (
            "ref",
            &[Run(|it| it.reference = other_ref())],
            &["ATT-002 binds-ref"],
        ),
        (
            "another run",
            &[Run(|it| it.run = other_run())],
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
            "no trailers",
            &[Commit(|it| it.message = b"Align\n".to_vec())],
            &["GOV-002 trailers"],
        ),
        (
            "the trailer AWO-Task twice",
            &[Commit(|it| it.message.extend(b"AWO-Task: T-1\n"))],
            &["GOV-002 trailers"],
        ),
        (
            "the trailer AWO-Root twice",
            &[Commit(|it| it.message.extend(b"AWO-Root: x\n"))],
            &["GOV-002 trailers"],
        ),
        (
            "another task in the trailer",
            &[Commit(|it| {
                it.message = format!(
                    "Align

AWO-Run: run_one
AWO-Task: T-2
AWO-Root: {}
",
                    sha(1)
                )
                .into_bytes()
            })],
            &["ATT-002 binds-trailers"],
        ),
        (
            "another root in the trailer",
            &[Commit(|it| {
                it.message = b"Align\n\nAWO-Run: run_one\nAWO-Task: T-1\nAWO-Root: 00\n".to_vec()
            })],
            &["ATT-002 binds-trailers"],
        ),
        (
            "trailers in lower case",
            &[Commit(|it| {
                it.message = format!(
                    "Align

awo-run: run_one
awo-task: T-1
awo-root: {}
",
                    sha(1)
                )
                .into_bytes()
            })],
            &[],
        ),
        (
            "another person commits",
            &[Committer("rita")],
            &["ATT-001 one-orchestrator"],
        ),
    ]);
}

#[test]
fn a_run_record_binds_its_contract() {
    use Edit::{Changes, Contract, Facts, Run};
    finds(&[
        (
            "contract",
            &[Run(|it| it.contract = sha(7))],
            &["ATT-002 binds-contract"],
        ),
        (
            "task",
            &[Run(|it| it.task = other_task())],
            &[
                "ATT-002 binds-task",
                "ATT-002 binds-trailers",
                "GOV-005 task-approved",
            ],
        ),
        (
            "ref",
            &[Contract(|it| it.target_ref = other_ref())],
            &["ATT-002 binds-ref"],
        ),
        (
            "no contract",
            &[Facts(|it| it.contract = Lookup::Missing)],
            &["GOV-002 contract"],
        ),
        (
            "outside",
            &[Changes(|it| it.push(change("docs/a")))],
            &["GOV-003 allowed-paths"],
        ),
        (
            "forbidden",
            &[Changes(|it| it.push(change("src/vendor/a")))],
            &["GOV-003 forbidden-paths"],
        ),
        (
            "protected",
            &[Changes(|it| it.push(change("guarded/a")))],
            &["GOV-003 protected-artefact"],
        ),
        (
            "restricted",
            &[Changes(|it| it.push(change("src/keys/a")))],
            &["GOV-003 keys"],
        ),
    ]);
}

#[test]
fn task_approvals_bind_and_are_spent_once() {
    use Edit::{Approval, Facts, Policy, Run};
    finds(&[
        (
            "none",
            &[Facts(|it| it.task_approvals.clear())],
            &["GOV-005 task-approved"],
        ),
        (
            "none spent",
            &[Run(|it| it.approvals.clear())],
            &["GOV-005 task-approved"],
        ),
        (
            "an audit",
            &[Approval(|it| it.approves = Approves::Audit)],
            &["ATT-002 approves-task", "GOV-005 task-approved"],
        ),
        (
            "another contract",
            &[Approval(|it| it.contract = sha(7))],
            &["ATT-002 binds-contract", "GOV-005 task-approved"],
        ),
        (
            "another task",
            &[Approval(|it| it.task = other_task())],
            &["ATT-002 binds-task", "GOV-005 task-approved"],
        ),
        (
            "another base",
            &[Approval(|it| it.base = Some(id(9)))],
            &["ATT-002 binds-base", "GOV-005 task-approved"],
        ),
        (
            "no base",
            &[Approval(|it| it.base = None)],
            &["ATT-002 binds-base", "GOV-005 task-approved"],
        ),
        (
            "another sentence",
            &[Approval(|it| {
                it.sentence = Some("I approve T-1".to_owned())
            })],
            &["GOV-005 exact-sentence", "GOV-005 task-approved"],
        ),
        (
            "no sentence",
            &[Approval(|it| it.sentence = None)],
            &["GOV-005 exact-sentence", "GOV-005 task-approved"],
        ),
        (
            "expired just now",
            &[Approval(|it| it.expires = time("2026-01-10T00:00:00Z"))],
            &["GOV-005 approval-unexpired", "GOV-005 task-approved"],
        ),
        (
            "expires after the run and before the end",
            &[Approval(|it| it.expires = time("2026-01-10T00:00:01Z"))],
            &[],
        ),
        (
            "spent by another run",
            &[Facts(|it| {
                it.spent.values_mut().for_each(|it| *it = Some(other_run()))
            })],
            &["REP-001 one-approval-one-run"],
        ),
        (
            "marked without a run",
            &[Facts(|it| it.spent.values_mut().for_each(|it| *it = None))],
            &["GOV-002 spent-marker"],
        ),
        (
            "not marked",
            &[Facts(|it| it.spent.clear())],
            &["GOV-002 spent-marker"],
        ),
        (
            "two are needed",
            &[Policy(|it| {
                *it = it.replace("task_approvals = 1", "task_approvals = 2")
            })],
            &["GOV-005 task-approved"],
        ),
    ]);
}

#[test]
fn the_evidence_is_what_the_run_record_says() {
    use Edit::Facts;
    finds(&[
        (
            "none",
            &[Facts(|it| it.evidence = Lookup::Missing)],
            &["GOV-002 evidence"],
        ),
        (
            "another root",
            &[Facts(|it| evidence(it).root = sha(7))],
            &["INT-001 evidence-root"],
        ),
        (
            "a reason",
            &[Facts(|it| evidence(it).reasons.push("no plan".to_owned()))],
            &["GOV-002 invariants"],
        ),
        (
            "a finding",
            &[Facts(|it| {
                evidence(it)
                    .findings
                    .push(Finding::told(Code::Int002, "file-set", Subject::none()))
            })],
            &["INT-002 file-set"],
        ),
        (
            "bad",
            &[Facts(|it| {
                it.evidence = Lookup::Invalid(Finding::told(Code::Str001, "x", Subject::none()))
            })],
            &["STR-001 x"],
        ),
        (
            "another bad record",
            &[Facts(|it| {
                it.bad
                    .push(Finding::told(Code::Att003, "y", Subject::none()))
            })],
            &["ATT-003 y"],
        ),
        (
            "no run record",
            &[Facts(|it| it.run = Lookup::Missing)],
            &["GOV-002 run-record"],
        ),
    ]);
}

#[test]
fn a_run_is_judged_without_its_reviews_when_it_arrives() {
    let run_binds = |edits: &[Edit]| {
        let story = told(edits);
        let mut findings = Findings::new();
        rules::run_binds(&story.facts, &story.policy, &mut findings);
        codes(&findings)
    };
    assert_eq!(
        run_binds(&[Edit::Facts(|it| it.independence.clear())]),
        NOTHING
    );
    assert_eq!(
        run_binds(&[Edit::Facts(|it| it.spent.clear())]),
        ["GOV-002 spent-marker"]
    );
    assert_eq!(
        run_binds(&[Edit::Facts(|it| it.evidence = Lookup::Missing)]),
        ["GOV-002 evidence"]
    );
    assert_eq!(
        run_binds(&[Edit::Facts(|it| it.run = Lookup::Missing)]),
        ["GOV-002 run-record"]
    );
    assert_eq!(
        run_binds(&[Edit::Run(|it| it.contract = sha(7))]),
        ["ATT-002 binds-contract"]
    );
}
