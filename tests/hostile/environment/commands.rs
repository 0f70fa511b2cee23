//! Every command of the program, from its own help: a new one is called too, without a word here.

use crate::world::{RUN, TASK, World};

/// A command and what is given to it.
#[derive(Clone, Debug)]
pub struct Call {
    pub words: Vec<String>,
    /// Whether it asks git to reach a remote.
    pub network: bool,
    /// Whether it makes a world of its own, which takes seconds.
    pub own_world: bool,
}

/// Returns every command, with the arguments that make it do the most in `otto`'s clone.
pub fn every_command(world: &World) -> Vec<Call> {
    let mut calls = Vec::new();
    each(world, &mut |path, help| {
        for line in help.lines() {
            let usage = line.trim_start_matches("Usage:").trim_start();
            if let Some(rest) = usage.strip_prefix("git awo ")
                && !(rest.ends_with("<COMMAND>"))
            {
                calls.push(call(path, rest));
            }
        }
    });
    assert!(calls.len() > 30, "the help lists the commands: {calls:?}");
    calls
}

/// Calls a function with every command, those below first, and its help.
pub fn each(world: &World, then: &mut impl FnMut(&[String], &str)) {
    descend(world, Vec::new(), then);
}

fn descend(world: &World, path: Vec<String>, then: &mut impl FnMut(&[String], &str)) {
    let mut words = vec!["git", "awo"];
    words.extend(path.iter().map(String::as_str));
    words.push("--help");
    let help = world.ok("vera", ".", &words);
    let below = below(&help);
    for name in &below {
        let mut path = path.clone();
        path.push(name.clone());
        descend(world, path, then);
    }
    then(&path, &help);
}

/// Returns the names of the commands below one.
fn below(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| !line.is_empty());
    let first = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = first.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

fn call(path: &[String], usage: &str) -> Call {
    let name = path.join(" ");
    let sentence = crate::world::SENTENCE;
    let given: &[&str] = match name.as_str() {
        "cell" => &["--", "true"],
        "determinism check" => &["--runs", "2", "--", "true"],
        "clone" => &["../server.git", "../cloned"],
        "amu0 verify" => &["BASE"],
        "approve" => &[TASK, "--sentence", sentence, "--again"],
        "decide" => &["SpecApproval", "task/T-1", "defer", "--rationale", "x"],
        "escalate request" => &["--task", TASK, "--model", "m", "--reason", "x"],
        "escalate plan" => &["esc-1", "../packet.md", "--max-bytes", "1"],
        "escalate consent" => &["esc-1", "--no"],
        "integrity sums" => &["../policy", "--replace"],
        "cancel" => &[RUN, "--reason", "no"],
        "override" => &[
            "src/strings.py",
            "--from",
            "0000000000000000000000000000000000000000",
            "--to",
            "43dd47ea691c90a5fa7827892c70241913351963",
            "--reason",
            "x",
        ],
        "outcome" => &[RUN, "rejected", "--reason", "no"],
        "packet pre-work" => &[TASK, "--plan", "../packet.md"],
        "packet post-work" => &[TASK],
        "packet sha1" => &["README.md"],
        "policy check" | "policy propose" => &["../policy/policy.toml"],
        "policy sign" | "quickstart" | "trust" => &[],
        "run" => &[TASK, "--", "true"],
        "run import" => &["../made", "--task", TASK, "--commit", "HEAD"],
        "selftest" => &["--case", "TS-0001"],
        "task new" => &[
            "T-2",
            "--task",
            "x",
            "--allow",
            "src/",
            "--validate",
            "true",
        ],
        _ => &[],
    };
    let by_hand =
        !given.is_empty() || matches!(name.as_str(), "policy sign" | "quickstart" | "trust");
    let given = match by_hand {
        true => given.iter().map(|it| (*it).to_owned()).collect(),
        false => filled(usage.split_whitespace().skip(path.len())),
    };
    let mut words = path.to_vec();
    words.extend(given);
    let network = matches!(name.as_str(), "clone" | "push" | "fetch" | "escalate send");
    let own_world = matches!(name.as_str(), "quickstart" | "selftest");
    Call {
        words,
        network,
        own_world,
    }
}

/// Returns words for the places of a usage line.
fn filled<'a>(usage: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut words = Vec::new();
    for place in usage {
        let word = match place.trim_matches(['[', ']', '<', '>', '.', '|']) {
            "OPTIONS" => continue,
            option if option.starts_with('-') => option,
            "RUN" | "ID" | "DIR|RUN" | "WHAT" | "RUN_ID" => RUN,
            "TASK" | "TASK_ID" => TASK,
            "DIR" | "DIRECTORY" | "PLACE" => "../made",
            "REV" | "COMMIT" | "RANGE" | "TARGET" => "HEAD",
            "REMOTE" => "origin",
            "FILE" if words.iter().any(|it| it == "--output") => "../made.tar",
            "FILE" => "../packet.md",
            _ => "x",
        };
        words.push(word.to_owned());
    }
    words
}

/// Every command is there, and none of them is called in a way it does not understand. A new one
/// that needs more than its usage line says is given it in [`call`].
#[test]
fn every_command_of_the_help_is_called_in_earnest() {
    let world = World::landed();
    let mut misunderstood = Vec::new();
    for call in every_command(&world) {
        let mut words = vec!["git", "awo"];
        words.extend(call.words.iter().map(String::as_str));
        let done = world.run("otto", "otto", &words);
        if done.text.contains("Usage:") || done.code == 4 {
            misunderstood.push(format!("{}: {}", words.join(" "), done.text));
        }
    }
    assert!(misunderstood.is_empty(), "{}", misunderstood.join("\n"));
}

#[test]
fn arguments_that_are_no_utf_8_are_a_wrong_use() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::landed();
    let odd = std::ffi::OsStr::from_bytes(b"\xff");
    for words in [&["show"][..], &["status"], &["revoke", "00", "--reason"]] {
        let mut command = world.command("otto", "otto", &["git", "awo"]);
        let output = command.args(words).arg(odd).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}
