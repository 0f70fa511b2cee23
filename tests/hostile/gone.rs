//! What was deleted on the server by hand, and the clone that never saw it.

use super::Case;
use crate::world::{World, policy};

pub const CASES: &[Case] = &[
    Case {
        id: "Z-01",
        attack: "the receive log is deleted on the server, and the next push begins another",
        answer: "STR-002, REP-002",
        tests: &["hostile::gone::a_log_that_was_begun_anew_is_found"],
    },
    Case {
        id: "Z-02",
        attack: "benign: a log that really begins late: the policy names its writer later, or the founding \
                 push has no receipt",
        answer: "accepted",
        tests: &["hostile::gone::a_log_that_begins_late_is_accepted"],
    },
    Case {
        id: "Z-03",
        attack: "a branch that the receive log knows is deleted on the server",
        answer: "REP-002",
        tests: &["hostile::gone::a_branch_that_the_log_knows_is_asked_for"],
    },
    Case {
        id: "Z-05",
        attack: "a branch or a governance ref is moved back or deleted on the server, and somebody pushes elsewhere, so \
                 that the log forgets where it was; benign: the same once it is back, or where the policy lets it go",
        answer: "REP-002; and accepted",
        tests: &["hostile::gone::nothing_lands_while_something_that_was_pushed_is_gone"],
    },
    Case {
        id: "Z-06",
        attack: "benign: a branch that the server has lost is pushed again",
        answer: "accepted",
        tests: &["hostile::gone::what_the_server_lost_is_pushed_again"],
    },
    Case {
        id: "Z-04",
        attack: "benign: a clone of one branch; a branch deleted by a person who may",
        answer: "accepted",
        tests: &["hostile::gone::a_clone_of_one_branch_lacks_nothing"],
    },
];

impl World {
    /// otto pushes a commit to his branch, as he may.
    fn ordinary_push(&self) {
        self.write("otto/src/a.py", "x = 1\n");
        self.commit("otto", "Work");
        self.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
    }

    /// A second server, and olga's repository for it, whose policy is this text.
    fn founding(&self, text: &str, without_receipt: bool) {
        self.ok(
            "server",
            ".",
            &["git", "init", "--quiet", "--bare", "late.git"],
        );
        let fingerprint = self.fingerprint();
        let init = [
            "git",
            "awo",
            "--json",
            "init",
            "--server",
            "--anchor",
            &fingerprint,
        ];
        let made = self.ok("server", "late.git", &init);
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        let signers = std::fs::read_to_string(self.path("policy/allowed_signers")).unwrap();
        let persons = signers.lines().filter(|line| !line.starts_with("server "));
        let key = made["server_key"].as_str().unwrap();
        let mut signers = persons.collect::<Vec<_>>().join("\n") + "\n";
        self.write("late/allowed_signers", &signers);
        signers.push_str(&format!("server {key}\n"));
        self.write("late/with_server", &signers);
        self.ok("olga", "late", &["git", "init", "--quiet", "repo"]);
        self.write("late/repo/README.md", "# late\n");
        let origin = ["git", "remote", "add", "origin", "../../late.git"];
        self.ok("olga", "late/repo", &origin);
        self.ok("olga", "late/repo", &["git", "add", "-A"]);
        self.ok(
            "olga",
            "late/repo",
            &["git", "commit", "--quiet", "-m", "Before"],
        );
        let tip = self.ok("olga", "late/repo", &["git", "rev-parse", "HEAD"]);
        self.write("late/policy.toml", text.replace("TIP", tip.trim()));
        let mut found = "git awo init --policy ../policy.toml --allowed-signers"
            .split(' ')
            .collect::<Vec<_>>();
        found.push(match text.contains(NAMED) {
            true => "../with_server",
            false => "../allowed_signers",
        });
        self.ok("olga", "late/repo", &found);
        let hook = self.path("late.git/hooks/post-receive");
        let transaction = self.path("late.git/hooks/reference-transaction");
        let text = std::fs::read_to_string(&transaction).unwrap();
        if without_receipt {
            std::fs::rename(&hook, hook.with_extension("away")).unwrap();
            std::fs::write(
                &transaction,
                text.replace("committed)", "committed) exit 0;"),
            )
            .unwrap();
        }
        let push = ["git", "push", "--quiet", "origin"];
        self.ok(
            "olga",
            "late/repo",
            &[&push[..], &["refs/awo/policy"]].concat(),
        );
        if without_receipt {
            std::fs::rename(hook.with_extension("away"), &hook).unwrap();
            std::fs::write(&transaction, &text).unwrap();
            // It would make it good with the next push, but a machine that lost its power cannot.
            std::fs::remove_dir_all(self.path("late.git/awo/pushes")).unwrap();
        }
        self.ok("olga", "late/repo", &[&push[..], &["main"]].concat());
    }

    /// Proposes the next policy of that repository, and pushes it.
    fn late_policy(&self, text: &str) {
        let tip = self.ok("olga", "late/repo", &["git", "rev-parse", "HEAD"]);
        self.write("late/policy.toml", text.replace("TIP", tip.trim()));
        for command in [
            "git awo fetch",
            "git awo policy propose ../policy.toml --allowed-signers ../with_server",
            "git awo policy apply",
            "git awo push",
        ] {
            self.ok("olga", "late/repo", &command.split(' ').collect::<Vec<_>>());
        }
    }

    /// olga pushes a branch there; returns how many receipts there are then.
    fn late_push(&self, branch: &str) -> usize {
        let to = format!("main:refs/heads/wip/{branch}");
        self.ok(
            "olga",
            "late/repo",
            &["git", "push", "--quiet", "origin", &to],
        );
        let log = self.run(
            "server",
            "late.git",
            &["git", "rev-list", "--count", "refs/awo/log"],
        );
        log.text.trim().parse().unwrap_or(0)
    }

    /// Verifies a fresh clone of that server; returns its exit code and what it says.
    fn late_verdict(&self) -> (i32, String) {
        let _ = std::fs::remove_dir_all(self.path("fresh"));
        self.ok(
            "vera",
            ".",
            &["git", "clone", "--quiet", "late.git", "fresh"],
        );
        self.ok(
            "vera",
            "fresh",
            &["git", "awo", "trust", &self.fingerprint()],
        );
        self.ok("vera", "fresh", &["git", "awo", "fetch"]);
        let done = self.run("vera", "fresh", &["git", "awo", "verify"]);
        (done.code, done.text)
    }
}

const NAMED: &str = "[[identity]]\nname = \"server\"\nroles = [\"server\"]\n\n";

#[test]
fn a_log_that_was_begun_anew_is_found() {
    let world = World::landed();
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "-d", "refs/awo/log"],
    );
    let doctor = ["git", "awo", "doctor"];
    let said = world.refused("server", "server.git", &doctor, "STR-002");
    // The remedy mends it, as long as nothing was pushed.
    assert!(
        said.contains("git fetch CLONE refs/awo/log:refs/awo/log"),
        "{said}"
    );
    let mended = world.copied();
    let fetch = [
        "git",
        "fetch",
        "--quiet",
        "../rita",
        "refs/awo/log:refs/awo/log",
    ];
    let safe = ["git", "config", "--global", "safe.directory", "*"];
    mended.ok("server", "server.git", &safe);
    mended.ok("server", "server.git", &fetch);
    mended.ok("server", "server.git", &doctor);
    world.ordinary_push();
    world.fresh_clone();
    let said = world.verify_finds("REP-002");
    assert!(said.contains("log-begins"), "{said}");

    // A policy that came after the first is enough: its push was logged, or nothing was.
    let world = World::founded();
    world.next_policy(2, None, |text| text);
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "-d", "refs/awo/log"],
    );
    world.ordinary_push();
    world.fresh_clone();
    let said = world.verify_finds("REP-002");
    assert!(said.contains("log-begins"), "{said}");
}

#[test]
fn a_log_that_begins_late_is_accepted() {
    // The policy names a writer from its second version on.
    let world = World::founded();
    world.write("late/.keep", "");
    let (first, second) = (policy(1, "TIP", ""), policy(2, "TIP", ""));
    assert!(first.contains(NAMED));
    world.founding(&first.replace(NAMED, ""), false);
    assert_eq!(world.late_push("before"), 0, "nobody writes a log");
    world.late_policy(&second);
    assert_eq!(world.late_push("after"), 1, "the first entry");
    let (code, said) = world.late_verdict();
    assert_eq!(code, 0, "{said}");
    // But no later policy can have come before it.
    world.late_policy(&policy(3, "TIP", ""));
    world.ok(
        "server",
        "late.git",
        &["git", "update-ref", "-d", "refs/awo/log"],
    );
    assert_eq!(world.late_push("anew"), 1, "begun anew");
    let (code, said) = world.late_verdict();
    assert!(code == 1 && said.contains("log-begins"), "{said}");

    // The server died before it wrote the receipt of the founding push.
    let world = World::founded();
    world.write("late/.keep", "");
    world.founding(&first, true);
    assert_eq!(world.late_push("after"), 2);
    let (code, said) = world.late_verdict();
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_branch_that_the_log_knows_is_asked_for() {
    let world = World::founded();
    world.ordinary_push();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let fetch = ["git", "awo", "fetch"];
    for branch in ["main", "wip/otto"] {
        let reference = format!("refs/heads/{branch}");
        let logged = world.rev("server.git", &reference);
        world.ok(
            "server",
            "server.git",
            &["git", "update-ref", "-d", &reference],
        );
        // Whoever never saw it, and whoever did: what that clone knows of it stays.
        world.fresh_clone();
        for who in ["vera", "rita"] {
            let said = world.refused(who, who, &fetch, "REP-002");
            assert!(said.contains(&reference), "{said}");
            let restore = format!("git update-ref {reference} {logged}");
            assert!(said.contains(&restore), "{said}");
        }
        let seen = world.rev("rita", &format!("refs/remotes/origin/{branch}"));
        assert_eq!(seen, logged);
        let verified = world.ok("vera", "vera", &["git", "awo", "verify"]);
        assert!(verified.contains("not in this clone"), "{verified}");
        world.ok(
            "server",
            "server.git",
            &["git", "update-ref", &reference, &logged],
        );
        for who in ["vera", "rita"] {
            world.ok(who, who, &fetch);
            world.ok(who, who, &["git", "awo", "verify"]);
        }
        std::fs::remove_dir_all(world.path("vera")).unwrap();
    }
}

/// As long as it is not back, nothing lands, so that the log never forgets where it was. What a
/// policy lets go may be gone.
#[test]
fn nothing_lands_while_something_that_was_pushed_is_gone() {
    let world = World::landed();
    world.ordinary_push();
    let update = |reference: &str, to: &str| {
        let words = match to {
            "" => vec!["git", "update-ref", "-d", reference],
            to => vec!["git", "update-ref", reference, to],
        };
        world.ok("server", "server.git", &words);
    };
    let verify = |code: Option<&str>| {
        let _ = std::fs::remove_dir_all(world.path("vera"));
        world.fresh_clone();
        match code {
            Some(code) => _ = world.verify_finds(code),
            None => _ = world.ok("vera", "vera", &["git", "awo", "verify"]),
        }
    };
    let (main, wip) = ("refs/heads/main", "refs/heads/wip/otto");
    let new = "HEAD:refs/heads/wip/new";
    for (reference, to) in [
        (main, "main~1"),
        (main, ""),
        (wip, "main~1"),
        (wip, "main"),
        (wip, ""),
        ("refs/awo/ledger", "refs/awo/ledger~1"),
        ("refs/awo/ledger", ""),
    ] {
        let there = world.rev("server.git", reference);
        let logged = world.rev("server.git", "refs/awo/log");
        update(reference, to);
        world.push_refused("otto", &[new], "REP-002");
        assert_eq!(world.rev("server.git", "refs/awo/log"), logged);
        if !(to.is_empty() && reference.starts_with("refs/heads/"))
            && reference != "refs/awo/policy"
        {
            verify(Some("REP-002"));
        }
        update(reference, &there);
        verify(None);
    }
    // Who has it pushes it back, alone or with other work.
    for (to, more) in [("main~1", None), ("", None), ("", Some(new))] {
        let there = world.rev("server.git", wip);
        update(wip, to);
        let back = format!("{there}:{wip}");
        let refspecs: Vec<_> = [back.as_str()].into_iter().chain(more).collect();
        world.push_accepted("otto", &refspecs);
        verify(None);
    }
    // Not so far, and not with other work on top of what it was moved to.
    let there = world.rev("server.git", wip);
    update(wip, "main~1");
    world.push_refused("otto", &["origin/main:refs/heads/wip/otto"], "REP-002");
    world.push_accepted("otto", &[&format!("{there}:{wip}")]);
    // A root gives it up, by a policy that lets it go.
    let olga = |words: &[&str]| world.ok("olga", "olga", &[&["git", "awo"], words].concat());
    olga(&["fetch"]);
    let adopted = world.rev("server.git", "main~1");
    let next = |version, more: &str| {
        let text = policy(version, &adopted, "");
        let text = text.replace("merges = true\n", &format!("merges = true\n{more}"));
        world.write("policy/next.toml", text);
        olga(&["policy", "propose", "../policy/next.toml"]);
        olga(&["policy", "apply"]);
    };
    next(2, "rewind = true\n");
    update(wip, "");
    world.push_refused("otto", &["HEAD:refs/heads/wip/third"], "REP-002");
    world.push_accepted("olga", &["refs/awo/policy"]);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/third"]);
    verify(None);
    // It was right then, whatever comes later.
    olga(&["fetch"]);
    next(3, "");
    world.push_accepted("olga", &["refs/awo/policy"]);
    world.ok(
        "vera",
        "vera",
        &["git", "fetch", "-q", "origin", "refs/awo/*:refs/awo/*"],
    );
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    verify(None);
    // The policy too: moved back, and gone.
    let policy = world.rev("server.git", "refs/awo/policy");
    update("refs/awo/policy", "refs/awo/policy~1");
    world.push_refused("otto", &["HEAD:refs/heads/wip/fourth"], "REP-002");
    update("refs/awo/policy", "");
    world.push_refused("otto", &["HEAD:refs/heads/wip/fourth"], "GOV-006");
    world.push_accepted("olga", &["refs/awo/policy"]);
    assert_eq!(world.rev("server.git", "refs/awo/policy"), policy);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/fourth"]);
    verify(None);
}

#[test]
fn what_the_server_lost_is_pushed_again() {
    let world = World::landed();
    let push = || world.ok("otto", "otto", &["git", "awo", "push"]);
    assert_eq!(push(), "nothing to push\n");
    let there = world.server();
    for to in ["", "main~1"] {
        match to {
            "" => world.ok(
                "server",
                "server.git",
                &["git", "update-ref", "-d", "refs/heads/main"],
            ),
            to => world.ok(
                "server",
                "server.git",
                &["git", "update-ref", "refs/heads/main", to],
            ),
        };
        assert!(push().contains("refs/heads/main"), "{to}");
        let branches = |refs: &str| -> Vec<String> {
            let lines = refs.lines().filter(|it| !it.starts_with("refs/awo/log"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(branches(&world.server()), branches(&there), "{to}");
        let _ = std::fs::remove_dir_all(world.path("vera"));
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
    }
    // What others have put there meanwhile is not lost.
    let work = world.rev("otto", "main");
    let script =
        format!("git update-ref refs/remotes/origin/main {work}~1; git reset -q --hard {work}~1");
    world.ok("otto", "otto", &["sh", "-c", &script]);
    assert_eq!(push(), "nothing to push\n");
    assert_eq!(world.rev("server.git", "main"), work);
}

#[test]
fn a_clone_of_one_branch_lacks_nothing() {
    let world = World::landed();
    world.next_policy(2, None, |text| {
        text.replace("merges = true\n", "merges = true\nrewind = true\n")
    });
    world.ordinary_push();
    let words = "git clone --quiet --single-branch --branch main server.git vera";
    world.ok("vera", ".", &words.split(' ').collect::<Vec<_>>());
    let records = [
        "+refs/awo/*:refs/awo/*",
        "+refs/notes/awo/*:refs/notes/awo/*",
    ];
    let fetch = ["git", "fetch", "--quiet", "origin"];
    world.ok("vera", "vera", &[&fetch[..], &records[..]].concat());
    world.ok(
        "vera",
        "vera",
        &["git", "awo", "trust", &world.fingerprint()],
    );
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // Who may rewind a branch may delete it too.
    world.push_accepted("otto", &[":refs/heads/wip/otto"]);
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
