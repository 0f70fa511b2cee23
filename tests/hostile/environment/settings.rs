//! Configuration that a stranger wrote: it starts nothing and changes no verdict.

use super::commands::every_command;
use super::road::walk;
use super::traps::{PROGRAMS, REMOTES, Traps, VIEWS};
use crate::world::World;

const ALL: &[&str] = &["olga", "otto", "rita"];

/// A trap that cannot spring proves nothing.
#[test]
fn the_traps_work() {
    let world = World::landed();
    let traps = Traps(&world);
    let only = |name: &str| -> Vec<_> {
        let found = PROGRAMS.iter().chain(REMOTES).chain(VIEWS);
        found
            .filter(|(key, _)| key.starts_with(name))
            .copied()
            .collect()
    };
    let keys = "gpg.ssh.allowedSignersFile";
    for (names, words) in [
        (vec!["core.fsmonitor"], vec!["git", "status"]),
        (vec!["filter.trap.clean"], vec!["git", "diff"]),
        (vec!["diff.external"], vec!["git", "diff"]),
        (vec!["diff.trap.textconv"], vec!["git", "diff"]),
        (
            vec!["gpg.ssh.program", keys],
            vec!["git", "log", "-1", "--show-signature"],
        ),
        (vec!["remote.origin.uploadpack"], vec!["git", "fetch"]),
        (
            vec!["core.hooksPath"],
            vec!["git", "checkout", "--quiet", "--detach"],
        ),
    ] {
        for name in &names {
            traps.put_into("otto", &only(name));
        }
        world.write("otto/README.md", "# changed\n");
        world.run("otto", "otto", &words);
        assert!(!traps.fired().is_empty(), "{names:?}");
        for name in &names {
            world.ok("otto", "otto", &["git", "config", "--unset", name]);
        }
    }
}

#[test]
fn the_main_road_starts_no_program_that_the_clone_names() {
    let world = World::founded();
    let traps = Traps(&world);
    for who in ALL {
        traps.put_into(who, PROGRAMS);
    }
    walk(&world, |_, _| {});
    assert_eq!(traps.fired(), Default::default());
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn the_main_road_is_the_same_whatever_the_clone_shows_and_matches() {
    let world = World::founded();
    let traps = Traps(&world);
    for who in ALL {
        traps.put_into(who, VIEWS);
        world.write(
            &format!("{who}/.git/more"),
            "[core]\n\tignoreCase = true\n\tquotePath = false\n",
        );
        world.ok(
            who,
            who,
            &["git", "config", "--local", "include.path", "more"],
        );
        world.ok(
            who,
            who,
            &[
                "git",
                "config",
                "--local",
                "extensions.worktreeConfig",
                "true",
            ],
        );
        let words = ["git", "config", "--worktree", "diff.renames", "copies"];
        world.ok(who, who, &words);
    }
    walk(&world, |_, _| {});
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn no_command_but_push_and_fetch_starts_what_the_clone_names() {
    let world = World::landed();
    let traps = Traps(&world);
    for table in [PROGRAMS, REMOTES] {
        traps.put_into("otto", table);
    }
    let mut sprung = Vec::new();
    for call in every_command(&world) {
        if call.network || call.own_world {
            continue;
        }
        for json in [&[][..], &["--json"]] {
            let mut words = vec!["git", "awo"];
            words.extend(json);
            words.extend(call.words.iter().map(String::as_str));
            let done = world.run("otto", "otto", &words);
            assert_ne!(done.code, 4, "{}: {}", words.join(" "), done.text);
            let fired = traps.fired();
            if !fired.is_empty() {
                sprung.push(format!("{}: {fired:?}", words.join(" ")));
            }
        }
    }
    assert!(sprung.is_empty(), "{}", sprung.join("\n"));
}

/// Whoever pushes and fetches asks git to reach a remote, and git asks its configuration how.
#[test]
fn push_and_fetch_start_only_what_reaches_the_remote() {
    let world = World::landed();
    let traps = Traps(&world);
    for table in [PROGRAMS, REMOTES] {
        traps.put_into("otto", table);
    }
    world.write("otto/src/new.py", "x = 1\n");
    for words in [["git", "awo", "fetch"], ["git", "awo", "push"]] {
        world.run("otto", "otto", &words);
        for line in traps.fired() {
            let known = REMOTES.iter().any(|(key, _)| line.starts_with(key))
                || line.starts_with("hook pre-push");
            assert!(known, "{words:?} starts {line}");
        }
    }
    // A remote whose name is an option of git is a name.
    let trap = traps.program("an option");
    world.ok("otto", ".", &["git", "init", "--quiet", "new"]);
    let key = format!("remote.--upload-pack={trap}.url");
    world.ok("otto", "new", &["git", "config", &key, "../server.git"]);
    world.run("otto", "new", &["git", "awo", "init"]);
    let words = [
        "git",
        "awo",
        "init",
        "--policy",
        "../policy/policy.toml",
        "--allowed-signers",
        "../policy/allowed_signers",
    ];
    world.run("otto", "new", &words);
    for word in ["push", "fetch"] {
        world.run(
            "otto",
            "new",
            &["git", "awo", word, &format!("--upload-pack={trap}")],
        );
        world.run(
            "otto",
            "new",
            &["git", "awo", word, "--", &format!("--upload-pack={trap}")],
        );
        world.run(
            "otto",
            "new",
            &["git", "awo", word, "--", &format!("--receive-pack={trap}")],
        );
    }
    assert_eq!(traps.fired(), Default::default());
}

#[test]
fn hooks_that_are_configured_away_are_found_and_the_server_gives_the_same_answer() {
    let world = World::founded();
    world.ok("otto", "otto", &["git", "awo", "doctor"]);
    for (key, value) in [
        ("core.hooksPath", "/dev/null"),
        ("core.hooksPath", "../traps"),
    ] {
        world.ok("otto", "otto", &["git", "config", "--local", key, value]);
        world.refused("otto", "otto", &["git", "awo", "doctor"], "GOV-002");
    }
    world.ok(
        "otto",
        "otto",
        &["git", "config", "--local", "--unset", "core.hooksPath"],
    );
    world.ok("otto", "otto", &["git", "awo", "doctor"]);
}
