//! What a clone finds of a server that hides or loses something, by its log and by what it saw.

use super::world::*;
use crate::check::Marks;
use crate::check::tests::world::Stage::*;
use crate::check::verify::Scope;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName};
use crate::records::Movement;
use crate::store::layout;
use crate::store::ledger::Refs;

fn refname(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

/// A policy that names no server: no log is missed.
const NO_SERVER: Edit = Edit::Policy(|it| *it = it.replace("roles = [\"server\"]", "roles = []"));

#[test]
fn nothing_that_was_seen_may_be_gone() {
    let world = World::new(&[]);
    let refs = world.logged(Approved);
    let other = commit(&world.repo, tree(&world.repo, &sources()), &[], "x\n", None);
    let gone = "REP-002 high-water-mark";
    for (name, seen, expected) in [
        (layout::ledger(), refs[&layout::ledger()], ""),
        (layout::ledger(), other, gone),
        (layout::ledger(), id(9), gone),
        (attestations(), other, gone),
        (layout::policy(), world.policy, ""),
        (
            layout::policy(),
            other,
            "GOV-006 policy-downgraded, REP-002 high-water-mark",
        ),
        (refname("refs/awo/other"), other, ""),
    ] {
        let marks = Marks {
            remotes: [("origin".to_owned(), [(name.clone(), seen)].into())].into(),
            ..Marks::default()
        };
        let found = world.verify_with(
            &refs,
            &Scope::All,
            &Seen {
                marks: Some(&marks),
                ..Seen::default()
            },
        );
        assert_eq!(codes(&found).join(", "), expected, "{name} at {seen}");
    }
}

#[test]
fn refs_that_show_something_else_are_named() {
    let world = World::new(&[]);
    let mut refs = world.logged(Approved);
    refs.insert(refname("refs/awo/other"), world.base);
    let found = codes(&world.verify(&refs, &Scope::All));
    assert_eq!(found, ["STR-002 ref-kind"]);
    refs.remove(&refname("refs/awo/other"));
    refs.insert(
        refname(&format!("refs/replace/{}", world.base)),
        world.commit,
    );
    let found = codes(&world.verify(&refs, &Scope::All));
    assert_eq!(found, ["INT-005 replace-ref"]);
}

#[test]
fn a_log_that_is_missed_is_told() {
    let world = World::new(&[]);
    let mut with = world.refs(Founded);
    let receipt = [world.receive(&Refs::new(), &mut with, |_| {})];
    let without = world.refs(Founded);
    let missing = "STR-002 log-present";
    let unknown = "STR-002 log-present, STR-002 log-present?";
    for (refs, receipts, expected) in [
        (&with, &[][..], ""),
        (&with, &receipt[..], ""),
        (&without, &[], missing),
        (&without, &receipt, unknown),
    ] {
        let found = world.verify_with(
            refs,
            &Scope::All,
            &Seen {
                receipts,
                ..Seen::default()
            },
        );
        assert_eq!(codes(&found).join(", "), expected);
        assert_eq!(found.notes.is_empty(), expected.is_empty());
        let saved = found.checked.get("saved receipts").copied();
        assert_eq!(
            saved.unwrap_or_default(),
            u64::from(expected.is_empty() && !receipts.is_empty())
        );
    }
    // A receipt of a push that the log does not tell of.
    let mut later = world.commit(&with, &world.shelf(Approved));
    let hidden = [world.receive(&with, &mut later, |_| {})];
    let found = world.verify_with(
        &with,
        &Scope::All,
        &Seen {
            receipts: &hidden,
            ..Seen::default()
        },
    );
    assert_eq!(codes(&found), ["REP-002 receipt-in-log"]);
    assert_eq!(
        found.findings.iter().next().unwrap().expected,
        "entry 2 of the log"
    );

    let world = World::new(&[NO_SERVER]);
    let refs = world.refs(Landed);
    let found = world.verify(&refs, &Scope::All);
    assert_eq!(codes(&found), [""; 0]);
}

#[test]
fn what_moved_past_the_hooks_only_goes_forward() {
    let world = World::new(&[]);
    let other = commit(&world.repo, tree(&world.repo, &sources()), &[], "x\n", None);
    let (base, done) = (world.base, world.commit);
    let moved = |name: &str, old: Option<ObjectId>, new: Option<ObjectId>| Movement {
        reference: branch(name),
        old,
        new,
    };
    for (what, gap, rewound) in [
        ("it came", moved("dev", None, Some(base)), false),
        (
            "it went forward",
            moved("dev", Some(base), Some(done)),
            false,
        ),
        ("it went back", moved("dev", Some(done), Some(base)), true),
        (
            "it went elsewhere",
            moved("dev", Some(other), Some(base)),
            true,
        ),
        ("it went", moved("dev", Some(base), None), true),
        (
            "from what is not there",
            moved("dev", Some(id(9)), Some(base)),
            true,
        ),
        (
            "to what is not there",
            moved("dev", Some(base), Some(id(9))),
            true,
        ),
        (
            "where it may",
            moved("free", Some(other), Some(base)),
            false,
        ),
        (
            "where no rule is",
            moved("x", Some(other), Some(base)),
            false,
        ),
    ] {
        let mut refs = world.refs(Founded);
        // It starts elsewhere than where the log has it, so the state is the same.
        world.receive(&Refs::new(), &mut refs, |it| {
            it.says.unrecorded = vec![gap.clone()]
        });
        let report = world.verify(&refs, &Scope::Run(run_id()));
        let found: Vec<_> = report
            .findings
            .iter()
            .filter(|it| it.rule == "forward-only")
            .collect();
        assert_eq!(found.len(), usize::from(rewound), "{what}");
        let to = gap.new.map_or("nothing".to_owned(), |id| id.to_string());
        let note = format!("{} came to {to} without a receipt", gap.reference);
        assert!(
            report.notes.iter().any(|it| it.starts_with(&note)),
            "{what}"
        );
        for it in found {
            assert_eq!(it.found, format!("moved past the hooks to {to}"));
            let from = gap.old.unwrap();
            assert_eq!(it.expected, format!("a descendant of {from}"));
        }
    }
}

/// What the log tells of a ref after it was pushed: by the hooks, or past them.
enum Tells {
    Pushed(Option<ObjectId>, Option<ObjectId>),
    Past(Option<ObjectId>, Option<ObjectId>),
}

#[test]
fn what_came_back_as_the_log_tells_was_not_taken_away() {
    use Tells::{Past, Pushed};
    let world = World::new(&[]);
    let mut files = sources();
    files.insert("src/b.py".to_owned(), (Mode::File, b"x".to_vec()));
    let work = |parent| {
        let files = tree(&world.repo, &files);
        commit(&world.repo, files, &[parent], "Work\n", Some("otto"))
    };
    let (base, one) = (Some(world.base), work(world.base));
    let (one, two) = (Some(one), Some(work(one)));
    let ledger = layout::ledger();
    for (what, name, tells, missed) in [
        ("moved back", "dev", vec![Past(one, base)], true),
        (
            "put back past the hooks",
            "dev",
            vec![Past(one, base), Past(base, one)],
            false,
        ),
        (
            "put back with more on top",
            "dev",
            vec![Past(one, base), Past(base, two)],
            false,
        ),
        (
            "pushed back",
            "dev",
            vec![Past(one, base), Pushed(base, one)],
            false,
        ),
        ("gone", "dev", vec![Past(one, None)], true),
        (
            "pushed again",
            "dev",
            vec![Past(one, None), Pushed(None, two)],
            false,
        ),
        (
            "pushed again, without the last",
            "dev",
            vec![Past(two, None), Pushed(None, one)],
            true,
        ),
        (
            "gone once more",
            "dev",
            vec![Past(one, None), Pushed(None, one), Past(one, None)],
            true,
        ),
        (
            "records, while others may have been judged without them",
            "",
            vec![Past(one, base), Past(base, one)],
            true,
        ),
    ] {
        let name = match name {
            "" => ledger.clone(),
            name => branch(name),
        };
        let mut refs = world.refs(Founded);
        world.receive(&Refs::new(), &mut refs, |_| {});
        for it in tells {
            let before = refs.clone();
            let movement = |(old, new): (Option<_>, Option<_>)| Movement {
                reference: name.clone(),
                old,
                new,
            };
            world.receive(&before, &mut refs, |receipt| match it {
                Pushed(old, new) => receipt.says.movements = vec![movement((old, new))],
                Past(old, new) => receipt.says.unrecorded = vec![movement((old, new))],
            });
        }
        let report = world.verify(&refs, &Scope::Run(run_id()));
        let found = report.findings.iter();
        let found = found.filter(|it| it.rule == "forward-only").count();
        assert_eq!(found, usize::from(missed), "{what}");
    }
}

#[test]
fn what_the_log_says_was_there_is_there() {
    let world = World::new(&[]);
    let logged = world.logged(Landed);
    let ledger = layout::ledger();
    let without = |name: &RefName| {
        let mut refs = logged.clone();
        refs.remove(name);
        refs
    };
    let with = |name: &str, id: ObjectId| {
        let mut refs = logged.clone();
        refs.insert(refname(name), id);
        refs
    };
    let gone = "REP-002 logged-state";
    let run = Scope::Run(other_run());
    let nothing_of_the_run = "GOV-002 run-record";
    for (what, refs, expected) in [
        ("all of it", logged.clone(), vec![]),
        ("no ledger", without(&ledger), vec![gone]),
        ("a branch that was never fetched", without(&main()), vec![]),
        (
            "a branch behind",
            with("refs/heads/main", world.base),
            vec![gone],
        ),
        (
            "a branch behind, and what was fetched",
            {
                let mut refs = with("refs/heads/main", world.base);
                refs.insert(refname("refs/remotes/origin/main"), world.commit);
                refs
            },
            vec![],
        ),
        (
            "a server behind",
            with("refs/remotes/origin/main", world.base),
            vec![gone],
        ),
        (
            "a server's HEAD",
            with("refs/remotes/origin/HEAD", world.base),
            vec![],
        ),
        (
            "another branch of the server",
            with("refs/remotes/origin/x", world.base),
            vec![],
        ),
    ] {
        let found = codes(&world.verify(&refs, &run));
        let expected: Vec<_> = [nothing_of_the_run].into_iter().chain(expected).collect();
        assert_eq!(found, expected, "{what}");
    }
    // The log may tell of what this clone does not have.
    let mut refs = world.refs(Founded);
    world.receive(&Refs::new(), &mut refs, |it| {
        it.says.movements.push(Movement {
            reference: layout::ledger(),
            old: None,
            new: Some(id(9)),
        });
        it.says.movements.sort();
    });
    let found = codes(&world.verify(&refs, &run));
    assert_eq!(found, [nothing_of_the_run, gone]);
    refs.insert(layout::policy(), world.base);
    let found = codes(&world.verify(&refs, &run));
    assert_eq!(found, ["GOV-006 policy-files"]);
}

#[test]
fn a_policy_came_while_its_keys_were_valid() {
    for (edit, expected) in [
        (Edit::Signers(|_| {}), ""),
        (
            Edit::Signers(|it| *it = it.replace("olga ", "olga valid-before=\"20260111Z\" ")),
            "",
        ),
        (
            Edit::Signers(|it| *it = it.replace("olga ", "olga valid-before=\"20260109Z\" ")),
            "ATT-004 key-known",
        ),
    ] {
        let world = World::new(&[edit]);
        let refs = world.logged(Founded);
        let found = codes(&world.verify(&refs, &Scope::All));
        assert_eq!(found.join(", "), expected);
        // The door at which it arrives asks the same.
        let mut alone = Refs::new();
        alone.insert(layout::policy(), world.policy);
        let found = codes(&world.judge(&Refs::new(), &alone));
        assert_eq!(found.join(", "), expected);
    }
}

#[test]
fn a_record_that_nobody_pushed_is_judged_as_of_now() {
    let world = World::new(&[Edit::Audit(|it| it.commit = Some(id(1)))]);
    let mut refs = world.logged(Executed);
    refs.extend(world.commit(&refs, &world.shelf(Reviewed)));
    let report = world.verify(&refs, &Scope::All);
    let found = codes(&report);
    assert!(
        found.contains(&"ATT-002 note-object".to_owned()),
        "{found:?}"
    );
    // And one that the log knows is not lost.
    let world = World::new(&[]);
    let mut refs = world.logged(Reviewed);
    let attestations = attestations();
    let empty = tree(&world.repo, &Files::new());
    let bare = commit(&world.repo, empty, &[refs[&attestations]], "x\n", None);
    refs.insert(attestations, bare);
    let found = codes(&world.verify(&refs, &Scope::All));
    assert_eq!(found, ["REP-002 records-kept", "STR-002 record-brought"]);
}

#[test]
fn who_trusts_nothing_decides_nothing() {
    let world = World::new(&[]);
    let refs = world.logged(Founded);
    let found = world.verify_with(
        &refs,
        &Scope::All,
        &Seen {
            anchor: Some(None),
            ..Seen::default()
        },
    );
    assert_eq!(codes(&found), ["GOV-006 pinned-root?"]);
    let other = crate::check::Anchor::Commit(world.base);
    let found = world.verify_with(
        &refs,
        &Scope::All,
        &Seen {
            anchor: Some(Some(&other)),
            ..Seen::default()
        },
    );
    assert_eq!(codes(&found), ["GOV-006 pinned-root"]);
    let found = world.verify(&Refs::new(), &Scope::All);
    assert_eq!(codes(&found), ["STR-002 policy-fetched?"]);
}
