//! The rooms of `src/` stand on floors, and imports point downwards only. Drawn and explained in
//! `docs/design/architecture.md`; this file is what keeps the drawing true.

mod circles;
mod source;

use std::collections::{BTreeMap, BTreeSet};

use source::{Source, named_rooms, product, sources};

/// The rooms, the lowest floor first. Rooms of one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["record", "sys"],
    &["records", "cell"],
    &["git", "signing", "evidence", "packet"],
    &["policy", "store"],
    &["facts"],
    &["rules"],
    &["check"],
    &["actor", "render"],
    &["run", "hook", "export", "state", "sandbox"],
    &["ops"],
    &["selftest"],
    &["cli"],
];

/// Rooms that have a floor and are not built yet.
const COMING: &[&str] = &[];

/// Who may start a program, besides `git`, and why.
const STARTERS: &[(&str, &str)] = &[
    (
        "src/signing/keygen.rs",
        "agents and hardware keys sign through ssh-keygen",
    ),
    ("src/cell/enter.rs", "this process becomes the command"),
    ("src/cell/init.rs", "this process starts the command"),
    ("src/run/command.rs", "a run is the execution of a command"),
    (
        "src/sandbox/world.rs",
        "persons of the sandbox type what people would type",
    ),
];

/// Who reads the environment, and why.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("src/cell/root.rs", "the directory, which it finds again"),
    ("src/cli/commands/hooks.rs", "which program the shims call"),
    ("src/cli/mod.rs", "the words of the command"),
    ("src/git/process.rs", "how many settings git inherits"),
    ("src/git/write.rs", "never writes in a quarantine"),
    ("src/sandbox/world.rs", "where programs are"),
    (
        "src/sys/environment.rs",
        "a value made of it, and where home is",
    ),
    ("src/sys/process.rs", "which build of the program runs"),
    ("src/sys/scratch.rs", "where tests may write"),
];

/// Who reads the clock or makes randomness, and why.
const CLOCK: &[(&str, &str)] = &[
    ("src/sys/clock.rs", "the system's clock"),
    ("src/sys/random.rs", "the system's random numbers"),
];

/// What opens files without [`git_awo::sys::file`], and why.
const FILES: &[(&str, &str)] = &[
    ("src/cell/enter.rs", "a file that is not there"),
    ("src/cell/layers.rs", "/proc"),
    ("src/cell/root.rs", "/proc, and a root that it makes"),
    ("src/git/holder.rs", "/proc"),
    ("src/git/update.rs", "syncs a directory"),
    ("src/git/write.rs", "syncs directories"),
    ("src/run/reaper.rs", "/proc"),
    ("src/sandbox/copy.rs", "a world that it has made"),
    ("src/sandbox/seal.rs", "a world that it has made"),
    ("src/sandbox/world.rs", "a world that it has made"),
    ("src/sys/process.rs", "/proc"),
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
    "print_stderr",
    "print_stdout",
    "string_slice",
    "todo",
    "unimplemented",
    "unreachable",
    "unwrap_used",
];

/// Where one of them is allowed, and how often; the reason stands there.
const ALLOWED: &[(&str, usize)] = &[
    ("src/facts/policies.rs", 1),
    ("src/lib.rs", 2),
    ("src/packet/options.rs", 1),
    ("src/record/envelope.rs", 1),
    ("src/record/event/fields.rs", 1),
    ("src/record/json.rs", 1),
    ("src/record/report.rs", 1),
    ("src/store/layout.rs", 1),
];

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
        for other in named_rooms(source) {
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
    let missing: Vec<_> = drawn
        .difference(&real)
        .filter(|it| !COMING.contains(&it.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "FLOORS has rooms that are not there: {missing:?}"
    );
    let new: Vec<_> = real.difference(&drawn).collect();
    assert!(new.is_empty(), "rooms without a floor: {new:?}");
}

#[test]
fn the_page_of_the_architecture_draws_the_same_floors() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/design/architecture.md");
    let page = std::fs::read_to_string(page).unwrap();
    let drawing = page.split("```").nth(1).unwrap();
    let floors: Vec<_> = drawing.trim().lines().rev().collect();
    assert_eq!(floors.len(), FLOORS.len(), "one line a floor");
    for (number, (line, rooms)) in floors.iter().zip(FLOORS).enumerate() {
        let mut words = line.split_whitespace();
        assert_eq!(words.next(), Some(number.to_string().as_str()), "{line}");
        let drawn: Vec<_> = words.take(rooms.len()).collect();
        assert_eq!(drawn, *rooms, "{line}");
    }
    for room in FLOORS.iter().copied().flatten() {
        assert!(
            page.contains(&format!("\n| `{room}` |")),
            "{room} has a row"
        );
    }
}

#[test]
fn the_root_declares_rooms_and_the_facade_stands_on_what_is_no_program() {
    for source in sources().iter().filter(|it| it.room().is_none()) {
        let mut own = named_rooms(source);
        if source.path == "src/facade.rs" {
            own.retain(|room| floor(room) > floor("ops"));
        }
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
    let product = sources()
        .iter()
        .filter(|it| it.room() != Some("git") && !it.is_test());
    let starters: BTreeSet<_> = product
        .filter(|it| it.says("Command :: new"))
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
    let root = sources().iter().find(|it| it.path == "src/lib.rs").unwrap();
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
    for source in sources().iter().filter(|it| !it.is_test()) {
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

/// Fails if a file was found.
fn none(what: &str, found: &BTreeMap<&str, Vec<String>>) {
    let told = found
        .iter()
        .map(|(path, said)| format!("{path} {what}: {}\n", said.join(", ")));
    assert!(found.is_empty(), "{}", told.collect::<String>());
}

/// Compares the files found with those that may, each with its reason.
fn only_listed(what: &str, found: &BTreeMap<&str, Vec<String>>, listed: &[(&str, &str)]) {
    let listed: BTreeSet<_> = listed.iter().map(|(path, _)| *path).collect();
    let found: BTreeSet<_> = found.keys().copied().collect();
    let new: Vec<_> = found.difference(&listed).collect();
    assert!(
        new.is_empty(),
        "{what}, and is not listed with a reason: {new:?}"
    );
    let old: Vec<_> = listed.difference(&found).collect();
    assert!(
        old.is_empty(),
        "{what} no longer; take it off the list: {old:?}"
    );
}

/// Returns the files, by path, with the rows of tokens that they have of these.
fn saying<'a>(
    sources: impl Iterator<Item = &'a Source>,
    rows: &[&str],
) -> BTreeMap<&'a str, Vec<String>> {
    let said = |source: &Source| -> Vec<String> {
        let said = rows.iter().filter(|row| source.says(row));
        said.map(|row| row.replace(' ', "")).collect()
    };
    let pairs = sources.map(|it| (it.path.as_str(), said(it)));
    pairs.filter(|(_, said)| !said.is_empty()).collect()
}

/// Returns how a file makes findings, if it does.
fn finding_makers(source: &Source) -> Vec<String> {
    let rows = [". finding (", "Finding :: told"];
    let mut made: Vec<_> = rows.iter().filter(|row| source.says(row)).collect();
    // `-> Finding {` makes none.
    let literal = |row: &[String]| row[0] != ">" && row[1] == "Finding" && row[2] == "{";
    if source.tokens.windows(3).any(literal) {
        made.push(&"Finding {");
    }
    made.iter().map(|row| row.replace(' ', "")).collect()
}

#[test]
fn a_command_names_no_batch_or_predicate_and_makes_no_finding() {
    let mut found = BTreeMap::new();
    for source in product().filter(|it| it.room() == Some("cli")) {
        let mut said = finding_makers(source);
        said.extend(source.says("Rule ::").then(|| "Rule::".to_owned()));
        let words = source.tokens.iter();
        let named: BTreeSet<_> = words
            .filter(|it| *it == "Batch" || it.ends_with("Predicate"))
            .collect();
        said.extend(named.into_iter().cloned());
        if !said.is_empty() {
            found.insert(source.path.as_str(), said);
        }
    }
    none("is more than a command", &found);
}

#[test]
fn findings_are_made_by_rules_and_the_catalogue() {
    let others = product().filter(|it| !matches!(it.room(), Some("rules" | "record" | "cli")));
    // It reads back the findings that a server has said.
    let others = others.filter(|it| it.path != "src/hook/speak.rs");
    let made = others.map(|it| (it.path.as_str(), finding_makers(it)));
    let made = made.filter(|(_, rows)| !rows.is_empty()).collect();
    none("makes findings", &made);
}

#[test]
fn the_environment_is_read_at_its_doors() {
    let rows = [
        "env :: var",
        "env :: var_os",
        "env :: vars",
        "env :: vars_os",
        "env :: args",
        "env :: args_os",
        "env :: current_dir",
        "env :: current_exe",
        "env :: home_dir",
        "env :: temp_dir",
    ];
    only_listed(
        "it reads the environment",
        &saying(product(), &rows),
        ENVIRONMENT,
    );
}

/// A pipe would be waited for, and a device read for ever.
#[test]
fn files_are_read_by_one_function() {
    let rows = ["fs :: read (", "fs :: read_to_string (", "File :: open ("];
    only_listed("it opens files by itself", &saying(product(), &rows), FILES);
}

#[test]
fn the_clock_and_randomness_are_read_at_their_doors() {
    let rows = [
        "SystemTime :: now",
        "Timestamp :: now",
        "Zoned :: now",
        "getrandom ::",
    ];
    only_listed(
        "it reads the clock or makes randomness",
        &saying(product(), &rows),
        CLOCK,
    );
}

#[test]
fn no_file_takes_all_that_its_parent_has() {
    let rows = ["super :: *"];
    none("is a half of its parent", &saying(product(), &rows));
}
