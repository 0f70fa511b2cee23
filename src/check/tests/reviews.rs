//! Approvals of a run and attestations that arrive as notes.

use super::world::*;
use crate::check::tests::world::Stage::*;

#[test]
fn a_review_binds_its_run() {
    finds(&[
        (
            "an approval of another commit",
            &[Edit::Audit(|it| it.commit = Some(id(1)))],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-approvals",
                "ATT-002 binds-commit",
                "ATT-002 binds-run",
                "ATT-002 note-object",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
            ],
        ),
        (
            "an approval of another root",
            &[Edit::Audit(|it| it.root = Some(sha(1)))],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-approvals",
                "ATT-002 binds-root",
                "ATT-002 binds-run",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
            ],
        ),
        (
            "an approval of another contract",
            &[Edit::Audit(|it| it.contract = sha(1))],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-approvals",
                "ATT-002 binds-contract",
                "ATT-002 binds-run",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
            ],
        ),
        (
            "an approval of no run",
            &[Edit::Audit(|it| it.run = None)],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-approvals",
                "ATT-002 binds-run",
                "ATT-002 note-object",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
            ],
        ),
        (
            "an approval of a run that is not there",
            &[Edit::Audit(|it| it.run = Some(other_run()))],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-approvals",
                "ATT-002 binds-run",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
                "STR-001 run-of-record",
            ],
        ),
        (
            "an attestation of another commit",
            &[Edit::Attestation(|it| it.commit = id(1))],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-commit",
                "ATT-002 binds-run",
                "ATT-002 note-object",
            ],
        ),
        (
            "an attestation of another root",
            &[Edit::Attestation(|it| it.root = sha(1))],
            Reviewed,
            |_, _| {},
            &["ATT-002 binds-root", "ATT-002 binds-run"],
        ),
        (
            "an attestation of another contract",
            &[Edit::Attestation(|it| it.contract = sha(1))],
            Reviewed,
            |_, _| {},
            &["ATT-002 binds-contract", "ATT-002 binds-run"],
        ),
        (
            "an attestation of a run that is not there",
            &[Edit::Attestation(|it| it.run = other_run())],
            Reviewed,
            |_, _| {},
            &["ATT-002 binds-run", "STR-001 run-of-record"],
        ),
        (
            "an attestation noted on something else",
            &[],
            Reviewed,
            |world, it| it.note(attestations(), world.base, &world.attestation),
            &["ATT-002 note-object"],
        ),
        (
            "an approval noted on something else",
            &[],
            Reviewed,
            |world, it| it.note(approvals(), world.base, &world.audit),
            &["ATT-002 note-object"],
        ),
        (
            "a task approval on the commit",
            &[],
            Reviewed,
            |world, it| it.note(approvals(), world.commit, &world.approval),
            &["ATT-002 note-object"],
        ),
        (
            "an approval of a log that is not there",
            &[Edit::Audit(|it| it.independence = Some(sha(1)))],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-approvals",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
            ],
        ),
        (
            "an attestation among the approvals",
            &[],
            Reviewed,
            |world, it| it.note(approvals(), world.commit, &world.attestation),
            &["ATT-003 statement-type"],
        ),
        (
            "an approval among the attestations",
            &[],
            Reviewed,
            |world, it| it.note(attestations(), world.commit, &world.audit),
            &["ATT-003 statement-type"],
        ),
    ]);
}

#[test]
fn a_review_that_arrives_alone_is_judged_with_its_run() {
    // The log arrived before; now come the notes, and one of them rests on nothing.
    for (edit, what) in [
        (Edit::Audit(|it| it.independence = Some(sha(1))), "approval"),
        (
            Edit::Attestation(|it| it.independence = sha(1)),
            "attestation",
        ),
        (Edit::Run(|_| {}), "benign"),
    ] {
        let world = World::new(&[edit]);
        let mut before = world.shelf(Reviewed);
        before.governance.remove(&approvals());
        before.governance.remove(&attestations());
        let mut shelf = world.shelf(Executed);
        let noted = shelf.governance.remove(&approvals()).unwrap();
        before.governance.insert(approvals(), noted);
        let before = world.commit(&world.refs(Executed), &before);
        let after = world.commit(&before, &world.shelf(Reviewed));
        let found = codes(&world.judge(&before, &after));
        assert_eq!(found.is_empty(), what == "benign", "{what}: {found:?}");
    }
}

#[test]
fn what_is_found_in_a_note_names_it_and_its_object() {
    let wrong: [(Edit, Stage); 3] = [
        (Edit::Approval(|it| it.context.repository = id(1)), Approved),
        (Edit::Audit(|it| it.context.repository = id(1)), Reviewed),
        (
            Edit::Attestation(|it| it.context.repository = id(1)),
            Reviewed,
        ),
    ];
    for (at, (edit, stage)) in wrong.into_iter().enumerate() {
        let world = World::new(&[edit]);
        let (note, object) = [
            (&world.approval, world.contract_blob),
            (&world.audit, world.commit),
            (&world.attestation, world.commit),
        ][at];
        let report = world.push(stage, &|_, _| {});
        let named = report.findings.iter().any(|it| {
            it.subject.record.as_deref() == Some(&*note.digest().to_string())
                && it.subject.commit.as_deref() == Some(&*object.to_string())
        });
        assert!(named, "{at}: {:?}", report.findings);
    }
}
