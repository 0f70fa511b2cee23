//! The hooks of a clone, as far as they are functions of values.

use super::client::{by_hand, raw_changes, seen};
use super::testing::{World, movement, name};
use crate::record::tree::Mode;
use crate::record::{HashKind, ObjectId};

fn id(digit: char) -> ObjectId {
    digit.to_string().repeat(40).parse().unwrap()
}

#[test]
fn staged_changes_are_read_with_whatever_names_they_have() {
    let (a, zero) = ("a".repeat(40), "0".repeat(40));
    let raw = [
        format!(":000000 100644 {zero} {a} A").as_bytes(),
        b"\0x\ny \xff\0",
        format!(":100644 000000 {a} {zero} D").as_bytes(),
        b"\0src/gone\0",
        format!(":100644 120000 {a} {a} T").as_bytes(),
        b"\0link\0",
    ]
    .concat();
    let changes = raw_changes(&raw, HashKind::Sha1).unwrap();
    assert_eq!(changes.len(), 3);
    assert_eq!(changes[0].path.as_bytes(), b"x\ny \xff");
    assert_eq!(
        (changes[0].old, changes[0].new),
        (None, Some((Mode::File, id('a'))))
    );
    assert_eq!(
        (changes[1].old, changes[1].new),
        (Some((Mode::File, id('a'))), None)
    );
    assert_eq!(changes[2].new, Some((Mode::Symlink, id('a'))));
    assert!(raw_changes(b"", HashKind::Sha1).unwrap().is_empty());
}

#[test]
fn what_git_would_not_write_is_refused() {
    let (a, zero) = ("a".repeat(40), "0".repeat(40));
    for raw in [
        format!(":000000 100644 {zero} {a} A\0x"),
        format!(":000000 100644 {zero} {a} A\0"),
        format!("000000 100644 {zero} {a} A\0x\0"),
        format!(":000000 100600 {zero} {a} A\0x\0"),
        format!(":000000 100644 {zero} {zero} A\0x\0"),
        format!(":000000 100644 {zero} aaaa A\0x\0"),
        format!(":100644 000000 {a} {zero} U\0x\0"),
    ] {
        assert!(
            raw_changes(raw.as_bytes(), HashKind::Sha1).is_err(),
            "{raw:?}"
        );
    }
}

#[test]
fn our_trailers_are_not_written_by_hand_and_others_are() {
    for refused in [
        "title\n\nAWO-Run: run_1\n",
        "title\n\nbody\n\nSigned-off-by: X\nawo-rollback: run_1\n",
        "title\n\nAWO-Task: T-1\n# a comment of the editor\n#\n",
        "title\n\nAWO-Task: T-1\n\n# ------------------------ >8 ------------------------\ndiff --git a b\n",
    ] {
        assert!(by_hand(refused.as_bytes()).is_some(), "{refused:?}");
    }
    for allowed in [
        "",
        "AWO-Run: as a title\n",
        "title\n\nAWO-Run: run_1 is what this is about.\nMore prose.\n",
        "title\n\nSigned-off-by: X <x@example.org>\n",
        "Revert \"x\"\n\nThis reverts commit 1234.\n",
        "title\n\n# AWO-Run: in a comment\n",
    ] {
        assert!(by_hand(allowed.as_bytes()).is_none(), "{allowed:?}");
    }
}

#[test]
fn a_remote_is_governed_if_its_policy_was_seen_and_not_before() {
    let (world, policy) = World::governed();
    let reader = world.reader();
    assert_eq!(seen(&reader, "origin").unwrap(), None);
    assert_eq!(seen(&reader, "https://example.org/x y.git").unwrap(), None);
    world.apply(&[
        movement("refs/awo-remotes/origin/awo/policy", None, Some(policy)),
        movement(
            "refs/awo-remotes/origin/notes/awo/approvals/2026-01",
            None,
            Some(policy),
        ),
        movement("refs/remotes/origin/main", None, Some(policy)),
        movement("refs/remotes/origin/HEAD", None, Some(policy)),
    ]);
    let refs = seen(&reader, "origin").unwrap().unwrap();
    let names: Vec<_> = refs.keys().cloned().collect();
    assert_eq!(
        names,
        [
            name("refs/awo/policy"),
            name("refs/heads/main"),
            name("refs/notes/awo/approvals/2026-01")
        ]
    );
    assert_eq!(seen(&reader, "elsewhere").unwrap(), None);
}
