//! The list of all attacks: each with tests that exist, each code one that exists.

use std::collections::BTreeSet;
use std::path::Path;

use git_awo::record::Code;

use super::{
    Case, approvals, doctor, environment, graph, locked, metadata, network, races, records, replay,
    rollbacks, signatures, size, sweep, trees, view,
};

/// Every group.
const GROUPS: &[(&str, &[Case])] = &[
    ("Paths and trees", trees::CASES),
    ("Signatures and keys", signatures::CASES),
    ("Governance refs, notes, log, clones", metadata::CASES),
    ("The network", network::CASES),
    ("Policy and LOCKED", locked::CASES),
    ("Races, crashes, hooks that fail", races::CASES),
    ("Roll-back", rollbacks::CASES),
    ("What the doctor finds", doctor::CASES),
    ("Benign", replay::CASES),
    ("Resource limits", size::CASES),
    ("Commits, graph, refs", graph::CASES),
    ("Object view", view::CASES),
    ("Environment and output", environment::CASES),
    ("Approvals and independence", approvals::CASES),
    ("Records and sums", records::CASES),
    ("Every byte", sweep::CASES),
];

#[test]
fn every_attack_names_tests_that_exist() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut ids = BTreeSet::new();
    for case in GROUPS.iter().flat_map(|(_, cases)| *cases) {
        assert!(ids.insert(case.id), "{} stands twice", case.id);
        assert!(!case.tests.is_empty(), "{} has no test", case.id);
        assert!(!case.attack.is_empty(), "{} says nothing", case.id);
        for test in case.tests {
            let (module, function) = test.rsplit_once("::").expect(test);
            // Unit tests are named by their file: `src/policy/tests::name`.
            let path = match module.strip_prefix("src/") {
                Some(unit) => home.join("src").join(unit),
                None => home.join("tests").join(module.replace("::", "/")),
            };
            let source = [path.with_extension("rs"), path.join("mod.rs")];
            let source = source
                .iter()
                .find_map(|path| std::fs::read_to_string(path).ok());
            let source = source.unwrap_or_else(|| panic!("{}: no module {module}", case.id));
            // Unit tests may stand in a module of their file.
            let lines: Vec<_> = source.lines().map(str::trim_start).collect();
            let source = lines.join("\n");
            let head = format!("#[test]\nfn {function}()");
            // In `tests/crash` a test is a row of a table.
            let row = format!("\n{function}: ");
            let found = source.contains(&head)
                || source.contains(&format!("]\nfn {function}()"))
                || (module.starts_with("crash::") && source.contains(&row));
            assert!(found, "{}: no test {test}", case.id);
        }
        for code in case
            .answer
            .split([' ', ','])
            .filter(|word| word.contains('-'))
        {
            let known = Code::ALL.iter().any(|known| known.as_str() == code);
            assert!(known, "{}: {code} is no code", case.id);
        }
    }
}

#[test]
fn the_page_of_attacks_is_what_the_tests_say() {
    let mut page = String::from(
        "# Attacks\n\n\
         What is tried against git-awo, what must be answered, and the tests that show it. Each attack is really\n\
         pushed or verified, and has a benign twin beside it that is accepted. This page is made from the lists in\n\
         `tests/hostile/`: `AWO_BLESS=1 cargo test --test awo hostile::catalogue`.\n",
    );
    for (group, cases) in GROUPS {
        page.push_str(&format!(
            "\n## {group}\n\n| | Attack | Answer | Tests |\n|---|---|---|---|\n"
        ));
        for case in *cases {
            let tests: Vec<String> = case.tests.iter().map(|test| format!("`{test}`")).collect();
            let (id, attack, answer) = (case.id, case.attack, case.answer);
            page.push_str(&format!(
                "| {id} | {attack} | {answer} | {} |\n",
                tests.join(", ")
            ));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design/attacks.md");
    if std::env::var_os("AWO_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "docs/design/attacks.md is old: run the command that it names"
    );
}
