//! The first policy of somebody who starts alone: from the first commit on, everything lands.

use crate::hostile::raw::object;
use crate::world::World;

/// Who acts, and in which clone.
const FRESH: (&str, &str) = ("olga", "fresh");

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

/// Puts a directory into the index of `fresh` whose files have the mode of an old program, commits.
fn commit_old(world: &World, directory: &str, content: &str) {
    let blob = object(world, FRESH, "blob", content.as_bytes());
    let digits = blob.as_bytes().chunks(2);
    let id = digits.map(|it| u8::from_str_radix(std::str::from_utf8(it).unwrap(), 16).unwrap());
    let entry: Vec<u8> = b"100664 a\0".iter().copied().chain(id).collect();
    let old = object(world, FRESH, "tree", &entry);
    let list = world.ok("olga", "fresh", &["git", "ls-tree", "HEAD"]);
    let list = format!("{list}040000 tree {old}\t{directory}\n");
    world.write("list", list);
    let script = "tree=$(git mktree < ../list) && git reset -q --soft \
                  $(git commit-tree -S -p HEAD -m Old $tree) && git reset -q --hard";
    world.ok("olga", "fresh", &["sh", "-c", script]);
}

/// Everything that a policy permits only where it says so, once.
const HABITS: &str = r#"
set -e
echo '#!/bin/sh' > run.sh; chmod +x run.sh
ln -s README.md link
printf x > 'a	b'; printf y > 'dot.'
printf 1 > Case; printf 2 > case
echo '* text=auto' > .gitattributes
mkdir -p .github/workflows sub; echo on: push > .github/workflows/ci.yml
printf '[submodule "sub"]\n\tpath = sub\n\turl = ../server.git\n' > .gitmodules
git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub
git add -A; git commit -q -n -m 'All at once'
git switch -q -c side; echo side > side; git add -A; git commit -q -n -m Side
git switch -q -; git merge -q --no-ff --no-verify -m Merge side; git branch -q -D side
"#;

#[test]
fn an_adopted_branch_keeps_its_habits() {
    let world = empty("main");
    commit(&world, "one\n");
    world.ok("olga", "fresh", &["sh", "-c", HABITS]);
    commit_old(&world, "old", "x\n");
    let tags = "git tag v1 HEAD^; git tag -a -m Two v2";
    world.ok("olga", "fresh", &["sh", "-c", tags]);
    let init = ["git", "awo", "init", "--identity", "olga"];
    let said = world.ok("olga", "fresh", &init);
    let used = "permitted, since it is used here: collisions, executable, odd_modes, odd_names, \
                submodules, symlinks, merges, tags, git_files .gitattributes, git_files .gitmodules\n";
    assert!(said.contains(used), "{said}");
    let policy = ["git", "show", "refs/awo/policy:policy.toml"];
    let text = world.ok("olga", "fresh", &policy);
    world.ok("olga", "fresh", &["git", "awo", "push"]);
    world.ok("olga", "fresh", &["git", "tag", "v3"]);
    world.ok("olga", "fresh", &["git", "push", "-q", "origin", "--tags"]);
    // As it goes on: the same again, elsewhere.
    world.ok("olga", "fresh", &["git", "switch", "-q", "-c", "wip/more"]);
    let again = format!(
        "mkdir more; cd more\n{}",
        HABITS.replace(" sub", " more-sub")
    );
    let again = again
        .replace(",sub", ",more/more-sub")
        .replace("= sub", "= more/more-sub");
    world.ok("olga", "fresh", &["sh", "-c", &again]);
    commit_old(&world, "older", "y\n");
    world.ok("olga", "fresh", &["git", "awo", "push"]);
    world.ok(
        "vera",
        ".",
        &["git", "clone", "-q", "-b", "main", "fresh.git", "seen"],
    );
    world.ok(
        "vera",
        "seen",
        &["git", "awo", "trust", &world.fingerprint()],
    );
    world.ok("vera", "seen", &["git", "awo", "fetch"]);
    world.ok("vera", "seen", &["git", "awo", "verify"]);
    // The same repository, the same policy.
    world.ok("server", "fresh.git", &["git", "tag", "-d", "v3"]);
    world.ok(
        "olga",
        ".",
        &["git", "clone", "-q", "-b", "main", "fresh.git", "twin"],
    );
    let origin = ["git", "remote", "remove", "origin"];
    world.ok("olga", "twin", &origin);
    let key = ["--server-key", "../fresh.git/awo/server_key.pub"];
    world.ok("olga", "twin", &[&init[..], &key].concat());
    assert_eq!(world.ok("olga", "twin", &policy), text);
}

#[test]
fn a_repository_whose_tags_move_goes_on_moving_them_and_no_others() {
    let world = empty("main");
    commit(&world, "one\n");
    let olga = |words: &str| {
        let words: Vec<_> = words.split(' ').collect();
        world.run("olga", "fresh", &words)
    };
    for tag in ["v1.0.0", "v1", "latest"] {
        olga(&format!("git tag {tag}"));
    }
    commit(&world, "two\n");
    let said = olga("git awo init --identity olga").text;
    assert!(said.contains("tags, tags that move\n"), "{said}");
    assert_eq!(olga("git awo push").code, 0);
    assert_eq!(olga("git push -q origin v1.0.0 v1 latest").code, 0);
    for tag in ["v1.0.0", "v1.1.0", "v1", "v2", "latest"] {
        olga(&format!("git tag -f {tag}"));
    }
    let moved = olga("git push -q origin +v1 +latest v1.1.0 v2");
    assert_eq!(moved.code, 0, "{}", moved.text);
    assert_eq!(world.rev("fresh.git", "v1"), world.rev("fresh", "HEAD"));
    let before = world.rev("fresh.git", "v1.0.0");
    let refused = olga("git push -q --no-verify origin +v1.0.0");
    assert_eq!(refused.code, 1, "{}", refused.text);
    assert!(refused.text.contains("move = true"), "{}", refused.text);
    assert_eq!(world.rev("fresh.git", "v1.0.0"), before);
    world.ok("olga", "fresh", &["git", "awo", "fetch", "--whole"]);
    world.ok("olga", "fresh", &["git", "awo", "verify"]);
}

/// main takes olga's direct commits, of anything, and `wip/**` those below src/. What main adopted has
/// no signature.
#[test]
fn a_branch_begins_where_a_main_of_direct_commits_was_adopted() {
    let world = empty("main");
    let olga = |words: &str| {
        let words: Vec<_> = words.split(' ').collect();
        world.ok("olga", "fresh", &words)
    };
    let unsigned = |text: &str| {
        world.write("fresh/src/a.py", text);
        olga("git add -A");
        olga("git -c commit.gpgsign=false commit -q -n -m Old");
    };
    unsigned("1\n");
    unsigned("2\n");
    let adopted = world.rev("fresh", "HEAD");
    olga("git awo init --identity olga");
    let text = olga("git show refs/awo/policy:policy.toml");
    let (before, rest) = text.split_once("[[ref]]\n").unwrap();
    let (_, rest) = rest.split_once("[[ref]]\n").unwrap();
    let (_, after) = rest.split_once("[[rule]]\n").unwrap();
    let before = before.replacen("version = 1", "version = 2", 1);
    let entry = |name: &str, more: &str, paths: &str| {
        format!(
            "[[ref]]\npattern = \"refs/heads/{name}\"\naccept = [\"direct\"]\nmerges = true\n{more}\
             direct = [{{ writers = [\"olga\"], paths = [\"{paths}\"] }}]\n\n"
        )
    };
    let main = entry("main", &format!("adopted = \"{adopted}\"\n"), "**");
    let wip = entry("wip/**", "", "src/");
    world.write("next.toml", format!("{before}{main}{wip}[[rule]]\n{after}"));
    olga("git awo policy propose ../next.toml");
    olga("git awo policy apply");
    olga("git awo push");
    let branch = |name: &str, from: &str| olga(&format!("git switch -q -c wip/{name} {from}"));
    let work = |path: &str| {
        world.write(&format!("fresh/{path}"), path);
        olga("git add -A");
        olga("git commit -q -n -m Work");
    };
    let refused = |name: &str, code: &str| {
        let list = ["git", "for-each-ref"];
        let before = world.ok("server", "fresh.git", &list);
        let to = format!("wip/{name}");
        let push = ["git", "push", "-q", "--no-verify", "origin", &to];
        world.refused("olga", "fresh", &push, code);
        assert_eq!(world.ok("server", "fresh.git", &list), before, "{name}");
    };
    branch("one", &adopted);
    work("src/b.py");
    olga("git push -q --no-verify origin wip/one");
    // More of the same is not what main adopted.
    branch("unsigned", &adopted);
    unsigned("3\n");
    refused("unsigned", "ATT-003");
    // main takes what wip/** does not, and goes on to hide nothing of that.
    olga("git switch -q main");
    work("README.md");
    olga("git push -q --no-verify origin main");
    branch("two", "main");
    refused("two", "GOV-003");
    olga("git switch -q main");
    branch("three", &adopted);
    work("src/c.py");
    olga("git awo push");
    world.ok("vera", ".", &["git", "clone", "-q", "fresh.git", "seen"]);
    let trust = ["git", "awo", "trust", &world.fingerprint()];
    world.ok("vera", "seen", &trust);
    world.ok("vera", "seen", &["git", "awo", "fetch"]);
    world.ok("vera", "seen", &["git", "awo", "verify"]);
    let range = format!("{adopted}~1..origin/wip/three");
    world.ok("vera", "seen", &["git", "awo", "verify", &range]);
    // Past the hooks everybody finds what the door refuses.
    for (name, code) in [("unsigned", "ATT-003"), ("two", "GOV-003")] {
        let to = format!("wip/{name}");
        let without = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
        let push = ["git", "push", "-q", "--no-verify", without, "origin", &to];
        world.ok("olga", "fresh", &push);
        world.ok("vera", "seen", &["git", "awo", "fetch"]);
        world.refused("vera", "seen", &["git", "awo", "verify"], code);
    }
}

/// main stands on the server before there is a policy, and a log.
#[test]
fn what_was_adopted_needs_no_receipt() {
    let world = empty("main");
    commit(&world, "one\n");
    commit(&world, "two\n");
    let without = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
    let push = ["git", "push", "-q", "--no-verify", without, "origin"];
    let past = |to: &str| _ = world.ok("olga", "fresh", &[&push[..], &[to]].concat());
    past("main");
    let init = ["git", "awo", "init", "--identity", "olga"];
    world.ok("olga", "fresh", &init);
    world.ok("olga", "fresh", &["git", "awo", "push"]);
    let verify = || world.ok("olga", "fresh", &["git", "awo", "verify"]);
    let said = verify();
    assert!(!said.contains("note"), "{said}");
    // What no policy adopted is told.
    world.ok("olga", "fresh", &["git", "switch", "-q", "-c", "wip/x"]);
    for branch in ["wip/past", "wip/pushed"] {
        commit(&world, branch);
        match branch {
            "wip/past" => past("HEAD:refs/heads/wip/past"),
            _ => _ = world.ok("olga", "fresh", &["git", "awo", "push"]),
        }
    }
    world.ok("olga", "fresh", &["git", "awo", "fetch"]);
    let said = verify();
    assert!(said.contains("note: refs/heads/wip/past came to"), "{said}");
    assert!(!said.contains("note: refs/heads/main"), "{said}");
}

#[test]
fn a_policy_that_adopts_what_is_not_here_is_not_called_right() {
    let world = empty("main");
    commit(&world, "one\n");
    world.ok("olga", "fresh", &["git", "tag", "v1"]);
    let init = ["git", "awo", "init", "--identity", "olga"];
    world.ok("olga", "fresh", &init);
    let show = ["git", "show", "refs/awo/policy:policy.toml"];
    let text = world.ok("olga", "fresh", &show);
    let text = text.replacen("version = 1", "version = 2", 1);
    let (tip, other) = (world.rev("fresh", "main"), "7".repeat(40));
    let check = ["git", "awo", "policy", "check", "../next.toml"];
    world.write("next.toml", &text);
    world.ok("olga", "fresh", &check);
    for (what, from, to) in [
        (
            "refs/heads/main",
            format!("adopted = \"{tip}\""),
            format!("adopted = \"{other}\""),
        ),
        (
            "refs/tags/v1",
            format!("\"refs/tags/v1\" = \"{tip}\""),
            format!("\"refs/tags/v1\" = \"{other}\""),
        ),
    ] {
        assert!(text.contains(&from), "{text}");
        world.write("next.toml", text.replace(&from, &to));
        let said = world.run("olga", "fresh", &check);
        assert_eq!(said.code, 3, "{}", said.text);
        let expected = format!("{what} adopts {other}, which is not here");
        assert!(said.text.contains(&expected), "{}", said.text);
    }
}

#[test]
fn a_shallow_clone_is_adopted_by_what_it_has() {
    let world = empty("main");
    commit(&world, "one\n");
    world.ok("olga", "fresh", &["sh", "-c", HABITS]);
    commit(&world, "two\n");
    let place = format!("file://{}", world.path("fresh").display());
    world.ok(
        "olga",
        ".",
        &["git", "clone", "-q", "--depth=1", &place, "shallow"],
    );
    world.ok("olga", "shallow", &["git", "remote", "remove", "origin"]);
    let init = ["git", "awo", "init", "--identity", "olga"];
    let said = world.ok("olga", "shallow", &init);
    assert!(
        said.contains("executable") && !said.contains("merges"),
        "{said}"
    );
    assert!(!said.contains("could be looked at"), "{said}");
}

#[test]
fn nobody_goes_on_from_where_a_branch_was_moved_back_past_the_hooks() {
    let world = empty("main");
    world.ok(
        "olga",
        "fresh",
        &["git", "awo", "init", "--identity", "olga"],
    );
    for text in ["one\n", "two\n"] {
        commit(&world, text);
        world.ok("olga", "fresh", &["git", "awo", "push"]);
    }
    let pushed = world.rev("fresh.git", "refs/heads/main");
    let back = ["git", "update-ref", "refs/heads/main", "main~1"];
    world.ok("server", "fresh.git", &back);
    world.ok("olga", "fresh", &["git", "reset", "-q", "--hard", "main~1"]);
    commit(&world, "three\n");
    let push = ["git", "push", "--no-verify", "origin", "main"];
    let said = world.refused("olga", "fresh", &push, "REP-002");
    assert!(said.contains("logged-state"), "{said}");
    let now = world.rev("fresh.git", "refs/heads/main");
    assert_eq!(now, world.rev("fresh", "main~1"), "nothing moved");
    // The remedy helps: no entry of the log tells of it, and all goes on.
    let restore = ["git", "update-ref", "refs/heads/main", &pushed];
    world.ok("server", "fresh.git", &restore);
    world.ok("olga", "fresh", &["git", "reset", "-q", "--hard", &pushed]);
    commit(&world, "four\n");
    world.ok("olga", "fresh", &["git", "awo", "push"]);
    world.ok("olga", "fresh", &["git", "awo", "fetch"]);
    world.ok("olga", "fresh", &["git", "awo", "verify"]);
}
