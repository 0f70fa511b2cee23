//! The main road, as people walk it.

use serde_json::Value;

use crate::world::{AGENT, PACKET, RUN, SENTENCE, TASK, World};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_packet_becomes_a_contract_byte_for_byte() {
    let world = World::approved();
    let shown = json(&world.ok(
        "otto",
        "otto",
        &["git", "awo", "task", "show", TASK, "--json"],
    ));
    assert_eq!(shown["schema"], "awo.contract/1");
    assert_eq!(shown["id"], TASK);
    assert_eq!(
        shown["allowed_paths"],
        serde_json::json!(["src/strings.py", "test_strings.py"])
    );
    assert_eq!(shown["approval_sentence"], SENTENCE);
    let ledger = world.ledger_of("otto");
    let kept = ledger.iter().find(|(path, _)| path.ends_with("@packet"));
    assert_eq!(kept.unwrap().1, PACKET.as_bytes(), "byte for byte");
}

#[test]
fn a_sentence_with_one_character_changed_is_refused() {
    let world = World::founded();
    world.write("packet.md", PACKET);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../packet.md"],
    );
    for (what, sentence, position) in [
        (
            "another letter",
            SENTENCE.replace("alignment", "alinement"),
            "character 4",
        ),
        (
            "another case",
            SENTENCE.replace("I approve", "I Approve"),
            "character 3",
        ),
        (
            "a look-alike",
            SENTENCE.replace("approve", "\u{430}pprove"),
            "character 3",
        ),
        (
            "a double space",
            SENTENCE.replace("the slugify", "the  slugify"),
            "",
        ),
        (
            "a missing full stop",
            SENTENCE.trim_end_matches('.').to_owned(),
            "",
        ),
        ("a carriage return", format!("{SENTENCE}\r\n"), ""),
        ("more text", format!("I do not say: {SENTENCE}"), ""),
    ] {
        let said = world.refused(
            "olga",
            "olga",
            &["git", "awo", "approve", TASK, "--sentence", &sentence],
            "GOV-005",
        );
        assert!(
            said.contains("character"),
            "{what}: the position is named: {said}"
        );
        let _ = position;
    }
    let list = ["git", "for-each-ref", "refs/notes"];
    assert_eq!(world.ok("olga", "olga", &list), "");
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
    );
}

#[test]
fn only_an_operator_approves_a_task_and_imports_one() {
    let world = World::founded();
    world.write("packet.md", PACKET);
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "task", "import", "../packet.md"],
        "ATT-001",
    );
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../packet.md"],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
        "ATT-001",
    );
}

#[test]
fn nothing_is_executed_without_approval_or_switch() {
    let world = World::imported();
    let marker = world.path("executed");
    let touch = format!("touch {}", marker.display());
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "run", TASK, "--", "sh", "-c", &touch],
        "GOV-005",
    );
    let mut command = world.command(
        "otto",
        "otto",
        &["git", "awo", "run", TASK, "--", "sh", "-c", &touch],
    );
    let output = command.env_remove("AWO_ALLOW_RUN").output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("AWO_ALLOW_RUN"));
    assert!(!marker.exists(), "the command never ran");
}

#[test]
fn the_slugify_task_is_executed_attested_pushed_verified_and_rolled_back() {
    let world = World::landed();
    // Executed: one commit on main, signed by otto, with the trailers and the change.
    let body = world.ok(
        "rita",
        "rita",
        &["git", "log", "-1", "--format=%B", "origin/main"],
    );
    for trailer in [
        format!("AWO-Task: {TASK}"),
        format!("AWO-Run: {RUN}"),
        "AWO-Root: ".to_owned(),
    ] {
        assert!(body.contains(&trailer), "{body}");
    }
    assert_eq!(
        world.rev("rita", "origin/main^"),
        world.rev("olga", "HEAD^"),
        "exactly one commit"
    );
    let changed = world.ok(
        "rita",
        "rita",
        &["git", "diff", "--name-only", "origin/main^", "origin/main"],
    );
    assert_eq!(changed, "src/strings.py\ntest_strings.py\n");
    world.ok(
        "rita",
        "rita",
        &["python3", "-B", "-m", "unittest", "-q", "test_strings"],
    );
    assert_eq!(
        world.ok("otto", "otto", &["git", "status", "--porcelain"]),
        "",
        "otto's work tree ends clean"
    );
    // Evidence: the validation really ran.
    let evidence = world.ok(
        "rita",
        "rita",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo/evidence",
        ],
    );
    let files = world.ok(
        "rita",
        "rita",
        &["git", "ls-tree", "-r", "--name-only", evidence.trim()],
    );
    for name in [
        "report.json",
        "report.md",
        "events.normalized.jsonl",
        "trace.jsonl",
        "patch.diff",
        "test.log",
        "artifact_digests.json",
        "freshness.json",
        "owned_repo.json",
        "control_surface.json",
        "SHA256SUMS.txt",
        "run_manifest.json",
        "provenance.json",
        "index.json",
        "environment.json",
    ] {
        assert!(
            files
                .lines()
                .any(|line| line.ends_with(&format!("{RUN}/{name}"))),
            "{name} in\n{files}"
        );
    }
    let log = files
        .lines()
        .find(|line| line.ends_with("/test.log"))
        .unwrap();
    let log = world.ok(
        "rita",
        "rita",
        &[
            "git",
            "cat-file",
            "blob",
            &format!("{}:{log}", evidence.trim()),
        ],
    );
    assert!(log.contains("Ran 2 tests"), "{log}");
    // Attested and indexed; verified on a fresh clone.
    let chain = json(&world.ok("rita", "rita", &["git", "awo", "chain", RUN, "--json"]));
    let missing: Vec<_> = chain["links"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["state"] != "held")
        .collect();
    assert_eq!(missing.len(), 1, "only the outcome is to come: {missing:?}");
    world.fresh_clone();
    let verdict = json(&world.ok("vera", "vera", &["git", "awo", "verify", "--json"]));
    assert_eq!(verdict["verdict"], "allowed");
    assert_eq!(verdict["checked"]["runs"], 1);
    assert_eq!(
        verdict,
        json(&world.ok("vera", "vera", &["git", "awo", "verify", "--json"])),
        "same bytes again"
    );
    // Rejected and rolled back by the exact inverse, even when the branch has moved on.
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "awo",
            "outcome",
            RUN,
            "rejected",
            "--reason",
            "wrong separator",
        ],
    );
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    assert_eq!(
        world.ok("olga", "olga", &["git", "diff", "HEAD", "HEAD~2"]),
        "",
        "as it was before"
    );
    assert_eq!(
        world.ok("olga", "olga", &["git", "status", "--porcelain"]),
        "",
        "the work tree follows"
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn measuring_finds_what_the_agent_did_not_report() {
    let world = World::approved();
    for (what, script, code) in [
        ("a path outside", "echo x > other.txt", "GOV-003"),
        (
            "a forbidden path",
            "mkdir secrets; echo k > secrets/key",
            "GOV-003",
        ),
        (
            "a symlink",
            "ln -sf ../../etc/passwd src/strings.py",
            "INT-003",
        ),
        (
            "an executable bit",
            "echo '#' >> src/strings.py; chmod +x src/strings.py",
            "INT-003",
        ),
        ("nothing", "true", "GOV-002"),
        (
            "a branch made",
            "echo '#' >> src/strings.py; git --git-dir=REAL branch sneaky",
            "GOV-004",
        ),
        (
            "a setting changed",
            "echo '#' >> src/strings.py; git --git-dir=REAL config core.editor evil",
            "GOV-004",
        ),
    ] {
        let world = world_again(&world);
        let script = script.replace("REAL", world.path("otto/.git").to_str().unwrap());
        let before = world.ok("otto", "otto", &["git", "for-each-ref"]);
        world.refused(
            "otto",
            "otto",
            &[
                "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", &script,
            ],
            code,
        );
        let after = world.ok("otto", "otto", &["git", "for-each-ref"]);
        let sneaky = after
            .lines()
            .filter(|line| line.ends_with("refs/heads/sneaky"))
            .count();
        assert_eq!(
            after.lines().count() - sneaky,
            before.lines().count(),
            "{what}: nothing was recorded"
        );
    }
}

fn world_again(_: &World) -> World {
    World::approved()
}

#[test]
fn the_logs_of_a_run_are_what_was_written_to_its_streams() {
    for plant in [
        "echo FORGED > ../test.log; echo FORGED > ../stdout",
        "mkfifo ../test.log ../stdout",
        "ln -s $HOME/secret ../stdout; ln -s $HOME/secret ../test.log",
        "mkdir ../test.log ../stdout ../stderr",
    ] {
        let world = World::approved();
        world.write("agent.sh", format!("{AGENT}\n{plant}\necho said\n"));
        let agent = world.path("agent.sh").display().to_string();
        let run = [
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ];
        world.ok("otto", "otto", &run);
        let export = ["git", "awo", "export", RUN, "../out"];
        world.ok("otto", "otto", &export);
        let kept = |name: &str| {
            std::fs::read_to_string(world.path(&format!("out/runs/{RUN}/{name}"))).unwrap()
        };
        assert_eq!(kept("logs/stdout.log"), "said\n", "{plant}");
        assert!(!kept("test.log").contains("FORGED"), "{plant}");
        assert!(kept("test.log").contains("OK"), "{plant}");
    }
}

#[test]
fn a_failing_validation_stops_the_run() {
    let world = World::approved();
    let broken = AGENT.replace("\"-\".join", "\"_\".join");
    world.write("agent.sh", broken);
    let agent = world.path("agent.sh").display().to_string();
    let done = world.run(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ],
    );
    assert_ne!(done.code, 0);
    assert!(
        done.text.contains("FAILED"),
        "what the tests said is shown: {}",
        done.text
    );
    assert_eq!(
        world.ok(
            "otto",
            "otto",
            &["git", "for-each-ref", "refs/awo/evidence"]
        ),
        ""
    );
}

#[test]
fn gates_come_in_their_order() {
    let world = World::executed();
    world.refused("rita", "rita", &["git", "awo", "approve", RUN], "GOV-002");
    world.refused("rita", "rita", &["git", "awo", "attest", RUN], "GOV-002");
    world.refused("otto", "otto", &["git", "awo", "finalize", RUN], "GOV-002");
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.refused("rita", "rita", &["git", "awo", "attest", RUN], "GOV-005");
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
}

#[test]
fn a_reviewer_without_the_evidence_is_told_and_the_run_lives_on() {
    let world = World::executed();
    let evidence = world.ok(
        "rita",
        "rita",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo/evidence",
        ],
    );
    world.ok(
        "rita",
        "rita",
        &["git", "update-ref", "-d", evidence.trim()],
    );
    let ledger = world.rev("rita", "refs/awo/ledger");
    let said = world.refused("rita", "rita", &["git", "awo", "gate", RUN], "GOV-002");
    assert!(said.contains("git awo fetch"), "{said}");
    assert_eq!(
        world.rev("rita", "refs/awo/ledger"),
        ledger,
        "no failed log"
    );
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
}

#[test]
fn a_self_approval_needs_the_word_of_the_policys_authority() {
    let world = World::executed();
    world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001");
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "gate", RUN, "--allow-self-approval"],
        "ATT-001",
    );
}

#[test]
fn one_approval_cannot_be_spent_in_two_clones() {
    let world = World::approved();
    world.ok("otto", ".", &["cp", "-a", "otto", "otto2"]);
    world.write("agent.sh", AGENT);
    let agent = world.path("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", "run_a", "--", "sh", &agent,
        ],
    );
    world.ok(
        "otto",
        "otto2",
        &[
            "git", "awo", "run", TASK, "--run-id", "run_b", "--", "sh", &agent,
        ],
    );
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let before = world.server();
    world.refused("otto", "otto2", &["git", "awo", "push"], "REP-001");
    assert_eq!(world.server(), before, "nothing moved on the server");
    // The loser takes the server's records; the own ones are kept out of the way, not lost.
    world.ok("otto", "otto2", &["git", "awo", "fetch", "--theirs"]);
    let kept = world.ok(
        "otto",
        "otto2",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo-displaced",
        ],
    );
    assert!(kept.contains("refs/awo-displaced/awo/ledger/"), "{kept}");
}

#[test]
fn ten_pushes_each_by_three_persons_at_once_all_land() {
    let world = World::founded();
    world.ok(
        "olga",
        "olga",
        &["git", "checkout", "--quiet", "-b", "wip/olga"],
    );
    world.ok(
        "otto",
        "otto",
        &["git", "checkout", "--quiet", "-b", "wip/otto"],
    );
    world.ok(
        "rita",
        "rita",
        &["git", "checkout", "--quiet", "-b", "wip/rita"],
    );
    std::thread::scope(|scope| {
        for who in ["olga", "otto", "rita"] {
            let world = &world;
            scope.spawn(move || {
                for number in 0..10 {
                    if who == "olga" {
                        let id = format!("T-{number}");
                        let words = [
                            "git", "awo", "task", "new", &id, "--task", "a task", "--allow", "src/",
                        ];
                        world.ok(who, who, &words);
                    }
                    world.write(&format!("{who}/src/{who}{number}.py"), "x = 1\n");
                    world.commit(who, &format!("{who} {number}"));
                    world.ok(who, who, &["git", "awo", "push"]);
                }
            });
        }
        let world = &world;
        scope.spawn(move || {
            // olga's second clone: another writer of the same ledger.
            world.ok(
                "olga",
                ".",
                &["git", "clone", "--quiet", "server.git", "third"],
            );
            world.ok(
                "olga",
                "third",
                &["git", "remote", "set-url", "origin", "../server.git"],
            );
            world.ok(
                "olga",
                "third",
                &["git", "awo", "trust", &world.fingerprint()],
            );
            world.ok("olga", "third", &["git", "awo", "fetch"]);
            for number in 0..10 {
                let id = format!("U-{number}");
                world.ok(
                    "olga",
                    "third",
                    &[
                        "git", "awo", "task", "new", &id, "--task", "a task", "--allow", "src/",
                    ],
                );
                world.ok("olga", "third", &["git", "awo", "push"]);
            }
        });
    });
    let ledger = world.ledger_of("server.git");
    for number in 0..10 {
        for prefix in ["T", "U"] {
            let name = format!("{prefix}-{number}@contract.dsse.json");
            assert!(ledger.iter().any(|(path, _)| *path == name), "{name}");
        }
    }
    for who in ["olga", "otto", "rita"] {
        let count = world.ok(
            "server",
            "server.git",
            &[
                "git",
                "rev-list",
                "--count",
                &format!("refs/heads/wip/{who}"),
                "--not",
                "refs/heads/main",
            ],
        );
        assert_eq!(count.trim(), "10", "every commit of {who}");
    }
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn every_command_answers_in_json_with_its_schema() {
    let world = World::landed();
    let rita = |words: &[&str]| -> Value {
        let mut all = vec!["git", "awo", "--json"];
        all.extend(words);
        let output = world.command("rita", "rita", &all).output().unwrap();
        json(&String::from_utf8_lossy(&output.stdout))
    };
    for (words, schema) in [
        (vec!["status"], "awo.status/1"),
        (vec!["log"], "awo.log/1"),
        (vec!["show", RUN], "awo.show/1"),
        (vec!["chain", RUN], "awo.verdict/1"),
        (vec!["verify"], "awo.verdict/1"),
        (vec!["task", "list"], "awo.tasks/1"),
        (vec!["task", "show", TASK], "awo.contract/1"),
        (vec!["policy", "show"], "awo.policy/1"),
        (vec!["policy", "log"], "awo.policy-log/1"),
        (
            vec!["policy", "check", "../policy/policy.toml"],
            "awo.verdict/1",
        ),
        (vec!["trust"], "awo.trust/1"),
        (vec!["doctor"], "awo.verdict/1"),
        (vec!["hooks", "status"], "awo.hooks/1"),
        (vec!["fetch"], "awo.fetch/1"),
        (vec!["push"], "awo.push/1"),
        (vec!["receipt"], "awo.receipt/1"),
        (vec!["frobnicate"], "awo.error/1"),
        (vec!["init"], "awo.init/1"),
        (vec!["gate", "no_such_run"], "awo.error/1"),
        (vec!["approve", "no_such_task"], "awo.error/1"),
        (vec!["rollback", RUN], "awo.error/1"),
        (
            vec!["outcome", RUN, "accepted", "--reason", "x"],
            "awo.error/1",
        ),
    ] {
        assert_eq!(rita(&words)["schema"], schema, "{words:?}");
    }
}

#[test]
fn exit_codes_are_the_contract() {
    let world = World::landed();
    for (words, code) in [
        (vec!["git", "awo", "status"], 0),
        (vec!["git", "awo", "verify"], 0),
        (vec!["git", "awo", "--version"], 0),
        (vec!["git", "awo", "--help"], 0),
        (vec!["git", "awo", "show", "no_such_run"], 3),
        (vec!["git", "awo", "gate", "no_such_run"], 3),
        (vec!["git", "awo", "gate", "../x"], 2),
        (vec!["git", "awo", "frobnicate"], 2),
        (vec!["git", "awo", "approve"], 2),
        (vec!["git", "awo", "-C", "/", "status"], 3),
    ] {
        let done = world.run("rita", "rita", &words);
        assert_eq!(done.code, code, "{words:?}\n{}", done.text);
    }
}

#[test]
fn errors_name_the_next_command() {
    let world = World::landed();
    world.ok(
        "rita",
        "rita",
        &[
            "git",
            "config",
            "--unset-all",
            "--global",
            "user.signingkey",
        ],
    );
    let done = world.run("rita", "rita", &["git", "awo", "gate", RUN]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(done.text.contains("ATT-004"), "{}", done.text);
    assert!(
        done.text.contains("git config user.signingkey"),
        "{}",
        done.text
    );
}

#[test]
fn doctor_is_content_with_a_good_clone_and_finds_missing_hooks() {
    let world = World::landed();
    world.ok("rita", "rita", &["git", "awo", "doctor"]);
    world.ok("server", "server.git", &["git", "awo", "doctor"]);
    std::fs::remove_file(world.path("server.git/hooks/pre-receive")).unwrap();
    world.refused(
        "server",
        "server.git",
        &["git", "awo", "doctor"],
        "pre-receive",
    );
}

#[test]
fn a_saved_receipt_proves_an_omission() {
    let world = World::landed();
    let receipt = world.ok("rita", "rita", &["git", "awo", "receipt"]);
    world.write("receipt", receipt);
    world.fresh_clone();
    world.ok(
        "vera",
        "vera",
        &["git", "awo", "verify", "--receipt", "../receipt"],
    );
    let earlier = world.rev("vera", "refs/awo/log^");
    world.ok(
        "vera",
        "vera",
        &["git", "update-ref", "refs/awo/log", &earlier],
    );
    world.refused(
        "vera",
        "vera",
        &["git", "awo", "verify", "--receipt", "../receipt"],
        "REP-002",
    );
}

#[test]
fn the_independent_check_agrees() {
    let world = World::landed();
    world.fresh_clone();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/verify-run.sh");
    let lines = std::fs::read_to_string(script).unwrap().lines().count();
    assert!(lines <= 80, "{lines} lines, at most 80");
    let said = world.ok("vera", ".", &["bash", script, "vera", RUN]);
    assert!(said.contains("ok"), "{said}");
    // A changed attestation is found without git-awo too.
    let notes = &*world.notes("vera", "attestations");
    let note = world.ok(
        "vera",
        "vera",
        &["git", "notes", "--ref", notes, "show", "origin/main"],
    );
    let (before, after) = note.split_once("\"sig\":\"").unwrap();
    let forged = format!(
        "{before}\"sig\":\"{}{}",
        if after.starts_with('V') { 'W' } else { 'V' },
        &after[1..]
    );
    world.ok(
        "vera",
        "vera",
        &[
            "git",
            "notes",
            "--ref",
            notes,
            "add",
            "-f",
            "-m",
            forged.trim(),
            "origin/main",
        ],
    );
    assert_ne!(
        world.run("vera", ".", &["bash", script, "vera", RUN]).code,
        0,
        "a forged note is refused"
    );
}

#[test]
fn every_hint_names_a_command_that_exists() {
    let world = World::founded();
    let help = world.ok("olga", ".", &["git", "awo", "--help"]);
    let known: Vec<&str> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .chain(["hook"])
        .collect();
    let mut seen = 0;
    for entry in walk(std::path::Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src"
    ))) {
        let text = std::fs::read_to_string(&entry).unwrap();
        for (at, _) in text.match_indices("git awo ") {
            let word: String = text[at + 8..]
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                .collect();
            // Prose goes on in other ways: `git awo …`, `git awo -h`.
            if !word.is_empty() {
                assert!(
                    known.contains(&word.as_str()),
                    "git awo {word} in {}",
                    entry.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "the source was read: {seen}");
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn nobody_founds_a_second_policy_by_mistake() {
    let world = World::founded();
    world.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "vera"],
    );
    let said = world.refused("vera", "vera", &["git", "awo", "init"], "GOV-006");
    assert!(said.contains("git awo fetch origin"), "{said}");
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "init"]);
}

#[test]
fn a_contract_from_the_command_line_can_be_run() {
    let world = World::founded();
    let new = [
        "git",
        "awo",
        "task",
        "new",
        "T-1",
        "--task",
        "Add notes",
        "--allow",
        "docs/*.md",
        "--validate",
        "test -f docs/a.md",
    ];
    world.ok("olga", "olga", &new);
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "awo",
            "approve",
            "T-1",
            "--sentence",
            "I approve T-1.",
        ],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let script = "mkdir -p docs; echo note > docs/a.md";
    world.ok(
        "otto",
        "otto",
        &["git", "awo", "run", "T-1", "--", "sh", "-c", script],
    );
}

#[test]
fn an_old_clone_notices_a_rewound_branch() {
    let world = World::landed();
    world.ok("rita", "rita", &["git", "awo", "verify"]);
    let earlier = world.rev("server.git", "refs/heads/main^");
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "refs/heads/main", &earlier],
    );
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.refused("rita", "rita", &["git", "awo", "verify"], "REP-002");
}

#[test]
fn finalize_leaves_no_other_work_tree_behind() {
    let world = World::attested();
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "worktree",
            "add",
            "--quiet",
            "-b",
            "wip/x",
            "../linked",
        ],
    );
    let said = world.refused(
        "otto",
        "linked",
        &["git", "awo", "finalize", RUN],
        "GOV-002",
    );
    assert!(said.contains("another work tree"), "{said}");
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    assert_eq!(
        world.ok("otto", "otto", &["git", "status", "--porcelain"]),
        ""
    );
}

#[test]
fn a_run_is_rolled_back_once_and_status_knows() {
    let world = World::rejected();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    let status = world.ok("olga", "olga", &["git", "awo", "status"]);
    assert!(status.contains("rolled back"), "{status}");
    // otto's branch is behind: a second roll-back there would only diverge.
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let said = world.refused("otto", "otto", &["git", "awo", "rollback", RUN], "REP-003");
    assert!(said.contains("git merge --ff-only"), "{said}");
}

/// Runs a command some days from now.
fn later(world: &World, who: &str, days: u64, words: &[&str]) -> std::process::Output {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let then = now.unwrap().as_secs() + days * 86_400;
    let mut command = world.command(who, who, words);
    command.env("SOURCE_DATE_EPOCH", then.to_string());
    command.output().unwrap()
}

#[test]
fn approvals_that_expire_after_a_run_has_landed_leave_its_chain_whole() {
    let world = World::landed();
    let output = later(&world, "otto", 40, &["git", "awo", "chain", RUN]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "the chain holds for ever: {said}");
}

#[test]
fn a_run_is_not_finalized_by_an_approval_that_has_expired() {
    let world = World::attested();
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let finalize = ["git", "awo", "finalize", RUN, "--json"];
    let output = later(&world, "otto", 40, &finalize);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("GOV-005"), "{said}");
    world.ok("otto", "otto", &finalize);
}

#[test]
fn the_quickstart_takes_a_directory_as_it_is_named_from_here() {
    let world = World::founded();
    world.write("taken/file", "x");
    let text = world.refused(
        "olga",
        ".",
        &["git", "awo", "quickstart", "taken"],
        "not empty",
    );
    assert!(!text.contains("taken/taken"), "{text}");
}
