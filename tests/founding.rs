//! The first policy of somebody who starts alone: from the first commit on, everything lands.

use crate::world::World;

/// A new bare server `fresh.git` that trusts olga's key, and her new repository `fresh`, in which
/// `branch` has no commit yet.
fn empty(branch: &str) -> World {
    let world = World::founded();
    world.ok("server", ".", &["git", "init", "-q", "--bare", "fresh.git"]);
    let anchor = world.fingerprint();
    let server = ["git", "awo", "init", "--server", "--anchor", &anchor];
    world.ok("server", "fresh.git", &server);
    let head = format!("refs/heads/{branch}");
    world.ok(
        "server",
        "fresh.git",
        &["git", "symbolic-ref", "HEAD", &head],
    );
    world.ok("olga", ".", &["git", "init", "-q", "-b", branch, "fresh"]);
    let remote = ["git", "remote", "add", "origin", "../fresh.git"];
    world.ok("olga", "fresh", &remote);
    world
}

fn commit(world: &World, text: &str) {
    world.write("fresh/README.md", text);
    world.ok("olga", "fresh", &["git", "add", "-A"]);
    world.ok("olga", "fresh", &["git", "commit", "-q", "-m", "Say more"]);
}

#[test]
fn what_starts_empty_lands_from_the_first_commit_on() {
    for branch in ["main", "trunk"] {
        let world = empty(branch);
        let said = world.ok(
            "olga",
            "fresh",
            &["git", "awo", "init", "--identity", "olga"],
        );
        assert!(
            said.contains(&format!("refs/heads/{branch} has no commit yet")),
            "{said}"
        );
        assert!(said.contains("the receive log is kept"), "{said}");
        for text in ["one\n", "two\n"] {
            commit(&world, text);
            world.ok("olga", "fresh", &["git", "awo", "push"]);
        }
        let list = ["git", "for-each-ref", "--format=%(refname)"];
        let refs = world.ok("server", "fresh.git", &list);
        let branch = format!("refs/heads/{branch}");
        for name in [branch.as_str(), "refs/awo/policy", "refs/awo/log"] {
            assert!(refs.lines().any(|it| it == name), "{name}: {refs}");
        }
        world.ok("vera", ".", &["git", "clone", "-q", "fresh.git", "seen"]);
        world.ok(
            "vera",
            "seen",
            &["git", "awo", "trust", &world.fingerprint()],
        );
        world.ok("vera", "seen", &["git", "awo", "fetch"]);
        world.ok("vera", "seen", &["git", "awo", "verify"]);
        world.ok("server", "fresh.git", &["git", "awo", "doctor"]);
        // Nobody else lands anything there.
        world.ok("rita", ".", &["git", "clone", "-q", "fresh.git", "other"]);
        world.write("other/README.md", "three\n");
        world.ok("rita", "other", &["git", "commit", "-q", "-a", "-m", "x"]);
        let push = ["git", "push", "-q", "origin", &format!("HEAD:{branch}")];
        world.refused("rita", "other", &push, "ATT-004");
    }
}

#[test]
fn with_a_commit_to_adopt_nothing_lands_without_a_run() {
    let world = empty("main");
    commit(&world, "one\n");
    let said = world.ok(
        "olga",
        "fresh",
        &["git", "awo", "init", "--identity", "olga"],
    );
    assert!(!said.contains("no commit yet"), "{said}");
    world.ok("olga", "fresh", &["git", "awo", "push"]);
    world.write("fresh/README.md", "two\n");
    let late = ["git", "commit", "-q", "-n", "-a", "-m", "x"];
    world.ok("olga", "fresh", &late);
    world.refused("olga", "fresh", &["git", "awo", "push"], "GOV-002");
}

#[test]
fn the_key_of_the_server_is_given_by_its_file_or_its_words() {
    let line = |world: &World| {
        let key = world.path("fresh.git/awo/server_key.pub");
        std::fs::read_to_string(key).unwrap()
    };
    for by_words in [false, true] {
        let world = empty("main");
        world.ok("olga", "fresh", &["git", "remote", "remove", "origin"]);
        let words = format!("server {}", line(&world).trim());
        let given = match by_words {
            true => words.as_str(),
            false => "../fresh.git/awo/server_key.pub",
        };
        let init = [
            "git",
            "awo",
            "init",
            "--identity",
            "olga",
            "--server-key",
            given,
        ];
        let said = world.ok("olga", "fresh", &init);
        assert!(said.contains("the receive log is kept"), "{said}");
        let again = world.run("olga", "fresh", &init);
        assert_eq!(again.code, 2, "there is a policy: {}", again.text);
    }
    let world = empty("main");
    world.ok("olga", "fresh", &["git", "remote", "remove", "origin"]);
    let wrong = ["git", "awo", "init", "--server-key", "no key"];
    let said = world.run("olga", "fresh", &wrong);
    assert_eq!(said.code, 2, "{}", said.text);
    let said = world.ok(
        "olga",
        "fresh",
        &["git", "awo", "init", "--identity", "olga"],
    );
    assert!(said.contains("names no server key"), "{said}");
}
