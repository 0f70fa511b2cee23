//! What comes out is text: nothing that a terminal would obey or not show, and nothing endless, whatever
//! the repository holds.

use git_awo::record::path::hidden;

use super::commands::every_command;
use crate::hostile::door::Door;
use crate::world::{RUN, World};

/// Escape sequences, reversals, an erased line, characters of no width, tags, separators of lines.
const EVIL: &str = "a\u{1b}[2J\u{9b}2J\u{1b}]0;owned\u{7}\u{202e}gpj\u{2066}\u{61c}\r\u{8}\u{7f}\
    \u{200b}\u{200d}\u{feff}\u{ad}\u{e0041}\u{2028}\u{2029}\u{fff9}\u{2060}\u{3164}z";
/// The same without what git and records do not carry.
const NAME: &str = "a\u{9b}2J\u{85}\u{202e}gpj\u{2066}\u{61c}\
    \u{200b}\u{200d}\u{feff}\u{ad}\u{e0041}\u{2028}\u{2029}\u{fff9}\u{2060}\u{3164}z";

/// Returns the characters that a terminal would obey or not show.
fn obeyed(bytes: &[u8]) -> Vec<char> {
    // What is no UTF-8 may not stand there either: a terminal in another encoding takes it as C1.
    let text = String::from_utf8(bytes.to_vec()).expect("output is UTF-8");
    text.chars().filter(|c| hidden(*c)).collect()
}

/// A clone of otto's, full of it: commits, branches, a tag, an outcome, a task.
fn evil() -> World {
    let world = World::landed();
    let words = ["git", "awo", "outcome", RUN, "rejected", "--reason", EVIL];
    let done = world.run("olga", "olga", &words);
    assert!(obeyed(done.text.as_bytes()).is_empty(), "{:?}", done.text);
    let words = [
        "git",
        "awo",
        "task",
        "new",
        "T-9",
        "--task",
        NAME,
        "--allow",
        "src/",
        "--validate",
        NAME,
    ];
    let done = world.run("olga", "olga", &words);
    assert!(obeyed(done.text.as_bytes()).is_empty(), "{:?}", done.text);
    world.run("olga", "olga", &["git", "awo", "push"]);
    world.run("otto", "otto", &["git", "awo", "fetch"]);
    let door = Door::new(world, "otto");
    let raw = door.raw();
    let (tip, root) = door.base();
    let blob = raw.blob(EVIL);
    let src = door.world.rev("otto", "origin/main:src");
    let name = EVIL.replace(['\r', '\n'], "");
    let src = raw.tree_with(
        &src,
        &[
            ("100644", name.as_bytes(), &blob),
            ("100644", b"\xff\x9b2J", &blob),
        ],
    );
    let tree = raw.tree_with(&root, &[("40000", b"src", &src)]);
    let who = EVIL.replace('\r', "");
    let headers = format!(
        "tree {tree}\nparent {tip}\nauthor {who} <{who}@x> 1700000000 +0000\ncommitter otto <o@o> 1700000000 +0000\n"
    );
    let commit = raw.sign_commit(
        headers.as_bytes(),
        format!("{EVIL}\n\nAWO-Run: {EVIL}\n").as_bytes(),
    );
    let plain = raw.sign_commit(headers.as_bytes(), format!("{EVIL}\n").as_bytes());
    for (name, id) in [
        (format!("refs/heads/wip/{NAME}"), &plain),
        (format!("refs/tags/{NAME}"), &plain),
    ] {
        door.world
            .ok("otto", "otto", &["git", "update-ref", &name, id]);
    }
    door.world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "refs/heads/main", &commit],
    );
    door.world.ok(
        "otto",
        "otto",
        &[
            "git",
            "config",
            &format!("remote.{NAME}.url"),
            "../server.git",
        ],
    );
    door.world
}

#[test]
fn no_command_says_what_a_terminal_would_obey() {
    let world = evil();
    let mut calls: Vec<Vec<String>> = every_command(&world)
        .into_iter()
        .filter(|call| !call.own_world)
        .map(|call| call.words)
        .collect();
    let branch = format!("refs/heads/wip/{NAME}");
    for words in [
        vec!["log", branch.as_str()],
        vec!["show", branch.as_str()],
        vec!["show", "HEAD"],
        vec!["show", "T-9"],
        vec!["task", "show", "T-9"],
        vec!["verify", branch.as_str()],
        vec!["verify", "HEAD", "--ref", branch.as_str()],
        vec!["verify", EVIL],
        vec!["show", EVIL],
        vec!["trust", EVIL],
        vec!["approve", "T-9", "--sentence", EVIL],
        vec!["push", NAME],
        vec!["fetch", NAME],
        vec![EVIL],
        vec!["verify", "--no-such", EVIL],
        vec!["-C", EVIL, "status"],
    ] {
        calls.push(words.into_iter().map(str::to_owned).collect());
    }
    let mut wrong = Vec::new();
    for words in calls {
        for json in [&[][..], &["--json"]] {
            let mut all = vec!["git", "awo"];
            all.extend(json);
            all.extend(words.iter().map(String::as_str));
            let output = world.command("otto", "otto", &all).output().unwrap();
            for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
                let found = obeyed(bytes);
                if !found.is_empty() {
                    wrong.push(format!(
                        "{all:?}, {stream}: {found:?}: {:?}",
                        String::from_utf8_lossy(bytes)
                    ));
                }
            }
            if !json.is_empty() {
                let text = String::from_utf8(output.stdout).unwrap();
                assert!(
                    serde_json::from_str::<serde_json::Value>(&text).is_ok(),
                    "{all:?}: {text}"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_hook_says_what_a_terminal_would_obey() {
    let world = evil();
    let zero = "0".repeat(40);
    let door = Door::new(world, "otto");
    let tip = door.world.rev("otto", "HEAD");
    let branch = format!("refs/heads/wip/{NAME}");
    for refspec in [
        format!("{tip}:{branch}"),
        format!("{tip}:refs/tags/{NAME}"),
        format!("{branch}:{branch}"),
    ] {
        let words = ["git", "push", "--no-verify", "--force", "origin", &refspec];
        let output = door.world.command("otto", "otto", &words).output().unwrap();
        assert!(!output.status.success());
        // What git itself says of its refs is not ours.
        let text = String::from_utf8_lossy(&output.stderr);
        let ours: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("remote: "))
            .collect();
        assert!(!ours.is_empty(), "{text}");
        for line in ours {
            // git pads and cleans lines by a sequence of its own.
            let line = line.replace("\u{1b}[K", "");
            assert!(obeyed(line.as_bytes()).is_empty(), "{line:?}");
        }
    }
    for line in [
        format!("{zero} {tip} {branch}\n"),
        format!("{EVIL}\n"),
        format!("{zero} {tip} refs/heads/{EVIL}\n"),
    ] {
        let said = door.hook(&line);
        assert!(!said.is_empty());
        assert!(obeyed(said.as_bytes()).is_empty(), "{said:?}");
    }
    let said = door.world.run("otto", "otto", &["git", "awo", "push"]);
    assert!(obeyed(said.text.as_bytes()).is_empty(), "{:?}", said.text);
}

/// What is dangerous is named here too, by itself: whoever weakens the one function weakens no test.
#[test]
fn what_is_hidden_is_more_than_control_characters() {
    for c in [
        '\u{0}',
        '\u{7}',
        '\u{1b}',
        '\r',
        '\u{7f}',
        '\u{80}',
        '\u{9b}',
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{180e}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{2028}',
        '\u{2029}',
        '\u{202a}',
        '\u{202e}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{206f}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{fff9}',
        '\u{fffb}',
        '\u{1d173}',
        '\u{e0001}',
        '\u{e007f}',
        '\u{e0100}',
    ] {
        assert!(hidden(c), "{c:?}");
    }
    for c in [
        '\n',
        '\t',
        ' ',
        'a',
        'é',
        '\u{301}',
        '漢',
        '\u{1f600}',
        '\u{a0}',
    ] {
        assert!(!hidden(c), "{c:?}");
    }
}

#[test]
fn a_title_of_megabytes_is_cut_with_its_length() {
    let world = World::landed();
    let title = "x".repeat(10 << 20);
    let door = Door::new(world, "otto");
    let (tip, root) = door.base();
    let who = "otto <otto@example.org> 1700000000 +0000";
    let headers = format!("tree {root}\nparent {tip}\nauthor {who}\ncommitter {who}\n");
    let commit = door
        .raw()
        .sign_commit(headers.as_bytes(), format!("{title}\n").as_bytes());
    let world = &door.world;
    world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "refs/heads/main", &commit],
    );
    let words = ["git", "awo", "log"];
    let shown = world.ok("otto", "otto", &words);
    assert!(shown.contains("… (10485760 bytes)"), "{}", shown.len());
    assert!(shown.len() < 20_000, "{}", shown.len());
    let json = world.ok("otto", "otto", &["git", "awo", "log", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["commits"][0]["title"], title.as_str(), "whole in JSON");
    for words in [
        &["verify", "HEAD"][..],
        &["show", "HEAD"],
        &["status"],
        &["show", &title[..100_000]],
        &["push"],
    ] {
        let done = world.run("otto", "otto", &[&["git", "awo"][..], words].concat());
        assert!(
            done.text.len() < 20_000,
            "{}: {}",
            words[0],
            done.text.len()
        );
    }
}
