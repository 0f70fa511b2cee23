//! What would make enforcement silently absent, and `git awo doctor`, which finds it.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use super::Case;
use crate::world::{AGENT, TASK, World};

pub const CASES: &[Case] = &[
    Case {
        id: "N-01",
        attack: "hooks are missing, not executable, old, or another program's",
        answer: "GOV-002",
        tests: &["hostile::doctor::hooks_that_do_not_run_are_found"],
    },
    Case {
        id: "N-02",
        attack: "core.hooksPath sends git elsewhere, also from the user's configuration",
        answer: "GOV-002",
        tests: &["hostile::doctor::hooks_that_git_does_not_look_at_are_found"],
    },
    Case {
        id: "N-03",
        attack: "refs are moved on the server without a push that was judged",
        answer: "REP-002",
        tests: &["hostile::doctor::what_went_past_the_hooks_is_found"],
    },
    Case {
        id: "N-04",
        attack: "the server hides its records, or lets another receiver move refs",
        answer: "STR-002, GOV-002",
        tests: &["hostile::doctor::configuration_that_takes_enforcement_away_is_found"],
    },
    Case {
        id: "N-05",
        attack: "no anchor, a private key that others may read, a stale lock",
        answer: "GOV-006, ATT-004, REP-003",
        tests: &["hostile::doctor::an_anchor_a_key_and_a_lock_are_looked_at"],
    },
    Case {
        id: "N-06",
        attack: "a loose ref that a power failure left empty, or full of zeros",
        answer: "INT-005, and how to mend it",
        tests: &["hostile::doctor::a_ref_that_names_nothing_is_named_and_mended_as_it_is_told"],
    },
    Case {
        id: "N-07",
        attack: "a GitLab repository copied to a place where no Gitaly runs its hooks",
        answer: "GOV-002",
        tests: &["hostile::doctor::hooks_for_gitlab_where_there_is_no_gitaly_are_found"],
    },
    Case {
        id: "N-08",
        attack: "hooks, anchor or configuration that everybody may write to; replace refs on the server",
        answer: "GOV-002, INT-005",
        tests: &["hostile::doctor::files_that_everybody_may_write_and_replace_refs_are_found"],
    },
];

impl World {
    /// The findings of the doctor here, as code and rule.
    #[track_caller]
    fn diagnosis(&self, who: &str, place: &str) -> Vec<String> {
        let words = ["git", "awo", "doctor", "--json"];
        let output = self.command(who, place, &words).output().unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = answer["findings"].as_array().unwrap();
        assert_eq!(
            output.status.code(),
            Some(i32::from(!findings.is_empty())),
            "{answer}"
        );
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let both = findings
            .iter()
            .map(|it| format!("{} {}", text(&it["code"]), text(&it["rule"])));
        both.collect()
    }

    #[track_caller]
    fn healthy(&self) {
        assert_eq!(self.diagnosis("server", "server.git"), [""; 0]);
        assert_eq!(self.diagnosis("rita", "rita"), [""; 0]);
    }
}

const HOOKS: &str = "GOV-002 hooks-installed";

#[test]
fn hooks_that_do_not_run_are_found() {
    let world = World::founded();
    world.healthy();
    for (who, place, hooks) in [
        (
            "server",
            "server.git/hooks",
            &["pre-receive", "reference-transaction", "post-receive"][..],
        ),
        (
            "rita",
            "rita/.git/hooks",
            &["pre-commit", "commit-msg", "pre-merge-commit", "pre-push"],
        ),
    ] {
        let home = place.split('/').next().unwrap();
        for hook in hooks {
            let path = world.path(&format!("{place}/{hook}"));
            let good = std::fs::read(&path).unwrap();
            let mode =
                |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            mode(0o644);
            assert_eq!(
                world.diagnosis(who, home),
                [HOOKS],
                "{hook} is not executable"
            );
            mode(0o755);
            let text = String::from_utf8(good.clone()).unwrap();
            let old = text
                .replace("exec", "exec  ")
                .replace("Written by", "Once written by");
            std::fs::write(&path, old).unwrap();
            assert_eq!(world.diagnosis(who, home), [HOOKS], "{hook} is old");
            std::fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
            assert_eq!(
                world.diagnosis(who, home),
                [HOOKS],
                "{hook} is another program's"
            );
            std::fs::write(&path, &good).unwrap();
            std::fs::rename(&path, path.with_extension("away")).unwrap();
            assert_eq!(world.diagnosis(who, home), [HOOKS], "{hook} is missing");
            std::fs::rename(path.with_extension("away"), &path).unwrap();
        }
    }
    world.healthy();
}

#[test]
fn hooks_that_git_does_not_look_at_are_found() {
    let world = World::founded();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    let elsewhere = world.path("elsewhere").display().to_string();
    for (who, place) in [("server", "server.git"), ("rita", "rita")] {
        let home = format!("home/{who}/.gitconfig");
        let before = std::fs::read_to_string(world.path(&home)).unwrap();
        world.write(
            &home,
            format!("{before}[core]\n\thooksPath = {elsewhere}\n"),
        );
        let found = world.diagnosis(who, place);
        assert!(
            found.iter().any(|it| it.starts_with("GOV-002 hooks")),
            "{who}: {found:?}"
        );
        world.write(&home, before);
        world.ok(who, place, &["git", "config", "core.hooksPath", &elsewhere]);
        let found = world.diagnosis(who, place);
        assert!(
            found.iter().any(|it| it.starts_with("GOV-002 hooks")),
            "{who}: {found:?}"
        );
        world.ok(who, place, &["git", "config", "--unset", "core.hooksPath"]);
    }
    world.healthy();
}

#[test]
fn what_went_past_the_hooks_is_found() {
    let world = World::landed();
    world.healthy();
    for (reference, to) in [
        ("refs/heads/main", "refs/heads/main^"),
        ("refs/awo/ledger", "refs/awo/ledger^"),
        ("refs/heads/wip/new", "refs/heads/main"),
    ] {
        let back = world.run(
            "server",
            "server.git",
            &["git", "rev-parse", "--verify", reference],
        );
        let to = world.rev("server.git", to);
        world.ok(
            "server",
            "server.git",
            &["git", "update-ref", reference, &to],
        );
        assert_eq!(
            world.diagnosis("server", "server.git"),
            ["REP-002 past-the-hooks"],
            "{reference}"
        );
        let restore = match back.code {
            0 => vec!["git", "update-ref", reference, back.text.trim()],
            _ => vec!["git", "update-ref", "-d", reference],
        };
        world.ok("server", "server.git", &restore);
    }
    // A push into the directory with other hooks is no push that was judged.
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Past");
    world.force("otto", &["HEAD:refs/heads/wip/past"]);
    assert_eq!(
        world.diagnosis("server", "server.git"),
        ["REP-002 past-the-hooks"]
    );
}

#[test]
fn configuration_that_takes_enforcement_away_is_found() {
    let world = World::founded();
    for (key, value, finding) in [
        (
            "transfer.hideRefs",
            "refs/awo",
            Some("STR-002 records-announced"),
        ),
        (
            "uploadpack.hideRefs",
            "refs/notes/awo/approvals",
            Some("STR-002 records-announced"),
        ),
        (
            "receive.procReceiveRefs",
            "refs/heads",
            Some("GOV-002 proc-receive"),
        ),
        (
            "receive.fsckObjects",
            "false",
            Some("GOV-002 objects-checked"),
        ),
        ("transfer.hideRefs", "refs/pull", None),
        ("receive.denyDeletes", "true", None),
    ] {
        world.ok("server", "server.git", &["git", "config", key, value]);
        let wanted: Vec<String> = finding.iter().map(|it| (*it).to_owned()).collect();
        assert_eq!(
            world.diagnosis("server", "server.git"),
            wanted,
            "{key} = {value}"
        );
        world.ok("server", "server.git", &["git", "config", "--unset", key]);
        let checked = ["git", "config", "receive.fsckObjects", "true"];
        world.ok("server", "server.git", &checked);
    }
    world.healthy();
}

#[test]
fn an_anchor_a_key_and_a_lock_are_looked_at() {
    let world = World::founded();
    for (who, place, anchor) in [
        ("server", "server.git", "server.git/awo/anchor"),
        ("rita", "rita", "rita/.git/awo/anchor"),
    ] {
        let path = world.path(anchor);
        let good = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(
            world.diagnosis(who, place),
            ["GOV-006 pinned-root"],
            "{who}"
        );
        std::fs::write(&path, "damaged\n").unwrap();
        assert_eq!(
            world.diagnosis(who, place),
            ["GOV-006 pinned-root"],
            "{who}"
        );
        std::fs::write(&path, good).unwrap();
    }
    let key = world.path("server.git/awo/server_key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    let found = world.diagnosis("server", "server.git");
    assert!(
        found.contains(&"ATT-004 server-key-private".to_owned()),
        "{found:?}"
    );
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
    // A lock in use is young; one of a process that was killed grows old.
    let lock = world.path("server.git/refs/awo/ledger.lock");
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let file = std::fs::File::create(&lock).unwrap();
    assert_eq!(
        world.diagnosis("server", "server.git"),
        [""; 0],
        "a young lock"
    );
    file.set_modified(SystemTime::now() - Duration::from_secs(3_600))
        .unwrap();
    assert_eq!(
        world.diagnosis("server", "server.git"),
        ["REP-003 lock-free"]
    );
    std::fs::remove_file(&lock).unwrap();
    world.healthy();
}

#[test]
fn a_ref_that_names_nothing_is_named_and_mended_as_it_is_told() {
    let world = World::landed();
    let server = |words: &[&str]| world.ok("server", "server.git", words);
    server(&["git", "awo", "doctor"]);
    for reference in [
        "refs/heads/main",
        "refs/awo/ledger",
        "refs/awo/log",
        "refs/heads/wip/new",
    ] {
        for bytes in [&b""[..], &[0; 41], b"\n"] {
            let before = world.server();
            let path = world.path(&format!("server.git/{reference}"));
            let there = std::fs::read(&path).ok();
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, bytes).unwrap();
            world.refused(
                "otto",
                "otto",
                &["git", "push", "origin", "main:wip/x"],
                "INT-005",
            );
            let words = ["git", "awo", "doctor", "--json"];
            let output = world
                .command("server", "server.git", &words)
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(1));
            let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let finding = &answer["findings"][0];
            assert_eq!(finding["code"], "INT-005", "{answer}");
            assert_eq!(finding["subject"]["ref"], reference);
            let remedy = finding["remedy"].as_str().unwrap();
            assert!(remedy.contains(path.to_str().unwrap()), "{remedy}");
            let remedy = remedy.split(": packed-refs").next().unwrap();
            let shell = remedy.split("; then").next().unwrap();
            server(&["sh", "-ec", shell]);
            // The receive log itself is in no log: a clone must bring it.
            if reference == "refs/awo/log" {
                std::fs::write(&path, there.unwrap()).unwrap();
            }
            assert_eq!(world.server(), before, "{reference}: {remedy}");
        }
    }
    world.healthy();
}

#[test]
fn hooks_for_gitlab_where_there_is_no_gitaly_are_found() {
    let world = World::founded();
    let server = |words: &[&str]| world.ok("server", "server.git", words);
    let uninstall = ["git", "awo", "hooks", "uninstall", "--server"];
    let install = ["git", "awo", "hooks", "install", "--server"];
    server(&uninstall);
    server(&[&install[..], &["--gitlab"]].concat());
    let found = world.diagnosis("server", "server.git");
    assert_eq!(found, ["GOV-002 hooks-called"], "git runs none of them");
    // In a storage of Gitaly's they are called.
    world.write(".gitaly-metadata", "{}");
    assert_eq!(world.diagnosis("server", "server.git"), [""; 0]);
    std::fs::remove_file(world.path(".gitaly-metadata")).unwrap();
    let hashed = world.path("@hashed/ab/cd");
    std::fs::create_dir_all(&hashed).unwrap();
    std::fs::rename(world.path("server.git"), hashed.join("x.git")).unwrap();
    assert_eq!(world.diagnosis("server", "@hashed/ab/cd/x.git"), [""; 0]);
    std::fs::rename(hashed.join("x.git"), world.path("server.git")).unwrap();
    // The remedy.
    server(&uninstall);
    server(&install);
    world.healthy();
}

#[test]
fn files_that_everybody_may_write_and_replace_refs_are_found() {
    let world = World::founded();
    for file in [
        "",
        "config",
        "refs",
        "hooks",
        "hooks/pre-receive",
        "hooks/reference-transaction",
        "awo",
        "awo/anchor",
        "awo/pushes",
    ] {
        let path = world.path("server.git").join(file);
        let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let before = std::fs::metadata(&path).unwrap().permissions().mode();
        mode(before | 0o002);
        let found = world.diagnosis("server", "server.git");
        assert_eq!(found, ["GOV-002 own-files"], "{file}");
        let said = world
            .run("server", "server.git", &["git", "awo", "doctor"])
            .text;
        let (_, remedy) = said.split_once("remedy: ").unwrap();
        let remedy = remedy.lines().next().unwrap();
        world.ok("server", "server.git", &["sh", "-ec", remedy]);
        assert_eq!(world.diagnosis("server", "server.git"), [""; 0], "{file}");
        // A group may share a repository.
        mode(before | 0o020);
        assert_eq!(world.diagnosis("server", "server.git"), [""; 0], "{file}");
        mode(before);
    }
    let main = world.rev("server.git", "refs/heads/main");
    let policy = world.rev("server.git", "refs/awo/policy");
    world.ok("server", "server.git", &["git", "replace", &main, &policy]);
    let found = world.diagnosis("server", "server.git");
    assert_eq!(found, ["INT-005 replace-ref"]);
    world.ok("server", "server.git", &["git", "replace", "-d", &main]);
    world.healthy();
}

#[test]
fn what_a_killed_run_left_is_told_until_the_next_run_has_removed_it() {
    let world = World::approved();
    std::fs::create_dir(world.path("runs")).unwrap();
    let otto = |words: &[&str]| {
        let mut command = world.command("otto", "otto", words);
        command.env("TMPDIR", world.path("runs"));
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text)
    };
    let told = || {
        let (code, said) = otto(&["git", "awo", "doctor"]);
        assert_eq!(code, Some(0), "it stops nobody: {said}");
        said.contains("a run that was killed")
    };
    assert!(!told(), "no run yet");
    let run = |script: &str| {
        let words = ["git", "awo", "run", TASK, "--", "sh", "-c", script];
        otto(&words).0
    };
    assert_eq!(run("kill -KILL $PPID"), None, "killed");
    assert!(told());
    // Whoever empties TMPDIR has removed it too: nothing is written down in the repository.
    std::fs::rename(world.path("runs"), world.path("elsewhere")).unwrap();
    std::fs::create_dir(world.path("runs")).unwrap();
    assert!(!told());
    world.ok("otto", "otto", &["git", "fsck", "--strict"]);
    std::fs::remove_dir(world.path("runs")).unwrap();
    std::fs::rename(world.path("elsewhere"), world.path("runs")).unwrap();
    assert_eq!(run(AGENT), Some(0));
    assert!(!told(), "the next run has removed it");
}
