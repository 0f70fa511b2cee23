//! The sources: there is no way to refuse without a code.

use std::collections::BTreeSet;
use std::path::Path;

/// A file of `src/` without its tests and whole-line comments.
pub struct Source {
    pub path: String,
    pub code: String,
}

/// Returns the product's sources, sorted by path.
pub fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    files.sort();
    let mut sources = Vec::new();
    for file in files {
        let path = file.strip_prefix(root).unwrap().display().to_string();
        let is_test = path.split('/').any(|part| {
            let part = part.trim_end_matches(".rs");
            matches!(part, "tests" | "testing" | "differential")
                || part.starts_with("tests_")
                || part.ends_with("_tests")
        });
        if is_test {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lines = text.lines().filter(|it| !it.trim_start().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        sources.push(Source { path, code });
    }
    assert!(sources.len() > 100, "the sources are found");
    sources
}

fn collect(directory: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
}

fn source<'a>(sources: &'a [Source], path: &str) -> &'a str {
    let found = sources.iter().find(|it| it.path == path);
    &found.unwrap_or_else(|| panic!("there is no {path}")).code
}

/// Enums of errors that are not `Coded`, and why.
const OTHERS: &[(&str, &str, &str)] = &[
    (
        "src/facts/log.rs",
        "EntryError",
        "carries a finding, or an error that is coded",
    ),
    (
        "src/sandbox/error.rs",
        "Error",
        "a sandbox that cannot be made is INT-005, and judges nothing",
    ),
    (
        "src/signing/sshsig.rs",
        "SignatureError",
        "whatever is wrong with a signature is ATT-003",
    ),
];

/// Returns the name that a text begins with.
fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

#[test]
fn every_error_has_a_code_in_its_room_and_none_by_a_wildcard() {
    let (mut errors, mut coded) = (BTreeSet::new(), BTreeSet::new());
    for it in sources() {
        let room = it.path.rsplit_once('/').unwrap().0;
        for (at, _) in it.code.match_indices("enum ") {
            let name = name(&it.code[at + 5..]);
            let other = OTHERS
                .iter()
                .any(|(path, of, _)| *path == it.path && *of == name);
            if name.ends_with("Error") && !other {
                errors.insert((room.to_owned(), name));
            }
        }
        for (at, start) in it.code.match_indices("impl Coded for ") {
            let body = &it.code[at..];
            let body = &body[..body.find("\n}").unwrap()];
            coded.insert((room.to_owned(), name(&body[start.len()..])));
            for line in body.lines().filter(|line| line.contains(" =>")) {
                let pattern = line.trim_start().split(" =>").next().unwrap_or_default();
                let all = pattern.split(" if ").next().unwrap_or_default();
                let wild = all.chars().all(|c| c.is_ascii_lowercase() || c == '_');
                let wild = wild && !matches!(all, "true" | "false");
                assert!(!wild, "a wildcard arm in {}: {line}", it.path);
            }
        }
    }
    let without: Vec<_> = errors.difference(&coded).collect();
    assert!(without.is_empty(), "Coded, or one of OTHERS: {without:?}");
    assert!(errors.len() > 8, "{errors:?}");
}

#[test]
fn a_refusal_of_a_command_cannot_be_made_without_a_finding() {
    let sources = sources();
    let error = source(&sources, "src/ops/error.rs");
    let constructors: BTreeSet<_> = functions(error)
        .into_iter()
        .filter(|(_, signature)| signature.ends_with("-> Self") && !signature.contains("mut self"))
        .collect();
    let refusing: Vec<_> = constructors
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "from" | "new" | "usage"))
        .collect();
    assert_eq!(refusing.len(), 5, "{refusing:?}");
    for (name, signature) in refusing {
        let needs = signature.contains("impl Into<Refusal>")
            || signature.contains("impl Coded")
            || (name == "unusable" && signature.contains("rule: Rule"))
            || (name == "not_tried" && signature.contains("error: run::Error"));
        assert!(needs, "{name} takes why: {signature}");
    }
    assert!(error.contains("\n    why: Option<Refusal>,") && !error.contains("pub why"));

    let refusal = source(&sources, "src/record/refusal.rs");
    assert!(
        refusal.contains("    first: Box<Finding>,\n"),
        "there is one"
    );
    assert!(!refusal.contains("Default"), "there is no empty one");

    let report = source(&sources, "src/record/report.rs");
    assert!(report.contains("pub undecided: Findings,"));

    // Exit codes come from verdicts and errors, and from nowhere else.
    let answer = source(&sources, "src/cli/answer.rs");
    // And of a command that was tried in a cell.
    assert_eq!(answer.matches("self.code = ").count(), 2, "judged, ending");
    for it in &sources {
        assert!(!it.code.contains("process::exit("), "{}", it.path);
        let sets = it.code.contains("ExitCode::from(");
        assert!(!sets || it.path == "src/cli/mod.rs", "{}", it.path);
    }
}

/// Returns name and signature of every function of a file.
fn functions(code: &str) -> Vec<(String, String)> {
    let starts = code.match_indices("fn ");
    let rest = starts.map(|(at, _)| &code[at + 3..]);
    rest.filter_map(|rest| {
        let signature = rest.split(" {").next()?;
        let name = signature
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect();
        Some((name, signature.to_owned()))
    })
    .collect()
}

#[test]
fn every_finding_says_what_was_found_what_is_expected_and_what_to_do() {
    let mut incomplete = Vec::new();
    for it in sources() {
        let made = it.code.match_indices(".finding(");
        let starts: Vec<_> = made
            .filter(|(at, start)| !it.code[at + start.len()..].starts_with(')'))
            .collect();
        for (number, (at, _)) in starts.iter().enumerate() {
            let rest = &it.code[*at..];
            // Up to the end of the function; a finding that others complete is complete there.
            let end = rest.find("\n}\n").unwrap_or(rest.len());
            let next = starts
                .get(number + 1)
                .map_or(rest.len(), |(next, _)| next - at);
            let own = &rest[..end.min(next)];
            let whole = &rest[..end];
            for part in [".found(", ".expected(", ".remedy("] {
                if !own.contains(part) && !whole.contains(part) {
                    let line = it.code[..*at].lines().count();
                    incomplete.push(format!("{}: about line {line} lacks {part}", it.path));
                }
            }
        }
    }
    // What a server said is completed from what it left out; what `moved` makes, by its callers.
    incomplete.retain(|it| {
        !it.starts_with("src/hook/speak.rs") && !it.starts_with("src/hook/transaction.rs")
    });
    assert_eq!(incomplete, [""; 0]);
}

#[test]
fn the_hooks_say_a_code_when_there_is_no_program_to_ask() {
    for name in ["plain", "with-input", "reference-transaction"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("hooks")
            .join(name);
        let text = std::fs::read_to_string(path).unwrap();
        let refusals: Vec<_> = text.lines().filter(|it| it.contains("refuses")).collect();
        assert_eq!(refusals.len(), 1, "{name}");
        assert!(refusals[0].contains("echo \"INT-005 "), "{name}");
    }
}
