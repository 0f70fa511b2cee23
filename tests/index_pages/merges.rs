//! git merges pages by our driver.

use std::fs;

use super::{CHECK, RECONCILE, with_branch, with_pages};
use crate::world::World;

fn git(world: &World, words: &[&str]) -> String {
    world.ok("otto", "otto", &[&["git"], words].concat())
}

/// Commits what there is with its pages, past the hooks.
fn commit(world: &World, message: &str) -> String {
    world.ok("otto", "otto", RECONCILE);
    world.commit("otto", message)
}

#[test]
fn branches_that_each_add_a_file_do_not_conflict() {
    let world = with_branch();
    world.write("otto/docs/specs/a.md", "a\n");
    world.write("otto/docs/specs/gone.md", "gone\n");
    commit(&world, "base");
    let ways: &[(&str, &[&[&str]])] = &[
        ("merge", &[&["merge", "-q", "--no-edit", "theirs"]]),
        ("rebase", &[&["rebase", "-q", "theirs"]]),
        ("pick", &[&["cherry-pick", "theirs"]]),
    ];
    for name in ["theirs", "third"] {
        git(&world, &["switch", "-q", "-c", name, "wip/x"]);
        world.write(&format!("otto/docs/specs/{name} [1].md"), "x\n");
        let _ = fs::remove_file(world.path("otto/docs/specs/gone.md"));
        commit(&world, name);
    }
    for (way, commands) in ways {
        git(
            &world,
            &["switch", "-q", "-c", &format!("wip/{way}"), "wip/x"],
        );
        world.write("otto/docs/specs/ours.md", "x\n");
        world.write("otto/docs/specs/deep/ours.md", "x\n");
        commit(&world, "ours");
        for words in *commands {
            git(&world, words);
        }
        let page = fs::read_to_string(world.path("otto/docs/specs/INDEX.md")).unwrap();
        assert!(
            page.contains("- [theirs \\[1\\].md](theirs%20%5B1%5D.md)"),
            "{way}: {page}"
        );
        assert!(
            page.contains("- [deep/ours.md](deep/ours.md)"),
            "{way}: {page}"
        );
        assert!(!page.contains("gone.md"), "{way}: {page}");
        assert_eq!(git(&world, &["status", "--porcelain"]), "", "{way}");
        world.ok("otto", "otto", CHECK);
    }
    // The same by hand, without the driver, is a conflict.
    world.ok("otto", "otto", &["git", "awo", "hooks", "uninstall"]);
    git(&world, &["switch", "-q", "--detach", "wip/x"]);
    world.write("otto/docs/specs/ours.md", "x\n");
    world.ok("otto", "otto", RECONCILE);
    world.commit("otto", "ours");
    let done = world.run(
        "otto",
        "otto",
        &["git", "merge", "-q", "--no-edit", "theirs"],
    );
    assert_eq!(done.code, 1, "{}", done.text);
}

#[test]
fn a_page_that_is_none_of_ours_is_merged_line_by_line() {
    let world = with_branch();
    let lines = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n{last}\n");
    world.write("otto/src/INDEX.md", lines("1", "8"));
    world.commit("otto", "base");
    let side = |name: &str, text: String| {
        git(&world, &["switch", "-q", "-c", name, "wip/x"]);
        world.write("otto/src/INDEX.md", text);
        world.commit("otto", name);
    };
    side("one", lines("one", "8"));
    side("two", lines("1", "two"));
    side("three", lines("three", "8"));
    git(&world, &["switch", "-q", "-c", "merged", "one"]);
    git(&world, &["merge", "-q", "--no-edit", "two"]);
    let text = fs::read_to_string(world.path("otto/src/INDEX.md")).unwrap();
    assert_eq!(text, lines("one", "two"));
    // git itself merges it, with its own options and labels.
    git(&world, &["merge", "-q", "--no-edit", "-Xours", "three"]);
    let text = fs::read_to_string(world.path("otto/src/INDEX.md")).unwrap();
    assert_eq!(text, lines("one", "two"));
    git(&world, &["reset", "-q", "--hard", "HEAD^"]);
    world.write(
        "otto/.git/info/attributes",
        "INDEX.md merge=awo-index conflict-marker-size=11\n",
    );
    let done = world.run("otto", "otto", &["git", "merge", "three"]);
    assert_eq!(done.code, 1, "{}", done.text);
    let text = fs::read_to_string(world.path("otto/src/INDEX.md")).unwrap();
    let expected = lines(
        "<<<<<<<<<<< ours\none\n===========\nthree\n>>>>>>>>>>> theirs",
        "two",
    );
    assert_eq!(text, expected);
}

#[test]
fn the_driver_comes_and_goes_with_the_hooks_and_leaves_lines_of_others() {
    let world = World::founded();
    let attributes = world.path("otto/.git/info/attributes");
    let driver = |world: &World| {
        let words = ["git", "config", "--get", "merge.awo-index.driver"];
        world.run("otto", "otto", &words).text
    };
    assert!(!attributes.exists(), "the policy gives no directory a page");
    assert!(driver(&world).contains("git-awo"));
    world.ok("otto", "otto", &["git", "awo", "hooks", "uninstall"]);
    assert!(!attributes.exists() && driver(&world).is_empty());
    // As an older version wrote it, for every INDEX.md.
    fs::write(&attributes, "INDEX.md merge=awo-index\n*.bin -diff").unwrap();
    world.ok("otto", "otto", &["git", "awo", "hooks", "install"]);
    world.ok("otto", "otto", &["git", "awo", "hooks", "install"]);
    assert_eq!(fs::read_to_string(&attributes).unwrap(), "*.bin -diff");
    let both =
        "*.bin -diff\n/docs/INDEX.md merge=awo-index\n/docs/specs/INDEX.md merge=awo-index\n";
    // Who has hooks of before, or of another program, is told; a fetch helps where ours are installed.
    world.next_policy(2, None, with_pages);
    world.ok(
        "otto",
        "otto",
        &["git", "config", "--remove-section", "merge.awo-index"],
    );
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    assert!(driver(&world).contains("git-awo"));
    assert_eq!(fs::read_to_string(&attributes).unwrap(), both);
    fs::write(&attributes, "*.bin -diff\n").unwrap();
    let said = world.refused("otto", "otto", &["git", "awo", "doctor"], "GOV-002");
    assert!(said.contains("the merge driver of INDEX.md"), "{said}");
    world.ok("otto", "otto", &["git", "awo", "hooks", "install"]);
    world.ok("otto", "otto", &["git", "awo", "doctor"]);
    assert_eq!(fs::read_to_string(&attributes).unwrap(), both);
    world.ok("otto", "otto", &["git", "awo", "hooks", "uninstall"]);
    assert_eq!(fs::read_to_string(&attributes).unwrap(), "*.bin -diff\n");
}
