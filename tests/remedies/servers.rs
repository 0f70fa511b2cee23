//! Servers whose enforcement is not whole.

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::world::World;

const SERVER: (&str, &str) = ("server", "server.git");
const DOCTOR: &[&str] = &["git", "awo", "doctor"];

fn server(world: &World, script: &str) {
    world.shell("server", "server.git", script);
}

/// What the doctor of a server finds, and what mends it as it is told.
const fn sick(rule: Rule, prepare: fn(&World)) -> Case {
    Case {
        rule,
        prepare,
        who: SERVER,
        act: DOCTOR,
        ..CASE
    }
}

pub const CASES: &[Case] = &[
    sick(Rule::HooksInstalled, |world| {
        server(world, "rm hooks/pre-receive")
    }),
    sick(Rule::RecordsAnnounced, |world| {
        server(world, "git config transfer.hideRefs refs/awo")
    }),
    sick(Rule::ProcReceive, |world| {
        server(world, "git config receive.procReceiveRefs refs/heads")
    }),
    sick(Rule::PastTheHooks, |world| {
        server(world, "git update-ref refs/heads/main main^")
    }),
    sick(Rule::PastTheHooks, |world| {
        server(world, "git update-ref refs/heads/wip/odd main")
    }),
    sick(Rule::ObjectsChecked, |world| {
        server(world, "git config --unset receive.fsckObjects")
    }),
    sick(Rule::OwnFiles, |world| server(world, "chmod o+w config")),
    Case {
        fill: &[("CLONE", "../otto")],
        ..sick(Rule::LogKept, |world| {
            server(world, "git update-ref -d refs/awo/log")
        })
    },
    Case {
        end: End::Goes,
        ..sick(Rule::ServerKey, |world| {
            server(world, "rm awo/server_key awo/server_key.pub")
        })
    },
    Case {
        rule: Rule::LogKey,
        end: End::Goes,
        prepare: |world| {
            server(world, "rm awo/server_key awo/server_key.pub");
            let anchor = world.fingerprint();
            server(world, &format!("git awo init --server --anchor {anchor}"));
        },
        who: SERVER,
        act: DOCTOR,
        pick: BY_HAND,
        then: |world| {
            let key = std::fs::read_to_string(world.path("server.git/awo/server_key.pub")).unwrap();
            let old = std::fs::read_to_string(world.path("policy/allowed_signers")).unwrap();
            world.write("signers", format!("{old}server {key}"));
            let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
            world.write("p.toml", text.replace("version = 1", "version = 2"));
            let propose = "git awo policy propose ../p.toml --allowed-signers ../signers";
            let push = "git push -q origin refs/awo/policy";
            world.shell(
                "olga",
                "olga",
                &format!("{propose} && git awo policy apply && {push}"),
            );
        },
        ..CASE
    },
    Case {
        rule: Rule::HighWaterMark,
        prepare: |world| {
            server(
                world,
                "git update-ref refs/kept refs/awo/ledger; git update-ref refs/awo/ledger refs/awo/ledger^",
            )
        },
        act: &["git", "awo", "fetch"],
        pick: BY_HAND,
        then: |world| {
            server(
                world,
                "git update-ref refs/awo/ledger refs/kept; git update-ref -d refs/kept",
            )
        },
        ..CASE
    },
    Case {
        rule: Rule::RemoteAccepts,
        stage: World::founded,
        prepare: |world| {
            world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
            world.write("otto/src/new.py", "x\n");
            world.commit("otto", "New");
            world.write("server.git/hooks/pre-receive", "#!/bin/sh\nexit 1\n");
        },
        act: &["git", "awo", "push"],
        pick: BY_HAND,
        // The doctor there names the hook, and what mends it.
        then: |world| {
            world.refused("server", "server.git", DOCTOR, "GOV-002");
            server(
                world,
                "rm hooks/pre-receive; git awo hooks install --server",
            );
        },
        ..CASE
    },
    Case {
        rule: Rule::TransactionJudged,
        stage: World::founded,
        prepare: |world| {
            world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
            world.write("otto/src/new.py", "x\n");
            world.commit("otto", "New");
            server(world, "rm hooks/pre-receive");
        },
        act: &["git", "push", "-q", "--no-verify", "origin", "wip/x"],
        by: Some(SERVER),
        ..CASE
    },
];

#[test]
fn a_server_enforces_again_after_the_remedy() {
    play_all(CASES);
}
