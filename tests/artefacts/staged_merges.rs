//! Merges in a clone, judged by its hooks before they are commits.

use std::os::unix::fs::symlink;

use super::pages::page;
use super::{INDEXED, door};
use crate::world::World;

fn git(world: &World, words: &[&str]) -> (i32, String) {
    let done = world.run("otto", "otto", &[&["git"], words].concat());
    (done.code, done.text)
}

fn ok(world: &World, words: &[&str]) -> String {
    let (code, text) = git(world, words);
    assert_eq!(code, 0, "{words:?}: {text}");
    text.trim().to_owned()
}

fn write(world: &World, name: &str, text: &str) {
    world.write(&format!("otto/src/specs/{name}"), text);
}

/// Two branches that parted and each brought a version, an archived one and its page; the first is checked out.
fn parted() -> World {
    let world = door(INDEXED).world;
    ok(&world, &["switch", "-q", "-c", "wip/x"]);
    write(&world, "archive/Old_v1.0.md", "old");
    write(&world, "INDEX.md", &page(&["archive/Old_v1.0.md"]));
    ok(&world, &["add", "-A"]);
    // Only the door knows that it came from nowhere.
    let first = ["-c", "core.hooksPath=/dev/null", "commit", "-qm", "Old"];
    ok(&world, &first);
    ok(&world, &["branch", "wip/side"]);
    for (branch, name) in [("wip/x", "A_v1.0.md"), ("wip/side", "B_v1.0.md")] {
        ok(&world, &["switch", "-q", branch]);
        write(&world, name, name);
        write(&world, "INDEX.md", &page(&[name, "archive/Old_v1.0.md"]));
        ok(&world, &["add", "-A"]);
        ok(&world, &["commit", "-qm", name]);
    }
    // What one side may have, though not everybody may write it, is nothing that the merge does.
    world.write("otto/keys/olga.pub", "x");
    ok(&world, &["add", "-A"]);
    ok(
        &world,
        &["-c", "core.hooksPath=/dev/null", "commit", "-qm", "K"],
    );
    ok(&world, &["switch", "-q", "wip/x"]);
    world
}

/// Refuses to commit what is staged in the merge, with this code.
fn refuses(world: &World, what: &str, commit: &[&str], code: &str) {
    let before = ok(world, &["rev-parse", "HEAD"]);
    let (exit, text) = git(world, commit);
    assert!(exit != 0 && text.contains(code), "{what}: {exit} {text}");
    assert_eq!(ok(world, &["rev-parse", "HEAD"]), before, "{what}");
}

#[test]
fn a_merge_in_progress_is_judged_before_its_commit() {
    let world = parted();
    let all = ["A_v1.0.md", "B_v1.0.md", "archive/Old_v1.0.md"];
    type Edit = fn(&World);
    let table: [(&str, Edit, &str); 7] = [
        (
            "a bad name",
            |world| {
                write(world, "C_v1.0_Final.md", "c");
                let files = ["A_v1.0.md", "B_v1.0.md", "C_v1.0_Final.md"];
                let files = [&files[..], &["archive/Old_v1.0.md"]].concat();
                write(world, "INDEX.md", &page(&files));
            },
            "artefact-name",
        ),
        (
            "a version of the other side",
            |world| write(world, "B_v1.0.md", "changed"),
            "artefact-fixed",
        ),
        (
            "an archive",
            |world| write(world, "archive/Old_v1.0.md", "changed"),
            "artefact-archive",
        ),
        (
            "a page by hand",
            |world| write(world, "INDEX.md", &page(&["A_v1.0.md"])),
            "INT-008",
        ),
        (
            "a protected path",
            |world| world.write("otto/.github/workflows/w.yml", "x"),
            "GOV-003",
        ),
        (
            "a path that nobody grants",
            |world| world.write("otto/elsewhere.txt", "x"),
            "direct-writers",
        ),
        (
            "a symlink",
            |world| symlink("A_v1.0.md", world.path("otto/src/link")).unwrap(),
            "INT-003",
        ),
    ];
    for (what, edit, code) in table {
        ok(&world, &["merge", "-q", "--no-commit", "wip/side"]);
        edit(&world);
        ok(&world, &["add", "-A"]);
        refuses(&world, what, &["commit", "-qm", "Merge"], code);
        refuses(&world, what, &["merge", "--continue"], code);
        ok(&world, &["reset", "-q", "--hard"]);
    }
    ok(&world, &["merge", "-q", "--no-commit", "wip/side"]);
    world.write("otto/src/of-the-merge.txt", "x");
    ok(&world, &["add", "-A"]);
    ok(&world, &["commit", "-qm", "Merge"]);
    let merged = std::fs::read_to_string(world.path("otto/src/specs/INDEX.md")).unwrap();
    assert_eq!(merged, page(&all));
}

#[test]
fn a_merge_that_needs_no_hand_is_judged_before_its_commit() {
    let world = parted();
    // A driver that keeps the page of one side.
    ok(&world, &["config", "merge.awo-index.driver", "true"]);
    refuses(&world, "a stale page", &["merge", "wip/side"], "INT-008");
    ok(&world, &["awo", "index", "reconcile"]);
    ok(&world, &["add", "src/specs/INDEX.md"]);
    ok(&world, &["commit", "-qm", "Merge"]);
    ok(&world, &["reset", "-q", "--hard", "HEAD^"]);
    ok(&world, &["awo", "hooks", "install"]);
    ok(&world, &["merge", "-q", "wip/side", "-m", "Merge"]);
    let parents = ok(&world, &["log", "-1", "--format=%P"]);
    assert_eq!(parents.split(' ').count(), 2);
    // A hook of the user's that asks those of a commit is asked of the merge, not of what the other side did.
    ok(&world, &["reset", "-q", "--hard", "HEAD^"]);
    let hook = world.path("otto/.git/hooks/pre-merge-commit");
    std::fs::write(&hook, "#!/bin/sh\nexec .git/hooks/pre-commit\n").unwrap();
    ok(&world, &["merge", "-q", "wip/side", "-m", "Merge"]);
}
