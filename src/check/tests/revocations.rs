//! Approvals that are withdrawn: by whom, when, and what they count for afterwards.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::record::Sha256;
use crate::record::envelope::Envelope;
use crate::records::{Context, Kind, RevocationPredicate, Scope};
use crate::rules::tests::people::{name, sealed, sha, time};
use crate::store::ledger::Refs;

type Change = fn(&mut RevocationPredicate);

/// Returns who withdraws an approval of the world, signed, after this change.
fn revocation(world: &World, who: &str, approval: &Envelope, change: Change) -> Envelope {
    let audit = approval.digest() == world.audit.digest();
    let mut says = RevocationPredicate {
        admission: None,
        lease: None,
        decision: None,
        escalation: None,
        context: Context {
            identity: name(who),
            policy: world.policy,
            repository: world.repository,
            role: if who == "olga" {
                "operator"
            } else {
                "reviewer"
            }
            .to_owned(),
        },
        reason: "a mistake".to_owned(),
        record: approval.digest(),
        run: audit.then(run_id),
        task: Some(task()),
    };
    change(&mut says);
    sealed(says, who)
}

fn put(shelf: &mut Shelf, approval: Sha256, envelope: &Envelope) {
    let path = Kind::Revocation.of(Scope::Record(approval));
    shelf.put(&path, envelope.to_bytes());
}

#[test]
fn an_own_approval_is_withdrawn_before_it_is_used() {
    for (what, before, stage, who, change, expected) in [
        (
            "after it",
            Approved,
            Approved,
            "olga",
            (|_| {}) as Change,
            &[][..],
        ),
        ("with it", Founded, Approved, "olga", |_| {}, &[]),
        (
            "somebody else's",
            Approved,
            Approved,
            "rita",
            |_| {},
            &["GOV-005 revocation-own"],
        ),
        (
            "in a role that approves nothing",
            Approved,
            Approved,
            "olga",
            |it| it.context.role = "orchestrator".to_owned(),
            &["ATT-001 role-held"],
        ),
        (
            "of another task",
            Approved,
            Approved,
            "olga",
            |it| it.task = crate::record::TaskId::new("T-2").ok(),
            &["STR-001 revocation-of-record"],
        ),
        (
            "as one of a run",
            Approved,
            Approved,
            "olga",
            |it| it.run = Some(run_id()),
            &["STR-001 revocation-of-record"],
        ),
        (
            "before the approval",
            Founded,
            Founded,
            "olga",
            |_| {},
            &["STR-001 revocation-of-record"],
        ),
        (
            "in the place of another",
            Approved,
            Approved,
            "olga",
            |it| it.record = sha(1),
            &["INT-004 record-place", "STR-001 revocation-of-record"],
        ),
        (
            "after the run",
            Executed,
            Executed,
            "olga",
            |_| {},
            &["REP-001 revocation-before-use"],
        ),
        (
            "with the run",
            Approved,
            Executed,
            "olga",
            |_| {},
            &["REP-001 revocation-before-use"],
        ),
    ] {
        let world = World::new(&[]);
        let before = world.refs(before);
        let mut shelf = world.shelf(stage);
        let envelope = revocation(&world, who, &world.approval, change);
        put(&mut shelf, world.approval.digest(), &envelope);
        let after = world.commit(&before, &shelf);
        assert_eq!(codes(&world.judge(&before, &after)), expected, "{what}");
    }
}

#[test]
fn what_was_withdrawn_counts_for_nothing_that_comes_later() {
    let world = World::new(&[]);
    let task = revocation(&world, "olga", &world.approval, |_| {});
    let audit = revocation(&world, "rita", &world.audit, |_| {});
    let other = revocation(&world, "olga", &world.audit, |_| {});
    // The run and its reviews but for the attestation, as they stand before it.
    let reviewed = || {
        let mut shelf = world.shelf(Reviewed);
        shelf.governance.remove(&attestations());
        shelf
    };
    let attested = || world.shelf(Reviewed);
    let bad = [
        "GOV-005 approval-revoked",
        "GOV-005 task-approved",
        "GOV-011 run-in-turn",
    ];
    let unreviewed = [
        "GOV-005 approval-revoked",
        "GOV-005 run-approved",
        "GOV-011 run-in-turn",
    ];
    for (what, stage, before, after, revoked, early, expected) in [
        (
            "a run",
            Approved,
            world.shelf(Approved),
            world.shelf(Executed),
            (&world.approval, &task),
            true,
            &bad[..],
        ),
        (
            "an attestation",
            Executed,
            reviewed(),
            attested(),
            (&world.audit, &audit),
            true,
            &unreviewed,
        ),
        (
            "an attestation that is there",
            Executed,
            attested(),
            attested(),
            (&world.audit, &audit),
            false,
            &["REP-001 revocation-before-use"],
        ),
        (
            "an attestation in the same push",
            Executed,
            reviewed(),
            attested(),
            (&world.audit, &audit),
            false,
            &["REP-001 revocation-before-use"],
        ),
        (
            "an approval of somebody else",
            Executed,
            reviewed(),
            reviewed(),
            (&world.audit, &other),
            false,
            &["GOV-005 revocation-own"],
        ),
        (
            "nothing",
            Executed,
            reviewed(),
            reviewed(),
            (&world.audit, &audit),
            false,
            &[],
        ),
    ] {
        let (mut before, mut after) = (before, after);
        let (approval, envelope) = revoked;
        if early {
            put(&mut before, approval.digest(), envelope);
        }
        put(&mut after, approval.digest(), envelope);
        let start = world.refs(stage);
        let start = world.commit(&start, &before);
        let end = world.commit(&start, &after);
        assert_eq!(codes(&world.judge(&start, &end)), expected, "{what}");
    }
}

#[test]
fn the_log_says_what_came_first() {
    let world = World::new(&[]);
    let envelope = revocation(&world, "rita", &world.audit, |_| {});
    let mut shelf = world.shelf(Landed);
    put(&mut shelf, world.audit.digest(), &envelope);
    let refs = world.commit(&Refs::new(), &shelf);
    let late = "2026-01-10T00:00:03Z";
    for (what, revoked, attested, expected) in [
        (
            "withdrawn after it was used",
            late,
            "2026-01-10T00:00:01Z",
            &["REP-001 revocation-before-use"][..],
        ),
        (
            "withdrawn with its use",
            late,
            late,
            &["REP-001 revocation-before-use"],
        ),
        (
            "used after it was withdrawn",
            "2026-01-10T00:00:01Z",
            late,
            &[
                "ATT-001 finalization-persons",
                "ATT-002 binds-attestation",
                "GOV-005 approval-revoked",
                "GOV-005 run-approved",
            ],
        ),
    ] {
        let at = |digest: &Sha256| match digest {
            it if *it == envelope.digest() => revoked,
            it if *it == world.attestation.digest() => attested,
            it if *it == world.finalization.digest() => late,
            _ => NOW,
        };
        let report = judged_by_log(&world, &refs, |digests| {
            digests.iter().map(|it| (*it, (0, time(at(it))))).collect()
        });
        assert_eq!(codes(&report), expected, "{what}");
    }
}
