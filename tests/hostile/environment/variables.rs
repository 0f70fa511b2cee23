//! Variables that somebody has set before the program was called.

use super::clocks::without_age;
use std::process::Command;

use super::commands::every_command;
use super::road::walk;
use super::traps::{PROGRAMS, Traps, VIEWS};
use crate::world::World;

/// Variables that lead git elsewhere. A decoy stands for another repository, with other refs.
fn elsewhere(world: &World) -> Vec<(&'static str, String)> {
    world.ok("vera", ".", &["git", "init", "--quiet", "decoy"]);
    world.ok(
        "vera",
        "decoy",
        &[
            "git",
            "commit",
            "--quiet",
            "--allow-empty",
            "--no-gpg-sign",
            "-m",
            "x",
        ],
    );
    let decoy = |below: &str| world.path(&format!("decoy/{below}")).display().to_string();
    world.write("decoy/grafts", format!("{}\n", world.rev("olga", "HEAD")));
    vec![
        ("GIT_WORK_TREE", decoy("")),
        ("GIT_INDEX_FILE", decoy(".git/index")),
        ("GIT_OBJECT_DIRECTORY", decoy(".git/objects")),
        ("GIT_ALTERNATE_OBJECT_DIRECTORIES", decoy(".git/objects")),
        ("GIT_COMMON_DIR", decoy(".git")),
        ("GIT_NAMESPACE", "other".to_owned()),
        ("GIT_REPLACE_REF_BASE", "refs/heads/".to_owned()),
        ("GIT_GRAFT_FILE", decoy("grafts")),
        ("GIT_SHALLOW_FILE", decoy("grafts")),
        ("GIT_PREFIX", "src/".to_owned()),
        ("GIT_IMPLICIT_WORK_TREE", "0".to_owned()),
        ("GIT_QUARANTINE_PATH", decoy(".git/objects")),
        ("GIT_CEILING_DIRECTORIES", "/".to_owned()),
        ("GIT_DISCOVERY_ACROSS_FILESYSTEM", "0".to_owned()),
        ("GIT_DEFAULT_REF_FORMAT", "reftable".to_owned()),
        ("GIT_DEFAULT_HASH", "sha256".to_owned()),
        ("GIT_LITERAL_PATHSPECS", "1".to_owned()),
        ("GIT_GLOB_PATHSPECS", "1".to_owned()),
        ("GIT_AUTHOR_NAME", "Somebody".to_owned()),
        ("GIT_AUTHOR_DATE", "1700000000 +0000".to_owned()),
        ("GIT_COMMITTER_EMAIL", "somebody@example.org".to_owned()),
        ("GIT_COMMITTER_DATE", "1700000000 +0000".to_owned()),
        ("GIT_DEFAULT_BRANCH", "x".to_owned()),
        ("GIT_TEMPLATE_DIR", decoy("")),
        ("GIT_NO_LAZY_FETCH", "0".to_owned()),
        ("GIT_NOTES_REF", "refs/notes/other".to_owned()),
        ("GIT_NOTES_DISPLAY_REF", "refs/notes/*".to_owned()),
        ("GIT_DIFF_OPTS", "-u0".to_owned()),
        ("GIT_FLUSH", "1".to_owned()),
        ("GIT_REFLOG_ACTION", "x".to_owned()),
        ("TZ", "Pacific/Kiritimati".to_owned()),
        ("LC_ALL", "tr_TR.UTF-8".to_owned()),
        ("LANG", "tr_TR.UTF-8".to_owned()),
        ("LANGUAGE", "de:tr".to_owned()),
        ("COLUMNS", "10".to_owned()),
        ("CLICOLOR_FORCE", "1".to_owned()),
        ("TERM", "dumb".to_owned()),
        ("SSH_AUTH_SOCK", "/nonexistent".to_owned()),
        ("PYTHONSTARTUP", "/nonexistent".to_owned()),
    ]
}

/// Variables that name programs. What names the programs themselves (`PATH`, `GIT_EXEC_PATH`,
/// `LD_PRELOAD`) is not among them: who sets these is the user.
fn programs(traps: &Traps<'_>) -> Vec<(String, String)> {
    let names = [
        "EDITOR",
        "GIT_ASKPASS",
        "GIT_EDITOR",
        "GIT_EXTERNAL_DIFF",
        "GIT_PAGER",
        "GIT_PROXY_COMMAND",
        "GIT_SEQUENCE_EDITOR",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "PAGER",
        "SSH_ASKPASS",
        "VISUAL",
        "BROWSER",
    ];
    let mut found: Vec<(String, String)> = names
        .iter()
        .map(|name| ((*name).to_owned(), traps.program(name)))
        .collect();
    let settings = traps.settings(PROGRAMS);
    // Filters that `git -c` gives are the user's wish.
    let settings = settings
        .iter()
        .filter(|(key, _)| !key.starts_with("filter."));
    let mut count = 0;
    for (key, value) in settings {
        found.push((format!("GIT_CONFIG_KEY_{count}"), key.clone()));
        found.push((format!("GIT_CONFIG_VALUE_{count}"), value.clone()));
        count += 1;
    }
    found.push(("GIT_CONFIG_COUNT".into(), count.to_string()));
    let quoted = format!("'core.fsmonitor'='{}'", traps.program("parameters"));
    found.push(("GIT_CONFIG_PARAMETERS".into(), quoted));
    found
}

#[test]
fn the_main_road_is_the_same_under_a_hostile_environment() {
    let world = World::founded();
    let traps = Traps(&world);
    for who in ["olga", "otto", "rita"] {
        let attributes = "* filter=trap diff=trap merge=trap\n";
        world.write(&format!("{who}/.git/info/attributes"), attributes);
    }
    let mut elsewhere = elsewhere(&world);
    // As inside of a push; and a work tree elsewhere is the user's, see below.
    elsewhere.retain(|(key, _)| !matches!(*key, "GIT_QUARANTINE_PATH" | "GIT_WORK_TREE"));
    let programs = programs(&traps);
    let trace = world.path("trace").display().to_string();
    walk(&world, |command, _| {
        command.envs(elsewhere.iter().map(|(key, value)| (key, value)));
        command.envs(programs.iter().map(|(key, value)| (key, value)));
        command
            .env("GIT_TRACE", &trace)
            .env("GIT_TRACE2_EVENT", &trace);
        command.env("AWO_UNKNOWN", "1").env("AWO_RUN_STAGE", "");
    });
    assert_eq!(traps.fired(), Default::default());
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // The server's hooks were called under it too: what they have written is whole.
    world.ok("server", "server.git", &["git", "fsck", "--strict"]);
}

/// Runs `verify --json` in vera's clone under some variables.
fn verdict(world: &World, set: impl Fn(&mut Command)) -> (Option<i32>, String) {
    let mut command = world.command("vera", "vera", &["git", "awo", "verify", "--json"]);
    set(&mut command);
    let output = command.output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn no_variable_changes_a_verdict() {
    for bad in [false, true] {
        let world = World::landed();
        if bad {
            world.write("otto/src/a.py", "x = 1\n");
            world.commit("otto", "Nobody's");
            world.force("otto", &["main"]);
        }
        world.fresh_clone();
        let honest = verdict(&world, |_| {});
        assert_eq!(honest.0, Some(i32::from(bad)));
        for (key, value) in elsewhere(&world) {
            let now = verdict(&world, |command| {
                command.env(key, &value);
            });
            if key == "GIT_QUARANTINE_PATH" {
                // As inside of a push, where nothing may be written.
                assert!(now.0 == Some(3) && now.1.contains("INT-005"), "{now:?}");
                continue;
            }
            assert_eq!(now, honest, "{key}={value}");
        }
        let traps = Traps(&world);
        let programs = programs(&traps);
        let now = verdict(&world, |command| {
            command.envs(programs.iter().map(|(key, value)| (key, value)));
            command
                .env("GIT_EXEC_PATH", "/nonexistent")
                .env("HOME", "/nonexistent");
            command.env_remove("PATH");
        });
        assert_eq!(now, honest, "no program is needed");
        for value in [
            "0",
            "1",
            "4102444800",
            "-1",
            "x",
            "99999999999999999999",
            "",
        ] {
            let now = verdict(&world, |command| {
                command.env("SOURCE_DATE_EPOCH", value);
            });
            let same = (now.0, without_age(&now.1)) == honest;
            assert!(
                same || now.0 == Some(3),
                "SOURCE_DATE_EPOCH={value}: {now:?}"
            );
        }
        for (at, (key, value)) in VIEWS.iter().enumerate() {
            let now = verdict(&world, |command| {
                command.env("GIT_CONFIG_COUNT", "1");
                command
                    .env("GIT_CONFIG_KEY_0", key)
                    .env("GIT_CONFIG_VALUE_0", value);
            });
            assert_eq!(now, honest, "{at}: {key}={value}");
        }
        assert_eq!(traps.fired(), Default::default());
    }
}

#[test]
fn git_dir_is_followed_as_git_does_and_nothing_else_is() {
    let world = World::landed();
    world.fresh_clone();
    let honest = verdict(&world, |_| {});
    let git_dir = world.path("vera/.git").display().to_string();
    world.ok("vera", ".", &["git", "init", "--quiet", "decoy"]);
    let run = |place: &str, value: &str| {
        let mut command = world.command("vera", place, &["git", "awo", "verify", "--json"]);
        let output = command.env("GIT_DIR", value).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    for (place, value) in [
        ("decoy", git_dir.as_str()),
        ("vera", ".git"),
        ("vera/src", "../.git"),
        ("vera", ""),
    ] {
        assert_eq!(run(place, value), honest, "{place}: {value}");
    }
    // Another repository is another repository: it has no policy.
    let decoy = world.path("decoy/.git").display().to_string();
    let (code, text) = run("vera", &decoy);
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("STR-002"), "{text}");
    let (code, text) = run("vera", "/nonexistent");
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("INT-005"), "{text}");
}

#[test]
fn a_work_tree_in_another_repository_does_not_lead_there() {
    let world = World::landed();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let refs = |place: &str| world.ok("rita", place, &["git", "for-each-ref"]);
    let status = |place: &str| world.ok("rita", place, &["git", "status", "--porcelain"]);
    let before = (refs("olga"), status("olga"));
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "awo",
            "outcome",
            crate::world::RUN,
            "rejected",
            "--reason",
            "no",
        ],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let outside = (refs("rita"), status("rita"));
    // otto's clone says, or his environment, that its work tree is rita's.
    let elsewhere = world.path("rita").display().to_string();
    let mut command = world.command("otto", "otto", &["git", "awo", "fetch"]);
    assert!(
        command
            .env("GIT_WORK_TREE", &elsewhere)
            .status()
            .unwrap()
            .success()
    );
    assert_ne!(refs("otto"), before.0, "otto's clone has fetched");
    world.ok(
        "otto",
        "otto",
        &["git", "config", "core.worktree", &elsewhere],
    );
    for words in [
        &["fetch"][..],
        &["push"],
        &["status"],
        &["doctor"],
        &["verify", "HEAD"],
        &["init"],
    ] {
        let mut all = vec!["git", "awo"];
        all.extend(words);
        let done = world.run("otto", "otto", &all);
        assert_ne!(done.code, 4, "{}", done.text);
        assert_eq!((refs("rita"), status("rita")), outside, "{words:?}");
    }
}

#[test]
fn no_command_starts_what_the_environment_names() {
    let world = World::landed();
    let traps = Traps(&world);
    let programs = programs(&traps);
    let mut sprung = Vec::new();
    for call in every_command(&world) {
        let mut words = vec!["git", "awo"];
        words.extend(call.words.iter().map(String::as_str));
        let mut command = world.command("otto", "otto", &words);
        command.envs(programs.iter().map(|(key, value)| (key, value)));
        let output = command.output().unwrap();
        assert_ne!(output.status.code(), Some(4), "{words:?}");
        let fired = traps.fired();
        if !fired.is_empty() {
            sprung.push(format!("{}: {fired:?}", words.join(" ")));
        }
    }
    assert!(sprung.is_empty(), "{}", sprung.join("\n"));
}
