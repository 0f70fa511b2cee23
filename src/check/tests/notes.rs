//! Approvals and attestations that arrive as notes.

use super::world::*;
use crate::check::push::Door;
use crate::check::tests::world::Stage::*;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{RefName, Timestamp};
use crate::records::{ApprovalPredicate, Approves, GateStatus, Kind, Notes, Statement};
use crate::store::layout;
use crate::store::ledger::Refs;

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
fn one_push_adds_so_many_lines_to_a_note() {
    let limited = |lines: usize| {
        let world = World::new(&[]);
        let (before, mut shelf) = (world.refs(Founded), world.shelf(Approved));
        for line in 0..lines {
            let envelope = Envelope::new(line.to_string().into_bytes(), Vec::new());
            shelf.note(approvals(), world.contract_blob, &envelope);
        }
        let after = world.commit(&before, &shelf);
        codes(&world.judge(&before, &after)).contains(&"INT-006 limits".to_owned())
    };
    // The approval of the task is one.
    let most = crate::facts::arrivals::MOST_LINES - 1;
    assert!(!limited(most), "as many as may be");
    assert!(limited(most + 1), "one more");
}

#[test]
fn a_line_stands_in_the_segment_of_its_month() {
    /// Moves the segment of February to another month.
    fn moved(shelf: &mut Shelf, notes: Notes, month: &str) {
        let segment = |month: &str| layout::notes(notes.of(month.parse().unwrap()));
        let files = shelf.governance.remove(&segment("2026-02")).unwrap();
        shelf.governance.insert(segment(month), files);
    }
    finds(&[
        (
            "an approval, a month later",
            &[],
            Approved,
            |_, it| moved(it, Notes::APPROVALS, "2026-03"),
            &["ATT-002 note-object"],
        ),
        (
            "an approval, a month earlier",
            &[],
            Approved,
            |_, it| moved(it, Notes::APPROVALS, "2026-01"),
            &["ATT-002 note-object"],
        ),
        (
            "an attestation, a month later",
            &[],
            Reviewed,
            |_, it| moved(it, Notes::ATTESTATIONS, "2026-03"),
            &["ATT-002 note-object"],
        ),
        (
            "an approval in both",
            &[],
            Executed,
            |world, it| {
                let later = layout::notes(Notes::APPROVALS.of("2026-03".parse().unwrap()));
                it.note(later, world.contract_blob, &world.approval);
            },
            &["ATT-002 note-object"],
        ),
        (
            "an approval of the last second of January",
            &[Edit::Approval(|it| {
                it.expires = time("2026-01-31T23:59:59Z")
            })],
            Approved,
            |_, it| assert!(!it.governance.contains_key(&approvals())),
            &[],
        ),
        (
            "of no month",
            &[],
            Approved,
            |_, it| {
                let files = it.governance.remove(&approvals()).unwrap();
                let name = RefName::new("refs/notes/awo/approvals").unwrap();
                it.governance.insert(name, files);
            },
            &["STR-002 ref-kind"],
        ),
    ]);
}

/// Notes another review of the run, as of this time.
fn late(world: &World, shelf: &mut Shelf, expires: &str) {
    let mut says: ApprovalPredicate = Statement::parse(world.audit.payload()).unwrap().predicate;
    says.nonce = "late".to_owned();
    says.expires = time(expires);
    let again = sealed(says, "rita");
    shelf.note(segment(&again), world.commit, &again);
}

#[test]
fn a_segment_whose_month_is_over_does_not_change() {
    finds(&[
        (
            "an approval of the run that expired last year",
            &[],
            Landed,
            |world, it| late(world, it, "2025-12-31T23:59:59Z"),
            &["GOV-005 approval-unexpired"],
        ),
        (
            "the same after the run was finalized",
            &[],
            Judged,
            |world, it| late(world, it, "2025-12-31T23:59:59Z"),
            &["GOV-005 approval-unexpired"],
        ),
        (
            "an approval of the task that expired last year",
            &[Edit::Approval(|it| {
                it.expires = time("2025-12-31T23:59:59Z")
            })],
            Approved,
            |_, _| {},
            &["GOV-005 approval-unexpired"],
        ),
        (
            "an attestation that says so",
            &[Edit::Attestation(|it| {
                it.expires = time("2025-12-31T23:59:59Z")
            })],
            Reviewed,
            |_, _| {},
            &["ATT-002 binds-approvals"],
        ),
        (
            "one more that holds",
            &[],
            Judged,
            |world, it| late(world, it, "2026-01-31T23:59:59Z"),
            &[],
        ),
    ]);
    // What was in time once is refused when it comes too late.
    let world = World::new(&[]);
    for (at, expected) in [
        ("2026-01-31T23:59:59Z", &[][..]),
        (
            "2026-02-01T00:00:00Z",
            &[
                "ATT-002 binds-approvals",
                "GOV-005 approval-unexpired",
                "GOV-005 run-approved",
            ],
        ),
    ] {
        let before = world.refs(Executed);
        let after = world.commit(&before, &world.shelf(Reviewed));
        let report = world.judge_at(Door::Clone, &before, &after, time(at));
        assert_eq!(codes(&report), expected, "{at}");
    }
}

#[test]
fn notes_only_grow_by_envelopes() {
    finds(&[
        (
            "a note removed",
            &[],
            Executed,
            |_, it| it.of(approvals()).clear(),
            &[
                "GOV-005 task-approved",
                "GOV-011 run-in-turn",
                "REP-002 records-never-change",
            ],
        ),
        (
            "a line changed",
            &[],
            Executed,
            |world, it| {
                it.of(approvals()).clear();
                twice(world, it, "n2", "olga");
            },
            &[
                "GOV-005 task-approved",
                "GOV-011 run-in-turn",
                "REP-002 records-never-change",
            ],
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

/// Changes the text of the note on the contract.
fn respelled(world: &World, shelf: &mut Shelf, change: fn(&mut Vec<u8>)) {
    let path = world.contract_blob.to_string();
    let (_, text) = shelf.of(approvals()).get_mut(&path).unwrap();
    change(text);
}

#[test]
fn a_note_has_one_spelling() {
    let world = World::new(&[]);
    let before = world.refs(Founded);
    for (what, change, expected) in [
        ("as it is", (|_| {}) as fn(&mut Vec<u8>), ""),
        ("an empty line", |it| it.push(b'\n'), "INT-004 record-form"),
        (
            "one before",
            |it| it.insert(0, b'\n'),
            "INT-004 record-form",
        ),
        (
            "a line twice",
            |it| *it = it.repeat(2),
            "INT-004 record-form",
        ),
        ("no line feed", |it| _ = it.pop(), "INT-004 record-form"),
    ] {
        let mut shelf = world.shelf(Approved);
        respelled(&world, &mut shelf, change);
        let after = world.commit(&before, &shelf);
        let found = codes(&world.judge(&before, &after)).join(", ");
        assert_eq!(found, expected, "{what}");
        // What an older program accepted stays.
        let mut there = world.commit(&Refs::new(), &shelf);
        world.receive(&Refs::new(), &mut there, |_| {});
        let accepted = world.verify(&there, &crate::check::verify::Scope::All);
        assert_eq!(codes(&accepted), [""; 0], "{what}");
    }
    // The same statement with another signature by the same key.
    let mut shelf = world.shelf(Approved);
    let mut signatures = world.approval.signatures().to_vec();
    signatures[0].sig = sealed(world.run.clone(), "olga").signatures()[0]
        .sig
        .clone();
    let again = Envelope::new(world.approval.payload().to_vec(), signatures);
    shelf.note(segment(&again), world.contract_blob, &again);
    let after = world.commit(&before, &shelf);
    let found = codes(&world.judge(&before, &after));
    assert!(
        found.contains(&"REP-001 noted-once".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_commit_of_the_ledger_adds_something() {
    let world = World::new(&[]);
    let (before, after) = (world.refs(Founded), world.refs(Approved));
    let tip = after[&layout::ledger()];
    let (files, none) = (
        world.repo.commit(tip).unwrap().tree,
        tree(&world.repo, &Files::new()),
    );
    let make = |files, parents: &[_]| commit(&world.repo, files, parents, "x\n", None);
    let root = make(none, &[]);
    let beside = make(files, &[]);
    let idle = "STR-002 record-brought";
    for (what, new, expected) in [
        ("as it is", tip, ""),
        ("a commit that adds nothing", make(none, &[tip]), idle),
        ("a root that adds nothing", make(none, &[tip, root]), idle),
        (
            "two that add the same, joined",
            make(none, &[tip, beside]),
            "",
        ),
    ] {
        let mut after = after.clone();
        after.insert(layout::ledger(), new);
        let found = codes(&world.judge(&before, &after)).join(", ");
        assert_eq!(found, expected, "{what}");
        if new != tip && !expected.is_empty() {
            let there = world.refs(Approved);
            let found = codes(&world.judge(&there, &after)).join(", ");
            assert_eq!(found, expected, "{what}, later");
        }
    }
}

#[test]
fn an_approval_has_the_sentence_itself_and_one_of_a_run_nothing_of_a_task() {
    finds(&[
        (
            "a line feed at its end",
            &[Edit::Approval(|it| {
                it.sentence = Some(format!("{SENTENCE}\n"))
            })],
            Approved,
            |_, _| {},
            &["GOV-005 exact-sentence"],
        ),
        (
            "a sentence",
            &[Edit::Audit(|it| it.sentence = Some(SENTENCE.to_owned()))],
            Reviewed,
            |_, _| {},
            &["ATT-002 approves-run"],
        ),
        (
            "a base",
            &[Edit::Audit(|it| it.base = Some(id(1)))],
            Reviewed,
            |_, _| {},
            &["ATT-002 approves-run"],
        ),
        (
            "another task",
            &[Edit::Audit(|it| {
                it.task = crate::record::TaskId::new("T-2").unwrap()
            })],
            Reviewed,
            |_, _| {},
            &["ATT-002 binds-task"],
        ),
    ]);
}

#[test]
fn whom_the_commit_names_among_its_authors_does_not_review_it() {
    let all: &[&str] = &[
        "ATT-002 binds-approvals",
        "ATT-002 binds-gate-2",
        "GOV-001 independent-reviewer",
        "GOV-002 gate-order",
        "GOV-005 run-approved",
        "GOV-011 run-in-turn",
    ];
    finds(&[
        (
            "by name",
            &[Edit::Message(|it| {
                it.push_str("Co-authored-by: RITA <r@example.com>\n")
            })],
            Reviewed,
            |_, _| {},
            all,
        ),
        (
            "by address",
            &[
                Edit::Message(|it| it.push_str("co-authored-by: R <Rita@Example.com>\n")),
                Edit::Policy(|it| {
                    let name = "name = \"rita\"\n";
                    let more = format!("{name}principals = [\"rita@example.com\"]\n");
                    *it = it.replace(name, &more);
                }),
            ],
            Reviewed,
            |_, _| {},
            all,
        ),
        (
            "somebody else",
            &[Edit::Message(|it| {
                it.push_str("Co-authored-by: Vera <v@example.com>\n")
            })],
            Reviewed,
            |_, _| {},
            &[],
        ),
        (
            "with a permission",
            &[
                Edit::Message(|it| it.push_str("Co-authored-by: rita <r@example.com>\n")),
                Edit::Override(|_| {}),
                Edit::Log(|it| it.status = GateStatus::SelfApprovedWithOverride),
            ],
            Reviewed,
            |_, _| {},
            &[],
        ),
    ]);
}
