//! Commits that nobody may push, or not there.

use super::*;

#[test]
fn a_direct_commit_is_refused() {
    let world = World::founded();
    world.write("otto/src/strings.py", "print('direct')\n");
    world.commit("otto", "Direct");
    world.attack("otto", &["main"], "GOV-002");
}

#[test]
fn a_direct_commit_is_accepted_where_the_policy_grants_it() {
    let world = World::founded();
    world.write("otto/src/strings.py", "print('direct')\n");
    world.commit("otto", "Direct");
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_path_outside_is_refused() {
    let world = World::founded();
    world.write("otto/lib/other.py", "x = 1\n");
    world.commit("otto", "Outside");
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn a_path_kept_by_a_restriction_is_refused() {
    let world = World::founded();
    world.write("otto/src/keys/root.pub", "x\n");
    world.commit("otto", "A key");
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

/// Writes a tree in which `src/<name>/` has this tree as its content, and commits it on `wip`.
fn commit_of_a_directory(world: &World, name: &str, content: &str) {
    let id = |text: String| text.trim().to_owned();
    let tree = |lines: &str| {
        let script = format!("printf '{lines}' | git mktree");
        id(world.ok("otto", "otto", &["sh", "-c", &script]))
    };
    let listed = |of: &str| {
        let list = world.ok("otto", "otto", &["git", "ls-tree", of]);
        let lines = list.lines().filter(|line| !line.ends_with("\tsrc"));
        let lines = lines.map(|line| format!("{}\\n", line.replace('\t', "\\t")));
        lines.collect::<String>()
    };
    let (others, inner) = (listed("HEAD"), listed("HEAD:src"));
    // `git mktree` does not look at names.
    let src = tree(&format!("{inner}040000 tree {content}\\t{name}\\n"));
    let root = tree(&format!("{others}040000 tree {src}\\tsrc\\n"));
    let commit = [
        "git",
        "commit-tree",
        "-S",
        "-m",
        "A directory",
        "-p",
        "HEAD",
        &root,
    ];
    let commit = id(world.ok("otto", "otto", &commit));
    world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "refs/heads/wip", &commit],
    );
}

#[test]
fn a_directory_with_nothing_in_it_hides_no_name() {
    let empty = |world: &World| {
        let words = ["sh", "-c", "git mktree </dev/null"];
        world.ok("otto", "otto", &words).trim().to_owned()
    };
    for name in [".git", "..", "GIT~1"] {
        let world = World::founded();
        // The hooks must hold by themselves.
        let unchecked = ["git", "config", "receive.fsckObjects", "false"];
        world.ok("server", "server.git", &unchecked);
        let empty = empty(&world);
        commit_of_a_directory(&world, name, &empty);
        world.attack("otto", &["wip:refs/heads/wip/otto"], "INT-003");
    }
}

#[test]
fn a_directory_with_a_file_in_it_is_accepted() {
    let world = World::founded();
    let file = "printf '100644 blob %s\\tf\\n' $(echo x | git hash-object -w --stdin) | git mktree";
    let tree = world.ok("otto", "otto", &["sh", "-c", file]);
    commit_of_a_directory(&world, "notes", tree.trim());
    world.push_accepted("otto", &["wip:refs/heads/wip/otto"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn an_unsigned_commit_is_refused() {
    let world = World::founded();
    world.write("otto/src/a.py", "x = 1\n");
    world.ok("otto", "otto", &["git", "add", "-A"]);
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "commit",
            "--quiet",
            "--no-verify",
            "--no-gpg-sign",
            "-m",
            "Unsigned",
        ],
    );
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "ATT-003");
}

#[test]
fn a_commit_by_an_unknown_key_is_refused() {
    let world = World::founded();
    world.ok(
        "otto",
        "home/otto",
        &["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "other"],
    );
    world.ok(
        "otto",
        "otto",
        &["git", "config", "user.signingkey", "~/other"],
    );
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Stranger");
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "ATT-004");
}

#[test]
fn a_path_added_and_removed_within_the_push_is_refused() {
    let world = World::founded();
    world.write("otto/.github/workflows/ci.yml", "on: push\n");
    world.commit("otto", "Add");
    std::fs::remove_dir_all(world.path("otto/.github")).unwrap();
    world.commit("otto", "Remove");
    assert_eq!(
        world.ok("otto", "otto", &["git", "diff", "origin/main", "HEAD"]),
        "",
        "the net diff is empty"
    );
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn a_file_added_and_removed_within_granted_paths_is_accepted() {
    let world = World::founded();
    world.write("otto/src/tmp.py", "x = 1\n");
    world.commit("otto", "Add");
    std::fs::remove_file(world.path("otto/src/tmp.py")).unwrap();
    world.commit("otto", "Remove");
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
}

/// Makes a merge on otto's clone; `evil` is written into the merge commit itself.
fn merge(world: &World, evil: Option<&str>) {
    world.ok(
        "otto",
        "otto",
        &["git", "checkout", "--quiet", "-b", "side"],
    );
    world.write("otto/src/side.py", "x = 1\n");
    world.commit("otto", "Side");
    world.ok("otto", "otto", &["git", "checkout", "--quiet", "main"]);
    world.write("otto/src/own.py", "y = 1\n");
    world.commit("otto", "Own");
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "merge",
            "--quiet",
            "--no-commit",
            "side",
        ],
    );
    if let Some(path) = evil {
        world.write(&format!("otto/{path}"), "evil\n");
    }
    world.commit("otto", "Merge");
}

#[test]
fn a_merge_that_hides_a_change_is_refused() {
    let world = World::founded();
    merge(&world, Some(".github/workflows/ci.yml"));
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn a_plain_merge_is_accepted_where_merges_are() {
    let world = World::founded();
    merge(&world, None);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
}

#[test]
fn a_merge_is_refused_where_merges_are_not() {
    let world = World::founded();
    merge(&world, None);
    world.attack("otto", &["main"], "GOV-004");
}

#[test]
fn the_governed_push_is_accepted_and_verifies() {
    let world = World::landed();
    world.fresh_clone();
    let said = world.ok("vera", "vera", &["git", "awo", "verify"]);
    assert!(said.contains("1 runs"), "the run was judged: {said}");
    world.ok("vera", "vera", &["git", "awo", "verify", RUN]);
    world.ok("vera", "vera", &["git", "awo", "verify", "HEAD"]);
}

#[test]
fn the_commit_without_its_last_records_is_refused() {
    let world = World::finalized();
    world.attack("otto", &["main"], "GOV-002");
}

#[test]
fn a_disguised_name_does_not_escape_protection() {
    let world = World::founded();
    world.write("otto/src/.git\u{200d}modules", "x\n");
    world.commit("otto", "Disguise");
    world.push_refused("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn an_empty_commit_by_somebody_without_a_right_is_refused() {
    let world = World::founded();
    world.ok(
        "server",
        ".",
        &["git", "clone", "--quiet", "server.git", "server"],
    );
    world.ok(
        "server",
        "server",
        &[
            "git",
            "config",
            "user.signingkey",
            &world
                .path("server.git/awo/server_key")
                .display()
                .to_string(),
        ],
    );
    world.commit("server", "Nothing");
    let before = world.server();
    world.refused(
        "server",
        "server",
        &["git", "push", "origin", "HEAD:refs/heads/wip/server"],
        "GOV-003",
    );
    assert_eq!(world.server(), before);
}

#[test]
fn gits_own_revert_is_a_direct_commit_where_those_are_taken() {
    let world = World::landed();
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.push_accepted("olga", &["HEAD:refs/heads/wip/olga"]);
}

#[test]
fn the_pushers_clock_is_not_the_servers() {
    let world = World::founded();
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Work");
    let words = [
        "git",
        "push",
        "--quiet",
        "--no-verify",
        "origin",
        "HEAD:refs/heads/wip/otto",
    ];
    let mut push = world.command("otto", "otto", &words);
    assert!(
        push.env("SOURCE_DATE_EPOCH", "2000000000")
            .status()
            .unwrap()
            .success()
    );
    let dates = world.ok(
        "server",
        "server.git",
        &["git", "log", "-1", "--format=%ct", "refs/awo/log"],
    );
    assert!(
        dates.trim().parse::<u64>().unwrap() < 2_000_000_000,
        "{dates}"
    );
}
