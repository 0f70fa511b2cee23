//! What `verify` answers, and by whose rules.

use super::Case;
use super::door::Door;
use crate::world::{Done, RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "U-19",
        attack: "a clone that heard nothing of the server for long, or whose policy has expired, says ok",
        answer: "noted; with --fresh undecided: REP-002, GOV-006",
        tests: &[
            "hostile::verify::old_news_and_an_expired_policy_are_noted_and_with_fresh_undecided",
        ],
    },
    Case {
        id: "U-20",
        attack: "a commit or record put on the server through a library that runs no hook",
        answer: "noted as ahead of the receive log",
        tests: &[
            "hostile::verify::a_branch_beyond_the_receive_log_is_noted",
            "hostile::verify::a_record_beyond_the_receive_log_is_noted",
        ],
    },
    Case {
        id: "U-21",
        attack: "a push killed between its moves: the records of a finalized run without its branch",
        answer: "noted, with the command that moves the branch",
        tests: &["hostile::verify::a_finalized_run_without_its_branch_is_noted"],
    },
    Case {
        id: "U-06",
        attack: "somebody asks about an unreviewed commit of a branch while another is checked out",
        answer: "GOV-002",
        tests: &["hostile::verify::a_named_branch_is_judged_by_its_own_rules"],
    },
    Case {
        id: "U-06a",
        attack: "the same through a remote whose name has a slash, by a range, by verifying all",
        answer: "GOV-002",
        tests: &["hostile::verify::a_tracking_ref_is_judged_by_the_branch_of_its_remote"],
    },
    Case {
        id: "U-06e",
        attack: "a fork's main with a commit that nobody signed, fetched from a remote that is not the server; named, \
                 on the server, or where no policy was fetched",
        answer: "noted; ATT-003",
        tests: &[
            "hostile::verify::a_fork_is_judged_where_it_is_named_and_a_server_always",
            "src/facts/tips::only_a_remote_whose_policy_is_here_is_a_server_if_there_is_any",
        ],
    },
    Case {
        id: "U-06b",
        attack: "somebody asks about an unreviewed commit by its id, a tag or a detached HEAD",
        answer: "undecided",
        tests: &["hostile::verify::what_no_branch_contains_is_undecided"],
    },
    Case {
        id: "U-06c",
        attack: "a run is recorded under the name of a branch",
        answer: "usage",
        tests: &["hostile::verify::a_run_does_not_hide_the_branch_of_its_name"],
    },
    Case {
        id: "U-06d",
        attack: "a reviewed commit is named in every one of these ways",
        answer: "accepted",
        tests: &[
            "hostile::verify::what_was_reviewed_is_ok_by_whichever_name",
            "hostile::verify::what_was_adopted_is_not_judged",
        ],
    },
];

fn verify(world: &World, words: &[&str]) -> Done {
    let words = [&["git", "awo", "verify"], words].concat();
    world.run("vera", "vera", &words)
}

#[track_caller]
fn git(world: &World, words: &[&str]) {
    world.ok("vera", "vera", &[&["git"], words].concat());
}

/// A clone of vera's that has a direct commit of otto on his own branch, checked out here, and the
/// same commit on its own main, where nobody reviewed it.
fn unreviewed() -> (World, String) {
    let door = Door::new(World::landed(), "otto");
    let (tip, _) = door.base();
    let src = door.world.rev("otto", "origin/main:src");
    let blob = door.raw().blob(b"new = 1\n");
    let src = door.raw().tree_with(&src, &[("100644", b"new.py", &blob)]);
    let root = door.world.rev("otto", "origin/main^{tree}");
    let root = door.raw().tree_with(&root, &[("40000", b"src", &src)]);
    let commit = door.raw().commit(&root, &[&tip], "Work\n");
    door.accepts_push("otto's own", &[&format!("{commit}:refs/heads/wip/new")]);
    let world = door.world;
    world.fresh_clone();
    git(&world, &["checkout", "-q", "wip/new"]);
    git(&world, &["update-ref", "refs/heads/main", &commit]);
    (world, commit)
}

#[test]
fn a_named_branch_is_judged_by_its_own_rules() {
    let (world, commit) = unreviewed();
    git(&world, &["branch", "-q", "--set-upstream-to=main"]);
    for what in [
        "HEAD",
        "wip/new",
        "origin/wip/new",
        "main..HEAD^0",
        "origin/main..",
        "HEAD~0",
    ] {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 0, "{what}: {}", done.text);
    }
    let done = verify(&world, &["HEAD"]);
    assert!(
        done.text
            .contains("judged by the rules of refs/heads/wip/new\n"),
        "{}",
        done.text
    );
    for what in [
        "main",
        "refs/heads/main",
        "origin/main..main",
        "main~0",
        "main@{0}",
        "@{u}",
        "@{upstream}~0",
        "wip/new@{u}",
        "HEAD^..@{u}",
    ] {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 1, "{what}: {}", done.text);
        assert!(done.text.contains("GOV-002"), "{what}: {}", done.text);
        assert!(
            done.text
                .contains("judged by the rules of refs/heads/main\n"),
            "{}",
            done.text
        );
    }
    let done = verify(&world, &["main", "--json"]);
    let value: serde_json::Value = serde_json::from_str(&done.text).unwrap();
    assert_eq!(value["judged_by"], serde_json::json!(["refs/heads/main"]));
    // Who names a branch asks by its rules.
    assert_eq!(verify(&world, &[&commit, "--ref", "main"]).code, 1);
    assert_eq!(
        verify(&world, &[&commit, "--ref", "refs/remotes/origin/main"]).code,
        1
    );
    assert_eq!(verify(&world, &["main", "--ref", "wip/new"]).code, 0);
    git(&world, &["checkout", "-q", "main"]);
    let done = verify(&world, &["@{-1}"]);
    assert_eq!(done.code, 0, "what was checked out before: {}", done.text);
    assert_eq!(verify(&world, &["HEAD"]).code, 1);
    assert_eq!(verify(&world, &["origin/main.."]).code, 1);
    assert_eq!(verify(&world, &[".."]).code, 2, "nothing is named");
    // What a strict branch contains is judged by it, whoever else has it.
    assert_eq!(verify(&world, &[&commit]).code, 1);
}

#[test]
fn a_tracking_ref_is_judged_by_the_branch_of_its_remote() {
    let (world, commit) = unreviewed();
    git(
        &world,
        &["update-ref", "refs/heads/main", "refs/remotes/origin/main"],
    );
    let all = |code: i32, why: &str| {
        let done = verify(&world, &["--no-cache"]);
        assert_eq!(done.code, code, "{why}: {}", done.text);
    };
    git(&world, &["awo", "fetch"]);
    all(0, "before");
    git(&world, &["config", "remote.up/stream.url", "../server.git"]);
    git(
        &world,
        &["update-ref", "refs/remotes/up/stream/main", &commit],
    );
    let done = verify(&world, &[]);
    assert_eq!(done.code, 0, "{}", done.text);
    let note = "1 branches of up/stream are not judged, as up/stream/main";
    assert!(done.text.contains(note), "{}", done.text);
    let policy = "refs/awo-remotes/up/stream/awo/policy";
    git(&world, &["update-ref", policy, "refs/awo/policy"]);
    all(1, "main of up/stream, whose policy is here");
    for what in [
        "up/stream/main",
        "origin/main..up/stream/main",
        "refs/remotes/up/stream/main",
    ] {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 1, "{what}: {}", done.text);
    }
    git(
        &world,
        &[
            "symbolic-ref",
            "refs/remotes/up/stream/HEAD",
            "refs/remotes/up/stream/main",
        ],
    );
    assert_eq!(
        verify(&world, &["up/stream"]).code,
        1,
        "where its HEAD points"
    );
    git(&world, &["config", "remote.up.url", "../server.git"]);
    let done = verify(&world, &["up/stream/main"]);
    assert_eq!(done.code, 2, "it can be stream/main of up: {}", done.text);
    assert_eq!(verify(&world, &["up/stream/main", "--ref", "main"]).code, 1);
    all(1, "and is judged as either");
    git(&world, &["config", "--remove-section", "remote.up/stream"]);
    let done = verify(&world, &["up/stream/main"]);
    assert_eq!(done.code, 3, "stream/main is not governed: {}", done.text);
}

/// Eve's fork has a commit on its main that nobody signed.
#[test]
fn a_fork_is_judged_where_it_is_named_and_a_server_always() {
    let world = World::landed();
    let script = "git clone -q server.git fork && cd fork && echo x > src/eve.py && git add . && \
                  git -c commit.gpgsign=false -c core.hooksPath=/dev/null commit -q -m Mine";
    world.ok("vera", ".", &["sh", "-c", script]);
    world.fresh_clone();
    git(&world, &["awo", "fetch"]);
    git(&world, &["remote", "add", "contrib", "../fork"]);
    git(&world, &["fetch", "-q", "contrib"]);
    for words in [&[][..], &["--no-cache"]] {
        let done = verify(&world, words);
        assert_eq!(done.code, 0, "{}", done.text);
        let note = "1 branches of contrib are not judged, as contrib/main: this clone has the policy of origin";
        assert!(done.text.contains(note), "{}", done.text);
    }
    for what in ["contrib/main", "origin/main..contrib/main"] {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 1, "{what}: {}", done.text);
        assert!(done.text.contains("ATT-003"), "{what}: {}", done.text);
    }
    // What the fork has says nothing about the server, which has lost it.
    let back = ["git", "update-ref", "refs/heads/main", "main~1"];
    let there = world.rev("server.git", "main");
    world.ok("server", "server.git", &back);
    git(&world, &["fetch", "-q", "origin"]);
    let done = verify(&world, &[]);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(done.text.contains("REP-002"), "{}", done.text);
    let again = ["git", "update-ref", "refs/heads/main", &there];
    world.ok("server", "server.git", &again);
    git(&world, &["fetch", "-q", "origin"]);
    assert_eq!(verify(&world, &[]).code, 0, "put back");
    // The same on the server, or where no policy tells which remote is the server.
    let clone = |remote: &str, place: &str| {
        let words = ["git", "clone", "-q", "-o", remote, place, "other"];
        world.ok("vera", ".", &words);
        let refs = [
            "git",
            "fetch",
            "-q",
            "../server.git",
            "refs/awo/*:refs/awo/*",
        ];
        world.ok("vera", "other", &refs);
        let notes = [
            "git",
            "fetch",
            "-q",
            "../server.git",
            "refs/notes/*:refs/notes/*",
        ];
        world.ok("vera", "other", &notes);
        let trust = ["git", "awo", "trust", &world.fingerprint()];
        world.ok("vera", "other", &trust);
        let main = ["git", "update-ref", "--no-deref", "HEAD", &there];
        world.ok("vera", "other", &main);
        let gone = ["git", "update-ref", "-d", "refs/heads/main"];
        world.ok("vera", "other", &gone);
        let done = world.run("vera", "other", &["git", "awo", "verify"]);
        std::fs::remove_dir_all(world.path("other")).unwrap();
        done
    };
    for (place, code) in [("server.git", 0), ("fork", 1)] {
        let done = clone("contrib", place);
        assert_eq!(done.code, code, "{place}: {}", done.text);
    }
    let main = world.rev("fork", "main");
    let take = ["git", "fetch", "-q", "../fork", "main"];
    world.ok("otto", "otto", &take);
    world.force("otto", &[&format!("{main}:refs/heads/main")]);
    git(&world, &["awo", "fetch"]);
    let done = verify(&world, &[]);
    assert_eq!(done.code, 1, "{}", done.text);
}

#[test]
fn what_no_branch_contains_is_undecided() {
    let (world, commit) = unreviewed();
    git(
        &world,
        &["update-ref", "refs/heads/main", "refs/remotes/origin/main"],
    );
    git(&world, &["checkout", "-q", "main"]);
    for name in ["refs/heads/wip/new", "refs/remotes/origin/wip/new"] {
        git(&world, &["update-ref", "-d", name]);
    }
    git(&world, &["tag", "v1", &commit]);
    git(&world, &["branch", "topic", &commit]);
    git(&world, &["fetch", "-q", ".", "v1"]);
    let short = &commit[..12];
    let range = format!("main..{commit}");
    for what in [
        "v1",
        "topic",
        "refs/tags/v1",
        &commit,
        short,
        &range,
        "main..v1",
        "FETCH_HEAD",
    ] {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 3, "{what}: {}", done.text);
        assert!(!done.text.contains("judged by"), "{what}: {}", done.text);
    }
    git(&world, &["checkout", "-q", "--detach", &commit]);
    for what in ["HEAD", "@", "main..", "main..HEAD", "HEAD@{0}"] {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 3, "{what}: {}", done.text);
        let remedy = format!("remedy: git awo verify {commit} --ref main");
        assert!(done.text.contains(&remedy), "{what}: {}", done.text);
    }
    // The remedy decides.
    assert_eq!(verify(&world, &[&commit, "--ref", "main"]).code, 1);
}

#[test]
fn a_run_does_not_hide_the_branch_of_its_name() {
    let (world, _) = unreviewed();
    assert_eq!(verify(&world, &[RUN]).code, 0);
    git(&world, &["branch", RUN, "main"]);
    let done = verify(&world, &[RUN]);
    assert_eq!(done.code, 2, "{}", done.text);
    assert!(
        done.text.contains("can mean a run, or a commit"),
        "{}",
        done.text
    );
}

#[test]
fn what_was_adopted_is_not_judged() {
    let world = World::founded();
    world.fresh_clone();
    let tip = world.rev("vera", "main");
    for what in ["main", "HEAD", &tip] {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 0, "{what}: {}", done.text);
        let says = "1 commits from before adoption are not judged";
        assert!(done.text.contains(says), "{what}: {}", done.text);
    }
}

#[test]
fn what_was_reviewed_is_ok_by_whichever_name() {
    let world = World::landed();
    world.fresh_clone();
    let (tip, before) = (world.rev("vera", "main"), world.rev("vera", "main~1"));
    git(&world, &["tag", "v1"]);
    git(&world, &["tag", "-a", "-m", "v2", "v2"]);
    git(&world, &["checkout", "-q", "--detach"]);
    let range = format!("{before}..{tip}");
    let names = [
        "main",
        "origin/main",
        "origin",
        "v1",
        "v2",
        "HEAD",
        "@",
        "v1~0",
        &tip,
        &tip[..9],
        &range,
        "main~1..HEAD",
        "origin/main~1..",
        "main..main",
    ];
    for what in names {
        let done = verify(&world, &[what]);
        assert_eq!(done.code, 0, "{what}: {}", done.text);
        let by = done
            .text
            .contains("judged by the rules of refs/heads/main\n");
        assert_eq!(by, what != "main..main", "{what}: {}", done.text);
    }
}

/// Fetches, then verifies everything; returns what is said.
fn fetched(world: &World) -> Done {
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    verify(world, &["--no-cache"])
}

/// A direct commit of otto's on top of main, below `src/`.
fn direct(door: &Door, name: &[u8]) -> String {
    let (tip, root) = door.base();
    let src = door.world.rev("otto", "origin/main:src");
    let blob = door.raw().blob(b"new = 1\n");
    let src = door.raw().tree_with(&src, &[("100644", name, &blob)]);
    let root = door.raw().tree_with(&root, &[("40000", b"src", &src)]);
    door.raw().commit(&root, &[&tip], "Work\n")
}

const AHEAD: &str = "is ahead of the receive log";

#[test]
fn a_branch_beyond_the_receive_log_is_noted() {
    let door = Door::new(World::landed(), "otto");
    let world = &door.world;
    world.fresh_clone();
    let first = direct(&door, b"one.py");
    door.accepts_push(
        "through the hooks",
        &[&format!("{first}:refs/heads/wip/one")],
    );
    // What is not pushed yet is nobody's fault.
    git(world, &["commit", "-q", "--allow-empty", "-m", "local"]);
    git(world, &["checkout", "-q", "-b", "wip/local", "origin/main"]);
    git(world, &["branch", "-f", "main", "origin/main"]);
    let done = fetched(world);
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(!done.text.contains(AHEAD), "{}", done.text);

    // As through a library that runs no hook.
    let second = direct(&door, b"two.py");
    let name = "refs/heads/wip/two";
    world.force("otto", &[&format!("{second}:{name}")]);
    for words in [&["--no-cache"][..], &[], &[]] {
        world.ok("vera", "vera", &["git", "awo", "fetch"]);
        let done = verify(world, words);
        assert_eq!(
            done.code, 0,
            "it is signed by whom it may be: {}",
            done.text
        );
        let note = format!("note: refs/remotes/origin/wip/two {AHEAD}");
        assert!(
            done.text.contains(&note) && done.text.contains(&second),
            "{}",
            done.text
        );
    }
    let all = ["git", "awo", "verify", "--no-cache", "--json"];
    let value: serde_json::Value = serde_json::from_str(&world.ok("vera", "vera", &all)).unwrap();
    assert_eq!(value["notes"].as_array().unwrap().len(), 1, "{value}");
    // On the server itself, too.
    let done = world.run(
        "server",
        "server.git",
        &["git", "awo", "verify", "--no-cache"],
    );
    assert!(
        done.text.contains(&format!("note: {name} {AHEAD}")),
        "{}",
        done.text
    );
    // The next entry tells of it, as a movement without a receipt.
    let third = direct(&door, b"three.py");
    door.accepts_push(
        "through the hooks",
        &[&format!("{third}:refs/heads/wip/three")],
    );
    let done = fetched(world);
    assert!(!done.text.contains(AHEAD), "{}", done.text);
    let told = format!("{name} came to {second} without a receipt");
    assert!(done.text.contains(&told), "{}", done.text);
}

#[test]
fn a_record_beyond_the_receive_log_is_noted() {
    let world = World::landed();
    world.fresh_clone();
    let outcome = ["git", "awo", "outcome", RUN, "accepted", "--reason", "good"];
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &outcome);
    world.force("olga", &["refs/awo/ledger"]);
    let done = fetched(&world);
    let note = format!("note: refs/awo-remotes/origin/awo/ledger {AHEAD}");
    assert!(done.text.contains(&note), "{}", done.text);
}

#[test]
fn a_finalized_run_without_its_branch_is_noted() {
    let door = Door::new(World::finalized(), "otto");
    let world = &door.world;
    let commit = door.run_says().commit.to_string();
    // As a push that was killed between its moves.
    let records = ["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];
    door.accepts_push("the records alone", &records);
    world.fresh_clone();
    for words in [&["--no-cache"][..], &[], &[]] {
        let done = verify(world, words);
        assert_eq!(done.code, 0, "{}", done.text);
        let note = format!("note: run {RUN} is finalized, and its commit {commit} is in no");
        assert!(done.text.contains(&note), "{}", done.text);
    }
    // What the note says helps, from any clone.
    let remedy = [
        "git",
        "push",
        "origin",
        &format!("{commit}:refs/heads/main"),
    ];
    world.ok("otto", "otto", &remedy);
    let done = fetched(world);
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(!done.text.contains("is finalized, and"), "{}", done.text);
}

#[test]
fn old_news_and_an_expired_policy_are_noted_and_with_fresh_undecided() {
    let world = World::landed();
    world.fresh_clone();
    let newest = world.ok("vera", "vera", &["git", "awo", "receipt"]);
    assert!(!newest.is_empty());
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let in_days = |days: u64, words: &[&str]| {
        let words = [&["git", "awo", "verify"], words].concat();
        let time = now + days * 86_400 + 3600;
        let mut command = world.command("vera", "vera", &words);
        let output = command
            .env("SOURCE_DATE_EPOCH", time.to_string())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        Done {
            code: output.status.code().unwrap(),
            text: String::from_utf8(text).unwrap(),
        }
    };
    let stale = "nothing was heard of the server since 20";
    for words in [&["--no-cache"][..], &[], &["main"], &[RUN]] {
        let with_fresh = |days: &'static str| [words, &["--fresh", days]].concat();
        let done = in_days(0, &with_fresh("1"));
        assert_eq!(done.code, 0, "{words:?}: {}", done.text);
        assert!(!done.text.contains(stale), "{words:?}: {}", done.text);
        let done = in_days(40, words);
        assert_eq!(done.code, 0, "{words:?}: {}", done.text);
        assert!(
            done.text.contains(&format!("note: {stale}")),
            "{words:?}: {}",
            done.text
        );
        let done = in_days(40, &with_fresh("60"));
        assert_eq!(done.code, 0, "{words:?}: {}", done.text);
        let done = in_days(40, &with_fresh("7"));
        assert_eq!(done.code, 3, "{words:?}: {}", done.text);
        assert!(done.text.contains("REP-002"), "{words:?}: {}", done.text);
        assert!(
            done.text.contains("remedy: git awo fetch"),
            "{words:?}: {}",
            done.text
        );
    }
    // The remedy helps: who fetched then has news of then.
    let fetch = ["git", "awo", "fetch"];
    let time = (now + 40 * 86_400).to_string();
    let mut command = world.command("vera", "vera", &fetch);
    assert!(
        command
            .env("SOURCE_DATE_EPOCH", &time)
            .status()
            .unwrap()
            .success()
    );
    let done = in_days(40, &["--fresh", "7"]);
    assert_eq!(done.code, 0, "{}", done.text);

    // A policy that expires.
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let text = world.ok(
        "olga",
        "olga",
        &["git", "show", "refs/awo/policy:policy.toml"],
    );
    let then = git_awo::record::Timestamp::from_seconds(now as i64 + 2 * 86_400).unwrap();
    let level = format!("expires = \"{then}\"\nlevel");
    let text = text
        .replacen("version = 1", "version = 2", 1)
        .replacen("level", &level, 1);
    world.write("olga/next.toml", &text);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "policy", "propose", "next.toml"],
    );
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("vera", "vera", &fetch);
    let expired = "the policy has expired";
    let done = in_days(1, &["--fresh", "7"]);
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(!done.text.contains(expired), "{}", done.text);
    let done = in_days(3, &[]);
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(
        done.text
            .contains(&format!("note: {expired}: git awo fetch")),
        "{}",
        done.text
    );
    let done = in_days(3, &["--fresh", "7"]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(done.text.contains("GOV-006"), "{}", done.text);
}
