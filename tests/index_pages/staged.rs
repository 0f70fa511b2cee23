//! What the next commit gets, where that is not what the work tree has.

use std::fs;

use super::{CHECK, RECONCILE, entries, with_branch};
use crate::world::World;

const STAGED: &[&str] = &["git", "awo", "index", "reconcile", "--staged"];
const PAGES: &[&str] = &["git", "add", "-A", "docs/INDEX.md", "docs/specs/INDEX.md"];
const COMMIT: &[&str] = &["git", "commit", "-qm", "Work"];

fn ok(world: &World, words: &[&str]) -> String {
    world.ok("otto", "otto", words)
}

/// A commit is refused for its page, and made once its pages are what is staged.
fn mended(world: &World) {
    let check = [STAGED, &["--check"]].concat();
    let before = ok(world, &["git", "write-tree"]);
    let said = world.refused("otto", "otto", COMMIT, "INT-008");
    assert!(said.contains("git awo index reconcile --staged"), "{said}");
    let said = world.refused("otto", "otto", &check, "INT-008");
    assert!(said.contains("git awo index reconcile --staged"), "{said}");
    assert_eq!(ok(world, &["git", "write-tree"]), before, "it only looks");
    ok(world, STAGED);
    ok(world, &check);
    ok(world, COMMIT);
    world.push_accepted("otto", &["wip/x"]);
    let said = ok(world, STAGED);
    assert!(said.contains("what the staged files make"), "{said}");
}

#[test]
fn files_that_the_commit_does_not_get_are_not_listed_by_it() {
    let world = with_branch();
    world.write("otto/docs/specs/A.md", "a\n");
    world.write("otto/docs/draft.md", "not yet\n");
    ok(&world, RECONCILE);
    ok(&world, PAGES);
    ok(&world, &["git", "add", "docs/specs/A.md"]);
    mended(&world);
    let listed = [
        "- [specs/A.md](specs/A.md)",
        "- [specs/INDEX.md](specs/INDEX.md)",
    ];
    // The page of the work tree was as it was staged, and is brought along.
    assert_eq!(entries(&world, "otto/docs/INDEX.md"), listed);
    let status = ok(&world, &["git", "status", "--porcelain"]);
    assert_eq!(status.trim(), "?? docs/draft.md");
    // Staged as gone, and there.
    ok(&world, &["git", "rm", "-q", "--cached", "docs/specs/A.md"]);
    ok(&world, RECONCILE);
    ok(&world, PAGES);
    mended(&world);
    let gone = ["git", "cat-file", "-e", "HEAD:docs/INDEX.md"];
    assert_ne!(world.run("otto", "otto", &gone).code, 0);
    // There, and gone from the work tree.
    ok(&world, &["git", "add", "-A"]);
    ok(&world, STAGED);
    ok(&world, COMMIT);
    fs::remove_file(world.path("otto/docs/draft.md")).unwrap();
    world.write("otto/docs/more.md", "x");
    ok(&world, &["git", "add", "docs/more.md"]);
    ok(&world, RECONCILE);
    ok(&world, PAGES);
    mended(&world);
    // What the work tree has otherwise stays so.
    world.write("otto/docs/INDEX.md", "mine\n");
    ok(&world, &["git", "rm", "-q", "--cached", "docs/draft.md"]);
    ok(&world, STAGED);
    let mine = fs::read_to_string(world.path("otto/docs/INDEX.md")).unwrap();
    assert_eq!(mine, "mine\n");
}

#[test]
fn the_remedy_of_the_door_mends_a_commit_that_is_made() {
    let world = with_branch();
    world.write("otto/docs/specs/A.md", "a\n");
    world.write("otto/docs/draft.md", "not yet\n");
    ok(&world, RECONCILE);
    ok(&world, PAGES);
    ok(&world, &["git", "add", "docs/specs/A.md"]);
    ok(&world, &["git", "commit", "-qnm", "Work"]);
    let push = ["git", "push", "--no-verify", "origin", "wip/x"];
    let said = world.refused("otto", "otto", &push, "INT-008");
    assert!(said.contains("draft.md"), "{said}");
    let remedy = "git awo index reconcile --staged, then git commit --amend";
    assert!(said.contains(remedy), "{said}");
    ok(&world, STAGED);
    ok(&world, &["git", "commit", "-q", "--amend", "--no-edit"]);
    world.push_accepted("otto", &["wip/x"]);
}

#[test]
fn what_a_killed_write_left_is_named_and_removed_unless_it_is_staged() {
    let world = with_branch();
    let left = |path: &str| format!("otto/{path}/.git-awo-pending-write-0123456789abcdef");
    let (beside, deep) = (left("docs/specs"), left("docs/new/deep"));
    world.write("otto/docs/specs/A.md", "a\n");
    for path in [&beside, &deep, &left("src/elsewhere")] {
        world.write(path, "half");
    }
    let said = ok(&world, &["git", "awo", "doctor"]);
    assert!(
        said.contains("docs/new/deep/.git-awo-pending-write-"),
        "{said}"
    );
    ok(&world, RECONCILE);
    for gone in [&beside, &deep, "otto/docs/new", "otto/src/elsewhere"] {
        assert!(!world.path(gone).exists(), "{gone}");
    }
    assert_eq!(
        entries(&world, "otto/docs/specs/INDEX.md"),
        ["- [A.md](A.md)"]
    );
    ok(&world, CHECK);
    // Somebody wants it: it is a file as any.
    world.write(&beside, "half");
    ok(&world, &["git", "add", "-A"]);
    ok(&world, RECONCILE);
    assert!(world.path(&beside).exists());
    ok(&world, CHECK);
    ok(&world, &["git", "add", "-A"]);
    ok(&world, COMMIT);
    world.push_accepted("otto", &["wip/x"]);
}
