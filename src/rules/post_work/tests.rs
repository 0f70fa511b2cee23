//! Every kind of change against every gate, and for each gate what breaks it.

use serde_json::Value;

use super::result::*;
use super::text::lines;
use super::*;
use crate::facts::post_work::{Content, DeadLink, FileFacts, Standing};
use crate::record::json;
use crate::record::tree::Mode;
use crate::record::{IdentityName, Sha256};
use crate::records::{Context, PlannedChange, PlannedFile, Sha1, Window};
use crate::rules::post_work::gates::rails_of;

type Side = Option<(Mode, Vec<u8>)>;

fn id(bytes: &[u8]) -> ObjectId {
    ObjectId::Sha1(crate::git::content_sha1(bytes).unwrap())
}

fn standing(side: &Side) -> Option<Standing> {
    let (mode, bytes) = side.as_ref()?;
    let content = match mode {
        Mode::Gitlink => Content::None,
        _ if bytes.starts_with(b"LARGE") => Content::TooLarge(1 << 40),
        _ => Content::Bytes(bytes.clone()),
    };
    let has_content = matches!(content, Content::Bytes(_));
    let sha1 = has_content.then(|| Sha1::new(crate::git::content_sha1(bytes).unwrap()));
    Some(Standing {
        mode: *mode,
        id: id(bytes),
        sha1,
        content,
    })
}

fn facts(path: &str, old: &Side, new: &Side) -> FileFacts {
    FileFacts {
        path: path.into(),
        old: standing(old),
        new: standing(new),
        dead: Vec::new(),
        linked_from: Vec::new(),
    }
}

/// Returns the plan of a change as a command would write it.
fn planned(
    path: &str,
    old: &Side,
    change: PlannedChange,
    window: Option<(u64, u64)>,
    delta: i64,
) -> PlannedFile {
    let there = standing(old);
    let window = window.map(|(first, last)| Window { first, last });
    let rails = match &there {
        Some(Standing {
            content: Content::Bytes(bytes),
            ..
        }) => window.and_then(|it| rails_of(it, &lines(bytes))),
        _ => None,
    };
    PlannedFile {
        anchors: Vec::new(),
        change,
        delta,
        path: path.to_owned(),
        pre_blob: there.as_ref().map(|it| it.id),
        pre_sha1: there.as_ref().and_then(|it| it.sha1),
        rails,
        window,
    }
}

fn pre_work(files: Vec<PlannedFile>) -> PreWorkPredicate {
    let commit = id(b"base");
    PreWorkPredicate {
        base: commit,
        context: Context {
            identity: IdentityName::new("otto").unwrap(),
            policy: commit,
            repository: commit,
            role: "orchestrator".to_owned(),
        },
        contract: Sha256::of(b"contract"),
        files,
        task: TaskId::new("WP-1").unwrap(),
    }
}

fn change(files: Vec<FileFacts>) -> ChangeFacts {
    ChangeFacts {
        files,
        unread: None,
    }
}

/// Returns one letter a gate.
fn letters(it: &FileResult) -> String {
    let outcomes = it.gates.iter().map(|it| it.outcome.to_string());
    outcomes.filter_map(|it| it.chars().next()).collect()
}

fn file(text: &str) -> Side {
    Some((Mode::File, text.as_bytes().to_vec()))
}

fn of(mode: Mode, text: &str) -> Side {
    Some((mode, text.as_bytes().to_vec()))
}

const ALL: &str = "PPPPPPPPPA";

#[test]
fn every_kind_of_change_comes_to_a_defined_result() {
    use PlannedChange::{Add, Change, Delete};
    let bytes = |bytes: &[u8]| Some((Mode::File, bytes.to_vec()));
    let text = "one\ntwo\nthree\n";
    // Name, path, before, after, plan (change, window, delta), the ten gates, first and last line, delta.
    type Row<'a> = (
        &'a str,
        &'a str,
        Side,
        Side,
        Option<(PlannedChange, Option<(u64, u64)>, i64)>,
        &'a str,
        Option<(u64, u64)>,
        Option<i64>,
    );
    let rows: Vec<Row<'_>> = vec![
        (
            "add",
            "a",
            None,
            file(text),
            Some((Add, None, 3)),
            ALL,
            Some((1, 3)),
            Some(3),
        ),
        (
            "change",
            "a",
            file(text),
            file("one\n2\n2b\nthree\n"),
            Some((Change, Some((1, 3)), 1)),
            ALL,
            Some((2, 2)),
            Some(1),
        ),
        (
            "only added lines",
            "a",
            file(text),
            file("one\nx\ntwo\nthree\n"),
            Some((Change, Some((1, 2)), 1)),
            ALL,
            Some((2, 1)),
            Some(1),
        ),
        (
            "only deleted lines",
            "a",
            file(text),
            file("one\nthree\n"),
            Some((Change, Some((1, 3)), -1)),
            ALL,
            Some((2, 2)),
            Some(-1),
        ),
        (
            "first line, from the edge",
            "a",
            file(text),
            file("1\ntwo\nthree\n"),
            Some((Change, Some((0, 2)), 0)),
            ALL,
            Some((1, 1)),
            Some(0),
        ),
        (
            "last line, to the edge",
            "a",
            file(text),
            file("one\ntwo\n3\n"),
            Some((Change, Some((2, 4)), 0)),
            ALL,
            Some((3, 3)),
            Some(0),
        ),
        (
            "delete",
            "a",
            file(text),
            None,
            Some((Delete, None, -3)),
            ALL,
            Some((1, 3)),
            Some(-3),
        ),
        (
            "renamed from",
            "a",
            file(text),
            None,
            Some((Delete, None, -3)),
            ALL,
            Some((1, 3)),
            Some(-3),
        ),
        (
            "renamed to",
            "b",
            None,
            file(text),
            Some((Add, None, 3)),
            ALL,
            Some((1, 3)),
            Some(3),
        ),
        (
            "mode",
            "a",
            file(text),
            of(Mode::Executable, text),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            None,
            Some(0),
        ),
        (
            "mode and line",
            "a",
            file(text),
            of(Mode::Executable, "one\n2\nthree\n"),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            Some((2, 2)),
            Some(0),
        ),
        (
            "mode of binary content",
            "a",
            file("\0"),
            of(Mode::Executable, "\0"),
            Some((Change, None, 0)),
            ALL,
            None,
            Some(0),
        ),
        (
            "binary add",
            "a",
            None,
            file("\0"),
            Some((Add, None, 0)),
            "PUUPPPUPPA",
            None,
            None,
        ),
        (
            "binary change",
            "a",
            file("\0"),
            file("\0\0"),
            Some((Change, None, 0)),
            "PUUPPPUPPA",
            None,
            None,
        ),
        (
            "binary delete",
            "a",
            file("\0"),
            None,
            Some((Delete, None, 0)),
            "PUUPPPUPPA",
            None,
            None,
        ),
        (
            "text to binary",
            "a",
            file(text),
            file("\0"),
            Some((Change, Some((0, 4)), 0)),
            "PUUPPPUPPA",
            None,
            None,
        ),
        (
            "symlink add",
            "a",
            None,
            of(Mode::Symlink, "b"),
            Some((Add, None, 1)),
            "PUUFPPUPPA",
            None,
            None,
        ),
        (
            "symlink change",
            "a",
            of(Mode::Symlink, "b"),
            of(Mode::Symlink, "c"),
            Some((Change, None, 0)),
            "PUUFPPUPPA",
            None,
            None,
        ),
        (
            "symlink delete",
            "a",
            of(Mode::Symlink, "b"),
            None,
            Some((Delete, None, 0)),
            "PUUFPPUPPA",
            None,
            None,
        ),
        (
            "file to symlink",
            "a",
            file("b"),
            of(Mode::Symlink, "b"),
            Some((Change, Some((0, 2)), 0)),
            "PUUFPPUPPA",
            None,
            None,
        ),
        (
            "submodule add",
            "a",
            None,
            of(Mode::Gitlink, "b"),
            Some((Add, None, 0)),
            "PUUFPPUPPA",
            None,
            None,
        ),
        (
            "submodule change",
            "a",
            of(Mode::Gitlink, "b"),
            of(Mode::Gitlink, "c"),
            Some((Change, None, 0)),
            "UUUFUPUPPA",
            None,
            None,
        ),
        (
            "empty file add",
            "a",
            None,
            file(""),
            Some((Add, None, 0)),
            ALL,
            None,
            Some(0),
        ),
        (
            "empty file filled",
            "a",
            file(""),
            file("one\n"),
            Some((Change, Some((0, 1)), 1)),
            ALL,
            Some((1, 0)),
            Some(1),
        ),
        (
            "file emptied",
            "a",
            file(text),
            file(""),
            Some((Change, Some((0, 4)), -3)),
            ALL,
            Some((1, 3)),
            Some(-3),
        ),
        (
            "empty file delete",
            "a",
            file(""),
            None,
            Some((Delete, None, 0)),
            ALL,
            None,
            Some(0),
        ),
        (
            "CRLF",
            "a",
            file("one\r\ntwo\r\nthree\r\n"),
            file("one\r\n2\r\nthree\r\n"),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            Some((2, 2)),
            Some(0),
        ),
        (
            "CRLF to LF",
            "a",
            file("one\r\ntwo\r\n"),
            file("one\ntwo\n"),
            Some((Change, Some((1, 2)), 0)),
            "PPFPPPPPPA",
            Some((1, 2)),
            Some(0),
        ),
        (
            "no final line feed",
            "a",
            file("one\ntwo"),
            file("one\n2"),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            Some((2, 2)),
            Some(0),
        ),
        (
            "final line feed added",
            "a",
            file("one\ntwo"),
            file("one\ntwo\n"),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            Some((2, 2)),
            Some(0),
        ),
        (
            "final line feed added to a rail",
            "a",
            file("one\ntwo"),
            file("one\ntwo\n"),
            Some((Change, Some((1, 2)), 0)),
            "PPFPPPPPPA",
            Some((2, 2)),
            Some(0),
        ),
        (
            "non-UTF-8",
            "a",
            bytes(b"one\n\xff\nthree\n"),
            bytes(b"one\n\xfe\nthree\n"),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            Some((2, 2)),
            Some(0),
        ),
        (
            "non-UTF-8 rails",
            "a",
            bytes(b"\xff\ntwo\n\xfe\n"),
            bytes(b"\xff\n2\n\xfe\n"),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            Some((2, 2)),
            Some(0),
        ),
        (
            "non-UTF-8 Markdown",
            "a.md",
            None,
            bytes(b"\xff\n"),
            Some((Add, None, 1)),
            "PPPPPPPUPA",
            Some((1, 1)),
            Some(1),
        ),
        (
            "unplanned",
            "a",
            file(text),
            file("one\n"),
            None,
            "BBBPBPBPPA",
            Some((2, 3)),
            Some(-2),
        ),
        (
            "planned and not changed",
            "a",
            file(text),
            file(text),
            Some((Change, Some((1, 3)), 0)),
            ALL,
            None,
            Some(0),
        ),
        (
            "planned lines that did not come",
            "a",
            file(text),
            file(text),
            Some((Change, Some((1, 3)), 2)),
            "PPPPPPFPPA",
            None,
            Some(0),
        ),
        (
            "planned and not added",
            "a",
            None,
            None,
            Some((Add, None, 3)),
            "PFFFPPFPPA",
            None,
            Some(0),
        ),
        (
            "planned and not deleted",
            "a",
            file(text),
            file(text),
            Some((Delete, None, -3)),
            "PFFPPPFPPA",
            None,
            Some(0),
        ),
        (
            "too large",
            "a",
            file("LARGE a"),
            file("LARGE b"),
            Some((Change, None, 0)),
            "BBBPBPBPPA",
            None,
            None,
        ),
    ];
    for (name, path, old, new, plan, gates, lines, delta) in rows {
        let plan = plan.map(|(change, window, delta)| planned(path, &old, change, window, delta));
        let plan = pre_work(plan.into_iter().collect());
        let files = measure(
            Some(&plan),
            &change(vec![facts(path, &old, &new)]),
            Written::Now,
        );
        let [found] = files.as_slice() else {
            panic!("{name}: one file")
        };
        assert_eq!(letters(found), gates, "{name}: {found:#?}");
        assert_eq!((found.lines, found.delta), (lines, delta), "{name}");
        // The manifest is the same as JSON, and its own reading.
        let made = super::manifest::file(found);
        assert_eq!(made["gates"].as_object().unwrap().len(), 10, "{name}");
        assert!(json::parse(&json::canonical(&made)).is_ok(), "{name}");
    }
}

fn refused(
    plan: &PreWorkPredicate,
    change: &ChangeFacts,
    written: Written<'_>,
) -> Vec<&'static str> {
    let files = measure(Some(plan), change, written);
    let gates = files.iter().flat_map(|it| &it.gates);
    let mut refused: Vec<_> = gates
        .filter(|it| !it.outcome.lands())
        .map(|it| it.gate)
        .collect();
    let subject = Subject::none();
    let found = refusals(&files, &|_, _| false, &plan.task, &subject);
    assert_eq!(found.len(), refused.len(), "one finding a gate");
    assert!(found.iter().all(|it| it.rule == "post-work-gate"));
    refused.sort();
    refused.dedup();
    refused.into_iter().map(WorkGate::name).collect()
}

#[test]
fn each_variant_fails_exactly_its_gates() {
    use PlannedChange::Change;
    let old = file("one\ntwo\nthree\nfour\n");
    let new = file("one\n2\nthree\nfour\n");
    let plan = || {
        let mut plan = planned("a.md", &old, Change, Some((1, 3)), 0);
        plan.anchors = vec!["two".to_owned()];
        plan
    };
    let good = facts("a.md", &old, &new);
    let none: &[&str] = &[];
    let now = |plan: PlannedFile, it: FileFacts| {
        refused(&pre_work(vec![plan]), &change(vec![it]), Written::Now)
    };
    assert_eq!(now(plan(), good.clone()), none, "the twin");
    let with = |text: &str| facts("a.md", &old, &file(text));
    for (name, plan, facts, gates) in [
        (
            "an anchor that is not there",
            PlannedFile {
                anchors: vec!["five".to_owned()],
                ..plan()
            },
            good.clone(),
            &["anchors_present"][..],
        ),
        (
            "an anchor that overlaps itself",
            PlannedFile {
                anchors: vec!["ee".to_owned(), "o".to_owned()],
                ..plan()
            },
            good.clone(),
            &["anchors_present"],
        ),
        (
            "a line outside of the window",
            plan(),
            with("one\n2\nthree\n4\n"),
            &["window_matches_plan", "rails_untouched_outside_window"],
        ),
        (
            "a rail",
            plan(),
            with("1\ntwo\nthree\nfour\n"),
            &["rails_untouched_outside_window"],
        ),
        (
            "a line more",
            plan(),
            with("one\n2\n2b\nthree\nfour\n"),
            &["line_delta_equals_expected"],
        ),
        (
            "another pre-image",
            PlannedFile {
                pre_blob: Some(id(b"other")),
                ..plan()
            },
            good.clone(),
            &["pre_sha1_captured"],
        ),
        (
            "another SHA-1",
            PlannedFile {
                pre_sha1: None,
                ..plan()
            },
            good.clone(),
            &["pre_sha1_captured"],
        ),
        (
            "a dead link on a changed line",
            plan(),
            FileFacts {
                dead: vec![DeadLink {
                    first: 2,
                    last: 2,
                    destination: "x.md".to_owned(),
                }],
                ..good.clone()
            },
            &["all_links_resolvable"],
        ),
        (
            "a dead link on a line that was there",
            plan(),
            FileFacts {
                dead: vec![DeadLink {
                    first: 3,
                    last: 3,
                    destination: "x.md".to_owned(),
                }],
                ..good.clone()
            },
            none,
        ),
        (
            "a window that the base does not have",
            PlannedFile {
                window: Some(Window { first: 1, last: 9 }),
                ..plan()
            },
            good.clone(),
            &["window_matches_plan", "rails_untouched_outside_window"],
        ),
        (
            "no window",
            PlannedFile {
                window: None,
                rails: None,
                ..plan()
            },
            good.clone(),
            &["window_matches_plan", "rails_untouched_outside_window"],
        ),
        (
            "deleted instead of changed",
            plan(),
            facts("a.md", &old, &None),
            &[
                "window_matches_plan",
                "rails_untouched_outside_window",
                "line_delta_equals_expected",
            ],
        ),
    ] {
        assert_eq!(now(plan, facts), gates, "{name}");
    }
    // The name.
    for (path, gates) in [
        ("a\u{301}.txt", &["filename_canonical_and_openable"][..]),
        ("a/../b", &["filename_canonical_and_openable"]),
        ("a/b", none),
    ] {
        let plan = planned(path, &None, PlannedChange::Add, None, 1);
        assert_eq!(now(plan, facts(path, &None, &file("x\n"))), gates, "{path}");
    }
    // What is gone, and what still links to it.
    let gone = || planned("a", &old, PlannedChange::Delete, None, -4);
    let deleted = facts("a", &old, &None);
    assert_eq!(now(gone(), deleted.clone()), none);
    let linked = FileFacts {
        linked_from: vec!["b.md:3".to_owned()],
        ..deleted.clone()
    };
    assert_eq!(now(gone(), linked), ["all_links_resolvable"]);
    let unread = ChangeFacts {
        files: vec![deleted],
        unread: Some("too many".to_owned()),
    };
    let plan_of_gone = pre_work(vec![gone()]);
    assert_eq!(
        refused(&plan_of_gone, &unread, Written::Now),
        ["all_links_resolvable"]
    );
}

#[test]
fn the_manifest_that_came_is_held_against_the_commit_and_the_inventory() {
    let (old, new) = (file("one\ntwo\n"), file("one\n2\n"));
    let plan = pre_work(vec![planned(
        "a",
        &old,
        PlannedChange::Change,
        Some((1, 3)),
        0,
    )]);
    let change = change(vec![facts("a", &old, &new)]);
    let made: Value = serde_json::json!({
        "files": [super::manifest::file(&measure(Some(&plan), &change, Written::Now)[0])],
    });
    let good = json::canonical(&made);
    let other = String::from_utf8(good.clone()).unwrap();
    let blob = id(b"one\n2\n").to_string();
    let other = other.replace(&blob, &"1".repeat(40)).into_bytes();
    for (manifest, listed, gates) in [
        (Some(&good[..]), true, &[][..]),
        (Some(&other), true, &["post_sha1_captured"]),
        (Some(b"{}"), true, &["post_sha1_captured"]),
        (Some(b"no json"), true, &["post_sha1_captured"]),
        (Some(&good), false, &["manifest_written_and_path_returned"]),
        (
            None,
            false,
            &["post_sha1_captured", "manifest_written_and_path_returned"],
        ),
    ] {
        let written = Written::There { manifest, listed };
        assert_eq!(refused(&plan, &change, written), gates);
    }
    assert!(differs(&good, &made).is_none());
    let difference = differs(&other, &made).unwrap();
    assert!(difference.found.contains("files.0"), "{}", difference.found);
    let spaced = [&good[..], b"\n"].concat();
    assert!(differs(&spaced, &made).is_some(), "one spelling");
}

#[test]
fn only_some_gates_are_waived_and_only_where_a_waiver_says_so() {
    let (old, new) = (file("one\ntwo\nthree\n"), file("1\ntwo\n3\n4\n"));
    let mut plan = planned("a", &old, PlannedChange::Change, Some((1, 2)), 0);
    plan.anchors = vec!["nine".to_owned()];
    let plan = pre_work(vec![plan]);
    let files = measure(
        Some(&plan),
        &change(vec![facts("a", &old, &new)]),
        Written::Now,
    );
    let left = |waived: Waived<'_>| {
        let found = refusals(&files, waived, &plan.task, &Subject::none());
        found
            .iter()
            .map(|it| it.found.split(' ').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let all = [
        "anchors_present",
        "line_delta_equals_expected",
        "rails_untouched_outside_window",
        "window_matches_plan",
    ];
    assert_eq!(left(&|_, _| false), all);
    assert_eq!(left(&|_, _| true), ["anchors_present"]);
    let delta = |gate, path: &RepoPath| {
        gate == WorkGate::LineDeltaEqualsExpected && *path == RepoPath::from("a")
    };
    assert_eq!(left(&delta), [all[0], all[2], all[3]]);
}

#[test]
fn a_run_lands_where_the_branch_has_the_pre_image() {
    let old = file("one\n");
    let plan = pre_work(vec![
        planned("a", &old, PlannedChange::Change, Some((0, 2)), 0),
        planned("b", &None, PlannedChange::Add, None, 1),
    ]);
    let there = |a: Option<ObjectId>, b: Option<ObjectId>| {
        let there = [("a".into(), a), ("b".into(), b)];
        landed(&plan, &there, &Subject::none()).len()
    };
    let (pre, other) = (Some(id(b"one\n")), Some(id(b"other")));
    assert_eq!(there(pre, None), 0);
    assert_eq!(there(other, None), 1);
    assert_eq!(there(None, None), 1);
    assert_eq!(there(pre, other), 1);
    assert_eq!(there(other, other), 2);
}
