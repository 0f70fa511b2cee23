//! Who may do what, and the steps of a task and of a run.

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::admissions::{EXECUTE, asked};
use crate::packets::{SIGNATURE, packet};
use crate::post_work::PACKET as PLAIN_PACKET;
use crate::world::{AGENT, PACKET, RUN, SENTENCE, TASK, World};

const OLGA: (&str, &str) = ("olga", "olga");
const RITA: (&str, &str) = ("rita", "rita");

/// otto executes the task, by a command that does what the contract wants.
pub fn executes(world: &World, run: &str) {
    let words = [
        "git", "awo", "run", TASK, "--run-id", run, "--", "sh", "-c", AGENT,
    ];
    world.ok("otto", "otto", &words);
}

fn mended(world: &World) {
    executes(world, "run_again");
}

fn shared(world: &World, from: &str, to: &str) {
    world.ok(from, from, &["git", "awo", "push"]);
    world.ok(to, to, &["git", "awo", "fetch"]);
}

fn from_olga(world: &World) {
    shared(world, "olga", "otto");
}

fn imported(world: &World) {
    world.write("packet.md", PACKET);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../packet.md"],
    );
}

fn gated(world: &World) {
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
}

/// A run whose contract asks a reviewer to run it again.
fn again_asked() -> World {
    let world = World::founded();
    world.writes_a_contract_with("olga", TASK, &["--determinism", "2"]);
    world.approves_task(TASK);
    world.shares();
    world.executes_by(RUN, TASK, "echo x > src/x");
    shared(&world, "otto", "rita");
    world
}

fn always_the_same(world: &World) {
    let line = "git awo determinism check --runs 2 -- sh -c 'echo x > src/x'";
    world.shell("otto", "otto", line);
}

/// A run that its command ends badly: `sh -c SCRIPT`.
const fn run(rule: Rule, act: &'static [&'static str]) -> Case {
    Case {
        rule,
        stage: World::approved,
        act,
        pick: BY_HAND,
        then: mended,
        end: End::Done,
        ..CASE
    }
}

const APPROVE: &[(&str, &str)] = &[("git awo approve", "--sentence \"$(cat ../sentence)\"")];

fn sentence(world: &World) {
    world.write("sentence", SENTENCE);
}

/// Writes down the digest of olga's approval of the task.
fn digest(world: &World) {
    let shown = world.ok("olga", "olga", &["git", "awo", "show", TASK, "--json"]);
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let mut records = shown["records"].as_array().unwrap().iter();
    let approval = records.find(|it| it["statement"]["predicate"]["sentence"].is_string());
    world.write("digest", approval.unwrap()["digest"].as_str().unwrap());
}

/// Puts the next policy into force, with `from` in it exchanged for `to`.
fn policy(world: &World, version: u32, from: &'static str, to: &'static str) {
    world.next_policy(version, None, |text| {
        assert!(text.contains(from), "{text}");
        text.replace(from, to)
    });
}

pub const CASES: &[Case] = &[
    // Keys and roles.
    Case {
        rule: Rule::KeyConfigured,
        stage: World::executed,
        prepare: |world| {
            let unset = ["git", "config", "--global", "--unset", "user.signingkey"];
            world.ok("rita", "rita", &unset);
        },
        who: RITA,
        act: &["git", "awo", "gate", RUN],
        fill: &[("~/.ssh/id_ed25519", "")],
        then: |world| {
            _ = world.ok(
                "rita",
                "rita",
                &["git", "config", "user.signingkey", "~/key"],
            )
        },
        ..CASE
    },
    Case {
        rule: Rule::KeyUsable,
        stage: World::executed,
        prepare: |world| {
            let home = world.path("home/rita");
            std::fs::rename(home.join("key"), home.join("moved")).unwrap();
        },
        who: RITA,
        act: &["git", "awo", "gate", RUN],
        fill: &[("PATH", "~/moved")],
        ..CASE
    },
    Case {
        rule: Rule::KeyPrivate,
        stage: World::executed,
        prepare: |world| _ = world.ok("rita", "home/rita", &["chmod", "644", "key"]),
        who: RITA,
        act: &["git", "awo", "gate", RUN],
        ..CASE
    },
    Case {
        rule: Rule::KeyKnown,
        stage: World::executed,
        prepare: |world| {
            let make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "other"];
            world.ok("rita", "home/rita", &make);
            world.ok(
                "rita",
                "rita",
                &["git", "config", "user.signingkey", "~/other"],
            );
        },
        who: RITA,
        act: &["git", "awo", "gate", RUN],
        pick: &[0],
        fill: &[("PATH", "~/key")],
        ..CASE
    },
    Case {
        rule: Rule::RoleHeld,
        stage: World::founded,
        prepare: |world| {
            imported(world);
            from_olga(world);
        },
        act: &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
        then: |world| {
            let words = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
            world.ok("olga", "olga", &words);
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::IndependentReviewer,
        stage: World::executed,
        act: &["git", "awo", "gate", RUN],
        by: Some(RITA),
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::PolicyRoots,
        stage: World::founded,
        prepare: |world| {
            let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
            world.write("p.toml", text.replace("version = 1", "version = 2"));
        },
        who: RITA,
        act: &["git", "awo", "policy", "propose", "../p.toml"],
        pick: BY_HAND,
        then: |world| {
            let words = ["git", "awo", "policy", "propose", "../p.toml"];
            world.ok("olga", "olga", &words);
        },
        end: End::Done,
        ..CASE
    },
    // The policy.
    Case {
        rule: Rule::PolicyReadable,
        stage: World::founded,
        prepare: |world| world.write("p.toml", "version = 0\n"),
        who: OLGA,
        act: &["git", "awo", "policy", "propose", "../p.toml"],
        pick: BY_HAND,
        then: |world| {
            let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
            world.write("p.toml", text.replace("version = 1", "version = 2"));
            world.ok(
                "olga",
                "olga",
                &["git", "awo", "policy", "check", "../p.toml"],
            );
        },
        ..CASE
    },
    Case {
        rule: Rule::PolicyThreshold,
        stage: World::founded,
        prepare: |world| {
            policy(
                world,
                2,
                "threshold = 1\nidentities = [\"olga\"]",
                "threshold = 2\nidentities = [\"olga\", \"rita\"]",
            );
            let tip = world.ok(
                "olga",
                "olga",
                &["git", "rev-list", "--max-parents=0", "main"],
            );
            let text = crate::world::policy(3, tip.trim(), "");
            world.write(
                "p.toml",
                text.replace(
                    "identities = [\"olga\"]",
                    "identities = [\"olga\", \"rita\"]",
                ),
            );
            world.ok(
                "olga",
                "olga",
                &["git", "awo", "policy", "propose", "../p.toml"],
            );
            shared(world, "olga", "rita");
        },
        who: RITA,
        act: &["git", "awo", "policy", "apply"],
        ..CASE
    },
    Case {
        rule: Rule::Locked,
        stage: World::approved,
        prepare: |world| {
            policy(world, 2, "level = \"HYBRID\"", "level = \"LOCKED\"");
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        pick: BY_HAND,
        then: |world| {
            policy(world, 3, "level = \"HYBRID\"", "level = \"HYBRID\"");
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        ..CASE
    },
    // Tasks.
    Case {
        rule: Rule::Packet,
        stage: World::founded,
        prepare: |world| world.write("p.md", "# Nothing\n"),
        who: OLGA,
        act: &["git", "awo", "task", "import", "../p.md"],
        pick: BY_HAND,
        then: |world| world.write("p.md", PACKET),
        ..CASE
    },
    Case {
        rule: Rule::PacketFormat,
        stage: World::founded,
        prepare: |world| {
            let text = packet(world, "WP-A", SIGNATURE);
            world.write("p.md", text.replace(": 2026-02-01", ": 2025-11-26"));
        },
        who: OLGA,
        act: &["git", "awo", "task", "import", "../p.md"],
        pick: BY_HAND,
        then: |world| world.write("p.md", packet(world, "WP-A", SIGNATURE)),
        ..CASE
    },
    Case {
        rule: Rule::SignatureOnce,
        stage: World::founded,
        prepare: |world| {
            world.write("p.md", packet(world, "WP-A", SIGNATURE));
            world.ok("olga", "olga", &["git", "awo", "task", "import", "../p.md"]);
            world.write("p.md", packet(world, "WP-B", SIGNATURE));
        },
        who: OLGA,
        act: &["git", "awo", "task", "import", "../p.md"],
        pick: BY_HAND,
        then: |world| world.write("p.md", packet(world, "WP-B", "olga010320260901")),
        ..CASE
    },
    Case {
        rule: Rule::RecordName,
        stage: World::approved,
        prepare: |world| world.write("p.md", PACKET.replace("align", "rewrite")),
        who: OLGA,
        act: &["git", "awo", "task", "import", "../p.md"],
        pick: BY_HAND,
        then: |world| world.write("p.md", PACKET.replace(TASK, "ANOTHER-0001")),
        ..CASE
    },
    Case {
        rule: Rule::ExactSentence,
        stage: World::approved,
        who: OLGA,
        act: &["git", "awo", "approve", TASK, "--sentence", "I agree."],
        then: |world| {
            let words = [
                "git",
                "awo",
                "approve",
                TASK,
                "--again",
                "--sentence",
                SENTENCE,
            ];
            world.ok("olga", "olga", &words);
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::TaskApproved,
        stage: World::founded,
        prepare: |world| {
            sentence(world);
            imported(world);
            from_olga(world);
        },
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        by: Some(OLGA),
        fill: APPROVE,
        then: from_olga,
        ..CASE
    },
    Case {
        rule: Rule::OneApprovalOneRun,
        stage: World::executed,
        prepare: sentence,
        act: &[
            "git", "awo", "run", TASK, "--run-id", "run_2", "--", "sh", "-c", AGENT,
        ],
        by: Some(OLGA),
        fill: APPROVE,
        then: |world| {
            // otto has pushed his run; olga's approval of another one follows it.
            from_olga(world);
        },
        ..CASE
    },
    Case {
        rule: Rule::RunId,
        stage: World::executed,
        prepare: |world| {
            world.ok("olga", "olga", &["git", "awo", "fetch"]);
            let words = [
                "git",
                "awo",
                "approve",
                TASK,
                "--again",
                "--sentence",
                SENTENCE,
            ];
            world.ok("olga", "olga", &words);
            from_olga(world);
            world.write("agent.sh", AGENT);
        },
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        fill: &[
            ("TASK", TASK),
            ("OTHER", "run_2"),
            ("COMMAND", "sh \"$PWD/../agent.sh\""),
        ],
        end: End::Done,
        ..CASE
    },
    // Executing.
    Case {
        rule: Rule::ExecutionEnabled,
        stage: World::approved,
        act: &[
            "env",
            "-u",
            "AWO_ALLOW_RUN",
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            AGENT,
        ],
        pick: BY_HAND,
        then: mended,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::RanAgain,
        stage: again_asked,
        who: RITA,
        act: &["git", "awo", "gate", RUN],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::Deterministic,
        stage: World::founded,
        act: &[
            "git",
            "awo",
            "determinism",
            "check",
            "--runs",
            "2",
            "--",
            "sh",
            "-c",
            "echo $$ > src/x",
        ],
        pick: BY_HAND,
        then: always_the_same,
        end: End::Done,
        ..CASE
    },
    run(
        Rule::CommandSucceeds,
        &["git", "awo", "run", TASK, "--", "false"],
    ),
    run(
        Rule::CommandStarts,
        &["git", "awo", "run", TASK, "--", "no-such-program"],
    ),
    run(Rule::CommandGiven, &["git", "awo", "run", TASK, "--", ""]),
    run(
        Rule::SomethingChanged,
        &["git", "awo", "run", TASK, "--", "true"],
    ),
    run(
        Rule::AllowedPaths,
        &[
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            "echo x > README.md",
        ],
    ),
    run(
        Rule::ProtectedArtefact,
        &[
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            "mkdir -p .github/workflows; echo x > .github/workflows/x",
        ],
    ),
    run(
        Rule::ValidationSucceeds,
        &[
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            "echo 1/0 >> src/strings.py",
        ],
    ),
    run(
        Rule::EventForm,
        &[
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            "echo x > \"$AWO_EVENTS_FILE\"; echo >> src/strings.py",
        ],
    ),
    run(
        Rule::ForbiddenAction,
        &[
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            "echo '{\"action\":\"push\"}' > \"$AWO_EVENTS_FILE\"; echo >> src/strings.py",
        ],
    ),
    run(
        Rule::ForbiddenPaths,
        &[
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            "mkdir secrets; echo x > secrets/x",
        ],
    ),
    Case {
        then: |world| {
            world.shell("otto", "otto", "git config --unset a.b");
            mended(world);
        },
        ..run(
            Rule::ConfigChange,
            &[
                "git",
                "awo",
                "run",
                TASK,
                "--",
                "sh",
                "-c",
                "git -C {world}/otto config a.b c; echo >> src/strings.py",
            ],
        )
    },
    Case {
        then: |world| {
            world.shell("otto", "otto", "git remote remove odd");
            mended(world);
        },
        ..run(
            Rule::RemoteChange,
            &[
                "git",
                "awo",
                "run",
                TASK,
                "--",
                "sh",
                "-c",
                "git -C {world}/otto remote add odd x; echo >> src/strings.py",
            ],
        )
    },
    Case {
        then: |world| {
            world.shell(
                "otto",
                "otto",
                "rm .git/hooks/pre-push; git awo hooks install",
            );
            mended(world);
        },
        ..run(
            Rule::HookChange,
            &[
                "git",
                "awo",
                "run",
                TASK,
                "--",
                "sh",
                "-c",
                "echo x > {world}/otto/.git/hooks/pre-push; echo >> src/strings.py",
            ],
        )
    },
    Case {
        pick: &[],
        ..run(
            Rule::RefMove,
            &[
                "git",
                "awo",
                "run",
                TASK,
                "--",
                "sh",
                "-c",
                "git -C {world}/otto update-ref refs/heads/odd HEAD; echo >> src/strings.py",
            ],
        )
    },
    Case {
        pick: &[],
        ..run(
            Rule::TrustChange,
            &[
                "git",
                "awo",
                "run",
                TASK,
                "--",
                "sh",
                "-c",
                "rm {world}/otto/.git/awo/anchor; echo >> src/strings.py",
            ],
        )
    },
    Case {
        rule: Rule::GovernedAccepted,
        stage: World::founded,
        prepare: |world| {
            let new = "git awo task new T-W --task x --allow src/ --ref refs/heads/wip/x";
            world.shell("olga", "olga", "git branch wip/x");
            world.shell("olga", "olga", new);
            let sentence = "git awo task show T-W | sed -n 's/^  approval sentence *//p'";
            world.shell(
                "olga",
                "olga",
                &format!("git awo approve T-W --sentence \"$({sentence})\""),
            );
            from_olga(world);
            world.shell("otto", "otto", "git branch wip/x");
        },
        act: &[
            "git",
            "awo",
            "run",
            "T-W",
            "--",
            "sh",
            "-c",
            "echo >> src/strings.py",
        ],
        by: Some(OLGA),
        fill: &[
            ("ID", "T-M"),
            ("TEXT", "x"),
            ("PATTERN", "src/"),
            ("REF", "refs/heads/main"),
        ],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::TargetRef,
        stage: World::approved,
        prepare: |world| {
            world.shell(
                "otto",
                "otto",
                "git switch -q -c wip/x; git branch -q -D main",
            )
        },
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        ..CASE
    },
    Case {
        rule: Rule::ApprovedByOperator,
        stage: World::approved,
        prepare: |world| {
            sentence(world);
            world.next_policy(2, None, |text| {
                text.replace(
                    "name = \"olga\"\nroles = [\"operator\"]",
                    "name = \"olga\"\nroles = [\"reviewer\"]",
                )
                .replace(
                    "name = \"rita\"\nroles = [\"reviewer\"]",
                    "name = \"rita\"\nroles = [\"operator\"]",
                )
            });
            for who in ["rita", "otto"] {
                world.ok(who, who, &["git", "awo", "fetch"]);
            }
        },
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        by: Some(RITA),
        fill: APPROVE,
        then: |world| shared(world, "rita", "otto"),
        ..CASE
    },
    Case {
        rule: Rule::BaseIsTip,
        stage: World::attested,
        prepare: |world| {
            sentence(world);
            world.shell("olga", "olga", "git awo fetch");
            world.write("otto/src/other.py", "x");
            world.commit("otto", "Direct");
        },
        act: &["git", "awo", "finalize", RUN],
        by: Some(OLGA),
        pick: &[0],
        fill: APPROVE,
        then: |world| {
            world.shell("otto", "otto", "git reset -q --keep origin/main");
            from_olga(world);
            mended(world);
        },
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::WorkTreeClean,
        stage: World::approved,
        prepare: |world| world.write("otto/new.txt", "x"),
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::WorkTreeClean,
        stage: World::attested,
        prepare: |world| world.write("otto/src/strings.py", "x = 1\n"),
        act: &["git", "awo", "finalize", RUN],
        pick: &[0],
        ..CASE
    },
    // Reviewing.
    Case {
        rule: Rule::Gate2,
        stage: World::executed,
        who: RITA,
        act: &["git", "awo", "approve", RUN],
        ..CASE
    },
    Case {
        rule: Rule::RunApproved,
        stage: World::executed,
        prepare: gated,
        who: RITA,
        act: &["git", "awo", "attest", RUN],
        ..CASE
    },
    Case {
        rule: Rule::Attestation,
        stage: World::executed,
        prepare: |world| {
            gated(world);
            world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
            shared(world, "rita", "otto");
        },
        act: &["git", "awo", "finalize", RUN],
        by: Some(RITA),
        then: |world| shared(world, "rita", "otto"),
        ..CASE
    },
    Case {
        rule: Rule::Finalization,
        stage: World::attested,
        act: &["git", "awo", "chain", RUN],
        ..CASE
    },
    Case {
        rule: Rule::WorkflowUrl,
        stage: World::executed,
        prepare: gated,
        who: RITA,
        act: &[
            "git",
            "awo",
            "approve",
            RUN,
            "--workflow-run-url",
            "ftp://x",
        ],
        fill: &[("RUN", RUN), ("URL", "https://ci.example.org/1")],
        end: End::Done,
        ..CASE
    },
    // Withdrawing.
    Case {
        rule: Rule::RevocationOfRecord,
        stage: World::founded,
        prepare: |world| {
            imported(world);
            let words = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
            world.ok("olga", "olga", &words);
            shared(world, "olga", "rita");
        },
        who: OLGA,
        act: &["git", "awo", "revoke", "0123456789", "--reason", "x"],
        fill: &[("RUN", TASK)],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ApprovalRevoked,
        stage: World::approved,
        prepare: |world| {
            sentence(world);
            digest(world);
            world.shell("olga", "olga", "git awo revoke $(cat ../digest) --reason x");
            from_olga(world);
        },
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        by: Some(OLGA),
        fill: APPROVE,
        then: from_olga,
        ..CASE
    },
    Case {
        rule: Rule::RevocationOwn,
        stage: World::approved,
        prepare: digest,
        who: RITA,
        act: &[
            "sh",
            "-c",
            "git awo --json revoke $(cat ../digest) --reason x",
        ],
        by: Some(OLGA),
        fill: &[("RECORD", "$(cat ../digest)"), ("TEXT", "x")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::RevocationOnce,
        stage: World::approved,
        prepare: |world| {
            digest(world);
            world.shell("olga", "olga", "git awo revoke $(cat ../digest) --reason x");
        },
        who: OLGA,
        act: &[
            "sh",
            "-c",
            "git awo --json revoke $(cat ../digest) --reason y",
        ],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::RevocationBeforeUse,
        stage: World::landed,
        prepare: digest,
        who: OLGA,
        act: &[
            "sh",
            "-c",
            "git awo --json revoke $(cat ../digest) --reason x",
        ],
        fill: &[("RUN", RUN), ("TEXT", "no")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::AdmissionRecorded,
        stage: asked,
        act: EXECUTE,
        by: Some(OLGA),
        then: |world| {
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        ..CASE
    },
    Case {
        rule: Rule::AdmissionRecorded,
        stage: || {
            let world = asked();
            world.names("T-3", &[]);
            world.write("packet.toml", format!("{PLAIN_PACKET}risk = \"low\"\n"));
            world
        },
        act: &["git", "awo", "run", "T-3", "--", "sh", "-c", AGENT],
        by: Some(OLGA),
        pick: &[0],
        fill: &[("FILE", "../packet.toml")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::TargetAdmitted,
        stage: World::founded,
        prepare: |world| {
            world.write("packet.md", PACKET.replace("admitted", "proposed"));
            world.ok(
                "olga",
                "olga",
                &["git", "awo", "task", "import", "../packet.md"],
            );
            world.ok(
                "olga",
                "olga",
                &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
            );
            from_olga(world);
            world.write("packet.md", PACKET.replace(TASK, "ANOTHER-0001"));
        },
        act: &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ],
        by: Some(OLGA),
        fill: &[("FILE", "../packet.md")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::RunInTurn,
        stage: World::executed,
        who: RITA,
        act: &["git", "awo", "approve", RUN],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::RunOver,
        stage: World::executed,
        prepare: |world| {
            sentence(world);
            world.shell(
                "olga",
                "olga",
                &format!("git awo fetch; git awo cancel {RUN} --reason no"),
            );
            from_olga(world);
        },
        act: &["git", "awo", "finalize", RUN],
        by: Some(OLGA),
        pick: &[0],
        fill: APPROVE,
        then: |world| {
            from_olga(world);
            mended(world);
        },
        end: End::Done,
        ..CASE
    },
    // After it has landed.
    Case {
        rule: Rule::RollbackRejected,
        who: OLGA,
        act: &["git", "awo", "rollback", RUN],
        pick: &[0],
        fill: &[("TEXT", "no")],
        ..CASE
    },
    Case {
        rule: Rule::RollbackOnce,
        stage: World::rejected,
        prepare: |world| _ = world.ok("otto", "otto", &["git", "awo", "rollback", RUN]),
        act: &["git", "awo", "rollback", RUN],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ExactInverse,
        stage: World::rejected,
        prepare: |world| {
            world.ok("otto", "otto", &["git", "awo", "hooks", "uninstall"]);
            world.write("otto/src/strings.py", "x = 1\n");
            world.commit("otto", "Since");
        },
        act: &["git", "awo", "rollback", RUN],
        by: Some(OLGA),
        fill: &[("ID", "T-UNDO"), ("TEXT", "undo"), ("PATTERN", "src/")],
        end: End::Done,
        ..CASE
    },
];

#[test]
fn who_may_not_finds_who_may() {
    play_all(&CASES[..CASES.len() / 3]);
}

#[test]
fn a_task_is_executed_after_the_remedy() {
    play_all(&CASES[CASES.len() / 3..CASES.len() * 2 / 3]);
}

#[test]
fn a_run_lands_or_ends_after_the_remedy() {
    play_all(&CASES[CASES.len() * 2 / 3..]);
}
