//! Cancellations at the door and in `verify`: of what, when, and by whom.

use super::world::Stage::*;
use super::world::*;
use crate::record::Sha256;
use crate::records::{CancellationPredicate, Context, Kind};

fn cancellation(world: &World, who: &str, role: &str) -> CancellationPredicate {
    CancellationPredicate {
        context: Context {
            identity: name(who),
            policy: world.policy,
            repository: world.repository,
            role: role.to_owned(),
        },
        contract: world.contract.digest(),
        reason: "so".to_owned(),
        run: run_id(),
        run_record: Some(world.run_record.digest()),
        task: task(),
    }
}

pub(super) fn put(shelf: &mut Shelf, says: CancellationPredicate) {
    let by = says.context.identity.clone();
    let envelope = sealed(says, by.as_str());
    let path = Kind::Cancellation.one_of(run_id(), envelope.digest());
    shelf.put(&path, envelope.to_bytes());
}

pub(super) fn by_olga(world: &World) -> CancellationPredicate {
    cancellation(world, "olga", "operator")
}

#[test]
fn a_run_is_cancelled_before_it_is_reviewed_and_by_who_may() {
    finds(&[
        (
            "with its run",
            &[],
            Executed,
            |world, it| put(it, by_olga(world)),
            &[],
        ),
        (
            "by who made the run",
            &[],
            Executed,
            |world, it| put(it, cancellation(world, "otto", "orchestrator")),
            &[],
        ),
        (
            "with its reviews",
            &[],
            Reviewed,
            |world, it| put(it, by_olga(world)),
            &["GOV-011 run-over"],
        ),
        (
            "with its finalization",
            &[],
            Landed,
            |world, it| put(it, by_olga(world)),
            &["GOV-011 run-over"],
        ),
        (
            "with its outcome",
            &[Edit::Outcome(|_| {})],
            Judged,
            |world, it| put(it, by_olga(world)),
            &["GOV-011 run-over"],
        ),
        (
            "twice",
            &[],
            Executed,
            |world, it| {
                put(it, by_olga(world));
                put(it, cancellation(world, "otto", "orchestrator"));
            },
            &["GOV-011 run-over"],
        ),
        (
            "by a reviewer",
            &[],
            Executed,
            |world, it| put(it, cancellation(world, "rita", "reviewer")),
            &["ATT-001 role-held"],
        ),
        (
            "of another run record",
            &[],
            Executed,
            |world, it| {
                let mut says = by_olga(world);
                says.run_record = Some(Sha256::of(b"x"));
                put(it, says);
            },
            &["ATT-002 binds-run-record"],
        ),
        (
            "of another contract",
            &[],
            Executed,
            |world, it| {
                let mut says = by_olga(world);
                says.contract = Sha256::of(b"x");
                put(it, says);
            },
            &["ATT-002 binds-contract"],
        ),
    ]);
}

#[test]
fn the_id_of_a_run_to_come_is_cancelled_while_its_task_is_approved() {
    fn unrecorded(world: &World) -> CancellationPredicate {
        let mut says = by_olga(world);
        says.run_record = None;
        says
    }
    finds(&[
        (
            "an approved task",
            &[],
            Approved,
            |world, it| put(it, unrecorded(world)),
            &[],
        ),
        (
            "a task that nobody has approved",
            &[],
            Approved,
            |world, it| {
                it.governance.remove(&approvals());
                put(it, unrecorded(world));
            },
            &["GOV-011 run-in-turn"],
        ),
        (
            "by an orchestrator",
            &[],
            Approved,
            |world, it| {
                let mut says = cancellation(world, "otto", "orchestrator");
                says.run_record = None;
                put(it, says);
            },
            &["ATT-001 role-held"],
        ),
        (
            "with a run record",
            &[],
            Approved,
            |world, it| put(it, by_olga(world)),
            &["ATT-002 binds-run-record"],
        ),
        (
            "together with its run",
            &[],
            Executed,
            |world, it| put(it, unrecorded(world)),
            &["ATT-002 binds-run-record"],
        ),
    ]);
    // The run comes later.
    let world = World::new(&[]);
    let mut before = world.shelf(Approved);
    put(&mut before, unrecorded(&world));
    let start = world.commit(&world.refs(Founded), &before);
    let mut after = world.shelf(Executed);
    put(&mut after, unrecorded(&world));
    let end = world.commit(&start, &after);
    assert_eq!(codes(&world.judge(&start, &end)), ["GOV-011 run-over"]);
}

#[test]
fn what_came_before_a_cancellation_stays_and_nothing_comes_after() {
    let world = World::new(&[]);
    let mut shelf = world.shelf(Executed);
    put(&mut shelf, by_olga(&world));
    let cancelled = world.commit(&world.refs(Approved), &shelf);
    assert_eq!(
        codes(&world.judge(&world.refs(Approved), &cancelled)),
        [""; 0]
    );
    // Every review, the finalization and the commit on its branch.
    for stage in [Reviewed, Landed] {
        let mut shelf = world.shelf(stage);
        put(&mut shelf, by_olga(&world));
        let after = world.commit(&cancelled, &shelf);
        let found = codes(&world.judge(&cancelled, &after));
        assert!(found.contains(&"GOV-011 run-over".to_owned()), "{found:?}");
        let again = codes(&world.judge(&cancelled, &after));
        assert_eq!(found, again);
    }
}
