//! What a push brings to branches: which commits are new to them, and how many.

use super::world::*;
use crate::check::branch::changes_of;
use crate::check::tests::world::Stage::*;
use crate::check::verify::Scope;
use crate::record::ObjectId;
use crate::record::tree::Mode;
use crate::store::ledger::Refs;

/// dev is stricter in one thing than main; next is like main.
const STRICTER: Edit = Edit::Policy(|it| {
    it.push_str(
        "[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\npaths = [\"src/dev/\"]\n\
         writers = [\"anna\"]\n[[ref]]\npattern = \"refs/heads/next\"\naccept = [\"governed\"]\n",
    );
});

/// Commits these texts of src/a.py, one after the other, and a file each besides.
fn chain(world: &World, from: ObjectId, by: &str, length: usize) -> Vec<ObjectId> {
    let mut tips = vec![from];
    for number in 1..=length {
        let mut files = sources();
        let text = format!("{by} {number}\n").into_bytes();
        files.insert("src/a.py".to_owned(), (Mode::File, text.clone()));
        files.insert("src/b.py".to_owned(), (Mode::File, text));
        let files = tree(&world.repo, &files);
        let tip = *tips.last().unwrap();
        tips.push(commit(&world.repo, files, &[tip], "Work\n", Some(by)));
    }
    tips
}

/// Pushes these branches onto a stage, with these there before.
fn pushed(
    world: &World,
    stage: Stage,
    there: &[(&str, ObjectId)],
    new: &[(&str, ObjectId)],
) -> String {
    let mut before = world.refs(stage);
    before.extend(there.iter().map(|(name, id)| (branch(name), *id)));
    let mut after = before.clone();
    after.extend(new.iter().map(|(name, id)| (branch(name), *id)));
    codes(&world.judge(&before, &after)).join(", ")
}

#[test]
fn a_branch_may_start_from_one_that_is_as_strict() {
    let world = World::new(&[STRICTER]);
    let done = world.commit;
    let work = chain(&world, done, "otto", 1)[1];
    let outside = {
        let mut files = sources();
        files.insert("other.txt".to_owned(), (Mode::File, b"x".to_vec()));
        commit(
            &world.repo,
            tree(&world.repo, &files),
            &[world.base],
            "x\n",
            Some("otto"),
        )
    };
    for (what, there, new, expected) in [
        ("free from main", vec![], ("free", work), ""),
        ("next from main", vec![], ("next", done), ""),
        (
            "next, which is there, goes where main is",
            vec![("next", world.base)],
            ("next", done),
            "ATT-002 binds-ref",
        ),
        (
            "free, which is there, goes where main is",
            vec![("free", world.base)],
            ("free", work),
            "",
        ),
        (
            "dev from main, which is less strict",
            vec![],
            ("dev", done),
            "ATT-002 binds-ref, ATT-003 commit-signed, GOV-002 governed-accepted",
        ),
        (
            "free from dev, which takes direct commits",
            vec![("dev", outside)],
            ("free", outside),
            "GOV-003 direct-writers",
        ),
        (
            "next from dev, which takes direct commits",
            vec![("dev", outside)],
            ("next", outside),
            "GOV-002 complete-chain",
        ),
    ] {
        let found = pushed(&world, Landed, &there, &[new]);
        assert_eq!(found, expected, "{what}");
    }
    // A tip that is no branch's hides nothing.
    let mut before = world.refs(Landed);
    before.insert(crate::record::RefName::new("refs/x/y").unwrap(), outside);
    let mut after = before.clone();
    after.insert(branch("free"), outside);
    let found = codes(&world.judge(&before, &after)).join(", ");
    assert_eq!(found, "GOV-003 direct-writers");
}

#[test]
fn a_governed_commit_comes_with_its_records() {
    let world = World::new(&[]);
    assert_eq!(
        pushed(&world, Founded, &[], &[("main", world.commit)]),
        "GOV-002 run-record"
    );
    assert_eq!(
        pushed(&world, Executed, &[], &[("main", world.commit)]),
        "GOV-002 attestation, GOV-002 finalization, GOV-002 gate-2, GOV-005 run-approved, GOV-011 run-in-turn, STR-001 provenance-index"
    );
    assert_eq!(
        pushed(&world, Reviewed, &[], &[("main", world.commit)]),
        "GOV-002 finalization, GOV-011 run-in-turn, STR-001 provenance-index"
    );
    assert_eq!(
        pushed(
            &world,
            Landed,
            &[("main", world.base)],
            &[("main", world.commit)]
        ),
        ""
    );
    let world = World::new(&[Edit::Outcome(|it| {
        it.outcome = crate::records::Verdict::Rejected;
    })]);
    assert_eq!(
        pushed(
            &world,
            Judged,
            &[("main", world.base)],
            &[("main", world.commit)]
        ),
        "GOV-011 run-over"
    );
    let world = World::new(&[Edit::Message(|it| *it = it.replace("AWO-Task: T-1\n", ""))]);
    assert_eq!(
        pushed(
            &world,
            Landed,
            &[("main", world.base)],
            &[("main", world.commit)]
        ),
        "GOV-002 trailers"
    );
    let world = World::new(&[Edit::Message(|it| it.push_str("AWO-Rollback: run_two\n"))]);
    assert_eq!(
        pushed(
            &world,
            Landed,
            &[("main", world.base)],
            &[("main", world.commit)]
        ),
        "GOV-002 trailers"
    );
}

#[test]
fn a_push_brings_so_many_commits_at_most() {
    let world = World::new(&[Edit::Policy(|it| it.push_str("[limits]\ncommits = 3\n"))]);
    let base = world.base;
    let one = chain(&world, base, "otto", 4);
    let other = chain(&world, base, "olga", 2);
    for (what, new, expected) in [
        ("three", vec![("dev", one[3])], ""),
        ("four", vec![("dev", one[4])], "INT-006 limits"),
        ("two and one", vec![("dev", one[2]), ("free", other[1])], ""),
        (
            "two and two",
            vec![("dev", one[2]), ("free", other[2])],
            "INT-006 limits",
        ),
    ] {
        assert_eq!(pushed(&world, Founded, &[], &new), expected, "{what}");
    }
}

#[test]
fn a_push_changes_so_many_paths_at_most() {
    let world = World::new(&[Edit::Policy(|it| it.push_str("[limits]\npaths = 4\n"))]);
    let base = world.base;
    let one = chain(&world, base, "otto", 3);
    let other = chain(&world, base, "olga", 1);
    for (what, new, expected) in [
        ("two twice", vec![("dev", one[2])], ""),
        ("two three times", vec![("dev", one[3])], "INT-006 limits"),
        (
            "two on each branch",
            vec![("dev", one[1]), ("free", other[1])],
            "",
        ),
        (
            "four and two",
            vec![("dev", one[2]), ("free", other[1])],
            "INT-006 limits",
        ),
    ] {
        assert_eq!(pushed(&world, Founded, &[], &new), expected, "{what}");
    }
}

#[test]
fn a_long_history_is_judged_to_its_end_in_both_its_halves() {
    let world = World::new(&[]);
    let mut files = sources();
    files.insert("other.txt".to_owned(), (Mode::File, b"x".to_vec()));
    let files = tree(&world.repo, &files);
    for length in [30, 31, 32, 40] {
        // A commit that nobody may make, first, last and among those in the middle.
        for at in [0, length / 2, length - 1] {
            let before = chain(&world, world.base, "otto", at);
            let bad = commit(&world.repo, files, &[before[at]], "x\n", Some("otto"));
            let run = format!(
                "x\n\nAWO-Run: run_two\nAWO-Task: T-1\nAWO-Root: {}\n",
                sha(1)
            );
            let run = commit(&world.repo, files, &[bad], &run, Some("otto"));
            let rest = chain(&world, run, "olga", length - 1 - at);
            let mut after = world.refs(Founded);
            after.insert(branch("both"), rest[length - 1 - at]);
            let report = world.judge(&world.refs(Founded), &after);
            assert_eq!(report.checked["commits"], length as u64 + 1);
            assert_eq!(report.checked["runs"], 1);
            let named = |id: ObjectId| {
                let id = id.to_string();
                let of = report.findings.iter();
                of.filter(|it| it.subject.commit.as_deref() == Some(&*id))
                    .count()
            };
            assert!(named(bad) > 0 && named(run) > 0, "{length}, {at}");
            let first = rest.get(1).copied();
            let after_it = first.map_or(0, named);
            assert_eq!(
                after_it,
                usize::from(first.is_some()),
                "it takes the file away again"
            );
        }
    }
}

#[test]
fn a_commit_that_breaks_the_form_is_named_and_the_others_are_judged() {
    let world = World::new(&[]);
    let tip = chain(&world, world.base, "otto", 1)[1];
    let empty = tree(&world.repo, &Files::new());
    let raw = format!("tree {empty}\nparent {tip}\nauthor x <x@x> 1 +0000\ncommitter x\n\nx\n");
    let bad = world.raw(crate::git::Kind::Commit, raw.as_bytes());
    let found = pushed(&world, Founded, &[], &[("dev", bad)]);
    assert_eq!(found, "INT-003 object-form");
    let raw = b"100644 ..\0aaaaaaaaaaaaaaaaaaaa";
    let bad = world.raw(crate::git::Kind::Tree, raw);
    let bad = commit(&world.repo, bad, &[tip], "x\n", Some("otto"));
    assert_eq!(
        pushed(&world, Founded, &[], &[("dev", bad)]),
        "GOV-003 direct-writers, INT-003 tree-entry-name"
    );
    let blob = world.repo.write_blob(b"x").unwrap();
    // The youngest is looked at first.
    let mut files = sources();
    files.insert("other.txt".to_owned(), (Mode::File, b"x".to_vec()));
    let files = tree(&world.repo, &files);
    let outside = commit(&world.repo, files, &[tip], "x\n", Some("otto"));
    let bad = commit(&world.repo, blob, &[outside], "x\n", Some("otto"));
    assert_eq!(
        pushed(&world, Founded, &[], &[("dev", bad)]),
        "GOV-003 direct-writers, INT-003 object-kind"
    );
    assert_eq!(
        pushed(&world, Founded, &[], &[("dev", blob)]),
        "INT-003 object-kind"
    );
}

#[test]
fn a_merge_lists_what_it_changes_itself_up_to_a_limit() {
    let world = World::new(&[]);
    let one = chain(&world, world.base, "otto", 1)[1];
    let other = chain(&world, world.base, "olga", 1)[1];
    let tree = tree(&world.repo, &sources());
    // Two paths against either of two parents; one that stands there twice is one.
    let both = commit(&world.repo, tree, &[one, other, one], "x\n", Some("otto"));
    let listed = |most| {
        let found = changes_of(&world.repo, both, most).map(|(_, found)| found.changes);
        found.map_err(|error| error.to_string())
    };
    let paths: Vec<_> = listed(2).unwrap().into_iter().map(|it| it.path).collect();
    assert_eq!(paths, ["src/a.py".into(), "src/b.py".into()]);
    let error = listed(1).unwrap_err();
    assert!(error.contains("more than 1 changed paths"), "{error}");
}

#[test]
fn what_arrives_has_one_reading_and_what_the_log_tells_of_stays() {
    let world = World::new(&[]);
    let work = chain(&world, world.base, "otto", 1)[1];
    let files = world.repo.tree_of(work).unwrap();
    let twice = commit(&world.repo, files, &[work, work], "Work\n", Some("otto"));
    let before = world.logged(Founded);
    let mut after = before.clone();
    after.insert(branch("both"), twice);
    assert_eq!(
        codes(&world.judge(&before, &after)),
        ["INT-003 commit-reading"]
    );
    let found = codes(&world.verify(&after, &Scope::All));
    assert_eq!(found, ["INT-003 commit-reading"], "past the hooks");
    world.receive(&before, &mut after, |_| {});
    let found = codes(&world.verify(&after, &Scope::All));
    assert_eq!(found, [""; 0], "an older program took it");
}

/// trunk and old/** take direct commits as well as anything; what they adopted, main did not.
const ADOPTED_ON_TRUNK: Edit = Edit::Policy(|it| {
    let adopted = it.lines().find(|line| line.starts_with("adopted = "));
    let adopted = adopted.unwrap().to_owned();
    *it = it.replacen(&format!("{adopted}\n"), "", 1);
    for pattern in ["trunk", "old/**"] {
        it.push_str(&format!(
            "[[ref]]\npattern = \"refs/heads/{pattern}\"\naccept = [\"direct\", \"governed\"]\n{adopted}\n\
             [[ref.direct]]\nwriters = [\"*\"]\npaths = [\"**\"]\n"
        ));
    }
    it.push_str(
        "[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\npaths = [\"src/dev/\"]\n\
         writers = [\"anna\"]\n[[ref]]\npattern = \"refs/heads/next\"\naccept = [\"governed\"]\n",
    );
});

/// A branch that takes direct commits hides what it adopted, and none of these.
#[test]
fn what_a_branch_of_direct_commits_adopted_is_known_where_others_build_on_it() {
    let world = World::new(&[ADOPTED_ON_TRUNK]);
    let base = world.base;
    let work = chain(&world, base, "otto", 1)[1];
    let mut files = sources();
    files.insert("other.txt".to_owned(), (Mode::File, b"x".to_vec()));
    let files = tree(&world.repo, &files);
    let on_trunk = commit(&world.repo, files, &[base], "x\n", Some("otto"));
    let back = tree(&world.repo, &sources());
    let on_that = commit(&world.repo, back, &[on_trunk], "y\n", Some("otto"));
    let unsigned = commit(&world.repo, back, &[base], "z\n", None);
    let (trunk, old) = (("trunk", base), ("old/one", base));
    for (what, there, new, expected) in [
        ("on trunk", trunk, ("free", work), ""),
        ("at trunk", trunk, ("free", base), ""),
        ("on old/one", old, ("free", work), ""),
        ("before trunk comes", ("next", base), ("free", work), ""),
        ("at trunk, where only runs come", trunk, ("next", base), ""),
        (
            "in a branch that has begun, where only runs come",
            ("next", base),
            ("next", work),
            "GOV-002 complete-chain",
        ),
        (
            "where a rule holds that does not hold on trunk",
            trunk,
            ("dev", work),
            "ATT-003 commit-signed",
        ),
        (
            "more than it adopted",
            trunk,
            ("free", unsigned),
            "ATT-003 commit-signed",
        ),
        (
            "what trunk took by looser rules",
            ("trunk", on_trunk),
            ("free", on_that),
            "GOV-003 direct-writers",
        ),
    ] {
        let mut before = world.refs(Founded);
        before.remove(&main());
        before.insert(branch(there.0), there.1);
        world.receive(&Refs::new(), &mut before, |_| {});
        let mut after = before.clone();
        after.insert(branch(new.0), new.1);
        let found = codes(&world.judge_moves(&before, &[(branch(new.0), Some(new.1))]));
        assert_eq!(found.join(", "), expected, "{what}, at the door");
        let found = codes(&world.verify(&after, &Scope::All)).join(", ");
        assert_eq!(found, expected, "{what}, past the hooks");
        world.receive(&before, &mut after, |_| {});
        let found = codes(&world.verify(&after, &Scope::All)).join(", ");
        assert_eq!(found, expected, "{what}, logged");
        let alone = Scope::Commits {
            reference: Some(branch(new.0)),
            tips: vec![new.1],
            hidden: vec![],
            tag: None,
        };
        if there.0 == "trunk" && there.1 == base {
            let found = codes(&world.verify(&after, &alone)).join(", ");
            assert_eq!(found, expected, "{what}, as a range");
        }
    }
    // In one push with trunk, whichever is judged first.
    let mut before = world.refs(Founded);
    before.remove(&main());
    let moves = [(branch("free"), Some(work)), (branch("trunk"), Some(base))];
    assert_eq!(codes(&world.judge_moves(&before, &moves)), [""; 0]);
    let mut after = before.clone();
    after.extend(moves.map(|(name, id)| (name, id.unwrap())));
    world.receive(&Refs::new(), &mut after, |_| {});
    assert_eq!(codes(&world.verify(&after, &Scope::All)), [""; 0]);
    // Nor need a clone have trunk.
    after.remove(&branch("trunk"));
    assert_eq!(codes(&world.verify(&after, &Scope::All)), [""; 0]);
}

/// lower, stage and upper take only runs, as main does; stage may be moved back.
const BESIDE_MAIN: Edit = Edit::Policy(|it| {
    let adopted = it.lines().find(|line| line.starts_with("adopted = "));
    let adopted = adopted.unwrap().to_owned();
    for (name, more) in [("lower", ""), ("stage", "rewind = true\n"), ("upper", "")] {
        it.push_str(&format!(
            "[[ref]]\npattern = \"refs/heads/{name}\"\naccept = [\"governed\"]\n{more}{adopted}\n"
        ));
    }
});

/// Two branches that take only runs are made in one push, and the run is bound to one of them.
#[test]
fn the_door_judges_the_branches_of_a_push_in_the_order_of_verify() {
    let world = World::new(&[BESIDE_MAIN]);
    let reviewed = world.logged(Reviewed);
    let mut before = world.commit(&reviewed, &world.shelf(Landed));
    before.remove(&main());
    world.receive(&reviewed, &mut before, |_| {});
    for (other, expected) in [("lower", &["ATT-002 binds-ref"][..]), ("upper", &[])] {
        let mut to = [(main(), world.commit), (branch(other), world.commit)];
        let mut after = before.clone();
        after.extend(to.iter().cloned());
        world.receive(&before, &mut after, |_| {});
        let mut found = codes(&world.verify(&after, &Scope::All));
        // That main was deleted is another matter.
        found.retain(|it| !it.starts_with("GOV-004"));
        assert_eq!(found, expected, "{other}");
        for order in ["main first", "main last"] {
            let moves: Vec<_> = to
                .iter()
                .cloned()
                .map(|(name, id)| (name, Some(id)))
                .collect();
            let found = codes(&world.judge_moves(&before, &moves));
            assert_eq!(found, expected, "{other}, {order}");
            to.reverse();
        }
    }
}

/// What moved past the log, in one push or another, is judged in the order of a push.
#[test]
fn what_the_log_tells_afterwards_is_judged_in_the_order_of_a_push() {
    let world = World::new(&[]);
    let before = world.logged(Reviewed);
    let mut after = world.commit(&before, &world.shelf(Landed));
    let on_top = chain(&world, world.commit, "otto", 1)[1];
    after.insert(branch("dev"), on_top);
    assert_eq!(codes(&world.judge(&before, &after)), [""; 0]);
    let moved = movements(&before, &after);
    let mut last = after.clone();
    last.insert(branch("free"), world.base);
    world.receive(&before, &mut last, |it| {
        it.says.unrecorded = moved;
        it.says
            .movements
            .retain(|it| it.reference == branch("free"));
    });
    let found = codes(&world.verify(&last, &Scope::All));
    assert!(
        !found.iter().any(|it| it.starts_with("ATT-002")),
        "{found:?}"
    );
}

#[test]
fn a_branch_that_is_made_again_is_as_new_to_verify_as_to_the_door() {
    let world = World::new(&[BESIDE_MAIN]);
    let stage = branch("stage");
    let mut refs = world.logged(Landed);
    let mut go = |to: Option<crate::record::ObjectId>, expected: &[&str]| {
        let before = refs.clone();
        let mut after = before.clone();
        match to {
            Some(id) => _ = after.insert(stage.clone(), id),
            None => _ = after.remove(&stage),
        }
        let found = codes(&world.judge(&before, &after));
        assert_eq!(found, expected, "the door, to {to:?}");
        let here = codes(&world.verify(&after, &Scope::All));
        let of_branches = |it: &String| !it.starts_with("REP-002");
        let here: Vec<_> = here.into_iter().filter(of_branches).collect();
        assert_eq!(here, expected, "a clone, to {to:?}");
        if expected.is_empty() {
            world.receive(&before, &mut after, |_| {});
            let here = codes(&world.verify(&after, &Scope::All));
            assert_eq!(here, [""; 0], "logged, to {to:?}");
            refs = after;
        }
    };
    go(Some(world.base), &[]);
    go(Some(world.commit), &["ATT-002 binds-ref"]);
    go(None, &[]);
    go(Some(world.commit), &[]);
    go(Some(world.base), &[]);
}
