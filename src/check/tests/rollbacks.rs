//! Commits that take back what a run did, or say so.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::record::ObjectId;
use crate::record::tree::Mode;
use crate::records::Verdict;

const REJECTED: Edit = Edit::Outcome(|it| it.outcome = Verdict::Rejected);

fn by_run() -> String {
    "Back\n\nAWO-Rollback: run_one\n".to_owned()
}

fn of(id: ObjectId) -> String {
    format!("Revert \"Align\"\n\nThis reverts commit {id}.\n")
}

/// Commits what was there at the base, or after the run.
fn put(world: &World, parent: ObjectId, run: bool, message: &str) -> ObjectId {
    let mut files = sources();
    if run {
        files.insert("src/a.py".to_owned(), (Mode::File, b"two\n".to_vec()));
    }
    commit(
        &world.repo,
        tree(&world.repo, &files),
        &[parent],
        message,
        Some("otto"),
    )
}

/// Pushes a branch from the run's commit, or from nothing, to this one.
fn pushed(world: &World, name: &str, old: Option<ObjectId>, new: ObjectId) -> String {
    let mut before = world.refs(Judged);
    before.extend(old.map(|old| (branch(name), old)));
    let mut after = before.clone();
    after.insert(branch(name), new);
    codes(&world.judge(&before, &after)).join(", ")
}

#[test]
fn a_rejected_run_is_taken_back_once() {
    let world = World::new(&[REJECTED]);
    let done = world.commit;
    for message in [by_run(), of(done)] {
        let back = put(&world, done, false, &message);
        assert_eq!(pushed(&world, "main", Some(done), back), "", "{message}");
        // Applied again by a revert of the roll-back: the approval was spent.
        let again = put(&world, back, true, &of(back));
        let found = pushed(&world, "main", Some(back), again);
        assert_eq!(found, "REP-001 rolled-back-for-good");
        // Once more, after something else brought it back.
        let there = put(&world, back, true, "x\n");
        for message in [by_run(), of(done)] {
            let twice = put(&world, there, false, &message);
            let found = pushed(&world, "main", Some(there), twice);
            assert_eq!(
                found, "GOV-008 rollback-once, GOV-011 run-over",
                "{message}"
            );
        }
        // A roll-back of another run, and of another commit, between them is none of this one.
        for other in [
            "x\n\nAWO-Rollback: run_two\n".to_owned(),
            of(world.base),
            "x\n".to_owned(),
        ] {
            let between = put(&world, done, true, &other);
            let back = put(&world, between, false, &message);
            assert_eq!(pushed(&world, "main", Some(between), back), "", "{other}");
        }
    }
}

#[test]
fn a_run_that_nobody_rejected_stays() {
    for (edits, expected) in [
        (vec![], "GOV-008 rollback-rejected, GOV-011 run-in-turn"),
        (
            vec![Edit::Outcome(|_| {})],
            "GOV-008 rollback-rejected, GOV-011 run-over",
        ),
        (vec![REJECTED], ""),
    ] {
        let world = World::new(&edits);
        let done = world.commit;
        for message in [by_run(), of(done)] {
            let back = put(&world, done, false, &message);
            assert_eq!(pushed(&world, "main", Some(done), back), expected);
        }
    }
}

#[test]
fn what_no_run_did_is_not_rolled_back() {
    let world = World::new(&[REJECTED]);
    let done = world.commit;
    let blob = world.contract_blob;
    let sha256 = "ab".repeat(32).parse().unwrap();
    for (what, message) in [
        ("the base", of(world.base)),
        ("an object that is not there", of(id(9))),
        ("an object of another kind of hash", of(sha256)),
        ("a file", of(blob)),
        (
            "a run without a record",
            "x\n\nAWO-Rollback: run_two\n".to_owned(),
        ),
        (
            "two runs",
            "x\n\nAWO-Rollback: run_one\nAWO-Rollback: run_two\n".to_owned(),
        ),
    ] {
        let back = put(&world, done, false, &message);
        let found = pushed(&world, "main", Some(done), back);
        assert_eq!(found, "GOV-008 rollback-of-a-run", "{what}");
    }
}

#[test]
fn where_direct_commits_are_taken_a_revert_is_one() {
    let world = World::new(&[]);
    let done = world.commit;
    for (what, name, message, expected) in [
        ("of a missing object on dev", "free", of(id(9)), ""),
        ("of a file on dev", "free", of(world.contract_blob), ""),
        ("of the base on dev", "free", of(world.base), ""),
        ("of a run on a branch without runs", "free", of(done), ""),
        (
            "by the run's name there",
            "free",
            by_run(),
            "GOV-008 rollback-accepted, GOV-008 rollback-rejected, GOV-011 run-in-turn",
        ),
        (
            "of the base on a branch with both",
            "both",
            of(world.base),
            "",
        ),
        (
            "of a run on a branch with both",
            "both",
            of(done),
            "GOV-008 rollback-rejected, GOV-011 run-in-turn",
        ),
        (
            "by the run's name on a branch with both",
            "both",
            by_run(),
            "GOV-008 rollback-rejected, GOV-011 run-in-turn",
        ),
    ] {
        let back = put(&world, done, false, &message);
        assert_eq!(pushed(&world, name, Some(done), back), expected, "{what}");
    }
    // Of a roll-back: plain where no roll-back is taken, a replay where one is.
    let back = put(&world, done, false, &of(done));
    let again = put(&world, back, true, &of(back));
    assert_eq!(pushed(&world, "free", Some(back), again), "");
    let found = pushed(&world, "both", Some(back), again);
    assert_eq!(found, "REP-001 rolled-back-for-good");
}
