//! By which version of the policy a record is judged, at each door.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::world::*;
use crate::check::governance;
use crate::check::tests::world::Stage::*;
use crate::facts::arrivals::{Arrivals, Gained};
use crate::facts::position::{Continued, Logged, Positions};
use crate::facts::run::Collector;
use crate::record::{Findings, Sha256};
use crate::records::Kind;
use crate::store::layout;
use crate::store::ledger::{Records, Refs};

/// Says of a version before the one in force what it was.
macro_rules! earlier {
    ($from:expr, $to:expr) => {
        Edit::Earlier(|it| {
            let text = it.replace($from, $to);
            assert_ne!(text, *it);
            *it = text;
        })
    };
}

/// rita reviews no more: she did by the version before.
const NO_RITA: &str = "name = \"rita\"\nroles = []";
const RITA: &str = "name = \"rita\"\nroles = [\"reviewer\"]";
const RETIRED: Edit = Edit::Policy(|it| *it = it.replace(RITA, NO_RITA));

#[test]
fn what_arrives_is_judged_by_the_policy_in_force_and_what_was_there_by_its_own() {
    // What rita says names the version by which she was a reviewer.
    let by_older = || {
        vec![
            RETIRED,
            earlier!(NO_RITA, RITA),
            Edit::Log(|it| it.context.policy = it.context.repository),
            Edit::Audit(|it| it.context.policy = it.context.repository),
            Edit::Attestation(|it| it.context.policy = it.context.repository),
        ]
    };
    let world = World::new(&by_older());
    let found = codes(&world.push(Reviewed, &|_, _| {}));
    assert_eq!(found, ["ATT-001 role-held"], "they arrive too late");
    let found = codes(&world.push(Landed, &|_, _| {}));
    assert_eq!(found, [""; 0], "they were there before");
    // By a version that never knew her as one they do not hold, whatever is in force.
    let world = World::new(&[
        earlier!(RITA, NO_RITA),
        Edit::Log(|it| it.context.policy = it.context.repository),
    ]);
    let found = codes(&world.push(Reviewed, &|_, _| {}));
    assert!(found.contains(&"ATT-001 role-held".to_owned()), "{found:?}");
}

#[test]
fn a_run_that_arrives_keeps_the_limits_in_force_and_those_that_it_names() {
    const FEW: &str = "[limits]\ninventory_lines = 1\n";
    for (edits, executed, landed) in [
        (
            vec![Edit::Policy(|it| it.push_str(FEW))],
            "INT-006 inventory-limit",
            "INT-006 inventory-limit",
        ),
        (
            vec![
                Edit::Policy(|it| it.push_str(FEW)),
                earlier!(FEW, ""),
                Edit::Run(|it| it.context.policy = it.context.repository),
            ],
            "INT-006 inventory-limit",
            "",
        ),
        (
            vec![
                Edit::Earlier(|it| it.push_str(FEW)),
                Edit::Run(|it| it.context.policy = it.context.repository),
            ],
            // Else it would be taken now and stand in the way of everything later.
            "INT-006 inventory-limit",
            "INT-006 inventory-limit",
        ),
        (vec![Edit::Earlier(|it| it.push_str(FEW))], "", ""),
    ] {
        let world = World::new(&edits);
        let found = codes(&world.push(Executed, &|_, _| {}));
        assert_eq!(found.join(", "), executed);
        let found = codes(&world.push(Landed, &|_, _| {}));
        assert_eq!(found.join(", "), landed);
    }
}

#[test]
fn an_end_that_comes_too_late_is_none() {
    let world = World::new(&[]);
    let mut before = world.refs(Landed);
    before.insert(main(), world.base);
    let after = world.refs(Landed);
    for (at, expected) in [
        ("2026-01-31T23:59:59Z", ""),
        (
            "2026-02-01T00:00:00Z",
            "ATT-001 finalization-persons, ATT-002 binds-approvals, ATT-002 binds-attestation, \
             GOV-005 approval-unexpired, GOV-005 run-approved",
        ),
    ] {
        let door = crate::check::push::Door::Clone;
        let found = codes(&world.judge_at(door, &before, &after, time(at)));
        assert_eq!(found.join(", "), expected, "{at}");
    }
}

/// Judges what comes between two stages by the newest part of the log, which knows these records
/// as of the version before; returns what is found, and whether the part left something open.
fn by_part(
    world: &World,
    (before, after): (&Refs, &Refs),
    known: &[Sha256],
) -> (Vec<String>, bool) {
    let mut arrivals = Arrivals::default();
    let mut findings = Findings::new();
    for (name, new) in after {
        let old = before.get(name).copied();
        if layout::Place::of(name).is_some() && *name != layout::policy() && old != Some(*new) {
            arrivals
                .collect(&world.repo, &Gained::accepted(name, old, *new), None)
                .unwrap();
        }
    }
    let logged: Logged = known.iter().map(|it| (*it, (0, time(NOW)))).collect();
    let part = Continued {
        logged: &logged,
        arriving: arrivals.digests(),
        unanswered: Cell::new(false),
    };
    let collector = Collector {
        records: &Records::open(&world.repo, after).unwrap(),
        history: &world.history(),
        positions: Positions::Continued(&part),
        time: time(NOW),
        arriving_policies: None,
        measures: Default::default(),
    };
    governance::judge(&arrivals, &collector, &mut findings).unwrap();
    let word = |it: &crate::record::Finding| format!("{} {}", it.code.as_str(), it.rule);
    let words: BTreeSet<_> = findings.iter().map(word).collect();
    (words.into_iter().collect(), part.unanswered.get())
}

#[test]
fn a_part_of_the_log_tells_by_what_its_records_are_judged() {
    let world = World::new(&[RETIRED, earlier!(NO_RITA, RITA)]);
    let all = [
        world.log.digest(),
        world.audit.digest(),
        world.attestation.digest(),
    ];
    let refs = (&world.refs(Executed), &world.refs(Reviewed));
    let (found, _) = by_part(&world, refs, &all);
    assert_eq!(
        found,
        ["ATT-002 binds-policy"],
        "they name a version that was not in force yet"
    );
    let world = World::new(&[
        RETIRED,
        earlier!(NO_RITA, RITA),
        Edit::Log(|it| it.context.policy = it.context.repository),
        Edit::Audit(|it| it.context.policy = it.context.repository),
        Edit::Attestation(|it| it.context.policy = it.context.repository),
    ]);
    let all = [
        world.log.digest(),
        world.audit.digest(),
        world.attestation.digest(),
    ];
    let refs = (&world.refs(Executed), &world.refs(Reviewed));
    let (found, open) = by_part(&world, refs, &all);
    assert_eq!(
        (found.join(", "), open),
        (String::new(), false),
        "known by the part"
    );
    let (found, _) = by_part(&world, refs, &[]);
    assert_eq!(found, ["ATT-001 role-held"], "new, and known by nothing");
    let refs = (&world.refs(Reviewed), &world.refs(Landed));
    let (found, _) = by_part(&world, refs, &[]);
    assert_eq!(found, [""; 0], "there before");
}

#[test]
fn a_review_without_its_end_in_the_part_asks_for_the_whole_log() {
    let world = World::new(&[Edit::Override(|_| {}), Edit::Outcome(|_| {})]);
    let last = world.finalization.digest();
    // All is there but this; then it comes.
    type Less = fn(&World, &mut Shelf);
    for (what, less, asks) in [
        (
            "the outcome",
            (|_, it| {
                let path = Kind::Outcome.of(run_id()).to_path().to_string();
                it.ledger().remove(&path).unwrap();
            }) as Less,
            false,
        ),
        (
            "the log",
            |world, it| {
                let path = Kind::Independence.one_of(run_id(), world.log.digest());
                it.ledger().remove(&path.to_path().to_string()).unwrap();
            },
            true,
        ),
        (
            "the override",
            |world, it| {
                let path = Kind::SelfApproval.one_of(run_id(), world.overrides[0].digest());
                it.ledger().remove(&path.to_path().to_string()).unwrap();
            },
            true,
        ),
        (
            "the approval",
            |world, it| {
                let note = world.commit.to_string();
                it.of(approvals()).remove(&note).unwrap();
            },
            true,
        ),
        (
            "the attestation",
            |_, it| drop(it.governance.remove(&attestations())),
            true,
        ),
        (
            "the end",
            |_, it| {
                let path = Kind::Finalization.of(run_id()).to_path().to_string();
                it.ledger().remove(&path).unwrap();
            },
            true,
        ),
    ] {
        let mut shelf = world.shelf(Judged);
        less(&world, &mut shelf);
        let before = world.commit(&Refs::new(), &shelf);
        let after = world.commit(&before, &world.shelf(Judged));
        let (found, open) = by_part(&world, (&before, &after), &[]);
        assert_eq!((found.join(", "), open), (String::new(), asks), "{what}");
        let (found, open) = by_part(&world, (&before, &after), &[last]);
        assert_eq!(
            (found.join(", "), open),
            (String::new(), false),
            "{what}, with its end"
        );
    }
}

/// What arrives is judged later by the policy that it names, whose limits may be lower than those in
/// force.
#[test]
fn what_arrives_holds_by_the_limits_of_the_policy_that_it_names_too() {
    const LONG: Edit = Edit::Audit(|it| {
        let url = format!("https://forge.example/{}", "x".repeat(1_900));
        it.workflow_run_url = Some(crate::record::WorkflowUrl::new(url).unwrap());
    });
    const SMALL: Edit = Edit::Earlier(|it| it.push_str("[limits]\nrecord_bytes = 2500\n"));
    const FEW: Edit = Edit::Earlier(|it| it.push_str("[limits]\ninventory_lines = 1\n"));
    const LITTLE: Edit = Edit::Earlier(|it| it.push_str("[limits]\nevidence_bytes = 1\n"));
    // What is there already is judged as it came, by `verify` too: only a door asks this.
    let cases: [(&str, &[Edit], Stage, &[&str]); 7] = [
        (
            "long, by the older",
            &[SMALL, LONG, Edit::Older],
            Reviewed,
            &[
                "ATT-002 binds-approvals",
                "GOV-005 run-approved",
                "GOV-011 run-in-turn",
                "INT-006 record-limit",
            ],
        ),
        ("long", &[SMALL, LONG], Reviewed, &[]),
        ("short, by the older", &[SMALL, Edit::Older], Reviewed, &[]),
        (
            "inventory, by the older",
            &[FEW, Edit::Older],
            Executed,
            &["INT-006 inventory-limit"],
        ),
        ("inventory", &[FEW], Executed, &[]),
        (
            "evidence, by the older",
            &[LITTLE, Edit::Older],
            Executed,
            &["INT-006 object-size"],
        ),
        ("evidence", &[LITTLE], Executed, &[]),
    ];
    for (what, edits, stage, expected) in cases {
        let found = codes(&World::new(edits).push(stage, &|_, _| {}));
        assert_eq!(found, expected, "{what}");
    }
}
