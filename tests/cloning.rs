//! `git awo clone`: everything is verified before anything is checked out, and a clone that does not
//! verify is gone.

use crate::world::{Done, RUN, World};

fn url(world: &World, name: &str) -> String {
    format!("file://{}", world.path(name).display())
}

fn clone(world: &World, words: &[&str]) -> Done {
    world.run(
        "vera",
        "home/vera",
        &[&["git", "awo", "clone"], words].concat(),
    )
}

/// Returns what is in vera's home, besides what was there before.
fn made(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.path("home/vera")).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names
        .filter(|it| !it.starts_with("key") && it != ".gitconfig")
        .collect();
    names.sort();
    names
}

#[test]
fn a_clone_is_verified_set_up_and_checked_out() {
    let world = World::landed();
    let anchor = world.fingerprint();
    let done = clone(&world, &["--anchor", &anchor, &url(&world, "server.git")]);
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(
        done.text.contains(&format!("trusted: {anchor}")),
        "{}",
        done.text
    );
    assert!(done.text.contains("\nok: "), "{}", done.text);
    assert_eq!(made(&world), ["server"]);
    let here = "home/vera/server";
    let ok = |words: &[&str]| world.ok("vera", here, words);
    assert_eq!(ok(&["git", "status", "--porcelain"]), "");
    assert_eq!(
        ok(&["git", "rev-parse", "HEAD"]).trim(),
        world.rev("server.git", "main")
    );
    assert!(world.path(here).join("src/strings.py").exists());
    ok(&["git", "awo", "verify", RUN]);
    ok(&["git", "awo", "hooks", "status"]);
    ok(&["git", "awo", "fetch"]);
    let refspecs = ok(&["git", "config", "--get-all", "remote.origin.fetch"]);
    assert_eq!(refspecs.lines().count(), 3, "{refspecs}");
    // The directory is as git makes them.
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &str| world.path(path).metadata().unwrap().permissions().mode();
    world.ok("vera", "home/vera", &["mkdir", "plain"]);
    assert_eq!(mode(here), mode("home/vera/plain"));
}

#[test]
fn without_an_anchor_it_says_whom_it_trusts_now() {
    let world = World::landed();
    let done = clone(&world, &[&url(&world, "server.git"), "here"]);
    assert_eq!(done.code, 0, "{}", done.text);
    let first = world.rev("server.git", "refs/awo/policy");
    let said = format!("trusted on first use: {first}\n  nobody but the server says so");
    assert!(done.text.contains(&said), "{}", done.text);
    let trusted = world.ok("vera", "home/vera/here", &["git", "awo", "trust"]);
    assert!(trusted.contains(&first), "{trusted}");
}

#[test]
fn a_server_that_does_not_verify_leaves_nothing() {
    let anchor = |world: &World| world.fingerprint();
    let other = |_: &World| "1".repeat(40);
    let forge = "git update-ref refs/heads/main $(git -c user.name=x -c user.email=x commit-tree -p main \
         -m x main^{tree})";
    let records = "for it in $(git for-each-ref --format='%(refname)' refs/awo refs/notes); do \
         git update-ref -d $it; done";
    type Row = (&'static str, fn(&World) -> String, i32, &'static str);
    let rows: &[Row] = &[
        ("true", other, 1, "GOV-006"),
        (forge, anchor, 1, "GOV-002"),
        (
            "git update-ref refs/heads/main main~1",
            anchor,
            1,
            "REP-002",
        ),
        ("git update-ref -d refs/awo/log", anchor, 1, "STR-002"),
        (
            "git update-ref refs/awo/ledger refs/awo/ledger~1",
            anchor,
            1,
            "REP-002",
        ),
        (records, anchor, 3, "STR-002"),
    ];
    for (script, anchor, code, says) in rows {
        let world = World::landed();
        world.ok("server", "server.git", &["sh", "-c", script]);
        world.ok("vera", "home/vera", &["mkdir", "empty"]);
        for to in ["new", "empty", "deep/er"] {
            let server = url(&world, "server.git");
            let done = clone(&world, &["--anchor", &anchor(&world), &server, to]);
            assert_eq!(done.code, *code, "{script}: {}", done.text);
            assert!(done.text.contains(says), "{script}: {}", done.text);
        }
        let _ = std::fs::remove_dir(world.path("home/vera/deep"));
        assert_eq!(made(&world), ["empty"], "{script}");
        let empty = std::fs::read_dir(world.path("home/vera/empty")).unwrap();
        assert_eq!(empty.count(), 0, "{script}");
    }
}

#[test]
fn what_is_asked_for_wrongly_touches_nothing() {
    let world = World::landed();
    world.write("home/vera/full/file", "mine\n");
    world.ok("server", "server.git", &["git", "tag", "v1", "main"]);
    let server = url(&world, "server.git");
    for (words, code) in [
        (&[server.as_str(), "full"][..], 2),
        (&["--anchor", "", &server], 2),
        (&["--anchor", "x", &server], 2),
        (&["--branch", "v1", &server, "new"], 2),
        (&["", "new"], 2),
        (&["--depth=1", &server], 2),
        (&["/"], 2),
        (&["--branch", "nowhere", &server, "new"], 3),
        (&["../../nowhere.git", "new"], 3),
    ] {
        let done = clone(&world, words);
        assert_eq!(done.code, code, "{words:?}: {}", done.text);
    }
    assert_eq!(made(&world), ["full"]);
    let kept = std::fs::read_to_string(world.path("home/vera/full/file")).unwrap();
    assert_eq!(kept, "mine\n");
}

#[test]
fn paths_and_branches_are_named_as_for_git_clone() {
    let world = World::landed();
    world.ok(
        "otto",
        "otto",
        &["git", "push", "-q", "--no-verify", "origin", "main:wip/x"],
    );
    world.ok("vera", "home/vera", &["mkdir", "empty"]);
    let anchor = world.fingerprint();
    for (words, to) in [
        (&["../../server.git"][..], "server"),
        (&["../../server.git/", "empty"], "empty"),
        (&["--branch", "wip/x", "../../server.git", "a/b"], "a/b"),
    ] {
        let words = [&["--anchor", &anchor], words].concat();
        let done = clone(&world, &words);
        assert_eq!(done.code, 0, "{words:?}: {}", done.text);
        let here = format!("home/vera/{to}");
        world.ok("vera", &here, &["git", "awo", "verify"]);
        world.ok("vera", &here, &["git", "fetch", "-q"]);
    }
    let head = world.ok("vera", "home/vera/a/b", &["git", "symbolic-ref", "HEAD"]);
    assert_eq!(head.trim(), "refs/heads/wip/x");
    // From a directory elsewhere, and with the repository of the environment in the way.
    let mut command = world.command("vera", ".", &["git", "awo", "-C", "home/vera", "clone"]);
    let git_dir = world.path("otto/.git");
    command
        .args(["--anchor", &anchor, "../../server.git", "c"])
        .env("GIT_DIR", git_dir);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    world.ok("vera", "home/vera/c", &["git", "awo", "verify"]);
}

#[test]
fn on_a_terminal_git_shows_its_progress() {
    let world = World::landed();
    let anchor = world.fingerprint();
    let server = url(&world, "server.git");
    let words = ["clone", "--anchor", &anchor, &server];
    let done = clone(&world, &words[1..]);
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(!done.text.contains("Receiving objects"), "{}", done.text);
    world.ok("vera", "home/vera", &["rm", "-rf", "server"]);
    let terminal = "import os, pty, sys; \
                    sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let typed = ["python3", "-c", terminal, crate::world::PROGRAM];
    let said = world.ok("vera", "home/vera", &[&typed[..], &words].concat());
    assert!(said.contains("Receiving objects: 100%"), "{said}");
    assert!(said.contains("\nok: "), "{said}");
    // What git says then is told once.
    let missing = url(&world, "missing.git");
    let words = ["clone", "--anchor", &anchor, &missing];
    let done = world.run("vera", "home/vera", &[&typed[..], &words].concat());
    assert_ne!(done.code, 0);
    assert_eq!(
        done.text.matches("missing.git' does not").count(),
        1,
        "{}",
        done.text
    );
    assert_eq!(made(&world), ["server"]);
}

#[test]
fn what_a_killed_clone_left_is_removed_by_the_next_one_beside_it() {
    let world = World::landed();
    let anchor = world.fingerprint();
    // git waits in the middle of it for what never comes.
    let begun = world.path("home/vera/begun").display().to_string();
    let waits = format!("#!/bin/sh\n: > '{begun}'\nexec sleep 60\n");
    world.write("home/vera/bin/git-upload-pack", waits);
    world.ok("vera", "home/vera", &["chmod", "+x", "bin/git-upload-pack"]);
    let begins = || {
        let server = world.path("server.git").display().to_string();
        let words = ["git", "awo", "clone", "--anchor", &anchor, &server];
        let mut command = world.command("vera", "home/vera", &words);
        let waits = world.path("home/vera/bin/git-upload-pack");
        command.env("GIT_CONFIG_COUNT", "1");
        command.env("GIT_CONFIG_KEY_0", "remote.origin.uploadpack");
        command.env("GIT_CONFIG_VALUE_0", waits);
        use std::os::unix::process::CommandExt as _;
        use std::process::Stdio;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.process_group(0).spawn().unwrap()
    };
    let begun = || {
        for _ in 0..600 {
            if std::fs::remove_file(world.path("home/vera/begun")).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the clone did not begin");
    };
    let left = || {
        let mut left = made(&world);
        left.retain(|it| it.starts_with(".awo-clone-"));
        left
    };
    let mut killed = begins();
    begun();
    let of_the_killed = left();
    assert_eq!(of_the_killed.len(), 1);
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(left(), of_the_killed);
    // What is of nobody's stays.
    world.write("home/vera/.awo-clone-mine/held", "mine\n");
    let mut alive = begins();
    begun();
    let now = left();
    assert!(!now.contains(&of_the_killed[0]), "{now:?}");
    let done = clone(&world, &["--anchor", &anchor, &url(&world, "server.git")]);
    assert_eq!(done.code, 0, "{}", done.text);
    assert_eq!(left(), now, "those of living processes stay");
    assert_eq!(now.len(), 2, "{now:?}");
    for process in [&mut killed, &mut alive] {
        let group = format!("-{}", process.id());
        let _ = world.run("vera", "home/vera", &["kill", "-9", "--", &group]);
    }
    alive.wait().unwrap();
}
