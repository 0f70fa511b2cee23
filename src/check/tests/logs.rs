//! The receive log: each entry follows from the one before, and says who wrote it.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::facts::log::Log;
use crate::record::tree::Mode;
use crate::record::{Findings, ObjectId};
use crate::store::layout;

/// Loads the log of a world in which the receipt of a stage is another.
fn load(world: &World, of: Stage, edit: fn(&mut Receipt)) -> (Log, Findings, ObjectId) {
    let refs = world.logged_as(Executed, of, edit);
    let tip = refs[&layout::log()];
    let mut findings = Findings::new();
    let log = Log::load(&world.repo, tip, &world.history(), &mut findings).unwrap();
    (log, findings, tip)
}

#[test]
fn each_entry_follows_the_one_before() {
    let world = World::new(&[]);
    for (what, edit, expected) in [
        ("in order", (|_| {}) as fn(&mut Receipt), ""),
        (
            "by somebody else",
            |it| it.by = "otto",
            "ATT-001 signer-is-claimed",
        ),
        (
            "by a stranger",
            |it| it.by = "stranger",
            "ATT-004 key-known",
        ),
        (
            "without the role",
            |it| it.says.context.role = "operator".to_owned(),
            "ATT-001 role-held",
        ),
        (
            "another repository",
            |it| it.says.context.repository = id(1),
            "ATT-002 binds-repository",
        ),
        (
            "an unknown policy",
            |it| it.says.context.policy = id(1),
            "REP-002 log-policy",
        ),
        (
            "another entry before",
            |it| it.says.previous = Some(sha(1)),
            "REP-002 log-linked",
        ),
        (
            "no entry before",
            |it| it.says.previous = None,
            "REP-002 log-linked",
        ),
        (
            "a number left out",
            |it| it.says.sequence += 1,
            "REP-002 log-linked",
        ),
        (
            "a number twice",
            |it| it.says.sequence -= 1,
            "REP-002 log-linked",
        ),
        (
            "an earlier time",
            |it| it.says.time = time("2026-01-09T23:59:59Z"),
            "REP-002 log-time",
        ),
        (
            "a later time",
            |it| it.says.time = time("2026-01-11T00:00:00Z"),
            "",
        ),
        (
            "a file more",
            |it| it.files = |it| _ = it.insert("x".to_owned(), (Mode::File, vec![])),
            "REP-002 log-entry",
        ),
        (
            "no envelope",
            |it| it.files = |it| it.get_mut("entry.dsse.json").unwrap().1 = b"{}".to_vec(),
            "REP-002 log-entry",
        ),
        (
            "another state",
            |it| it.files = |it| it.get_mut("state.json").unwrap().1 = b"{}".to_vec(),
            "INT-008 log-state",
        ),
        (
            "another message",
            |it| it.commit = |it| it.message = b"x\n".to_vec(),
            "REP-002 log-entry",
        ),
        (
            "another author",
            |it| it.commit = |it| it.author.name = b"x".to_vec(),
            "REP-002 log-entry",
        ),
        (
            "two parents",
            |it| it.commit = |it| it.parents.push(it.parents[0]),
            "REP-002 log-linear",
        ),
    ] {
        let (log, findings, tip) = load(&world, Executed, edit);
        let found: Vec<_> = findings
            .iter()
            .map(|it| format!("{} {}", it.code.as_str(), it.rule))
            .collect();
        assert_eq!(found.join(", "), expected, "{what}");
        let believed = match expected {
            "" | "INT-008 log-state" => 3,
            "REP-002 log-linear" => 0,
            _ => 2,
        };
        assert_eq!(log.entries.len(), believed, "{what}");
        for it in findings.iter() {
            assert_eq!(it.subject.commit, Some(tip.to_string()), "{what}");
            assert_eq!(
                it.subject.reference.as_deref(),
                Some("refs/awo/log"),
                "{what}"
            );
        }
        // What follows a part that was checked before is judged as it is in the whole.
        let before = world.logged(Approved)[&layout::log()];
        let mut again = Findings::new();
        let history = world.history();
        let part = Log::load_after(&world.repo, before, tip, &history, &mut again).unwrap();
        let part = part.unwrap();
        assert_eq!(again, findings, "{what}");
        assert_eq!(part.entries.len(), believed.saturating_sub(2), "{what}");
        if believed == 3 {
            assert_eq!(part.state, log.state, "{what}");
        }
    }
}

#[test]
fn an_entry_that_does_not_hold_ends_the_log() {
    let world = World::new(&[]);
    let (log, findings, _) = load(&world, Founded, |it| it.says.sequence = 2);
    assert_eq!((log.entries.len(), findings.len()), (0, 1));
    let (log, findings, _) = load(&world, Approved, |it| it.by = "otto");
    assert_eq!((log.entries.len(), findings.len()), (1, 1));
}

#[test]
fn a_part_of_the_log_is_continued_from_an_entry_of_it_alone() {
    let world = World::new(&[]);
    let tip = world.logged(Executed)[&layout::log()];
    let history = world.history();
    let mut findings = Findings::new();
    let mut after = |base: ObjectId| {
        let part = Log::load_after(&world.repo, base, tip, &history, &mut findings);
        part.unwrap().map(|it| it.entries.len())
    };
    let first = world.logged(Founded)[&layout::log()];
    let elsewhere = world.logged_as(Approved, Approved, |it| it.says.pusher = "x".to_owned());
    assert_eq!(after(first), Some(2));
    assert_eq!(after(tip), Some(0));
    assert_eq!(after(id(9)), None, "it is not there");
    assert_eq!(
        after(elsewhere[&layout::log()]),
        None,
        "it is no part of this log"
    );
    assert!(findings.is_empty());
}

#[test]
fn a_part_that_begins_with_no_entry_is_not_continued() {
    let world = World::new(&[]);
    for edit in [
        (|it| it.files = |it| it.get_mut("entry.dsse.json").unwrap().1 = b"{}".to_vec())
            as fn(&mut Receipt),
        |it| it.files = |it| it.get_mut("state.json").unwrap().1 = b"x".to_vec(),
        |it| it.says.context.policy = id(1),
    ] {
        let bad = world.logged_as(Founded, Founded, edit)[&layout::log()];
        let history = world.history();
        let mut findings = Findings::new();
        let part = Log::load_after(&world.repo, bad, bad, &history, &mut findings).unwrap();
        assert!(part.is_none() && findings.is_empty());
    }
}

#[test]
fn a_receipt_that_rewinds_a_branch_is_found_where_no_rule_takes_rewinds() {
    let world = World::new(&[]);
    let before = world.logged(Executed);
    let step = |parent, by: &str| {
        let files = tree(&world.repo, &sources());
        commit(&world.repo, files, &[parent], "x\n", Some(by))
    };
    let (one, other) = (step(world.base, "otto"), step(world.base, "olga"));
    for (name, old, new, expected) in [
        ("dev", one, Some(step(one, "otto")), ""),
        ("dev", one, Some(other), "GOV-004 force-push"),
        ("dev", one, None, "GOV-004 delete"),
        ("free", one, Some(other), ""),
        ("free", one, None, ""),
    ] {
        let mut first = before.clone();
        first.insert(branch(name), old);
        world.receive(&before, &mut first, |_| {});
        let mut after = first.clone();
        match new {
            Some(new) => _ = after.insert(branch(name), new),
            None => _ = after.remove(&branch(name)),
        }
        world.receive(&first, &mut after, |_| {});
        let found = codes(&world.verify(&after, &crate::check::verify::Scope::All));
        assert_eq!(found.join(", "), expected, "{name} to {new:?}");
    }
}
