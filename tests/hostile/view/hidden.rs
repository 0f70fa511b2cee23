//! Objects replaced or left out: never "ok".

use crate::hostile::door::Door;
use crate::world::{RUN, World};

/// Verifies vera's clone: all, a commit, a run. Each must find it, with this code and no other: it
/// denies, or cannot decide without what is not shown.
#[track_caller]
fn all_find(world: &World, what: &str, code: &str) {
    for scope in [&[][..], &["HEAD"], &[RUN]] {
        let mut words = vec!["git", "awo", "verify", "--json"];
        words.extend(scope);
        let output = world.command("vera", "vera", &words).output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let of = |part: &str| answer[part].as_array().cloned().unwrap_or_default();
        let (denies, undecided) = (of("findings"), of("undecided"));
        let ended = output.status.code();
        assert!(matches!(ended, Some(1 | 3)), "{what}: {scope:?}: {answer}");
        let found = [denies, undecided].concat();
        assert!(!found.is_empty(), "{what}: {scope:?}");
        for finding in found {
            assert_eq!(finding["code"], code, "{what}: {scope:?}: {answer}");
            assert_ne!(finding["remedy"], "", "{what}");
        }
    }
}

#[test]
fn whatever_hides_objects_is_named_by_verify() {
    let world = World::landed();
    world.fresh_clone();
    let ok = |words: &[&str]| world.ok("vera", "vera", words);
    let passes = || ok(&["git", "awo", "verify"]);
    passes();
    let tip = world.rev("vera", "HEAD");
    let base = world.rev("vera", "HEAD^");
    let blob = world.rev("vera", "HEAD:src/strings.py");
    let readme = world.rev("vera", "HEAD:README.md");
    for (old, new) in [(&tip, &base), (&blob, &readme)] {
        ok(&["git", "update-ref", &format!("refs/replace/{old}"), new]);
        all_find(&world, "a replace ref", "INT-005");
        ok(&["git", "pack-refs", "--all"]);
        all_find(&world, "a packed replace ref", "INT-005");
        ok(&["git", "update-ref", "-d", &format!("refs/replace/{old}")]);
        passes();
    }
    let files: &[(&str, &str, String)] = &[
        ("grafts", ".git/info/grafts", format!("{tip}\n")),
        (
            "grafts that name a parent",
            ".git/info/grafts",
            format!("{tip} {base}\n"),
        ),
        ("shallow at the tip", ".git/shallow", format!("{tip}\n")),
        ("shallow at the root", ".git/shallow", format!("{base}\n")),
        (
            "a promisor pack",
            ".git/objects/pack/pack-x.promisor",
            String::new(),
        ),
    ];
    for (what, below, text) in files {
        let path = format!("vera/{below}");
        world.write(&path, text);
        all_find(&world, what, "INT-005");
        std::fs::remove_file(world.path(&path)).unwrap();
        passes();
    }
    for (key, value) in [
        ("remote.origin.promisor", "true"),
        ("remote.origin.partialCloneFilter", "blob:none"),
        ("remote.other.promisor", "true"),
        ("extensions.partialClone", "origin"),
    ] {
        ok(&["git", "config", key, value]);
        all_find(&world, key, "INT-005");
        ok(&["git", "config", "--unset", key]);
        passes();
    }
    // Empty files, comments in no file, an extension that is off: nothing is hidden.
    for below in [".git/info/grafts", ".git/shallow"] {
        world.write(&format!("vera/{below}"), "");
        passes();
    }
    ok(&["git", "config", "remote.origin.promisor", "false"]);
    passes();
}

#[test]
fn a_clone_by_depth_or_filter_is_not_whole() {
    let world = World::landed();
    world.ok(
        "server",
        "server.git",
        &["git", "config", "uploadpack.allowFilter", "true"],
    );
    let url = format!("file://{}", world.path("server.git").display());
    let clones: &[&[&str]] = &[
        &["--depth=1"],
        &["--depth=1", "--no-single-branch"],
        &["--shallow-since=2001-01-01"],
        &["--filter=blob:none"],
        &["--filter=tree:0", "--no-checkout"],
        &["--filter=blob:limit=1"],
    ];
    let records = [
        "git",
        "fetch",
        "--quiet",
        "origin",
        "+refs/awo/*:refs/awo/*",
        "+refs/notes/awo/*:refs/notes/awo/*",
    ];
    for options in clones {
        let mut words = vec!["git", "clone", "--quiet"];
        words.extend(*options);
        words.extend([url.as_str(), "vera"]);
        world.ok("vera", ".", &words);
        world.ok(
            "vera",
            "vera",
            &["git", "awo", "trust", &world.fingerprint()],
        );
        world.ok("vera", "vera", &records);
        if !world.path("vera/.git/shallow").exists()
            && !options.iter().any(|it| it.contains("filter"))
        {
            world.ok("vera", "vera", &["git", "awo", "verify"]);
        } else {
            all_find(&world, &format!("{options:?}"), "INT-005");
        }
        world.ok("vera", ".", &["rm", "-rf", "vera"]);
    }
    // A single branch, a bare mirror: less to see, but nothing hidden.
    for options in [&["--single-branch"][..], &["--mirror"], &["--bare"]] {
        let mut words = vec!["git", "clone", "--quiet"];
        words.extend(options);
        words.extend([url.as_str(), "vera"]);
        world.ok("vera", ".", &words);
        world.ok(
            "vera",
            "vera",
            &["git", "awo", "trust", &world.fingerprint()],
        );
        world.ok("vera", "vera", &records);
        world.ok("vera", "vera", &["git", "awo", "verify"]);
        world.ok("vera", ".", &["rm", "-rf", "vera"]);
    }
}

#[test]
fn a_server_that_hides_objects_refuses_pushes() {
    let door = Door::of_otto();
    let blob = door.raw().blob("x = 1\n");
    let commit = door.commit_in_src(&[("100644", b"a.py", &blob)]);
    let tip = door.world.rev("server.git", "main");
    for (what, below) in [
        ("grafts", "server.git/info/grafts"),
        ("shallow", "server.git/shallow"),
    ] {
        door.world.write(below, format!("{tip}\n"));
        door.refuses(what, &commit, &["INT-005"]);
        std::fs::remove_file(door.world.path(below)).unwrap();
    }
    door.accepts("all is seen again", &commit);
}
