//! Pushes that the server refuses, and commits that the client's hooks refuse.

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::world::World;

/// otto pushes his branch past his own hooks.
const PUSH: &[&str] = &[
    "git",
    "push",
    "-q",
    "--no-verify",
    "origin",
    "HEAD:refs/heads/wip/x",
];

fn otto(world: &World, script: &str) {
    world.ok("otto", "otto", &["sh", "-c", script]);
}

/// otto commits on a branch of his own what a script makes.
fn commit(world: &World, script: &str) {
    otto(world, "git switch -q -c wip/x");
    otto(world, script);
    world.commit("otto", "Try");
}

/// A direct commit on wip/ with something in it that the rule does not take.
const fn wip(rule: Rule, prepare: fn(&World)) -> Case {
    Case {
        rule,
        stage: World::founded,
        prepare,
        act: PUSH,
        pick: &[0, 1, 2],
        ..CASE
    }
}

/// The same, and a root puts a policy into force that permits it: `p.toml`, with these lines in `[tree]`.
const fn permitted(rule: Rule, prepare: fn(&World)) -> Case {
    Case {
        by: Some(("olga", "olga")),
        pick: &[4],
        fill: &[("FILE", "../p.toml")],
        then: |world| {
            world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
            world.ok("olga", "olga", &["git", "awo", "push"]);
        },
        ..wip(rule, prepare)
    }
}

/// Writes the policy that will permit something, and lets otto commit what a script makes.
fn tree(world: &World, lines: &str, script: &str) {
    let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
    let text = text.replace("version = 1", "version = 2");
    world.write(
        "p.toml",
        text.replace("[tree]\n", &format!("[tree]\n{lines}\n")),
    );
    commit(world, script);
}

const NEW_NAME: &[(&str, &str)] = &[("PATH", "src/specs/A_v1.1.md")];

/// A version is at the server, and otto commits what a script makes of it.
fn artefact(world: &World, script: &str) {
    use crate::artefacts::{VERSIONED, with};
    world.next_policy(2, None, |text| with(text, VERSIONED));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    commit(world, "mkdir src/specs; echo 1 > src/specs/A_v1.0.md");
    world.ok(
        "otto",
        "otto",
        &["git", "push", "-q", "--no-verify", "origin", "HEAD:wip/y"],
    );
    otto(world, script);
    world.commit("otto", "Try");
}

fn direct_on_main(world: &World) {
    world.write("otto/src/strings.py", "x = 1\n");
    world.commit("otto", "Direct");
}

/// otto pushes the tag v1.
const TAG: Case = Case {
    stage: World::founded,
    act: &["git", "push", "-q", "--no-verify", "origin", "v1"],
    fill: &[("SERVER", "origin"), ("MESSAGE", "x")],
    ..CASE
};

const SERVER: &[(&str, &str)] = &[("SERVER", "origin"), ("BRANCH", "wip/y"), ("KEPT", "kept")];

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::CompleteChain,
        stage: World::founded,
        prepare: direct_on_main,
        act: &["git", "awo", "push"],
        pick: &[0, 1],
        fill: SERVER,
        ..CASE
    },
    Case {
        rule: Rule::CompleteChain,
        stage: World::founded,
        prepare: direct_on_main,
        act: &["git", "push", "-q", "--no-verify", "origin", "main"],
        pick: &[0, 1],
        fill: SERVER,
        ..CASE
    },
    wip(Rule::DirectWriters, |world| {
        commit(world, "echo x > README.md")
    }),
    wip(Rule::DirectWriters, |world| {
        commit(world, "mkdir other; echo x > 'other/a b'")
    }),
    Case {
        rule: Rule::VouchedPaths,
        stage: World::landed,
        prepare: |world| {
            let vouching = |paths: &str| {
                format!(
                    "[[ref]]\npattern = \"refs/heads/in/**\"\naccept = [\"vouched\"]\n\
                     vouched = [{{ writers = [\"otto\"], paths = [{paths}] }}]\n"
                )
            };
            world.next_policy(2, None, |text| format!("{text}{}", vouching("\"docs/\"")));
            let text = std::fs::read_to_string(world.path("policy/next.toml")).unwrap();
            let text = text.replace(&vouching("\"docs/\""), &vouching("\"docs/\", \"src/\""));
            world.write("p.toml", text.replacen("version = 2", "version = 3", 1));
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
            otto(
                world,
                "git switch -q -c topic && echo x > src/x && git add . && \
                 git -c commit.gpgsign=false -c core.hooksPath=/dev/null commit -q -m Work",
            );
        },
        act: &[
            "git", "awo", "vouch", "topic", "--ref", "in/topic", "--reason", "reviewed",
        ],
        by: Some(("olga", "olga")),
        fill: &[("FILE", "../p.toml")],
        then: |world| {
            world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
            world.ok("olga", "olga", &["git", "awo", "push"]);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        },
        ..CASE
    },
    wip(Rule::ProtectedArtefact, |world| {
        commit(
            world,
            "mkdir -p .github/workflows; echo x > .github/workflows/x",
        );
    }),
    wip(Rule::TreeEntryMode, |world| {
        commit(world, "ln -s x src/link")
    }),
    Case {
        fill: NEW_NAME,
        pick: &[0, 1, 2],
        ..wip(Rule::ArtefactName, |world| {
            artefact(world, "echo x > src/specs/B_v1.0_Final.md")
        })
    },
    Case {
        fill: NEW_NAME,
        pick: &[0, 1, 2],
        ..wip(Rule::ArtefactVersion, |world| {
            artefact(world, "echo x > src/specs/A_v1.2.md")
        })
    },
    wip(Rule::ArtefactFixed, |world| {
        artefact(world, "echo x > src/specs/A_v1.0.md")
    }),
    wip(Rule::ArtefactFixed, |world| {
        artefact(world, "git mv src/specs/A_v1.0.md src/specs/B_v1.0.md")
    }),
    wip(Rule::ArtefactArchive, |world| {
        artefact(
            world,
            "mkdir src/specs/archive; echo x > src/specs/archive/B_v1.0.md",
        )
    }),
    wip(Rule::TreeEntryMode, |world| {
        commit(world, "chmod +x src/strings.py; echo >> src/strings.py")
    }),
    wip(Rule::TreeEntryName, |world| {
        commit(world, "echo x > 'src/a\\b'")
    }),
    wip(Rule::TreeEntryCollision, |world| {
        commit(world, "echo x > src/STRINGS.py")
    }),
    permitted(Rule::TreeEntryMode, |world| {
        tree(world, "symlinks = [\"src/link\"]", "ln -s x src/link");
    }),
    permitted(Rule::TreeEntryMode, |world| {
        let script = "chmod +x src/strings.py; echo >> src/strings.py";
        tree(world, "executable = [\"src/*.py\"]", script);
    }),
    permitted(Rule::TreeEntryMode, |world| {
        let script = "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),src/lib; mkdir src/lib";
        tree(world, "submodules = [\"src/lib\"]", script);
    }),
    permitted(Rule::TreeEntryName, |world| {
        tree(world, "odd_names = [\"src/**\"]", "echo x > 'src/a\\b'");
    }),
    permitted(Rule::TreeEntryCollision, |world| {
        tree(
            world,
            "collisions = [\"src/**\"]",
            "echo x > src/STRINGS.py",
        );
    }),
    permitted(Rule::ProtectedArtefact, |world| {
        let lines = "git_files = { \".gitattributes\" = [\"otto\"] }";
        tree(world, lines, "echo '* text=auto' > src/.gitattributes");
    }),
    wip(Rule::GitModules, |world| {
        // git's own check of a push would be the first to find it.
        let unchecked = ["git", "config", "receive.fsckObjects", "false"];
        world.ok("server", "server.git", &unchecked);
        world.next_policy(2, None, |text| {
            let lines = "[tree]\ngit_files = { \".gitmodules\" = [\"otto\"] }\n";
            text.replace("[tree]\n", lines)
        });
        let script = "printf '[submodule \"../../x\"]\\n\\tpath = x\\n' > src/.gitmodules";
        commit(world, script);
    }),
    wip(Rule::TreeEntryLength, |world| {
        world.next_policy(2, None, |text| {
            text + "\n[limits]\ncomponent_bytes = 100\ntree_depth = 8\n"
        });
        commit(world, &format!("echo x > src/{}", "a".repeat(120)));
    }),
    wip(Rule::TreeDepth, |world| {
        world.next_policy(2, None, |text| {
            text + "\n[limits]\ncomponent_bytes = 100\ntree_depth = 8\n"
        });
        let deep = "a/".repeat(10);
        commit(world, &format!("mkdir -p src/{deep}; echo x > src/{deep}x"));
    }),
    Case {
        rule: Rule::CommitReading,
        stage: World::founded,
        prepare: |world| {
            otto(
                world,
                "git switch -q -c wip/x; echo x > src/new.py; git add -A",
            );
            otto(
                world,
                "git -c i18n.commitEncoding=ISO-8859-1 commit -q -n -m x",
            );
        },
        act: PUSH,
        ..CASE
    },
    Case {
        rule: Rule::CommitSigned,
        stage: World::founded,
        prepare: |world| {
            otto(
                world,
                "git switch -q -c wip/x; echo x > src/new.py; git add -A",
            );
            otto(world, "git commit -q -n --no-gpg-sign -m x");
        },
        act: PUSH,
        ..CASE
    },
    Case {
        rule: Rule::TagMove,
        stage: World::founded,
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            "HEAD:refs/tags/x",
        ],
        pick: &[0],
        fill: SERVER,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::TagMove,
        prepare: |world| {
            world.takes_tags("");
            otto(
                world,
                "git tag -s -m x v1; git push -q --no-verify origin v1",
            );
            otto(world, "git tag -f -s -m y v1");
        },
        act: &["git", "push", "-q", "--no-verify", "origin", "+v1"],
        pick: &[0],
        ..TAG
    },
    Case {
        rule: Rule::TagSigned,
        prepare: |world| {
            world.takes_tags("");
            otto(world, "git tag -a -m x v1");
        },
        ..TAG
    },
    Case {
        rule: Rule::TagForm,
        prepare: |world| {
            world.takes_tags("");
            otto(world, "git tag note-1");
        },
        act: &["git", "push", "-q", "--no-verify", "origin", "note-1"],
        ..TAG
    },
    Case {
        rule: Rule::TagName,
        prepare: |world| {
            world.takes_tags("");
            otto(world, "git tag -s -m x v2; git update-ref refs/tags/v1 v2");
        },
        ..TAG
    },
    Case {
        rule: Rule::TagCreators,
        prepare: |world| {
            world.takes_tags("");
            world.ok("rita", "rita", &["git", "tag", "-s", "-m", "x", "v1"]);
        },
        who: ("rita", "rita"),
        pick: &[1],
        end: End::Done,
        ..TAG
    },
    Case {
        rule: Rule::TagOf,
        prepare: |world| {
            world.takes_tags("");
            commit(world, "echo x > src/new.py");
            otto(world, "git tag -s -m x v1");
        },
        fill: &[("SERVER", "origin"), ("BRANCH", "wip/x")],
        ..TAG
    },
    Case {
        rule: Rule::UngovernedRef,
        stage: World::founded,
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            "HEAD:refs/heads/other",
        ],
        pick: &[0],
        fill: SERVER,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ReplaceRefPush,
        stage: World::founded,
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            "HEAD:refs/replace/1234567890123456789012345678901234567890",
        ],
        pick: &[0],
        fill: SERVER,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::Delete,
        stage: World::founded,
        act: &["git", "push", "-q", "--no-verify", "origin", ":main"],
        pick: BY_HAND,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::GovernanceKept,
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            ":refs/awo/ledger",
        ],
        pick: BY_HAND,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::LogByServer,
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "--force",
            "origin",
            "HEAD:refs/awo/log",
        ],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ForcePush,
        stage: World::founded,
        prepare: |world| {
            commit(world, "echo x > src/new.py");
            otto(world, "git push -q --no-verify origin wip/x");
            otto(
                world,
                "git reset -q --hard HEAD^; echo x > src/other.py; git add -A",
            );
            otto(world, "git commit -q -n -m Other");
        },
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "--force",
            "origin",
            "HEAD:refs/heads/wip/x",
        ],
        ..CASE
    },
    Case {
        rule: Rule::BranchMoved,
        stage: World::founded,
        prepare: |world| {
            commit(world, "echo x > src/new.py");
            let script = "git switch -q -c wip/x; echo x > src/other.py; git add -A; \
                 git commit -q -n -m Other; git push -q --no-verify origin wip/x";
            world.ok("rita", "rita", &["sh", "-c", script]);
        },
        act: &["git", "awo", "push", "--branch", "wip/x"],
        then: |world| otto(world, "git rebase -q origin/wip/x"),
        ..CASE
    },
    Case {
        rule: Rule::ForwardOnly,
        prepare: |world| otto(world, "git update-ref refs/awo/ledger refs/awo/ledger^"),
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "--force",
            "origin",
            "refs/awo/ledger",
        ],
        ..CASE
    },
    Case {
        rule: Rule::RecordsNeverChange,
        prepare: |world| {
            let notes = world.notes("otto", "attestations");
            let notes = notes.trim_start_matches("refs/notes/");
            otto(
                world,
                &format!(
                    "git notes --ref {notes} remove $(git notes --ref {notes} list | cut -d' ' -f2)"
                ),
            );
        },
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            "refs/notes/awo/*:refs/notes/awo/*",
        ],
        ..CASE
    },
    Case {
        rule: Rule::RecordBrought,
        stage: World::executed,
        prepare: |world| {
            for words in [
                ["gate", crate::world::RUN],
                ["approve", crate::world::RUN],
                ["attest", crate::world::RUN],
            ] {
                world.ok("rita", "rita", &[&["git", "awo"][..], &words].concat());
            }
            let notes = world.notes("rita", "attestations");
            let notes = notes.trim_start_matches("refs/notes/");
            let remove = format!(
                "git notes --ref {notes} remove $(git notes --ref {notes} list | cut -d' ' -f2)"
            );
            world.ok("rita", "rita", &["sh", "-c", &remove]);
            world.ok("rita", "rita", &["git", "awo", "hooks", "uninstall"]);
        },
        who: ("rita", "rita"),
        act: &["git", "awo", "push"],
        ..CASE
    },
    Case {
        rule: Rule::TrailerByHand,
        stage: World::founded,
        prepare: |world| {
            otto(
                world,
                "git switch -q -c wip/x; echo x > src/new.py; git add -A",
            )
        },
        act: &["git", "commit", "-q", "-m", "x\n\nAWO-Run: y"],
        pick: BY_HAND,
        then: |world| otto(world, "git commit -q -m x"),
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::Trailers,
        stage: World::founded,
        prepare: |world| {
            otto(
                world,
                "git switch -q -c wip/x; echo x > src/new.py; git add -A",
            );
            otto(world, "git commit -q -n -m 'x\n\nAWO-Run: y\nAWO-Run: z'");
        },
        act: PUSH,
        pick: BY_HAND,
        then: |world| otto(world, "git commit -q -n --amend -m x"),
        ..CASE
    },
    Case {
        rule: Rule::RollbackOfARun,
        stage: World::founded,
        prepare: |world| {
            otto(
                world,
                "git switch -q -c wip/x; echo x > src/new.py; git add -A",
            );
            otto(world, "git commit -q -n -m 'x\n\nAWO-Rollback: run_none'");
        },
        act: PUSH,
        pick: BY_HAND,
        then: |world| otto(world, "git commit -q -n --amend -m 'Take it out'"),
        ..CASE
    },
    Case {
        rule: Rule::RollbackAccepted,
        prepare: |world| {
            otto(
                world,
                "git switch -q -c wip/x; echo x > src/new.py; git add -A",
            );
            otto(
                world,
                "git commit -q -n -m 'x\n\nAWO-Rollback: run_slugify'",
            );
        },
        act: PUSH,
        pick: BY_HAND,
        then: |world| otto(world, "git commit -q -n --amend -m x"),
        ..CASE
    },
    Case {
        rule: Rule::KeyKnown,
        stage: World::founded,
        prepare: |world| {
            let make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "other"];
            world.ok("otto", "home/otto", &make);
            otto(world, "git config user.signingkey ~/other");
            commit(world, "echo x > src/new.py");
        },
        act: PUSH,
        pick: BY_HAND,
        then: |world| {
            let old = std::fs::read_to_string(world.path("policy/allowed_signers")).unwrap();
            let new = std::fs::read_to_string(world.path("home/otto/other.pub")).unwrap();
            world.next_policy(2, Some(&format!("{old}otto {new}")), |text| text);
        },
        ..CASE
    },
    Case {
        rule: Rule::Merge,
        stage: World::founded,
        prepare: |world| {
            world.next_policy(2, None, |text| {
                text.replace("merges = true", "merges = false")
            });
            commit(world, "echo x > src/new.py");
            otto(
                world,
                "git push -q --no-verify origin wip/x; git switch -q -c side",
            );
            otto(
                world,
                "echo x > src/a.py; git add -A; git commit -q -n -m a; git switch -q wip/x",
            );
            otto(world, "git merge -q --no-verify --no-ff side -m Join");
        },
        act: PUSH,
        ..CASE
    },
    Case {
        rule: Rule::Limits,
        stage: World::founded,
        prepare: |world| {
            world.next_policy(2, None, |text| text + "\n[limits]\ncommits = 2\n");
            for text in ["a", "b", "c"] {
                otto(
                    world,
                    "git switch -q wip/x 2>/dev/null || git switch -q -c wip/x",
                );
                otto(
                    world,
                    &format!("echo x > src/{text}.py; git add -A; git commit -q -n -m {text}"),
                );
            }
        },
        act: PUSH,
        fill: SERVER,
        ..CASE
    },
    Case {
        rule: Rule::RefKind,
        stage: World::founded,
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            "HEAD:refs/awo/other",
        ],
        pick: BY_HAND,
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::EvidenceOfARun,
        stage: World::approved,
        prepare: |world| crate::remedies::people::executes(world, crate::world::RUN),
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            "refs/awo/evidence/*:refs/awo/evidence/*",
        ],
        ..CASE
    },
    Case {
        rule: Rule::Evidence,
        stage: World::approved,
        prepare: |world| crate::remedies::people::executes(world, crate::world::RUN),
        act: &[
            "git",
            "push",
            "-q",
            "--no-verify",
            "origin",
            "refs/awo/ledger",
        ],
        pick: &[1],
        ..CASE
    },
    Case {
        rule: Rule::GitSucceeds,
        stage: World::founded,
        prepare: |world| std::fs::rename(world.path("server.git"), world.path("gone.git")).unwrap(),
        act: &["git", "awo", "fetch"],
        pick: BY_HAND,
        then: |world| otto(world, "git remote set-url origin ../gone.git"),
        ..CASE
    },
];

#[test]
fn a_refused_commit_is_accepted_after_the_remedy() {
    play_all(&CASES[..12]);
}

#[test]
fn a_refused_push_is_accepted_or_given_up_after_the_remedy() {
    play_all(&CASES[12..]);
}
