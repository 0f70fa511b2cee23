//! Taking a state from the disk, and putting it back.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use super::{ROOT, fill, seen, with_files, with_state, with_task};
use crate::world::World;

#[test]
fn a_state_comes_back_as_it_was_with_no_file_too_many() {
    let world = with_files();
    let root = world.path("otto").join(ROOT);
    let before = seen(&root);
    let said = world.amu0("otto", &["create", "BASE"]);
    assert!(said.contains("refs/awo/amu0/-/BASE"), "{said}");
    assert_eq!(seen(&root), before, "nothing was touched");
    let same = world.amu0("otto", &["diff", "BASE"]);
    assert!(same.contains("are the same"), "{same}");

    fs::write(root.join("plain"), "other\n").unwrap();
    fs::write(root.join("more"), "new").unwrap();
    fs::remove_file(root.join("dangling")).unwrap();
    fs::set_permissions(root.join("tool"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(root.join("deep/link")).unwrap();
    fs::write(root.join("deep/link"), "no link").unwrap();
    fs::remove_dir_all(root.join("empty")).unwrap();
    let differs = world.amu0("otto", &["diff", "BASE"]);
    for line in [
        "changed  plain",
        "added    more",
        "removed  dangling",
        "mode     tool",
        "kind     deep/link",
        "removed  empty/inner",
    ] {
        assert!(differs.contains(line), "{line}\n{differs}");
    }
    world.amu0("otto", &["restore", "BASE", "--force"]);
    assert_eq!(seen(&root), before);
    let again = world.amu0("otto", &["restore", "BASE"]);
    assert!(again.contains("stands there already"), "{again}");
    let around: Vec<_> = fs::read_dir(world.path("otto/src")).unwrap().collect();
    assert_eq!(around.len(), 3, "nothing is left beside it: {around:?}");

    fs::remove_dir_all(&root).unwrap();
    world.amu0("otto", &["restore", "BASE"]);
    assert_eq!(seen(&root), before, "also where there was nothing");
}

#[test]
fn the_same_state_gives_the_same_baseline() {
    let world = with_files();
    let other = world.copied();
    let id = |world: &World| {
        let mut command = world.command("otto", "otto", &["git", "awo", "amu0", "create", "BASE"]);
        let done = command
            .env("SOURCE_DATE_EPOCH", "1800000000")
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        world.rev("otto", "refs/awo/amu0/-/BASE")
    };
    assert_eq!(id(&world), id(&other));
}

#[test]
fn an_empty_state_is_a_baseline_and_an_absent_one_is_none() {
    let world = with_state();
    let said = world.amu0_refused("otto", &["create", "BASE"], "STR-002");
    assert!(said.contains("state-present"), "{said}");
    let root = world.path("otto").join(ROOT);
    fs::create_dir_all(&root).unwrap();
    world.amu0("otto", &["create", "BASE"]);
    fs::write(root.join("x"), "").unwrap();
    world.amu0("otto", &["restore", "BASE", "--force"]);
    assert!(seen(&root).is_empty() && root.exists());
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_policy_without_a_directory_has_no_baselines() {
    let world = World::founded();
    fs::create_dir_all(world.path("otto").join(ROOT)).unwrap();
    for words in [&["create", "BASE"][..], &["restore", "BASE"], &["diff"]] {
        let said = world.amu0_refused("otto", words, "GOV-003");
        assert!(said.contains("state-root-named"), "{said}");
        assert!(said.contains("git awo policy propose"), "{said}");
    }
    for root in ["src/state", "/src/", "../", ".git/", "a/../b/", ""] {
        let text = super::with_root(crate::world::policy(2, &"0".repeat(40), ""));
        world.write(
            "policy/next.toml",
            text.replace(&format!("\"{ROOT}/\""), &format!("{root:?}")),
        );
        let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
        let said = world.refused("olga", "olga", &propose, "GOV-006");
        assert!(said.contains("state: root"), "{root}: {said}");
    }
    let text = super::with_root(crate::world::policy(2, &"0".repeat(40), ""));
    world.write(
        "policy/next.toml",
        text.replace("requires = [\"state/1\"]\n", ""),
    );
    let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
    let said = world.refused("olga", "olga", &propose, "GOV-006");
    assert!(said.contains("state/1"), "{said}");
}

#[test]
fn attributes_and_configuration_have_no_say() {
    let world = with_files();
    let root = world.path("otto").join(ROOT);
    let attributes = "*.txt text eol=lf\nlf.dos text eol=crlf\n* filter=shout ident\n";
    fs::write(root.join(".gitattributes"), attributes).unwrap();
    fs::write(world.path("otto/.gitattributes"), attributes).unwrap();
    fs::write(root.join("lf.dos"), "a\nb\n$Id$\n").unwrap();
    for (key, value) in [
        ("core.autocrlf", "true"),
        ("core.eol", "crlf"),
        ("core.symlinks", "false"),
        ("core.fileMode", "false"),
        ("filter.shout.clean", "tr a-z A-Z"),
        ("filter.shout.smudge", "tr a-z A-Z"),
        ("filter.shout.required", "true"),
        ("core.ignoreCase", "true"),
    ] {
        world.ok("otto", "otto", &["git", "config", key, value]);
    }
    let before = seen(&root);
    world.amu0("otto", &["create", "BASE"]);
    fs::remove_dir_all(&root).unwrap();
    world.amu0("otto", &["restore", "BASE"]);
    assert_eq!(seen(&root), before);
    let stored = [
        "git",
        "cat-file",
        "blob",
        "refs/awo/amu0/-/BASE:files/crlf.txt",
    ];
    assert_eq!(
        world.ok("otto", "otto", &stored),
        "a\r\nb\n\r",
        "as it is in git too"
    );
}

#[test]
fn no_symlink_leads_to_the_state() {
    let world = with_files();
    let (root, elsewhere) = (world.path("otto").join(ROOT), world.path("elsewhere"));
    world.amu0("otto", &["create", "BASE"]);
    fs::rename(&root, &elsewhere).unwrap();
    let before = seen(&elsewhere);
    symlink(&elsewhere, &root).unwrap();
    for words in [
        &["create", "NEXT"][..],
        &["restore", "BASE"],
        &["restore", "BASE", "--force"],
        &["diff", "BASE"],
    ] {
        let said = world.amu0_refused("otto", words, "INT-003");
        assert!(said.contains("a symlink"), "{said}");
        assert!(fs::symlink_metadata(&root).unwrap().is_symlink());
    }
    fs::remove_file(&root).unwrap();
    fs::rename(world.path("otto/src"), world.path("src")).unwrap();
    fs::create_dir(world.path("src/state")).unwrap();
    symlink("../src", world.path("otto/src")).unwrap();
    for words in [&["create", "NEXT"][..], &["restore", "BASE", "--force"]] {
        world.amu0_refused("otto", words, "INT-003");
    }
    fs::remove_file(world.path("otto/src")).unwrap();
    fs::write(world.path("otto/src"), "").unwrap();
    world.amu0_refused("otto", &["restore", "BASE", "--force"], "INT-003");
    fs::remove_file(world.path("otto/src")).unwrap();
    world.amu0("otto", &["restore", "BASE"]);
    assert_eq!(seen(&root), before, "the way was made");
    assert_eq!(seen(&elsewhere), before, "and nothing was followed");
    assert!(seen(&world.path("src/state")).is_empty());
}

#[test]
fn what_no_baseline_can_hold_is_refused_by_name() {
    let world = with_files();
    let root = world.path("otto").join(ROOT);
    let refused = |what: &str, word: &str| {
        let said = world.amu0_refused("otto", &["create", "BASE"], "INT-003");
        assert!(
            said.contains(what) && said.contains(word),
            "{what} {word}: {said}"
        );
    };
    let socket = root.join("deep/socket");
    // The name of a socket may not be as long as the path here.
    let here = Command::new("python3")
        .args([
            "-c",
            "import socket; socket.socket(socket.AF_UNIX).bind('socket')",
        ])
        .current_dir(root.join("deep"))
        .status();
    assert!(here.unwrap().success());
    refused("src/state/deep/socket", "a socket");
    fs::remove_file(socket).unwrap();
    let pipe = root.join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    refused("src/state/pipe", "a pipe");
    fs::remove_file(pipe).unwrap();
    world.ok(
        "otto",
        "otto",
        &["git", "init", "--quiet", "src/state/inner"],
    );
    refused("src/state/inner/.git", "repository");
    fs::remove_dir_all(root.join("inner")).unwrap();
    fs::write(root.join(".GIT"), "gitdir: elsewhere").unwrap();
    refused("src/state/.GIT", "repository");
    fs::remove_file(root.join(".GIT")).unwrap();
    world.amu0("otto", &["create", "BASE"]);
}

#[test]
fn what_is_saved_nowhere_is_lost_only_by_force() {
    let world = with_files();
    let root = world.path("otto").join(ROOT);
    world.amu0("otto", &["create", "ONE"]);
    let one = seen(&root);
    fs::write(root.join("plain"), "changed").unwrap();
    fs::write(root.join("added"), "added").unwrap();
    let two = seen(&root);
    let said = world.amu0_refused("otto", &["restore", "ONE"], "GOV-002");
    assert!(said.contains("would be lost: added, plain"), "{said}");
    assert!(said.contains("--force"), "{said}");
    assert_eq!(seen(&root), two, "nothing was touched");
    // Saved as a baseline, it is no longer lost.
    world.amu0("otto", &["create", "TWO"]);
    world.amu0("otto", &["restore", "ONE"]);
    assert_eq!(seen(&root), one);
    world.amu0("otto", &["restore", "TWO"]);
    assert_eq!(seen(&root), two);
    // Nor if it is in the commit.
    fs::write(root.join("plain"), "committed").unwrap();
    world.amu0_refused("otto", &["restore", "ONE"], "GOV-002");
    world.ok("otto", "otto", &["git", "add", "--force", ROOT]);
    world.ok(
        "otto",
        "otto",
        &["git", "commit", "--quiet", "--no-verify", "-m", "State"],
    );
    world.amu0("otto", &["restore", "ONE"]);
    assert_eq!(seen(&root), one);
    // What is gone comes back without a word.
    fs::remove_file(root.join("plain")).unwrap();
    world.amu0("otto", &["restore", "ONE"]);
    // A changed mode, a socket and an empty directory are lost too.
    for change in [
        |root: &std::path::Path| {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(root.join("plain"), mode).unwrap();
        },
        |root: &std::path::Path| fs::create_dir(root.join("new")).unwrap(),
        |root: &std::path::Path| {
            assert!(
                Command::new("mkfifo")
                    .arg(root.join("pipe"))
                    .status()
                    .unwrap()
                    .success()
            );
        },
        |root: &std::path::Path| {
            fs::create_dir_all(root.join("inner/.git")).unwrap();
            fs::write(root.join("inner/.git/x"), "x").unwrap();
        },
    ] {
        change(&root);
        world.amu0_refused("otto", &["restore", "ONE"], "GOV-002");
        world.amu0("otto", &["restore", "ONE", "--force"]);
        assert_eq!(seen(&root), one);
    }
}

#[test]
fn two_files_of_one_name_in_two_directories_come_back_each() {
    let world = with_state();
    let root = world.path("otto").join(ROOT);
    for (path, text) in [
        ("a/same", "one"),
        ("b/same", "two"),
        ("b/a/same", "three"),
        ("a-b", "four"),
    ] {
        world.write(&format!("otto/{ROOT}/{path}"), text);
    }
    let before = seen(&root);
    world.amu0("otto", &["create", "BASE"]);
    fs::remove_dir_all(&root).unwrap();
    world.amu0("otto", &["restore", "BASE"]);
    assert_eq!(seen(&root), before);
}

#[test]
fn baselines_are_listed_and_named_by_task_or_id() {
    let world = with_task();
    world.amu0("otto", &["create", "BASE", "--task", "T-1"]);
    world.amu0("otto", &["create", "NEXT", "--task", "T-1"]);
    world.amu0("otto", &["create", "BASE", "--plan", "P-1"]);
    let listed = world.amu0("otto", &["list"]);
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    assert!(
        lines[2].contains("T-1/NEXT") && lines[2].contains("after T-1/BASE"),
        "{listed}"
    );
    let done = world.run("otto", "otto", &["git", "awo", "amu0", "restore", "BASE"]);
    assert_eq!(done.code, 2, "{}", done.text);
    assert!(done.text.contains("P-1/BASE or T-1/BASE"), "{}", done.text);
    let id = world.rev("otto", "refs/awo/amu0/T-1/BASE");
    for name in [
        "T-1/BASE",
        "P-1/BASE",
        "NEXT",
        &id,
        "refs/awo/amu0/T-1/NEXT",
    ] {
        world.amu0("otto", &["restore", name]);
    }
    world.amu0("otto", &["diff", "T-1/BASE", "P-1/BASE"]);
    world.amu0_refused("otto", &["restore", "OTHER"], "STR-002");
    let done = world.run("otto", "otto", &["git", "awo", "amu0", "create", "a/b"]);
    assert_eq!(done.code, 2, "{}", done.text);
    fill(&world.path("rita").join(ROOT));
    world.amu0_refused("rita", &["create", "MINE"], "ATT-001");
}

#[test]
#[ignore = "a figure; takes a minute"]
fn a_state_of_many_files_is_taken_and_put_back_in_time() {
    const FILES: usize = 20_000;
    let world = with_state();
    let root = world.path("otto").join(ROOT);
    for at in 0..FILES {
        let directory = root.join(format!("d{}", at % 100));
        fs::create_dir_all(&directory).unwrap();
        fs::write(
            directory.join(format!("f{at}")),
            format!("content of {at}\n"),
        )
        .unwrap();
    }
    let timed = |what: &str, words: &[&str]| {
        let start = std::time::Instant::now();
        world.ok("otto", "otto", words);
        crate::figure::figure(
            &format!("baselines: {what}, {FILES} files"),
            1,
            format!("{:.1} s", start.elapsed().as_secs_f64()),
            "below a minute",
        );
        assert!(start.elapsed().as_secs() < 60, "{what}");
    };
    timed("create", &["git", "awo", "amu0", "create", "BASE"]);
    timed("push", &["git", "awo", "push"]);
    fs::remove_dir_all(root.join("d7")).unwrap();
    fs::write(root.join("d8/more"), "x").unwrap();
    timed("diff", &["git", "awo", "amu0", "diff", "BASE"]);
    timed(
        "restore",
        &["git", "awo", "amu0", "restore", "BASE", "--force"],
    );
    timed("verify", &["git", "awo", "verify"]);
    timed("verify again", &["git", "awo", "verify"]);
}

#[test]
fn what_a_restore_leaves_is_named_and_in_nobodys_way() {
    let world = with_files();
    world.amu0("otto", &["create", "BASE"]);
    let beside = world.path("otto/src");
    // One that was killed before it had marked its own, and one that is marked.
    let (unmarked, marked) = (
        beside.join(".awo-restore-0000000000000001"),
        beside.join(".awo-restore-0000000000000002"),
    );
    for place in [&unmarked, &marked] {
        fs::create_dir_all(place.join("state/x")).unwrap();
    }
    let mark = "# git-awo restores a baseline here\n*\n";
    fs::write(marked.join(".gitignore"), mark).unwrap();
    let status = world.ok("otto", "otto", &["git", "status", "--porcelain", "-uall"]);
    assert!(!status.contains("awo-restore"), "{status}");
    let said = world.amu0("otto", &["restore", "BASE"]);
    assert!(!marked.exists() && unmarked.exists());
    assert!(said.contains("rm -r ") && said.contains("0001"), "{said}");
    fs::remove_dir_all(&unmarked).unwrap();
    let said = world.amu0("otto", &["restore", "BASE"]);
    assert!(!said.contains("rm -r"), "{said}");
}
