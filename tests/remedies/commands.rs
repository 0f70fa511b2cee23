//! What the program tells people to type can be typed: each command in each text of the sources is a
//! command of the program, with the arguments that it needs.

use std::collections::BTreeSet;

use crate::taxonomy::source::sources;
use crate::world::{PROGRAM, World};

/// Texts that speak of a command and do not tell anybody to type it.
const PROSE: &[&str] = &[
    "AWO trailers only by git awo run and git awo rollback",
    "a run that was killed has left {}: the next git awo run with this TMPDIR removes it",
    "git awo export [--json] <RUN> <DIR>\n       git awo export [--json] --all <DIR>",
    "git awo {step} {}",
    "the policy names no server key: the server will keep no receive log; git awo init --server prints its key, --server-key adds it\n",
];

/// Words that a command takes as they stand.
const VALUES: &[&str] = &[
    "accepted",
    "rejected",
    "approve",
    "reject",
    "defer",
    "origin",
    "--",
    "PolicyViolation",
];

/// Returns every string literal of a source.
pub fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        if c == '\'' {
            // A character, not a lifetime: `'"'` and `'\''` begin no literal.
            let mut ahead = rest.clone();
            let first = ahead.next();
            let length = match (first, ahead.next(), ahead.next()) {
                (Some('\\'), Some(_), Some('\'')) => 3,
                (Some(_), Some('\''), _) => 2,
                _ => 0,
            };
            (0..length).for_each(|_| _ = rest.next());
        } else if c == '"' && before != '#' && before != 'r' {
            let mut text = String::new();
            while let Some(c) = rest.next() {
                match c {
                    '"' => break,
                    '\\' if rest.peek() == Some(&'\n') => {
                        while rest.peek().is_some_and(|it| it.is_whitespace()) {
                            rest.next();
                        }
                    }
                    '\\' => match rest.next() {
                        Some('n') => text.push('\n'),
                        other => text.extend(other),
                    },
                    c => text.push(c),
                }
            }
            found.push(text);
        }
        before = c;
    }
    found
}

/// Returns the commands of this program that a text names, with their arguments.
pub fn commands(text: &str, groups: &BTreeSet<String>) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for (at, found) in text.match_indices("git awo ") {
        let mut words: Vec<String> = Vec::new();
        for word in text[at + found.len()..].split(' ') {
            let ends = word.ends_with([',', ';', ':', ')', '\n', '.']);
            let word = word.trim_end_matches([',', ';', ':', ')', '\n', '.', '`']);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            let named = words.is_empty() || (words.len() == 1 && groups.contains(&words[0]));
            let fits = match word {
                "" => false,
                it if VALUES.contains(&it) => true,
                it if it.starts_with('-') => true,
                it if it.contains('{') => true,
                it if it.chars().all(plain) => named,
                it => it
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || "-|".contains(c)),
            };
            if !fits {
                break;
            }
            words.push(word.to_owned());
            if ends {
                break;
            }
        }
        if !words.is_empty() {
            all.push(words);
        }
    }
    all
}

/// Returns the commands that have commands of their own.
fn groups(world: &World) -> BTreeSet<String> {
    let mut groups = BTreeSet::new();
    crate::hostile::environment::commands::each(world, &mut |path, _| {
        if let [group, _] = path {
            groups.insert(group.clone());
        }
    });
    groups
}

#[test]
fn every_command_that_a_text_tells_one_to_type_can_be_typed() {
    let world = World::founded();
    let groups = groups(&world);
    let (mut seen, mut wrong) = (BTreeSet::new(), Vec::new());
    // The catalogue tells what breaks a rule, in words.
    let sources = sources()
        .into_iter()
        .filter(|it| it.path != "src/record/rule.rs");
    for source in sources {
        for text in literals(&source.code) {
            if PROSE.contains(&text.as_str()) {
                continue;
            }
            for words in commands(&text, &groups) {
                if !seen.insert(words.clone()) {
                    continue;
                }
                let filled = words.iter().map(|word| match word.contains('{') {
                    true => "x",
                    false => word,
                });
                let mut command = world.command("vera", "home/vera", &[PROGRAM]);
                command.args(filled).env("GIT_DIR", "/nowhere");
                let output = command.output().unwrap();
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                if said.contains("Usage:") {
                    let first = said.lines().next().unwrap_or_default().to_owned();
                    wrong.push(format!("{}: {text:?}: {words:?}: {first}", source.path));
                }
            }
        }
    }
    assert!(seen.len() > 50, "the texts are found: {seen:?}");
    assert!(
        wrong.is_empty(),
        "{} texts:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
