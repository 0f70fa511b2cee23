//! The rooms of `src/` stand on floors, and imports point downwards only. Drawn and explained in
//! `docs/design/architecture.md`; this file is what keeps the drawing true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, the lowest floor first. Rooms of one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["record"],
    &["git", "signing", "evidence", "packet"],
    &["policy", "store"],
    &["facts"],
    &["rules"],
    &["check"],
    &["render", "actor"],
    &["hook", "run", "export", "sandbox"],
    &["selftest"],
    &["cli"],
];

/// Who may start a program, besides `git`, and why.
const STARTERS: &[(&str, &str)] = &[
    (
        "src/signing/keygen.rs",
        "agents and hardware keys sign through ssh-keygen",
    ),
    ("src/run/command.rs", "a run is the execution of a command"),
    (
        "src/sandbox/mod.rs",
        "persons of the sandbox type what people would type",
    ),
    (
        "src/cli/commands/quickstart/world.rs",
        "it types what a person would type",
    ),
];

/// What could stop the program on a stranger's data, and is denied in all that is no test.
const DENIED: &[&str] = &[
    "arithmetic_side_effects",
    "cast_possible_truncation",
    "cast_possible_wrap",
    "cast_sign_loss",
    "expect_used",
    "get_unwrap",
    "indexing_slicing",
    "panic",
    "panic_in_result_fn",
    "string_slice",
    "todo",
    "unimplemented",
    "unreachable",
    "unwrap_used",
];

/// Where one of them is allowed, and how often; the reason stands there.
const ALLOWED: &[(&str, usize)] = &[
    ("src/cli/commands/init.rs", 1),
    ("src/cli/commands/log.rs", 1),
    ("src/facts/policies.rs", 1),
    ("src/facts/report.rs", 1),
    ("src/git/cache.rs", 1),
    ("src/lib.rs", 2),
    ("src/packet/mod.rs", 1),
    ("src/record/envelope.rs", 1),
    ("src/record/json.rs", 1),
    ("src/store/layout.rs", 1),
];

struct Source {
    /// From the package's directory, with `/`.
    path: String,
    /// Without comments.
    code: String,
}

impl Source {
    /// The room that the file belongs to; none for `lib.rs` and `main.rs`.
    fn room(&self) -> Option<&str> {
        let (room, _) = self.path.strip_prefix("src/")?.split_once('/')?;
        Some(room)
    }

    /// Test code may ask other programs for their opinion.
    fn is_test(&self) -> bool {
        let names = self
            .path
            .split('/')
            .map(|part| part.trim_end_matches(".rs"));
        names.into_iter().any(|it| {
            matches!(it, "tests" | "testing" | "differential")
                || it.starts_with("tests_")
                || it.ends_with("_tests")
        })
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    files.sort();
    assert!(files.len() > 50, "the sources are found");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let path = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let code = without_comments(&text);
        Source { path, code }
    };
    files.into_iter().map(read).collect()
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}

/// Comments name other rooms freely. Only whole lines count, so that `"https://…"` stays.
fn without_comments(text: &str) -> String {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// Returns the names that follow `crate::`, and those at the head of each part of `crate::{…}`.
fn named_rooms(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, mention) in code.match_indices("crate::") {
        let inside_a_word = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if inside_a_word {
            continue;
        }
        let rest = code[at + mention.len()..].trim_start();
        match rest.strip_prefix('{') {
            Some(group) => rooms.extend(heads(group)),
            None => rooms.extend(identifier(rest)),
        }
    }
    rooms
}

/// Returns the first name of each part of a group, of which the opening brace is gone.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut fresh, mut found) = (0, true, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            c if fresh && !c.is_whitespace() => {
                found.extend(identifier(&group[at..]));
                fresh = false;
            }
            _ => {}
        }
    }
    found
}

fn identifier(text: &str) -> Option<String> {
    let name: String = text
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Tells whether a room may name another one.
fn may_name(room: &str, other: &str) -> bool {
    match (floor(room), floor(other)) {
        (Some(own), Some(below)) => room == other || below < own,
        // `crate::Something` of the root: there is nothing there but rooms.
        _ => false,
    }
}

#[test]
fn every_import_points_downwards() {
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        assert!(
            floor(room).is_some(),
            "{} stands in a room without a floor",
            source.path
        );
        for other in named_rooms(&source.code) {
            if !may_name(room, &other) {
                wrong.push(format!("{} names crate::{other}", source.path));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "imports that point upwards or sideways:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_drawing_has_every_room_and_no_other() {
    let drawn: BTreeSet<_> = FLOORS
        .iter()
        .flat_map(|rooms| rooms.iter().map(|it| (*it).to_owned()))
        .collect();
    let real: BTreeSet<_> = sources()
        .iter()
        .filter_map(|it| it.room().map(str::to_owned))
        .collect();
    assert_eq!(drawn, real, "FLOORS lists the directories of src/");
}

#[test]
fn the_root_declares_rooms_and_nothing_else() {
    for source in sources().iter().filter(|it| it.room().is_none()) {
        let own = named_rooms(&source.code);
        assert!(own.is_empty(), "{} uses {own:?}", source.path);
    }
}

#[test]
fn only_git_names_gix_or_runs_git() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|it| it.room() != Some("git")) {
        let words = source
            .code
            .split(|c: char| !(c.is_alphanumeric() || c == '_'));
        if words.into_iter().any(|word| word == "gix") {
            wrong.push(format!("{} names gix", source.path));
        }
        let starts_git = ["Command::new(\"git\")", "Command::new(\"/usr/bin/git\")"];
        if !source.is_test() && starts_git.iter().any(|it| source.code.contains(it)) {
            wrong.push(format!("{} runs git", source.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_listed_files_start_programs() {
    let sources = sources();
    let product = sources
        .iter()
        .filter(|it| it.room() != Some("git") && !it.is_test());
    let starters: BTreeSet<_> = product
        .filter(|it| it.code.contains("Command::new("))
        .map(|it| it.path.as_str())
        .collect();
    let listed: BTreeSet<_> = STARTERS.iter().map(|(path, _)| *path).collect();
    assert_eq!(
        starters, listed,
        "STARTERS says of each such file why it may"
    );
}

#[test]
fn what_could_panic_is_denied_and_every_exception_is_listed() {
    let sources = sources();
    let root = sources.iter().find(|it| it.path == "src/lib.rs").unwrap();
    let (_, denied) = root
        .code
        .split_once("#![cfg_attr(\n    not(test),\n    deny(\n")
        .unwrap();
    let (denied, _) = denied.split_once("    )\n)]").unwrap();
    let denied: Vec<_> = denied
        .split(',')
        .map(|it| it.trim().trim_start_matches("clippy::"))
        .collect();
    assert_eq!(denied, DENIED, "src/lib.rs denies these in the whole crate");

    let mut found = Vec::new();
    for source in sources.iter().filter(|it| !it.is_test()) {
        let count = exceptions(&source.code);
        if count > 0 {
            found.push((source.path.as_str(), count));
        }
    }
    assert_eq!(found, ALLOWED, "ALLOWED lists the exceptions");
}

/// Returns how often an attribute of this code lets one of the denied lints, or all, through.
fn exceptions(code: &str) -> usize {
    let attributes = code.split("#[").skip(1).chain(code.split("#![").skip(1));
    let heads = attributes.filter_map(|it| it.split_once(")]").map(|(head, _)| head));
    let lets = heads.filter(|it| {
        ["allow(", "expect(", "warn("]
            .iter()
            .any(|word| it.contains(word))
    });
    let groups = ["all", "pedantic", "restriction"];
    let mut count = 0;
    for head in lets {
        for word in head.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
            let lint = word.strip_prefix("clippy::").unwrap_or_default();
            count += usize::from(DENIED.contains(&lint) || groups.contains(&lint));
        }
    }
    count
}

#[test]
fn the_reader_of_imports_sees_groups_and_skips_words_and_comments() {
    let code = "use crate::{git::{self, Reader}, policy, store::ledger};\nlet x = crate::record::Code::Gov001; mycrate::cli::run();";
    let named: Vec<_> = named_rooms(code).into_iter().collect();
    assert_eq!(named, ["git", "policy", "record", "store"]);
    assert!(
        named_rooms(&without_comments(
            "    /// See [`crate::cli`].\n// crate::hook"
        ))
        .is_empty()
    );
    assert!(
        !may_name("git", "signing")
            && !may_name("store", "check")
            && !may_name("cli", "unheard_of")
    );
    assert!(may_name("store", "git") && may_name("git", "git"));
}
