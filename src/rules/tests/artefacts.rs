//! Artefacts: names, versions, archives and pages, over what was collected of a commit.

use std::collections::{BTreeMap, BTreeSet};

use super::story::*;
use crate::facts::artefacts::{Artefacts, Line, Page};
use crate::record::artefact::ArtefactName;
use crate::record::index_page::Differences;
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, RepoPath};
use crate::rules;

const NOTHING: [&str; 0] = [];
const FIXED: &[&str] = &["GOV-003 artefact-fixed"];
const VERSION: &[&str] = &["GOV-003 artefact-version"];
const NAME: &[&str] = &["GOV-003 artefact-name"];
const ARCHIVE: &[&str] = &["GOV-003 artefact-archive"];

/// A policy with a root of versions, an archive in it, and a root in it that has a page alone.
fn story() -> Told {
    let mut story = told(&[]);
    let tables = "\n[[artefacts]]\nroot = \"s/\"\nname = \"versioned\"\narchive = [\"s/old/\"]\n\
                  [[artefacts]]\nroot = \"s/free/\"\nindex = true\n";
    let text = document().replacen(
        "version = 1\n",
        "version = 1\nrequires = [\"artefacts/1\"]\n",
        1,
    );
    story.policy = policy(&(text + tables));
    story
}

/// A change from one content to another one; 0 is none.
fn change(path: &str, old: u8, new: u8) -> Change {
    let side = |n: u8| (n > 0).then_some((Mode::File, ObjectId::Sha1([n; 20])));
    Change {
        path: RepoPath::from(path),
        old: side(old),
        new: side(new),
    }
}

fn found(changes: &[Change], artefacts: Artefacts) -> Vec<String> {
    let mut story = story();
    story.changes = changes.to_vec();
    story.artefacts = artefacts;
    story.judged(|case, _, findings| rules::artefacts::artefacts(case, findings))
}

fn set(path: &str) -> BTreeSet<RepoPath> {
    BTreeSet::from([RepoPath::from(path)])
}

/// The highest version of the line of this file.
fn highest(path: &str) -> Artefacts {
    let path = RepoPath::from(path);
    let name = ArtefactName::parse(path.components().last().unwrap()).unwrap();
    Artefacts {
        highest: BTreeMap::from([(Line::of(&path, &name), name.version())]),
        ..Artefacts::default()
    }
}

#[test]
fn names_and_versions_of_new_files() {
    for (path, before, expected) in [
        ("s/A_v1.0.md", None, &NOTHING[..]),
        ("s/deep/A_v0.1.md", None, &NOTHING),
        ("s/A_v1.1.md", None, VERSION),
        ("s/A_v1.1.md", Some("s/A_v1.0.md"), &NOTHING),
        ("s/A_v1.1.md", Some("s/a_v1.0.MD"), &NOTHING),
        ("s/A_v1.1.md", Some("s/deep/A_v1.0.md"), VERSION),
        ("s/A_v1.1.md", Some("s/B_v1.0.md"), VERSION),
        ("s/A_v1.2.md", Some("s/A_v1.0.md"), VERSION),
        ("s/A_v1.0.md", Some("s/A_v1.0.md"), VERSION),
        ("s/A_v01.0.md", None, NAME),
        ("s/A.md", None, NAME),
        ("s/INDEX.md", None, &NOTHING),
        ("s/deep/INDEX.md", None, NAME),
        ("s/free/A.md", None, &NOTHING),
        ("S/A_v1.0.md", None, NAME),
        ("s/Old/A_v1.0.md", None, NAME),
        ("s/Free/A_v1.0.md", None, NAME),
        ("s", None, NAME),
        ("S", None, NAME),
        ("s_evil/A.md", None, &NOTHING),
        ("x/s/A.md", None, &NOTHING),
    ] {
        let artefacts = before.map(highest).unwrap_or_default();
        assert_eq!(
            found(&[change(path, 0, 1)], artefacts),
            expected,
            "{path} after {before:?}"
        );
    }
    let in_order = [
        change("s/A_v1.1.md", 0, 1),
        change("s/A_v1.2.md", 0, 2),
        change("s/A_v2.0.md", 0, 3),
    ];
    assert_eq!(found(&in_order, highest("s/A_v1.0.md")), NOTHING);
    let gap = [change("s/A_v1.2.md", 0, 1), change("s/A_v1.3.md", 0, 2)];
    assert_eq!(found(&gap, highest("s/A_v1.0.md")), VERSION, "told once");
}

#[test]
fn versions_stay() {
    let (one, archived) = ("s/A_v1.0.md", "s/old/A_v1.0.md");
    assert_eq!(found(&[change(one, 1, 2)], Artefacts::default()), FIXED);
    assert_eq!(found(&[change(one, 1, 0)], Artefacts::default()), FIXED);
    assert_eq!(
        found(&[change("s/notes.md", 1, 2)], Artefacts::default()),
        NOTHING
    );
    assert_eq!(
        found(&[change("s/notes.md", 1, 0)], Artefacts::default()),
        NOTHING
    );
    let moved = || Artefacts {
        archived: set(one),
        stood: set(archived),
        ..Artefacts::default()
    };
    let changes = [change(one, 1, 0), change(archived, 0, 1)];
    assert_eq!(found(&changes, moved()), NOTHING);
    let unmoved = Artefacts {
        stood: set(archived),
        ..Artefacts::default()
    };
    assert_eq!(found(&changes, unmoved), FIXED);
    let strange = Artefacts {
        archived: set(one),
        ..Artefacts::default()
    };
    assert_eq!(found(&changes, strange), ARCHIVE);
    let copy = Artefacts {
        copied: set(archived),
        ..moved()
    };
    assert_eq!(found(&changes[1..], copy), ARCHIVE);
    for (old, new) in [(1, 2), (1, 0)] {
        assert_eq!(found(&[change(archived, old, new)], moved()), ARCHIVE);
    }
    let back = Artefacts {
        put_back: set(one),
        ..Artefacts::default()
    };
    assert_eq!(
        found(&[change(one, 1, 0)], back),
        NOTHING,
        "what a revert takes back"
    );
    let again = Artefacts {
        taken_back: BTreeMap::from([(RepoPath::from(one), ObjectId::Sha1([9; 20]))]),
        ..Artefacts::default()
    };
    assert_eq!(found(&[change(one, 0, 1)], again), FIXED);
}

#[test]
fn a_merge_is_asked_about_each_side() {
    let one = "s/A_v1.0.md";
    let content = |n: u8| Some((Mode::File, ObjectId::Sha1([n; 20])));
    for (sides, new, expected) in [
        ([content(1), content(2)], 1, FIXED),
        ([content(1), content(1)], 2, FIXED),
        ([content(1), content(1)], 0, FIXED),
        ([None, content(2)], 1, FIXED),
        ([None, None], 1, &NOTHING[..]),
    ] {
        let artefacts = Artefacts {
            before: BTreeMap::from([(RepoPath::from(one), sides.to_vec())]),
            ..Artefacts::default()
        };
        let old = u8::from(sides[0].is_some());
        let change = change(one, old, new);
        let change = Change {
            old: sides[0],
            ..change
        };
        assert_eq!(found(&[change], artefacts), expected, "{sides:?}");
    }
    // One side has it, the other one gave it up: it counts as a version that there is.
    let mut revived = highest(one);
    revived
        .before
        .insert(RepoPath::from(one), vec![None, content(1)]);
    assert_eq!(found(&[change(one, 0, 1)], revived), VERSION);
    // What comes from a side is no change of the merge.
    let other = RepoPath::from("s/A_v1.0.0.md");
    let doubled = Artefacts {
        doubled: vec![(RepoPath::from(one), other)],
        ..Artefacts::default()
    };
    assert_eq!(found(&[], doubled), VERSION);
    let again = Artefacts {
        taken_back: BTreeMap::from([(RepoPath::from(one), ObjectId::Sha1([9; 20]))]),
        ..Artefacts::default()
    };
    assert_eq!(found(&[], again), FIXED);
}

#[test]
fn pages_are_judged_as_they_were_compared() {
    for page in [
        Page::Differs(Differences {
            otherwise: true,
            ..Differences::default()
        }),
        Page::Mode(Mode::Symlink),
        Page::Large(1 << 40),
    ] {
        let artefacts = Artefacts {
            pages: vec![(RepoPath::from("s/free/INDEX.md"), page)],
            ..Artefacts::default()
        };
        assert_eq!(found(&[], artefacts), ["INT-008 index-page"]);
    }
}
