//! What people read, as it stands in `tests/snapshots`: `SNAPSHOTS=overwrite cargo test snapshots`
//! writes it anew, to be reviewed as a change like any other.

use std::path::Path;

use snapbox::{Assert, Data};

use crate::hostile::environment::commands;
use crate::world::{RUN, TASK, World};

/// Compares a text with the snapshot of this name.
#[track_caller]
fn same(name: &str, text: String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    let expected = Data::read_from(&path.join(name), None);
    Assert::new().action_env("SNAPSHOTS").eq(text, expected);
}

/// Returns a text without what differs each time: where the world is, ids, keys, times.
fn steady(world: &World, text: &str) -> String {
    let root = world.path("").canonicalize().unwrap();
    let text = text.replace(root.to_str().unwrap(), "$WORLD");
    let is_number = |word: &str| word.bytes().all(|it| it.is_ascii_digit());
    let is_key = |word: &str| word.starts_with("SHA256:") || word.starts_with("AAAA");
    each_word(&text, "+/:=-_", |word| match is_key(word) {
        true => "[KEY]".to_owned(),
        false => each_word(word, ":-", |part| {
            match (named(part), part.rsplit_once('-')) {
                (Some(other), _) => other.to_owned(),
                // The digest in a file name: `independence-<sha256>`.
                (None, Some((kind, digest))) if digest.len() == 64 => format!("{kind}-[ID]"),
                // The name of a decision, which follows from what it says.
                (None, Some(("dec", digest))) if digest.len() == 16 => "dec-[ID]".to_owned(),
                // The seconds in a nonce: `1-1795943468`.
                (None, Some((count, seconds))) if is_number(seconds) && is_number(count) => {
                    format!("{count}-[TIME]")
                }
                _ => part.to_owned(),
            }
        }),
    })
}

/// Puts something else for each word: letters, digits and these.
fn each_word(text: &str, more: &str, say: impl Fn(&str) -> String) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    let mut said = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(if end == 0 { first.len_utf8() } else { end });
        match end {
            0 => said.push_str(word),
            _ => said.push_str(&say(word)),
        }
        rest = after;
    }
    said
}

/// Returns what stands for a word that differs each time.
fn named(word: &str) -> Option<&'static str> {
    let digits = |from: usize, to: usize| {
        let part = word.as_bytes().get(from..to);
        part.is_some_and(|it| it.iter().all(u8::is_ascii_digit))
    };
    let hex = word.trim_end_matches(':');
    let is_hex = hex
        .bytes()
        .all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    let has_digit = hex.bytes().any(|it| it.is_ascii_digit());
    if digits(0, 4) && word.as_bytes().get(4) == Some(&b'-') && digits(5, 7) {
        Some("[TIME]")
    } else if hex.len() >= 7 && is_hex && has_digit {
        Some("[ID]")
    } else {
        None
    }
}

#[test]
fn the_help_of_every_command_is_as_it_was() {
    let world = World::founded();
    let mut text = String::new();
    commands::each(&world, &mut |path, help| {
        let command = ["git awo"]
            .into_iter()
            .chain(path.iter().map(String::as_str));
        let command: Vec<_> = command.collect();
        text.push_str(&format!("$ {} --help\n{help}\n", command.join(" ")));
    });
    same("help.txt", text);
}

#[test]
fn the_quickstart_tells_its_story_as_it_did() {
    let world = World::founded();
    let told = world.ok("olga", ".", &["git", "awo", "quickstart", "demo"]);
    let mut text = String::new();
    let mut ours = true;
    for line in told.lines() {
        if let Some((_, command)) = line.split_once("$ ") {
            ours = !command.starts_with("git ") || command.starts_with("git awo ");
        }
        // What git itself says is another thing in another version of it.
        let said = line.starts_with("    ");
        if said && !ours && !line.starts_with("    remote: ") {
            continue;
        }
        let line = match line.starts_with("Done in ") {
            true => line.split_once(':').unwrap().1.trim_start(),
            false => line,
        };
        text.push_str(line.trim_end());
        text.push('\n');
    }
    same("quickstart.txt", steady(&world, &text));
}

#[test]
fn what_is_shown_of_a_landed_run_is_as_it_was() {
    let world = World::landed();
    let mut text = String::new();
    for words in [
        &["status"][..],
        &["log"],
        &["task", "show", TASK],
        &["show", RUN],
        &["chain", RUN],
        &["provenance", "verify"],
        &["verify"],
        &["doctor"],
        &["policy", "show"],
    ] {
        let said = world.run("otto", "otto", &[&["git", "awo"], words].concat());
        text.push_str(&format!("$ git awo {}\n{}\n", words.join(" "), said.text));
    }
    same("landed.txt", steady(&world, &text));
}

#[test]
fn what_waits_for_a_person_is_shown_as_it_was() {
    let world = crate::automation::world("HYBRID", "");
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = format!("task/T-1 approve --confidence 0.7 --rationale x --evidence {base}");
    for (gate, more) in [("SpecApproval", " --base BASE"), ("ScopeChange", "")] {
        let more = more.replace("BASE", &base);
        assert_eq!(world.decides("otto", &format!("{gate} {ask}{more}")).0, 1);
    }
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let mut text = String::new();
    for who in ["olga", "otto"] {
        let said = world.ok(who, who, &["git", "awo", "status"]);
        let waiting = said
            .lines()
            .filter(|it| it.starts_with("gate ") || it.starts_with(' '));
        // The two may have been made in one second, and come by their names then.
        let mut pairs: Vec<_> = waiting
            .collect::<Vec<_>>()
            .chunks(2)
            .map(|it| it.join("\n"))
            .collect();
        pairs.sort_by_key(|it| it.contains("ScopeChange"));
        text.push_str(&format!("$ git awo status\n{}\n\n", pairs.join("\n")));
    }
    same("waiting.txt", steady(&world, &text));
}

#[test]
fn what_a_clone_lacks_is_told_as_it_was() {
    let world = World::finalized();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "pull", "-q"]);
    let url = format!("file://{}", world.path("server.git").display());
    let anchor = world.fingerprint();
    for (more, to) in [(&[][..], "plain"), (&["--depth=1"], "shallow")] {
        let words = [&["git", "clone", "-q"], more, &[&url, to]].concat();
        world.ok("vera", ".", &words);
    }
    let other = "1".repeat(40);
    let mut text = String::new();
    for (who, place, words) in [
        ("rita", "rita", &["verify"][..]),
        ("rita", "rita", &["gate", "run_other"]),
        ("vera", "plain", &["verify"]),
        ("vera", "shallow", &["verify"]),
        ("vera", "shallow", &["verify", "--ci"]),
        ("vera", "shallow", &["verify", "--ci", "--anchor", &anchor]),
        ("vera", ".", &["clone", &url, "first"]),
        (
            "vera",
            ".",
            &["clone", "--anchor", &anchor, &url, "trusted"],
        ),
        ("vera", ".", &["clone", "--anchor", &other, &url, "other"]),
    ] {
        let all = [&["git", "awo"], words].concat();
        let said = world.run(who, place, &all).text;
        text.push_str(&format!("{who}:{place}$ {}\n{said}\n", all.join(" ")));
    }
    same("lacking.txt", steady(&world, &text));
}
