//! Commits by which notes and evidence grew: what stood in them and is not at the tip.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::check::verify::Scope;
use crate::record::commit::Person;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName};
use crate::store::ledger::Refs;
use crate::store::{layout, merge};

/// Pushes each commit to a ref that is there, and forces it past the hooks. What a server accepted
/// before it knew better still verifies.
#[track_caller]
fn finds_between(
    world: &World,
    before: &Refs,
    name: &RefName,
    cases: &[(&str, ObjectId, &[&str])],
) {
    for (what, new, expected) in cases {
        let report = world.judge_moves(before, &[(name.clone(), Some(*new))]);
        assert_eq!(codes(&report), *expected, "{what}: {report:?}");
        let mut forced = before.clone();
        forced.insert(name.clone(), *new);
        assert_eq!(
            codes(&world.verify(&forced, &Scope::All)),
            *expected,
            "{what}, forced"
        );
        world.receive(before, &mut forced, |_| {});
        assert_eq!(
            codes(&world.verify(&forced, &Scope::All)),
            [""; 0],
            "{what}, accepted"
        );
    }
}

fn files(entries: &[(&str, &[u8])]) -> Files {
    let file = |(path, bytes): &(&str, &[u8])| ((*path).to_owned(), (Mode::File, bytes.to_vec()));
    entries.iter().map(file).collect()
}

/// A commit that holds what no governance ref may.
fn foreign(world: &World) -> ObjectId {
    let tree = tree(
        &world.repo,
        &files(&[(".github/workflows/ci.yml", b"on: push\n")]),
    );
    commit(&world.repo, tree, &[], "x\n", None)
}

#[test]
fn a_commit_of_notes_holds_notes_and_loses_none() {
    let world = World::new(&[]);
    let before = world.logged(Approved);
    let name = approvals();
    let tip = before[&name];
    let notes = world.repo.commit(tip).unwrap().tree;
    let note = world.contract_blob.to_string();
    let line = [world.approval.to_bytes(), b"\n".to_vec()].concat();
    let make = |files: &Files, parents: &[_]| {
        let tree = tree(&world.repo, files);
        commit(&world.repo, tree, parents, "x\n", None)
    };
    let back = |parents: &[_]| commit(&world.repo, notes, parents, "x\n", None);
    let emptied = make(&Files::new(), &[tip]);
    let beside = make(&files(&[(&note, &line), ("ci.yml", b"on: push\n")]), &[tip]);
    let program = (Mode::Executable, line.clone());
    let program = make(&Files::from([(note.clone(), program)]), &[]);
    let other = world.base.to_string();
    let unsaid = make(&files(&[(&other, b"whatever\n")]), &[]);
    let fanned = format!("{}/{}", &note[..2], &note[2..]);
    let (form, kept) = ("INT-003 notes-form", "REP-002 records-never-change");
    finds_between(
        &world,
        &before,
        &name,
        &[
            ("a further parent", back(&[tip, foreign(&world)]), &[form]),
            ("a branch as one", back(&[tip, world.base]), &[form]),
            ("a branch as the first", back(&[world.base, tip]), &[form]),
            ("a file in between", back(&[beside]), &[form]),
            ("removed and put back", back(&[emptied]), &[kept]),
            ("a line that is not there", back(&[tip, unsaid]), &[kept]),
            ("the same notes again", back(&[tip, back(&[])]), &[]),
            (
                "a join with an empty one",
                back(&[tip, make(&Files::new(), &[])]),
                &[],
            ),
            (
                "another fan-out",
                make(&files(&[(&fanned, &line)]), &[tip]),
                &[],
            ),
        ],
    );
    let report = world.judge_moves(&before, &[(name, Some(back(&[tip, program])))]);
    assert_eq!(codes(&report), ["INT-003 record-mode"], "a program");
}

#[test]
fn notes_of_two_clones_join() {
    let world = World::new(&[]);
    let before = world.logged(Approved);
    let name = approvals();
    let tip = before[&name];
    // Both add a line to the same note, and the second joins them.
    let mut shelf = world.shelf(Approved);
    let mut tips = Vec::new();
    for nonce in ["n2", "n3"] {
        let mut says = world.approval_says();
        says.nonce = nonce.to_owned();
        says.context.identity = super::world::name("anna");
        let mut own = shelf.clone();
        own.note(approvals(), world.contract_blob, &sealed(says, "anna"));
        tips.push(world.commit(&before, &own)[&name]);
        shelf.branches.clone_from(&own.branches);
    }
    let there = Refs::from_iter(before.clone().into_iter().chain([(name.clone(), tips[0])]));
    let author = Person {
        name: b"x".to_vec(),
        email: b"x@x".to_vec(),
        time: time(NOW).seconds(),
    };
    let join = merge::merge(&world.repo, &name, tips[1], tips[0], &author).unwrap();
    for (what, before, new) in [
        ("onto the first", &there, join),
        ("both at once", &before, join),
    ] {
        let report = world.judge_moves(before, &[(name.clone(), Some(new))]);
        assert_eq!(codes(&report), [""; 0], "{what}");
    }
    // A merge that takes one side.
    let theirs = world.repo.commit(tips[0]).unwrap().tree;
    let taken = commit(&world.repo, theirs, &[tips[1], tips[0]], "x\n", None);
    let report = world.judge_moves(&there, &[(name.clone(), Some(taken))]);
    assert_eq!(codes(&report), ["REP-002 records-never-change"]);
    assert_ne!(tip, tips[0]);
}

#[test]
fn a_commit_of_evidence_holds_evidence_and_behind_it_stand_runs() {
    let world = World::new(&[]);
    let before = world.logged(Executed);
    let name = month();
    let tip = before[&name];
    let evidence = world.repo.commit(tip).unwrap().tree;
    let make = |tree, parents: &[_]| commit(&world.repo, tree, parents, "x\n", None);
    let back = |parents: &[_]| make(evidence, parents);
    let none = tree(&world.repo, &Files::new());
    let mut more = world.shelf(Executed).of(month()).clone();
    more.insert("big".to_owned(), (Mode::File, vec![0; 1000]));
    let more = tree(&world.repo, &more);
    let program = (Mode::Executable, b"#!/bin/sh\n".to_vec());
    let program = tree(&world.repo, &Files::from([("x".to_owned(), program)]));
    let path = format!("{}/x", layout::run_directory(&other_run()));
    let unnamed = tree(&world.repo, &files(&[(&path, b"x")]));
    let (kind, kept) = ("STR-002 record-kind", "REP-002 records-never-change");
    finds_between(
        &world,
        &before,
        &name,
        &[
            (
                "a further parent",
                back(&[tip, foreign(&world)]),
                &[kept, kind],
            ),
            (
                "a program behind it",
                back(&[tip, make(program, &[])]),
                &[kept, kind],
            ),
            ("a branch behind it", back(&[tip, world.base]), &[kept]),
            ("a branch as the first", back(&[world.base, tip]), &[kept]),
            (
                "a file in between",
                back(&[make(more, &[tip])]),
                &[kept, kind],
            ),
            ("removed and put back", back(&[make(none, &[tip])]), &[kept]),
            (
                "evidence that is not there",
                back(&[tip, make(unnamed, &[])]),
                &[kept],
            ),
            (
                "the commit of the run again",
                back(&[tip, world.commit]),
                &[],
            ),
            (
                "the same evidence again",
                back(&[tip, back(&[world.commit])]),
                &[],
            ),
        ],
    );
}

#[test]
fn the_commit_of_a_run_arrives_behind_its_evidence_or_on_its_branch() {
    let world = World::new(&[]);
    let before = world.refs(Approved);
    let after = world.refs(Executed);
    let evidence = world.repo.commit(after[&month()]).unwrap().tree;
    let without = commit(&world.repo, evidence, &[], "x\n", None);
    let moves = |refs: &[(RefName, ObjectId)]| {
        let refs: Vec<_> = refs
            .iter()
            .map(|(name, id)| (name.clone(), Some(*id)))
            .collect();
        codes(&world.judge_moves(&before, &refs))
    };
    let ledger = (layout::ledger(), after[&layout::ledger()]);
    let held = (month(), after[&month()]);
    assert_eq!(moves(&[ledger.clone(), held]), [""; 0]);
    let unheld = (month(), without);
    assert_eq!(moves(&[ledger.clone(), unheld]), ["GOV-002 evidence"]);
    // What was accepted before stays.
    let mut forced = world.logged(Approved);
    let there = forced.clone();
    forced.extend([ledger, (month(), without)]);
    world.receive(&there, &mut forced, |_| {});
    assert_eq!(codes(&world.verify(&forced, &Scope::All)), [""; 0]);
}
