//! Shallow, partial and single-branch clones, and what CI checks out: `git awo verify` names the one
//! command that helps, and after it verifies.

use crate::world::{Done, World};

const VERIFY: &[&str] = &["git", "awo", "verify"];

/// A way in which a repository gets onto a machine.
struct Checkout {
    what: &'static str,
    /// The commands, in the directory of the clone.
    script: &'static str,
    /// What brings all that is missing.
    remedy: &'static str,
}

const WHOLE: &str = "git awo fetch --whole";

const CHECKOUTS: &[Checkout] = &[
    Checkout {
        what: "a clone",
        script: "git clone -q $URL .",
        remedy: "git awo fetch",
    },
    Checkout {
        what: "a clone of one branch",
        script: "git clone -q --single-branch $URL .",
        remedy: "git awo fetch",
    },
    Checkout {
        what: "a shallow clone",
        script: "git clone -q --depth=1 $URL .",
        remedy: WHOLE,
    },
    Checkout {
        what: "a clone without blobs",
        script: "git clone -q --filter=blob:none $URL .",
        remedy: WHOLE,
    },
    Checkout {
        what: "a clone without trees",
        script: "git clone -q --filter=tree:0 $URL .",
        remedy: WHOLE,
    },
    Checkout {
        what: "a shallow clone without blobs",
        script: "git clone -q --depth=1 --filter=blob:none --no-checkout $URL .",
        remedy: WHOLE,
    },
    Checkout {
        what: "actions/checkout of a push",
        script: "git init -q . && git remote add origin $URL && \
            git fetch -q --no-tags --prune --no-recurse-submodules --depth=1 origin \
            +$SHA:refs/remotes/origin/main && \
            git checkout -q --force -B main refs/remotes/origin/main",
        remedy: WHOLE,
    },
    Checkout {
        what: "actions/checkout of a pull request",
        script: "git init -q . && git remote add origin $URL && \
            git fetch -q --no-tags --prune --no-recurse-submodules --depth=1 origin \
            +$MERGE:refs/remotes/pull/7/merge && \
            git checkout -q --force refs/remotes/pull/7/merge",
        remedy: WHOLE,
    },
    Checkout {
        what: "actions/checkout with a filter",
        script: "git init -q . && git remote add origin $URL && \
            git config remote.origin.promisor true && \
            git config remote.origin.partialclonefilter blob:none && \
            git fetch -q --no-tags --prune --no-recurse-submodules --filter=blob:none --depth=1 origin \
            +$SHA:refs/remotes/origin/main && \
            git checkout -q --force -B main refs/remotes/origin/main",
        remedy: WHOLE,
    },
    Checkout {
        what: "actions/checkout of a tag",
        script: "git init -q . && git remote add origin $URL && \
            git fetch -q --no-tags --prune --no-recurse-submodules --depth=1 origin \
            +$SHA:refs/tags/v1 && \
            git checkout -q --force refs/tags/v1",
        remedy: WHOLE,
    },
    Checkout {
        what: "a GitLab runner",
        // Its depth is 20; there is less history here.
        script: "git init -q . && git remote add origin $URL && \
            git fetch -q --depth 1 --no-tags --prune origin \
            +$SHA:refs/pipelines/11 +refs/heads/main:refs/remotes/origin/main && \
            git checkout -q -f --detach $SHA",
        remedy: WHOLE,
    },
];

/// What actions/checkout does for a tag where all history is asked for: it puts the commit in the place of
/// the tag object that it has just fetched.
const WITH_HISTORY: &str = "git init -q . && git remote add origin $URL && \
    git fetch -q --prune --no-recurse-submodules origin \
    '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*' && \
    git fetch -q --no-tags --prune --no-recurse-submodules origin +$SHA:refs/tags/v1 && \
    git checkout -q --force refs/tags/v1";

/// A server whose `main` has a run and a release, and a pull request with its trial merge, as GitHub has
/// them.
fn server() -> World {
    let world = World::landed();
    world.takes_tags("");
    world.ok("olga", "olga", &["git", "fetch", "-q"]);
    let tag = ["git", "tag", "-s", "-m", "One", "v1", "origin/main"];
    world.ok("olga", "olga", &tag);
    world.push_accepted("olga", &["v1"]);
    let shell = |script: &str| world.ok("server", "server.git", &["sh", "-c", script]);
    shell("git config uploadpack.allowFilter true");
    shell("git config uploadpack.allowAnySHA1InWant true");
    world.ok(
        "otto",
        "otto",
        &["git", "checkout", "-q", "-b", "wip/more", "origin/main"],
    );
    world.write("otto/docs/more.md", "more\n");
    world.commit("otto", "Explain more");
    world.push_accepted("otto", &["wip/more"]);
    proposed(&world, "wip/more");
    world
}

/// A pull request of this commit, and its trial merge.
fn proposed(world: &World, commit: &str) {
    let script = format!(
        "git fetch -q ../otto +{commit}:refs/pull/7/head && \
         merge=$(git -c user.name=forge -c user.email=forge@localhost commit-tree -p main -p refs/pull/7/head \
         -m Merge refs/pull/7/head^{{tree}}) && git update-ref refs/pull/7/merge $merge"
    );
    world.ok("server", "server.git", &["sh", "-c", &script]);
}

/// Makes a checkout in a home without any settings of git.
fn check_out(world: &World, script: &str) {
    for made in ["home/ci", "ci"] {
        let _ = std::fs::remove_dir_all(world.path(made));
        std::fs::create_dir_all(world.path(made)).unwrap();
    }
    let url = format!("file://{}", world.path("server.git").display());
    let (sha, merge) = (
        world.rev("server.git", "main"),
        world.rev("server.git", "refs/pull/7/merge"),
    );
    let all = format!("set -e; URL={url} SHA={sha} MERGE={merge}; {script}");
    world.ok("ci", "ci", &["sh", "-c", &all]);
}

fn ci(world: &World, words: &[&str]) -> Done {
    world.run("ci", "ci", words)
}

/// Returns the remedies that a command names.
fn remedies(done: &Done) -> Vec<&str> {
    let lines = done.text.lines();
    lines
        .filter_map(|it| it.trim().strip_prefix("remedy: "))
        .collect()
}

#[test]
fn every_kind_of_checkout_is_told_the_one_command_that_helps() {
    let world = server();
    let anchor = world.fingerprint();
    for it in CHECKOUTS {
        check_out(&world, it.script);
        world.ok("ci", "ci", &["git", "awo", "trust", &anchor]);
        let done = ci(&world, VERIFY);
        assert_eq!(
            (done.code, remedies(&done)),
            (3, vec![it.remedy]),
            "{}: {}",
            it.what,
            done.text
        );
        let remedy: Vec<_> = it.remedy.split(' ').collect();
        world.ok("ci", "ci", &remedy);
        let done = ci(&world, VERIFY);
        assert_eq!(done.code, 0, "{}: {}", it.what, done.text);
        let objects = [
            "git",
            "fsck",
            "--connectivity-only",
            "--no-dangling",
            "--no-progress",
        ];
        world.ok("ci", "ci", &objects);
        // It is an ordinary clone now.
        world.ok("ci", "ci", &["git", "awo", "fetch"]);
        world.ok("ci", "ci", &["git", "fetch", "-q"]);
        world.ok("ci", "ci", VERIFY);
    }
}

#[test]
fn one_command_verifies_what_ci_checks_out() {
    let world = server();
    let anchor = world.fingerprint();
    let with = |more: &[&'static str]| {
        [&["git", "awo", "verify", "--ci", "--anchor", &anchor], more].concat()
    };
    for it in CHECKOUTS {
        check_out(&world, it.script);
        let done = ci(&world, &with(&["--fresh", "1"]));
        let is_pull = it.script.contains("pull/7");
        // wip/more contains what the pull request proposes.
        assert_eq!(done.code, 0, "{}: {}", it.what, done.text);
        assert_eq!(
            done.text.contains("tries whether"),
            is_pull,
            "{}",
            done.text
        );
        // What is proposed for main has no run.
        let done = ci(&world, &with(&["--ref", "main"]));
        assert_eq!(done.code, i32::from(is_pull), "{}: {}", it.what, done.text);
        assert_eq!(done.text.contains("GOV-002"), is_pull, "{}", done.text);
    }
}

#[test]
fn a_tag_that_the_checkout_has_written_itself_is_not_denied() {
    let world = server();
    let anchor = world.fingerprint();
    check_out(&world, WITH_HISTORY);
    world.ok("ci", "ci", &["git", "awo", "trust", &anchor]);
    world.ok("ci", "ci", &["git", "awo", "fetch"]);
    for words in [
        &["git", "awo", "verify"][..],
        &["git", "awo", "verify", "v1"],
    ] {
        let done = ci(&world, words);
        assert_eq!(
            (done.code, remedies(&done)),
            (3, vec![WHOLE]),
            "{}",
            done.text
        );
        assert!(done.text.contains("GOV-004"), "{}", done.text);
    }
    world.ok("ci", "ci", &["git", "tag", "own"]);
    world.ok("ci", "ci", &["git", "awo", "fetch", "--whole"]);
    let at = |place: &str, tag: &str| world.ok(place, place, &["git", "rev-parse", tag]);
    let here = world.ok("ci", "ci", &["git", "rev-parse", "v1"]);
    assert_eq!(here, at("olga", "v1"), "as the server has it");
    world.ok("ci", "ci", &["git", "rev-parse", "own"]);
    world.ok("ci", "ci", VERIFY);
    world.ok("ci", "ci", &["git", "awo", "verify", "v1"]);
    check_out(&world, WITH_HISTORY);
    world.ok(
        "ci",
        "ci",
        &["git", "awo", "verify", "--ci", "--anchor", &anchor],
    );
}

#[test]
fn a_tag_that_was_forced_on_the_server_is_found_in_every_checkout() {
    let anchor = World::landed().fingerprint();
    let verify = ["git", "awo", "verify", "--ci", "--anchor", &anchor];
    // At another commit, and at the commit of the tag itself.
    for forced in ["main~1", "main"] {
        let world = server();
        let script = format!("git update-ref refs/tags/v1 $(git rev-parse {forced})");
        world.ok("server", "server.git", &["sh", "-c", &script]);
        for it in CHECKOUTS {
            check_out(&world, it.script);
            let done = ci(&world, &verify);
            assert_eq!(done.code, 1, "{}, {forced}: {}", it.what, done.text);
            assert!(done.text.contains("tag-move"), "{}", done.text);
        }
        // Where the log is older than the tag, only the server can tell.
        check_out(&world, WITH_HISTORY);
        let object = ["git", "fetch", "-q", "../olga", "refs/tags/v1"];
        world.ok("ci", "ci", &object);
        world.ok("ci", "ci", &["git", "awo", "trust", &anchor]);
        world.ok("ci", "ci", &["git", "awo", "fetch"]);
        if forced == "main" {
            let done = ci(&world, VERIFY);
            assert_eq!(
                (done.code, remedies(&done)),
                (3, vec![WHOLE]),
                "{}",
                done.text
            );
        }
        world.ok("ci", "ci", &["git", "awo", "fetch", "--whole"]);
        let done = ci(&world, VERIFY);
        assert_eq!(done.code, 1, "{forced}: {}", done.text);
        let done = ci(&world, &verify);
        assert_eq!(done.code, 1, "{forced}: {}", done.text);
        // The administrator puts it back.
        let back = "git fetch -q ../olga +refs/tags/v1:refs/tags/v1";
        world.ok("server", "server.git", &["sh", "-c", back]);
        world.ok("ci", "ci", &verify);
    }
}

#[test]
fn a_tag_that_was_deleted_on_the_server_is_found_in_every_checkout() {
    let world = server();
    let anchor = world.fingerprint();
    let verify = ["git", "awo", "verify", "--ci", "--anchor", &anchor];
    let delete = ["git", "update-ref", "-d", "refs/tags/v1"];
    world.ok("server", "server.git", &delete);
    for it in CHECKOUTS {
        check_out(&world, it.script);
        let done = ci(&world, &verify);
        assert_eq!(done.code, 1, "{}: {}", it.what, done.text);
        assert!(done.text.contains("tag-move"), "{}", done.text);
    }
    let known = "git clone -q $URL . && git fetch -q ../olga refs/tags/v1:refs/tags/v1";
    check_out(&world, known);
    let done = ci(&world, &verify);
    assert_eq!(
        done.code, 0,
        "who has it still has lost nothing: {}",
        done.text
    );
    // The administrator puts it back, and what was seen counts no more.
    check_out(&world, "git clone -q $URL .");
    assert_eq!(ci(&world, &verify).code, 1);
    let back = "git fetch -q ../olga +refs/tags/v1:refs/tags/v1";
    world.ok("server", "server.git", &["sh", "-c", back]);
    world.ok("ci", "ci", &["git", "fetch", "-q", "--tags"]);
    world.ok("ci", "ci", VERIFY);
    world.ok("ci", "ci", &["git", "tag", "-d", "v1"]);
    world.ok("ci", "ci", &verify);
}

#[test]
fn a_checkout_without_an_anchor_or_with_another_one_never_passes() {
    let world = server();
    for it in CHECKOUTS {
        check_out(&world, it.script);
        let done = ci(&world, &["git", "awo", "verify", "--ci"]);
        assert_eq!(done.code, 3, "{}: {}", it.what, done.text);
        assert_eq!(
            remedies(&done),
            ["git awo trust FINGERPRINT"],
            "{}",
            done.text
        );
        check_out(&world, it.script);
        let other = ["git", "awo", "verify", "--ci", "--anchor", &"1".repeat(40)];
        let done = ci(&world, &other);
        assert_eq!(done.code, 1, "{}: {}", it.what, done.text);
        assert!(done.text.contains("GOV-006"), "{}", done.text);
    }
    // A secret that is not set.
    let done = ci(&world, &["git", "awo", "verify", "--ci", "--anchor", ""]);
    assert_eq!(done.code, 2, "{}", done.text);
}

#[test]
fn a_proposal_that_no_branch_contains_is_judged_or_undecided() {
    let world = server();
    let anchor = world.fingerprint();
    let verify = |more: &[&'static str]| {
        let words = [&["git", "awo", "verify", "--ci", "--anchor", &anchor], more].concat();
        ci(&world, &words)
    };
    // From a fork: no branch of the server contains it.
    world.write("otto/docs/fork.md", "fork\n");
    world.commit("otto", "Explain the fork");
    proposed(&world, "wip/more");
    let pull = CHECKOUTS
        .iter()
        .find(|it| it.script.contains("pull/7"))
        .unwrap();
    check_out(&world, pull.script);
    let done = verify(&[]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert_eq!(remedies(&done), ["git awo verify --ci --ref BRANCH"]);
    assert_eq!(verify(&["--ref", "main"]).code, 1);
    // A ref of that name that is no trial merge helps nobody: what HEAD is at is judged.
    check_out(
        &world,
        "git clone -q $URL . && git fetch -q origin refs/pull/7/merge && git checkout -q FETCH_HEAD",
    );
    let done = verify(&["--ref", "main"]);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(!done.text.contains("tries whether"), "{}", done.text);
    assert!(done.text.contains("GOV-004"), "{}", done.text);
}

#[test]
fn whatever_needs_all_objects_names_the_same_command() {
    let world = server();
    let anchor = world.fingerprint();
    for script in [
        "git clone -q --depth=1 $URL .",
        "git clone -q --filter=blob:none $URL .",
        "git clone -q --filter=tree:0 $URL .",
    ] {
        check_out(&world, script);
        world.ok("ci", "ci", &["git", "awo", "trust", &anchor]);
        if script.contains("--filter") {
            let done = ci(&world, &["git", "awo", "fetch"]);
            assert_eq!(
                (done.code, remedies(&done)),
                (3, vec![WHOLE]),
                "{}",
                done.text
            );
            let records =
                "git fetch -q origin '+refs/awo/*:refs/awo/*' '+refs/notes/awo/*:refs/notes/awo/*'";
            world.ok("ci", "ci", &["sh", "-c", records]);
        } else {
            world.ok("ci", "ci", &["git", "awo", "fetch"]);
        }
        for words in [
            &["git", "awo", "provenance", "verify"][..],
            &["git", "awo", "export", "--all", "../exported"],
            &["git", "awo", "verify", "main"],
        ] {
            let done = ci(&world, words);
            assert_eq!(done.code, 3, "{}", done.text);
            assert_eq!(remedies(&done), [WHOLE], "{script}: {}", done.text);
        }
        let done = ci(&world, &["git", "awo", "doctor"]);
        assert!(remedies(&done).contains(&WHOLE), "{}", done.text);
    }
}

#[test]
fn a_tag_of_a_file_that_is_not_here_comes_after_all_else() {
    let world = server();
    let tag = "git update-ref refs/tags/file $(git ls-tree -r main | cut -c13-52 | head -n1)";
    world.ok("server", "server.git", &["sh", "-c", tag]);
    let file = world.rev("server.git", "refs/tags/file");
    for script in [
        "git clone -q -n --filter=blob:none --depth=1 --no-tags $URL .",
        "git clone -q -n --filter=tree:0 --depth=1 --single-branch $URL .",
        "git clone -q --filter=blob:none $URL .",
        "git clone -q --depth=1 --no-tags $URL .",
    ] {
        check_out(&world, script);
        world.ok("ci", "ci", &["git", "awo", "trust", &world.fingerprint()]);
        world.ok("ci", "ci", &["git", "awo", "fetch", "--whole"]);
        assert_eq!(world.rev("ci", "refs/tags/file"), file, "{script}");
        world.ok("ci", "ci", VERIFY);
    }
}
