//! What a door takes, whatever it is that arrives.

use super::world::*;
use crate::check::push::Door;
use crate::check::tests::world::Stage::*;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName};
use crate::signing::Signer as _;
use crate::store::layout;
use crate::store::ledger::Refs;

fn refname(text: &str) -> RefName {
    RefName::new(text).unwrap()
}

#[test]
fn a_push_moves_so_many_refs_at_most() {
    for (most, expected) in [(2, ""), (1, "INT-006 limits")] {
        let edit = match most {
            2 => Edit::Policy(|it| it.push_str("[limits]\nrefs = 2\n")),
            _ => Edit::Policy(|it| it.push_str("[limits]\nrefs = 1\n")),
        };
        let world = World::new(&[edit]);
        let found = codes(&world.push(Approved, &|_, _| {})).concat();
        assert_eq!(found, expected, "{most}");
    }
}

/// Returns what a door says of a push.
fn at(world: &World, door: Door, before: &Refs, after: &Refs) -> String {
    codes(&world.judge_at(door, before, after, time(NOW))).join(", ")
}

/// Returns the refs with a second version of the policy, which is this text.
fn with_policy(world: &World, before: &Refs, text: &str) -> Refs {
    let mut after = before.clone();
    let next = policy_commit(&world.repo, &[world.policy], text, &signers());
    after.insert(layout::policy(), next);
    after
}

#[test]
fn a_server_that_the_policy_names_has_the_key_for_its_log() {
    let world = World::new(&[]);
    let before = world.refs(Founded);
    let after = world.refs(Approved);
    let with = |who: &str| Door::Server(Some(key(who).public_key().clone()));
    let none = "STR-002 log-key";
    assert_eq!(at(&world, with("server"), &before, &after), "");
    assert_eq!(at(&world, with("otto"), &before, &after), none);
    assert_eq!(at(&world, with("stranger"), &before, &after), none);
    assert_eq!(at(&world, Door::Server(None), &before, &after), none);
    assert_eq!(at(&world, Door::Clone, &before, &after), "");
    let mended = with_policy(&world, &before, &world.policy_text());
    assert_eq!(at(&world, Door::Server(None), &before, &mended), "");

    let unnamed = Edit::Policy(|it| *it = it.replace("roles = [\"server\"]", "roles = []"));
    let world = World::new(&[unnamed]);
    let (before, after) = (world.refs(Founded), world.refs(Approved));
    assert_eq!(at(&world, Door::Server(None), &before, &after), "");
}

/// The log says where main, dev and free are; free may be moved back.
#[test]
fn a_server_takes_nothing_while_what_was_pushed_there_is_gone() {
    let world = World::new(&[]);
    let door = || Door::Server(Some(key("server").public_key().clone()));
    let mut files = sources();
    files.insert("src/b.py".to_owned(), (Mode::File, b"x".to_vec()));
    let files = tree(&world.repo, &files);
    let work = commit(&world.repo, files, &[world.base], "Work\n", Some("otto"));
    let more = commit(&world.repo, files, &[work], "More\n", Some("otto"));
    let mut logged = world.refs(Landed);
    logged.extend([(branch("dev"), work), (branch("free"), work)]);
    world.receive(&Refs::new(), &mut logged, |_| {});
    let gone = "REP-002 logged-state";
    let (dev, free, ledger) = (branch("dev"), branch("free"), layout::ledger());
    let first = world.refs(Approved)[&ledger];
    let rewind = world.policy_text().replacen(
        "pattern = \"refs/heads/dev\"\n",
        "pattern = \"refs/heads/dev\"\nrewind = true\n",
        1,
    );
    let policy = policy_commit(&world.repo, &[world.policy], &rewind, &signers());
    for (what, name, at, push, expected) in [
        ("as it was", &dev, Some(work), vec![], ""),
        ("further on", &dev, Some(more), vec![], ""),
        ("moved back", &dev, Some(world.base), vec![], gone),
        ("deleted", &dev, None, vec![], gone),
        (
            "one that may be moved back",
            &free,
            Some(world.base),
            vec![],
            "",
        ),
        ("one that may be deleted", &free, None, vec![], ""),
        ("records moved back", &ledger, Some(first), vec![], gone),
        ("brought back", &dev, None, vec![(dev.clone(), work)], ""),
        (
            "brought back, and more",
            &dev,
            None,
            vec![(dev.clone(), more)],
            "",
        ),
        (
            "moved on again",
            &dev,
            Some(world.base),
            vec![(dev.clone(), more)],
            "",
        ),
        (
            "another one brought back",
            &dev,
            None,
            vec![(branch("both"), work)],
            gone,
        ),
        (
            "records brought back",
            &ledger,
            Some(first),
            vec![(ledger.clone(), logged[&ledger])],
            gone,
        ),
        (
            "a policy lets it go",
            &dev,
            None,
            vec![(layout::policy(), policy)],
            "",
        ),
    ] {
        let mut before = logged.clone();
        match at {
            Some(id) => _ = before.insert(name.clone(), id),
            None => _ = before.remove(name),
        }
        world.set(&before);
        let mut after = before.clone();
        after.insert(branch("both"), world.base);
        after.extend(push);
        let mut found = codes(&world.judge_at(door(), &before, &after, time(NOW)));
        // What the records are about is another matter.
        found.retain(|it| name != &ledger || it == gone);
        assert_eq!(found.join(", "), expected, "{what}");
        // Whoever has moved it since, as the log tells, has not taken it away.
        world.set(&logged);
        let found = codes(&world.judge_at(door(), &before, &before, time(NOW)));
        assert_eq!(found, [""; 0], "{what}, until the refs were listed");
    }
}

#[test]
fn a_policy_that_halts_lets_through_what_changes_it_alone() {
    for (edit, expected) in [
        (
            Edit::Policy(|it| *it = it.replace("HYBRID", "LOCKED")),
            "GOV-007 locked",
        ),
        (
            Edit::Policy(|it| {
                let expires = "version = 1\nexpires = \"2026-01-10T00:00:00Z\"\n";
                *it = it.replacen("version = 1\n", expires, 1);
            }),
            "GOV-006 policy-unexpired",
        ),
    ] {
        let world = World::new(&[edit]);
        let before = world.refs(Founded);
        let after = world.refs(Approved);
        assert_eq!(at(&world, Door::Clone, &before, &after), expected);
        let changed = with_policy(&world, &before, &world.policy_text());
        assert_eq!(at(&world, Door::Clone, &before, &changed), "");
        let mut both = after;
        both.extend(changed);
        assert_eq!(at(&world, Door::Clone, &before, &both), expected);
    }
}

#[test]
fn nothing_is_decided_by_a_policy_of_a_newer_version() {
    let world = World::new(&[]);
    let before = world.refs(Founded);
    let text = world.policy_text();
    for (policy, expected) in [
        (
            format!("requires = [\"automation/9\"]\n{text}"),
            "STR-002 policy-requires?",
        ),
        (
            format!("automation = 1\n{text}"),
            "GOV-006 policy-readable, GOV-007 locked",
        ),
    ] {
        let before = with_policy(&world, &before, &policy);
        let mut after = world.refs(Approved);
        after.insert(layout::policy(), before[&layout::policy()]);
        assert_eq!(at(&world, Door::Clone, &before, &after), expected);
    }
}

#[test]
fn a_ref_that_no_rule_governs_does_not_move() {
    let world = World::new(&[]);
    let before = world.refs(Founded);
    for (name, expected) in [
        ("refs/tags/v1", "GOV-004 tag-move"),
        ("refs/replace/x", "GOV-004 replace-ref-push"),
        ("refs/heads/other", "GOV-004 ungoverned-ref"),
        ("refs/x/y", "GOV-004 ungoverned-ref"),
        ("refs/awo/other", "STR-002 ref-kind"),
        ("refs/awo/log", "GOV-006 log-by-server"),
        ("refs/heads/free", ""),
    ] {
        let report = world.judge_moves(&before, &[(refname(name), Some(world.base))]);
        assert_eq!(codes(&report).join(", "), expected, "{name}");
    }
}

#[test]
fn nothing_that_governs_goes_back() {
    let world = World::new(&[]);
    let mut before = world.logged(Approved);
    before.insert(branch("free"), world.base);
    let other = commit(
        &world.repo,
        tree(&world.repo, &sources()),
        &[],
        "x\n",
        Some("olga"),
    );
    let judged = |name: RefName, new: Option<ObjectId>| {
        codes(&world.judge_moves(&before, &[(name, new)])).join(", ")
    };
    let gone = "GOV-004 delete, REP-002 governance-kept";
    let back = "GOV-006 policy-linked, REP-002 forward-only";
    for (name, new, expected) in [
        (main(), None, "GOV-004 delete"),
        (branch("free"), None, ""),
        (branch("free"), Some(other), ""),
        (layout::ledger(), None, gone),
        (layout::policy(), None, gone),
        (layout::policy(), Some(other), back),
        (layout::policy(), Some(world.policy), ""),
        (layout::log(), None, gone),
        (
            layout::log(),
            Some(other),
            "GOV-006 log-by-server, REP-002 forward-only",
        ),
        (
            layout::log(),
            Some(before[&layout::log()]),
            "GOV-006 log-by-server",
        ),
        (layout::ledger(), Some(before[&layout::ledger()]), ""),
    ] {
        assert_eq!(judged(name.clone(), new), expected, "{name} to {new:?}");
    }
    let forced = judged(main(), Some(other));
    assert!(forced.contains("GOV-004 force-push"), "{forced}");
    let forced = judged(layout::ledger(), Some(other));
    assert!(forced.contains("REP-002 forward-only"), "{forced}");
}

#[test]
fn a_door_without_a_policy_takes_the_one_that_its_anchor_names() {
    let world = World::new(&[]);
    let all = world.refs(Founded);
    let mut alone = all.clone();
    alone.remove(&main());
    let nothing = Refs::new();
    assert_eq!(codes(&world.judge(&nothing, &alone)), [""; 0]);
    assert_eq!(
        codes(&world.judge(&nothing, &all)),
        ["GOV-006 first-policy"]
    );
    let other = World::new(&[Edit::Policy(|it| it.push_str("[limits]\nrefs = 9\n"))]);
    let foreign: Refs = [(
        layout::policy(),
        policy_commit(&world.repo, &[], &other.policy_text(), &signers()),
    )]
    .into();
    assert_eq!(
        codes(&world.judge(&nothing, &foreign)),
        ["GOV-006 pinned-root"]
    );
}

#[test]
fn what_cannot_be_read_is_undecided_and_never_allowed() {
    let world = World::new(&[]);
    let before: Refs = [(layout::policy(), id(9))].into();
    let after = world.refs(Founded);
    assert_eq!(
        codes(&world.judge(&before, &after)),
        ["INT-005 object-present?"]
    );
    let mut missing = world.refs(Approved);
    missing.insert(branch("dev"), id(9));
    let found = codes(&world.judge(&world.refs(Founded), &missing));
    assert_eq!(found, ["INT-005 object-present?"]);
}

#[test]
fn what_stood_in_between_is_judged_too() {
    let world = World::new(&[]);
    let before = world.refs(Approved);
    let ledger = before[&layout::ledger()];
    let end = world.shelf(Approved).ledger().clone();
    let step = |files: &Files, parents: &[ObjectId]| {
        let files = tree(&world.repo, files);
        commit(&world.repo, files, parents, "records\n", None)
    };
    let between = |change: fn(&mut Files)| {
        let mut files = end.clone();
        change(&mut files);
        files.retain(|path, file| end.get(path) != Some(file));
        let new = step(&Files::new(), &[step(&files, &[ledger]), ledger]);
        let report = world.judge_moves(&before, &[(layout::ledger(), Some(new))]);
        (codes(&report).join(", "), report.findings.len())
    };
    // How often: once, since the commit that mends it is at no fault.
    for (what, change, expected, times) in [
        (
            "nothing",
            (|_| {}) as fn(&mut Files),
            "STR-002 record-brought",
            1,
        ),
        (
            "another record for a while",
            |it| it.first_entry().unwrap().get_mut().1 = b"x".to_vec(),
            "REP-001 record-name",
            1,
        ),
        (
            "a file of no kind for a while",
            |it| _ = it.insert("x".to_owned(), (Mode::File, b"x".to_vec())),
            "STR-002 record-kind",
            1,
        ),
        (
            "a link for a while",
            |it| {
                _ = it.insert(
                    "run_2@provenance.json".to_owned(),
                    (Mode::Symlink, b"x".to_vec()),
                )
            },
            "INT-003 record-mode",
            1,
        ),
    ] {
        assert_eq!(between(change), (expected.to_owned(), times), "{what}");
    }
}
