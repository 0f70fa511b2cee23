//! What a contract says of the cell of its commands: `[cell]`.

use std::net::TcpListener;

use serde_json::Value;

use super::governed::{evidence, words};
use super::here;
use crate::hostile::Case;
use crate::world::{RUN, World, confining};

pub const CASES: &[Case] = &[
    Case {
        id: "J-06",
        attack: "a contract that lets its commands read keys or a repository, gives them the network where an action that needs it \
                 is forbidden or the policy does not permit it, or sets limits without bounds",
        answer: "INT-004, GOV-004, GOV-002",
        tests: &[
            "cell::terms::a_contract_that_opens_too_much_is_refused",
            "cell::terms::the_network_needs_the_word_of_the_policy",
            "cell::terms::a_link_to_a_secret_is_not_followed",
            "cell::terms::where_nothing_is_confined_a_contract_says_nothing_of_it",
        ],
    },
    Case {
        id: "J-07",
        attack: "a command that takes too much processor time, memory, open files, disk or time",
        answer: "ended or refused by the limits of its contract; INT-006",
        tests: &[
            "cell::terms::limits_hold",
            "cell::terms::a_command_that_takes_too_long_is_ended_with_all_that_it_started",
        ],
    },
    Case {
        id: "J-08",
        attack: "benign: a contract whose commands may read more and have the network, under a policy that permits it",
        answer: "accepted, and shown",
        tests: &["cell::terms::what_a_contract_grants_is_granted_and_shown"],
    },
];

const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];
const WORK: &str = "mkdir -p src; echo one > src/one.txt";

/// A packet with these lines of `[cell]`.
fn packet(forbidden: &str, cell: &str) -> String {
    format!(
        "schema = \"awo.packet/1\"\nid = \"C-1\"\ntask = \"it\"\nallowed_paths = [\"src/\"]\n\
         forbidden_actions = [{forbidden}]\nrollback = [\"git awo rollback RUN\"]\n\
         [target]\nlocator = \".\"\n[target.admission]\nstatus = \"admitted\"\n[cell]\n{cell}\n"
    )
}

const IMPORT: &[&str] = &["git", "awo", "task", "import", "../packet.toml"];

fn permitting(text: String) -> String {
    confining(&text, "required").replacen("cell =", "cell_network = true\ncell =", 1)
}

/// A world under a policy that confines, with a contract of these terms that otto may run.
fn asked(edit: impl FnOnce(String) -> String, cell: &str) -> World {
    let world = World::founded();
    world.next_policy(2, None, edit);
    world.write("packet.toml", packet("\"merge\"", cell));
    world.ok("olga", "olga", IMPORT);
    world.approves_task("C-1");
    world.shares();
    world
}

#[test]
fn what_a_contract_grants_is_granted_and_shown() {
    if !here::gives_a_root() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let cell = "read = [\"~/data\", \"~/nothing\"]\nnetwork = true\n\
                limits = { open_files = 64, wall_seconds = 600 }";
    let world = World::founded();
    world.write("home/otto/data/part/file", "granted");
    world.write("home/otto/other", "secret");
    world.next_policy(2, None, permitting);
    world.write("packet.toml", packet("\"merge\"", cell));
    let text = world.ok("olga", "olga", IMPORT);
    for line in [
        "cell reads           ~/data",
        "has the network",
        "open_files 64, wall_seconds 600",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(
        world.ok("olga", "olga", &["git", "awo", "task", "show", "C-1"]),
        text.replace("is now a contract", "is a contract")
    );
    world.approves_task("C-1");
    world.shares();
    let home = world.path("home/otto").display().to_string();
    let script = format!(
        "{WORK}; test \"$(ulimit -n)\" = 64; test \"$(cat {home}/data/part/file)\" = granted; \
         ! cat {home}/other; ! touch {home}/data/new; /usr/bin/python3 -c '\n\
         import socket\nsocket.create_connection((\"127.0.0.1\", {port}))\n\
         for family, kind in [(1, 1), (1, 2), (2, 3), (10, 3), (16, 3), (17, 3), (40, 1), (2, 5)]:\n\
         \x20   try: socket.socket(family, kind)\n\
         \x20   except PermissionError: continue\n\
         \x20   raise SystemExit(str(family))'"
    );
    world.ok("otto", "otto", &words(&script));
    let said: Value = serde_json::from_str(&evidence(&world, "cell.json")).unwrap();
    let terms = &said["terms"];
    assert_eq!(terms["network"], true, "{said}");
    assert_eq!(terms["read"][0], "~/data");
    assert_eq!(terms["limits"]["open_files"], 64);
    assert!(evidence(&world, "report.md").contains("- has the network"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    let shown = world.ok("rita", "rita", &["git", "awo", "show", RUN]);
    for line in [
        "they could read ~/data",
        "they had the network",
        "limits: open_files 64",
    ] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
    world.rita_reviews(RUN);
    world.finalize_and_verify();
    // To try it: without the word of anybody, for nothing is recorded.
    let connect = format!(
        "/usr/bin/python3 -c 'import socket\nsocket.create_connection((\"127.0.0.1\", {port}))'"
    );
    for (options, connects) in [
        (&["--network"][..], true),
        (&["--network", "--own-root"], true),
        (&[], false),
        (&["--own-root"], false),
    ] {
        let mut words = vec!["git", "awo", "cell"];
        words.extend(options);
        words.extend(["--", "sh", "-ec", &connect]);
        let done = world.run("otto", "otto", &words);
        assert_eq!(done.code == 0, connects, "{options:?}: {}", done.text);
        let said = done.text.contains("; the network is open");
        assert_eq!(said, connects, "{options:?}: {}", done.text);
        words.insert(2, "--json");
        let output = world.command("otto", "otto", &words).output().unwrap();
        let value: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(value["network"], connects, "{value}");
    }
}

#[test]
fn a_contract_that_opens_too_much_is_refused() {
    let world = World::founded();
    world.next_policy(2, None, permitting);
    for (forbidden, cell, line, why) in [
        ("", "read = [\"~/.ssh\"]", 12, "keys or other secrets"),
        ("", "read = [\"/home\"]", 12, "homes or secrets"),
        ("", "read = [\"/tmp\"]", 12, "somebody else keeps"),
        ("", "read = [\"/etc/shadow-\"]", 12, "somebody else keeps"),
        ("", "read = [\"/etc/wireguard\"]", 12, "somebody else keeps"),
        (
            "",
            "read = [\"~/.bash_history\"]",
            12,
            "keys or other secrets",
        ),
        ("", "read = [\"/home/otto\"]", 12, "it is a home"),
        ("", "read = [\"/\"]", 12, "must name something"),
        ("", "read = [\"data\"]", 12, "must begin with"),
        (
            "",
            "read = [\"/srv/x/.git/objects\"]",
            12,
            "keys or other secrets",
        ),
        ("", "read = [\"/opt/../etc\"]", 12, ".."),
        ("", "read = \"/opt\"", 12, "array of strings"),
        ("", "read = []", 12, "at least one path"),
        (
            "",
            "read = [\"/opt/x\", \"/opt/x\"]",
            12,
            "it is there twice",
        ),
        ("", "limits = {}", 12, "at least one limit"),
        ("", "write = [\"/opt\"]", 12, "unknown key \"cell.write\""),
        ("", "network = \"yes\"", 12, "true or false"),
        ("\"push\"", "network = true", 12, "where push is forbidden"),
        (
            "\"deploy\"",
            "network = true",
            12,
            "where deploy is forbidden",
        ),
        (
            "\"merge\", \"issue_close\"",
            "network = true",
            12,
            "where issue_close is forbidden",
        ),
        ("", "limits.wall_seconds = 0", 12, "from 1 to 604800"),
        ("", "limits.open_files = 65537", 12, "from 16 to 65536"),
        ("", "limits.cpu_seconds = -1", 12, "whole number"),
        ("", "limits.cpu_seconds = 1.5", 12, "whole number"),
        ("", "limits.cpu_seconds = \"1\"", 12, "whole number"),
        (
            "",
            "limits.processes = 5",
            12,
            "unknown key \"cell.limits.processes\"",
        ),
    ] {
        world.write("packet.toml", packet(forbidden, cell));
        let text = world.refused("olga", "olga", IMPORT, "INT-004");
        let place = format!("line {line}");
        assert!(
            text.contains(&place) && text.contains(why),
            "{cell}: {text}"
        );
    }
    // The twin of each.
    let fits =
        "read = [\"/opt/x\"]\nnetwork = true\nlimits.wall_seconds = 1\nlimits.open_files = 65_536";
    world.write("packet.toml", packet("\"merge\"", fits));
    world.ok("olga", "olga", IMPORT);
}

#[test]
fn the_network_needs_the_word_of_the_policy() {
    if !here::gives_a_root() {
        return;
    }
    let confined = |text: String| confining(&text, "required");
    // At the command.
    let world = World::founded();
    world.next_policy(2, None, confined);
    world.write("packet.toml", packet("", "network = true"));
    let text = world.refused("olga", "olga", IMPORT, "GOV-004");
    assert!(text.contains("cell-network"), "{text}");
    // At the door: the policy permits it no longer.
    let world = World::founded();
    world.next_policy(2, None, permitting);
    let copy = world.copied();
    copy.write("packet.toml", packet("", "network = true"));
    copy.ok("olga", "olga", IMPORT);
    world.next_policy(3, None, confined);
    let there = copy.path("olga").display().to_string();
    let ledger = "+refs/awo/ledger:refs/awo/ledger";
    world.ok("olga", "olga", &["git", "fetch", &there, ledger]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let policy = ["git", "fetch", "origin", "refs/awo/policy:refs/awo/policy"];
    world.ok("olga", "olga", &policy);
    world.push_refused("olga", &["refs/awo/ledger"], "GOV-004");
    // Before a run, and where a run arrives.
    for before in [true, false] {
        let world = asked(permitting, "network = true");
        if !before {
            world.ok("otto", "otto", &words(WORK));
        }
        world.next_policy(3, None, confined);
        world.ok("otto", "otto", &policy);
        match before {
            true => _ = world.refused("otto", "otto", &words(WORK), "GOV-004"),
            false => {
                world.ok("otto", "otto", &["git", "awo", "fetch"]);
                let text = world.push_refused("otto", RECORDS, "GOV-004");
                assert!(text.contains("cell-network"), "{text}");
                world.is_found_of("otto", RECORDS, "GOV-004", "cell-network");
            }
        }
    }
    // The twin.
    let world = asked(permitting, "network = true");
    world.ok("otto", "otto", &words(WORK));
    world.push_accepted("otto", RECORDS);
}

#[test]
fn where_nothing_is_confined_a_contract_says_nothing_of_it() {
    let world = World::founded();
    world.write("packet.toml", packet("", "limits.wall_seconds = 5"));
    let text = world.refused("olga", "olga", IMPORT, "GOV-002");
    assert!(text.contains("cell-terms"), "{text}");
    world.write("packet.toml", packet("", ""));
    world.ok("olga", "olga", IMPORT);
    // A policy permits the network only where it confines.
    let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
    let text = text.replacen("[gates]\n", "[gates]\ncell_network = true\n", 1);
    world.write("policy/next.toml", text);
    let check = ["git", "awo", "policy", "check", "../policy/next.toml"];
    let done = world.run("olga", "olga", &check);
    assert!(
        done.code != 0 && done.text.contains("gates.cell_network"),
        "{}",
        done.text
    );
}

#[test]
fn a_link_to_a_secret_is_not_followed() {
    if !here::gives_a_root() {
        return;
    }
    let world = asked(
        |text| confining(&text, "best-effort"),
        "read = [\"~/data\"]",
    );
    world.write("home/otto/.ssh/id", "secret");
    let link = |target: &str| {
        let script = format!("rm -rf data; ln -s {target} data");
        world.ok("otto", "home/otto", &["sh", "-ec", &script]);
    };
    let otto = world.path("otto").display().to_string();
    let home = world.path("home/otto").display().to_string();
    world.write("home/otto/deep/clone/.git/HEAD", "x");
    world.write("home/otto/keys/plain", "x");
    world.ok("otto", "home/otto", &["cp", "key", "keys/key"]);
    world.ok(
        "otto",
        "otto",
        &["git", "config", "user.signingkey", "~/keys/key"],
    );
    let within = world.path("otto/within").display().to_string();
    let rita = world.path("rita/.").display().to_string();
    world.ok(
        "otto",
        ".",
        &[
            "mkdir",
            "-p",
            "otto/.git/awo-test",
            "rita/sub",
            "otto/within",
        ],
    );
    let sub = world.path("rita/sub").display().to_string();
    for target in [
        ".ssh",
        "/etc",
        "/dev/shm",
        "/tmp",
        "deep",
        "deep/clone",
        "keys",
        &otto,
        &home,
        &within,
        &rita,
        &sub,
    ] {
        link(target);
        let text = world.refused("otto", "otto", &words(WORK), "GOV-002");
        assert!(text.contains("cell-terms"), "{target}: {text}");
    }
    // The twin; and the approval is not spent.
    world.write("home/otto/plain/file", "granted");
    link("plain");
    let script = format!(
        "{WORK}; test \"$(cat {home}/data/file)\" = granted || test \"$(cat {home}/plain/file)\" = granted"
    );
    world.ok("otto", "otto", &words(&script));
}

#[test]
fn limits_hold() {
    if !here::gives_a_root() {
        return;
    }
    let cell = "limits = { cpu_seconds = 1, file_bytes = 1000, memory_bytes = 300_000_000, open_files = 20 }";
    let world = asked(|text| confining(&text, "required"), cell);
    for (script, fails) in [
        ("while :; do :; done", true),
        ("head -c 1001 /dev/zero > src/big", true),
        ("/usr/bin/python3 -c 'b\"x\" * 400_000_000'", true),
        (
            "/usr/bin/python3 -c 'import os\nfor _ in range(20): os.dup(1)'",
            true,
        ),
        ("ulimit -n 21 2>/dev/null", true),
        (
            "head -c 1000 /dev/zero > src/fits; /usr/bin/python3 -c 'b\"x\" * 1_000_000'",
            false,
        ),
    ] {
        let script = format!("{WORK}; {script}");
        match fails {
            true => {
                let text = world.refused("otto", "otto", &words(&script), "GOV-002");
                assert!(text.contains("command-succeeds"), "{text}");
            }
            false => _ = world.ok("otto", "otto", &words(&script)),
        }
    }
}

#[test]
fn a_command_that_takes_too_long_is_ended_with_all_that_it_started() {
    if !here::gives_a_root() {
        return;
    }
    for how in ["required", "own-root"] {
        let world = asked(|text| confining(&text, how), "limits.wall_seconds = 2");
        let refs = world.ok("otto", "otto", &["git", "for-each-ref"]);
        let script = "(setsid sh -c 'trap : TERM; while :; do sleep 0.1; echo x > $TMPDIR/slow; done' &); sleep 600";
        let begun = std::time::Instant::now();
        let text = world.refused("otto", "otto", &words(script), "INT-006");
        assert!(begun.elapsed().as_secs() < 60, "{text}");
        assert!(text.contains("cell.limits.wall_seconds"), "{text}");
        assert_eq!(world.ok("otto", "otto", &["git", "for-each-ref"]), refs);
        let seen = "for p in /proc/[0-9]*; do if grep -aqs 'TMPDIR/[s]low' $p/cmdline; then echo $p; fi; done";
        assert_eq!(world.ok("otto", ".", &["sh", "-c", seen]), "");
        // The twin; and the approval is not spent.
        world.ok("otto", "otto", &words(WORK));
    }
}
