//! A clone that belongs to another user.

use super::commands::every_command;
use super::traps::{PROGRAMS, REMOTES, Traps};
use crate::world::World;

/// A landed world; vera's and otto's clones are given to another user, who sets traps in them.
fn given_away() -> World {
    let world = World::landed();
    world.fresh_clone();
    let traps = Traps(&world);
    let mut settings = PROGRAMS.to_vec();
    let reach = |key: &str| key.starts_with("remote.") || key == "core.hooksPath";
    settings.extend(REMOTES.iter().filter(|(key, _)| reach(key)));
    for who in ["vera", "otto"] {
        traps.put_into(who, &settings);
        world.ok("server", ".", &["chown", "-R", "65534:65534", who]);
    }
    world
}

#[test]
#[ignore = "needs root to give a clone to another user"]
fn a_clone_of_another_user_starts_nothing() {
    let world = given_away();
    let traps = Traps(&world);
    let said = world.run("vera", "vera", &["git", "status"]).text;
    assert!(said.contains("dubious ownership"), "git refuses: {said}");
    // Reading needs no git, and so the verdict is the one of anybody's clone.
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    let main = world.rev("server.git", "main");
    world.write(
        &format!("vera/.git/refs/replace/{main}"),
        format!("{main}\n"),
    );
    world.refused("vera", "vera", &["git", "awo", "verify"], "INT-005");
    let server = world.server();
    let said = world.refused("otto", "otto", &["git", "awo", "fetch"], "INT-005");
    assert!(said.contains("safe.directory"), "{said}");
    let said = world.refused("otto", "otto", &["git", "awo", "doctor"], "INT-005");
    assert!(said.contains("belongs to another user"), "{said}");
    let mut sprung = Vec::new();
    for call in every_command(&world) {
        let mut words = vec!["git", "awo"];
        words.extend(call.words.iter().map(String::as_str));
        let done = world.run("otto", "otto", &words);
        assert_ne!(done.code, 4, "{words:?}: {}", done.text);
        let fired = traps.fired();
        if !fired.is_empty() {
            sprung.push(format!("{}: {fired:?}", words.join(" ")));
        }
    }
    assert!(sprung.is_empty(), "{}", sprung.join("\n"));
    assert_eq!(world.server(), server, "nothing moved");
}

#[test]
#[ignore = "needs root to give a clone to another user"]
fn a_clone_that_the_user_trusts_is_one_like_any_other() {
    let world = given_away();
    let trust = ["git", "config", "--global", "--add", "safe.directory"];
    for (who, safe) in [("otto", "otto"), ("vera", "*")] {
        let place = match safe {
            "*" => safe.to_owned(),
            place => world.path(place).display().to_string(),
        };
        world.ok(who, ".", &[&trust[..], &[&place]].concat());
    }
    let traps = Traps(&world);
    // Whose settings are trusted may start programs; the traps work.
    world.run("otto", "otto", &["git", "awo", "fetch"]);
    assert!(!traps.fired().is_empty(), "the traps work");
    let unset = ["git", "config", "--unset", "remote.origin.uploadpack"];
    for who in ["otto", "vera"] {
        world.ok(who, who, &unset);
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
}
