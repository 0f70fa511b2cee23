//! What a push brings to the ledger and to evidence: its kind, its place, and what it belongs to.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::record::tree::Mode;
use crate::record::{RunId, TaskId};
use crate::records::Kind;
use crate::store::layout::LedgerPath;
use crate::store::ledger::spent;

fn other_task() -> TaskId {
    TaskId::new("T-2").unwrap()
}

/// Takes a file away from the ledger.
fn lose(shelf: &mut Shelf, path: &LedgerPath) {
    let gone = shelf.ledger().remove(&path.to_path().to_string());
    assert!(gone.is_some(), "{path:?} was there");
}

#[test]
fn the_ledger_only_grows_by_plain_records_of_known_kinds() {
    finds(&[
        (
            "an unknown file",
            &[],
            Approved,
            |_, it| {
                let file = (Mode::File, b"x".to_vec());
                it.ledger().insert("notes.txt".to_owned(), file);
            },
            &["STR-002 record-kind"],
        ),
        (
            "a program",
            &[],
            Approved,
            |_, it| {
                let path = LedgerPath::Packet(task()).to_path().to_string();
                it.ledger().get_mut(&path).unwrap().0 = Mode::Executable;
            },
            &["ATT-002 binds-packet", "INT-003 record-mode"],
        ),
        (
            "a record changed",
            &[],
            Executed,
            |_, it| it.put(&LedgerPath::Packet(task()), "another\n"),
            &["REP-001 record-name"],
        ),
        (
            "a record removed",
            &[],
            Executed,
            |_, it| lose(it, &LedgerPath::Packet(task())),
            &["REP-002 forward-only"],
        ),
        (
            "a record that becomes a program",
            &[],
            Executed,
            |_, it| {
                let path = LedgerPath::Packet(task()).to_path().to_string();
                it.ledger().get_mut(&path).unwrap().0 = Mode::Executable;
            },
            &["INT-003 record-mode", "REP-001 record-name"],
        ),
        (
            "no envelope",
            &[],
            Approved,
            |_, it| it.put(&Kind::Contract.of(task()), "{}"),
            &["INT-004 record-form"],
        ),
        (
            "a ledger of nothing",
            &[],
            Approved,
            |_, it| {
                it.ledger().clear();
                it.governance.remove(&approvals());
            },
            &["STR-002 record-brought"],
        ),
    ]);
}

#[test]
fn a_record_belongs_to_something() {
    finds(&[
        (
            "a packet of no contract",
            &[],
            Approved,
            |_, it| it.put(&LedgerPath::Packet(other_task()), PACKET),
            &["STR-001 record-of-something"],
        ),
        (
            "a contract of no packet",
            &[],
            Approved,
            |_, it| lose(it, &LedgerPath::Packet(task())),
            &["ATT-002 binds-packet"],
        ),
        (
            "a contract of another packet",
            &[],
            Approved,
            |_, it| it.put(&LedgerPath::Packet(task()), "another\n"),
            &["ATT-002 binds-packet"],
        ),
        (
            "an inventory of no run",
            &[],
            Executed,
            |_, it| it.put(&LedgerPath::Inventory(other_run()), ""),
            &["GOV-002 run-record", "STR-001 record-of-something"],
        ),
        (
            "a run of no inventory",
            &[],
            Executed,
            |_, it| lose(it, &LedgerPath::Inventory(run_id())),
            &["INT-002 inventory-present"],
        ),
        (
            "a run of another inventory",
            &[],
            Executed,
            |_, it| it.put(&LedgerPath::Inventory(run_id()), "x\n"),
            &["INT-001 inventory-root"],
        ),
        (
            "a run of a long inventory, but another",
            &[],
            Executed,
            |_, it| it.put(&LedgerPath::Inventory(run_id()), "x".repeat(3 << 20)),
            &["INT-001 inventory-root"],
        ),
        (
            "a marker of no run",
            &[],
            Executed,
            |_, it| it.put(&LedgerPath::Spent(sha(1)), spent(&other_run())),
            &["STR-001 record-of-something"],
        ),
        (
            "a marker of a run that spends something else",
            &[],
            Executed,
            |_, it| it.put(&LedgerPath::Spent(sha(1)), spent(&run_id())),
            &["STR-001 record-of-something"],
        ),
        (
            "a marker that is none",
            &[],
            Executed,
            |_, it| it.put(&LedgerPath::Spent(sha(1)), "run_one"),
            &["STR-001 record-of-something"],
        ),
        (
            "a proposal that nobody signed",
            &[],
            Approved,
            |_, it| {
                it.put(&LedgerPath::ProposedPolicy(sha(1)), "x");
                it.put(&LedgerPath::ProposedSigners(sha(1)), "x");
            },
            &["STR-001 record-of-something"],
        ),
        (
            "half a proposal",
            &[],
            Approved,
            |_, it| it.put(&LedgerPath::ProposedSigners(sha(1)), "x"),
            &["STR-001 record-of-something"],
        ),
    ]);
}

#[test]
fn a_record_stands_where_it_says() {
    const OTHER: fn() -> RunId = other_run;
    finds(&[
        (
            "a contract of another task",
            &[],
            Approved,
            |world, it| {
                it.put(&Kind::Contract.of(other_task()), world.contract.to_bytes());
                it.put(&LedgerPath::Packet(other_task()), PACKET);
            },
            &["INT-004 record-place"],
        ),
        (
            "another run",
            &[],
            Executed,
            |world, it| {
                let path = Kind::Run.of(OTHER());
                it.put(&path, world.run_record.to_bytes());
            },
            &["INT-004 record-place", "REP-001 one-approval-one-run"],
        ),
        (
            "a log of another run",
            &[],
            Reviewed,
            |world, it| {
                let path = Kind::Independence.one_of(OTHER(), world.log.digest());
                it.put(&path, world.log.to_bytes());
            },
            &["GOV-002 run-record", "INT-004 record-place"],
        ),
        (
            "a log under another digest",
            &[],
            Reviewed,
            |world, it| {
                let path = Kind::Independence.one_of(run_id(), sha(1));
                it.put(&path, world.log.to_bytes());
            },
            &["INT-004 record-place"],
        ),
        (
            "an override",
            &[Edit::Override(|_| {})],
            Reviewed,
            |_, _| {},
            &[],
        ),
        (
            "an override of another run",
            &[Edit::Override(|_| {})],
            Reviewed,
            |world, it| {
                let envelope = &world.overrides[0];
                let path = Kind::SelfApproval.one_of(OTHER(), envelope.digest());
                it.put(&path, envelope.to_bytes());
            },
            &["GOV-002 run-record", "INT-004 record-place"],
        ),
        (
            "an override under another digest",
            &[Edit::Override(|_| {})],
            Reviewed,
            |world, it| {
                let path = Kind::SelfApproval.one_of(run_id(), sha(1));
                it.put(&path, world.overrides[0].to_bytes());
            },
            &["INT-004 record-place"],
        ),
        (
            "an override of another form",
            &[Edit::Override(|it| {
                it.allow_self_approval = "true".to_owned()
            })],
            Reviewed,
            |_, _| {},
            &["GOV-001 self-approval-form"],
        ),
        (
            "a finalization of another run",
            &[],
            Landed,
            |world, it| {
                let path = Kind::Finalization.of(OTHER());
                it.put(&path, world.finalization.to_bytes());
            },
            &["GOV-002 run-record", "INT-004 record-place"],
        ),
        (
            "an outcome of another run",
            &[Edit::Outcome(|_| {})],
            Judged,
            |world, it| {
                let path = Kind::Outcome.of(OTHER());
                it.put(&path, world.outcomes[0].to_bytes());
            },
            &["GOV-002 run-record", "INT-004 record-place"],
        ),
        (
            "an entry of the index without a finalization",
            &[],
            Approved,
            |_, it| it.put(&LedgerPath::Provenance(run_id()), "{}"),
            &["GOV-002 run-record", "STR-001 provenance-index"],
        ),
        (
            "no entry of the index",
            &[],
            Landed,
            |_, it| lose(it, &LedgerPath::Provenance(run_id())),
            &["STR-001 provenance-index"],
        ),
    ]);
}

#[test]
fn what_arrives_binds_its_run() {
    finds(&[
        (
            "a run of another contract",
            &[Edit::Run(|it| it.contract = sha(1))],
            Executed,
            |_, _| {},
            &["ATT-002 binds-contract"],
        ),
        (
            "an outcome of another commit",
            &[Edit::Outcome(|it| it.commit = id(1))],
            Judged,
            |_, _| {},
            &["ATT-002 binds-commit"],
        ),
        (
            "an outcome of another root",
            &[Edit::Outcome(|it| it.root = sha(1))],
            Judged,
            |_, _| {},
            &["ATT-002 binds-commit"],
        ),
        (
            "an override of another commit",
            &[Edit::Override(|it| it.commit = id(1))],
            Reviewed,
            |_, _| {},
            &["ATT-002 binds-commit"],
        ),
        (
            "an override of another root",
            &[Edit::Override(|it| it.root = sha(1))],
            Reviewed,
            |_, _| {},
            &["ATT-002 binds-commit"],
        ),
        (
            "an override of another root that was there before",
            &[Edit::Override(|it| it.root = sha(1))],
            Landed,
            |_, _| {},
            &[],
        ),
        (
            "a log of another commit",
            &[Edit::Log(|it| it.commit = id(1))],
            Reviewed,
            |_, _| {},
            &[
                "ATT-002 binds-approvals",
                "ATT-002 binds-commit",
                "ATT-002 binds-gate-2",
                "GOV-002 gate-order",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
            ],
        ),
        (
            "a finalization of another attestation",
            &[Edit::Finalization(|it| it.attestation = sha(1))],
            Landed,
            |_, _| {},
            &["ATT-002 binds-attestation", "GOV-011 run-in-turn"],
        ),
    ]);
}
