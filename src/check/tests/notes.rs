//! Approvals and attestations that arrive as notes.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::record::Timestamp;
use crate::record::tree::Mode;
use crate::records::{Approves, Kind};

/// The latest end of an approval that arrives now: thirty days, and one for the clocks.
fn latest() -> Timestamp {
    time("2026-02-10T00:00:00Z")
}

#[test]
fn an_approval_of_a_task_binds_it() {
    finds(&[
        (
            "another sentence",
            &[Edit::Approval(|it| {
                it.sentence = Some("I approve.".to_owned())
            })],
            Approved,
            |_, _| {},
            &["GOV-005 exact-sentence"],
        ),
        (
            "no sentence",
            &[Edit::Approval(|it| it.sentence = None)],
            Approved,
            |_, _| {},
            &["GOV-005 exact-sentence"],
        ),
        (
            "another contract",
            &[Edit::Approval(|it| it.contract = sha(1))],
            Approved,
            |_, _| {},
            &["ATT-002 binds-contract"],
        ),
        (
            "no base",
            &[Edit::Approval(|it| it.base = None)],
            Approved,
            |_, _| {},
            &["ATT-002 binds-base"],
        ),
        (
            "a commit",
            &[Edit::Approval(|it| it.commit = Some(id(1)))],
            Approved,
            |_, _| {},
            &["ATT-002 binds-base"],
        ),
        (
            "a run",
            &[Edit::Approval(|it| it.run = Some(run_id()))],
            Approved,
            |_, _| {},
            &["ATT-002 binds-base"],
        ),
        (
            "a root",
            &[Edit::Approval(|it| it.root = Some(sha(1)))],
            Approved,
            |_, _| {},
            &["ATT-002 binds-base"],
        ),
        (
            "no such contract",
            &[Edit::Approval(|it| {
                it.task = crate::record::TaskId::new("T-2").unwrap()
            })],
            Approved,
            |_, _| {},
            &["ATT-002 binds-contract"],
        ),
        (
            "no contract in its place",
            &[],
            Approved,
            |world, it| it.put(&Kind::Contract.of(task()), world.approval.to_bytes()),
            &["ATT-002 binds-contract", "ATT-003 statement-type"],
        ),
        (
            "noted on something else",
            &[],
            Approved,
            |world, it| {
                it.of(approvals()).clear();
                it.note(approvals(), world.base, &world.approval);
            },
            &["ATT-002 note-object"],
        ),
        (
            "an approval of the audit in its place",
            &[Edit::Approval(|it| {
                it.approves = Approves::Audit;
                it.context.identity = name("rita");
                it.context.role = "reviewer".to_owned();
            })],
            Approved,
            |_, _| {},
            &["ATT-002 note-object"],
        ),
    ]);
}

#[test]
fn an_approval_is_valid_for_a_while() {
    finds(&[
        (
            "as long as it may be",
            &[Edit::Approval(|it| it.expires = latest())],
            Approved,
            |_, _| {},
            &[],
        ),
        (
            "a second longer",
            &[Edit::Approval(|it| {
                it.expires = time("2026-02-10T00:00:01Z")
            })],
            Approved,
            |_, _| {},
            &["GOV-005 approval-lifetime"],
        ),
        (
            "a second still",
            &[Edit::Approval(|it| {
                it.expires = time("2026-01-10T00:00:01Z")
            })],
            Approved,
            |_, _| {},
            &[],
        ),
        (
            "until now",
            &[Edit::Approval(|it| it.expires = time(NOW))],
            Approved,
            |_, _| {},
            &["GOV-005 approval-unexpired"],
        ),
        (
            "of the audit, a second longer",
            &[Edit::Audit(|it| it.expires = time("2026-02-10T00:00:01Z"))],
            Reviewed,
            |_, _| {},
            &["GOV-005 approval-lifetime"],
        ),
    ]);
}

/// Notes a second approval of olga or anna.
fn twice(world: &World, shelf: &mut Shelf, nonce: &str, who: &str) {
    let mut says = world.approval_says();
    says.nonce = nonce.to_owned();
    says.context.identity = name(who);
    says.expires = time("2026-02-02T00:00:00Z");
    let again = sealed(says, who);
    shelf.note(approvals(), world.contract_blob, &again);
}

#[test]
fn a_nonce_is_a_plain_word_of_its_own() {
    finds(&[
        (
            "the longest",
            &[Edit::Approval(|it| it.nonce = "0-._zA".repeat(10) + "1234")],
            Approved,
            |_, _| {},
            &[],
        ),
        (
            "a character more",
            &[Edit::Approval(|it| {
                it.nonce = "0-._zA".repeat(10) + "12345"
            })],
            Approved,
            |_, _| {},
            &["INT-004 approval-nonce"],
        ),
        (
            "none",
            &[Edit::Approval(|it| it.nonce.clear())],
            Approved,
            |_, _| {},
            &["INT-004 approval-nonce"],
        ),
        (
            "two words",
            &[Edit::Approval(|it| it.nonce = "a b".to_owned())],
            Approved,
            |_, _| {},
            &["INT-004 approval-nonce"],
        ),
        (
            "another beside it",
            &[],
            Approved,
            |world, it| twice(world, it, "n2", "olga"),
            &[],
        ),
        (
            "the same by another person",
            &[],
            Approved,
            |world, it| twice(world, it, "n1", "anna"),
            &[],
        ),
        (
            "the same twice",
            &[],
            Approved,
            |world, it| twice(world, it, "n1", "olga"),
            &["REP-001 nonce-once"],
        ),
        (
            "the same again, later",
            &[],
            Executed,
            |world, it| twice(world, it, "n1", "olga"),
            &["REP-001 nonce-once"],
        ),
    ]);
}

#[test]
fn notes_only_grow_by_envelopes() {
    finds(&[
        (
            "a note removed",
            &[],
            Executed,
            |_, it| it.of(approvals()).clear(),
            &["GOV-005 task-approved", "REP-002 records-never-change"],
        ),
        (
            "a line changed",
            &[],
            Executed,
            |world, it| {
                it.of(approvals()).clear();
                twice(world, it, "n2", "olga");
            },
            &["GOV-005 task-approved", "REP-002 records-never-change"],
        ),
        (
            "a line that is no envelope",
            &[],
            Approved,
            |world, it| {
                let path = world.contract_blob.to_string();
                let (_, text) = it.of(approvals()).get_mut(&path).unwrap();
                text.extend(b"{}\n");
            },
            &["INT-004 record-form"],
        ),
        (
            "a note that is a program",
            &[],
            Approved,
            |world, it| {
                let path = world.contract_blob.to_string();
                it.of(approvals()).get_mut(&path).unwrap().0 = Mode::Executable;
            },
            &["INT-003 notes-form", "INT-003 record-mode"],
        ),
        (
            "no note on anything",
            &[],
            Approved,
            |_, it| {
                let file = (Mode::File, b"x".to_vec());
                it.of(approvals()).insert("x".to_owned(), file);
            },
            &["INT-003 notes-form"],
        ),
    ]);
}
