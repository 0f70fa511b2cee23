//! The list of all attacks. Checks that their tests and codes exist, and generates `docs/design/attacks.md`.

use std::collections::BTreeSet;
use std::path::Path;

use git_awo::record::Code;

use super::{
    Case, approvals, behind, decisions, detect, doctor, environment, gone, graph, locked,
    lookalikes, metadata, network, newer, races, records, replay, rollbacks, signatures, size,
    sweep, tags, trees, verify, view, vouches,
};
use crate::figure::figure;

/// Every group.
const GROUPS: &[(&str, &[Case])] = &[
    ("Paths and trees", trees::CASES),
    ("Signatures and keys", signatures::CASES),
    ("Governance refs, notes, log, clones", metadata::CASES),
    ("Deletions on the server", gone::CASES),
    ("The network", network::CASES),
    ("Policy and LOCKED", locked::CASES),
    ("Decisions on gates", decisions::CASES),
    ("Plans of work packets", crate::post_work::CASES),
    ("Evidence of work", crate::work_evidence::CASES),
    ("Models that work and assist", crate::actors::CASES),
    ("Risk tiers and drafts", crate::risk::CASES),
    ("Baselines", crate::baselines::CASES),
    ("Ceilings", crate::ceilings::CASES),
    ("Artefacts", crate::artefacts::CASES),
    ("Pages of artefacts", crate::index_pages::CASES),
    ("The write gateway", crate::gateway::CASES),
    ("Versions of work packets", crate::versions::CASES),
    ("Claims", crate::claims::CASES),
    ("The life of a run", crate::life::CASES),
    ("Waivers", crate::waivers::CASES),
    ("Protection overrides", crate::overrides::CASES),
    ("Content for models elsewhere", crate::escalation::CASES),
    ("Policies of a newer git-awo", newer::CASES),
    ("Names that differ in case only", lookalikes::CASES),
    ("Races, crashes, failing hooks", races::CASES),
    ("Roll-back", rollbacks::CASES),
    ("What the doctor finds", doctor::CASES),
    ("Time to detection", detect::CASES),
    ("Benign", replay::CASES),
    ("Resource limits", size::CASES),
    ("Commits, history, refs", graph::CASES),
    ("Object view", view::CASES),
    ("Environment and output", environment::CASES),
    ("Approvals and independence", approvals::CASES),
    ("Records and sums", records::CASES),
    ("Commits by others", vouches::CASES),
    ("What verify answers", verify::CASES),
    ("Clones that are behind, checkouts, mirrors", behind::CASES),
    ("Tags", tags::CASES),
    ("Single-byte changes", sweep::CASES),
    #[cfg(target_os = "linux")]
    ("Confined commands", crate::cell::CASES),
    #[cfg(target_os = "linux")]
    ("Confined runs", crate::cell::GOVERNED),
    #[cfg(target_os = "linux")]
    (
        "Confined commands with a root of their own",
        crate::cell::OWN_ROOT,
    ),
    #[cfg(target_os = "linux")]
    ("Contracts and their cells", crate::cell::TERMS),
    #[cfg(target_os = "linux")]
    #[cfg(target_os = "linux")]
    ("Commands that are run again", crate::reruns::CASES),
];

#[test]
fn every_attack_names_tests_that_exist() {
    let mut ids = BTreeSet::new();
    for case in GROUPS.iter().flat_map(|(_, cases)| *cases) {
        assert!(ids.insert(case.id), "{} stands twice", case.id);
        assert!(!case.tests.is_empty(), "{} has no test", case.id);
        assert!(!case.attack.is_empty(), "{} says nothing", case.id);
        for test in case.tests {
            assert!(exists(test), "{}: no test {test}", case.id);
        }
    }
}

/// Returns the text of the file that a test is in.
fn source_of(test: &str) -> Option<String> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (module, _) = test.rsplit_once("::")?;
    // Unit tests are named by their file: `src/policy/tests::name`.
    let path = match module.strip_prefix("src/") {
        Some(unit) => home.join("src").join(unit),
        None => home.join("tests").join(module.replace("::", "/")),
    };
    let places = [path.with_extension("rs"), path.join("mod.rs")];
    places
        .iter()
        .find_map(|path| std::fs::read_to_string(path).ok())
}

/// Whether there is a test of this name.
pub fn exists(test: &str) -> bool {
    let Some(source) = source_of(test) else {
        return false;
    };
    let function = test.rsplit("::").next().unwrap();
    // Unit tests may stand in a module of their file.
    let lines: Vec<_> = source.lines().map(str::trim_start).collect();
    let text = lines.join("\n");
    // In `tests/crash` a test is a row of a table.
    let row = test.starts_with("crash::") && text.contains(&format!("\n{function}: "));
    row || text.contains(&format!("]\nfn {function}()"))
}

/// Returns the codes in an answer.
fn codes(answer: &str) -> impl Iterator<Item = &str> {
    let words = answer.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| {
        let parts = word.split_once('-');
        parts.is_some_and(|(group, number)| {
            number.len() == 3
                && number.bytes().all(|it| it.is_ascii_digit())
                && group.bytes().all(|it| it.is_ascii_uppercase())
        })
    })
}

#[test]
fn every_code_of_an_answer_is_asked_for_by_its_tests() {
    let mut lies = Vec::new();
    let mut count = 0;
    for case in GROUPS.iter().flat_map(|(_, cases)| *cases) {
        count += 1;
        let sources: Vec<_> = case
            .tests
            .iter()
            .filter_map(|test| source_of(test))
            .collect();
        for code in codes(case.answer) {
            let known = Code::ALL.iter().any(|known| known.as_str() == code);
            assert!(known, "{}: {code} is no code", case.id);
            // The row itself may stand in the same file, with the code in its answer.
            let asked = |source: &String| {
                let rows: Vec<_> = source
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("answer: "))
                    .collect();
                let (typed, group) = (code.replace('-', ""), &code[..1]);
                let typed = format!("Code::{group}{}", typed[1..].to_lowercase());
                rows.iter()
                    .any(|line| line.contains(code) || line.contains(&typed))
            };
            if !sources.iter().any(asked) {
                lies.push(format!("{}: no test asks for {code}", case.id));
            }
        }
    }
    assert!(lies.is_empty(), "{}", lies.join("\n"));
    figure(
        "classes of attacks in the catalogue (docs/design/attacks.md)",
        count,
        "0 without a test that asks for the answer's codes",
        "0",
    );
}

#[test]
fn every_promise_names_tests_that_exist() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design/threat-model.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, rest) = page.split_once("\n## What is promised\n").unwrap();
    let (promised, _) = rest.split_once("\n## ").unwrap();
    let promises: Vec<_> = promised
        .split("\n\n")
        .filter(|it| it.starts_with("**"))
        .collect();
    assert!(promises.len() > 10, "the promises are found");
    for promise in promises {
        let (_, shown) = promise.split_once("Shown by ").expect(promise);
        let names = shown.split('`').skip(1).step_by(2);
        let tests: Vec<_> = names.filter(|name| name.contains("::")).collect();
        assert!(!tests.is_empty(), "no test shows it: {promise}");
        for test in tests {
            assert!(exists(test), "no test {test}");
        }
    }
}

#[test]
fn the_page_of_attacks_is_what_the_tests_say() {
    let mut page = String::from(
        "# Attacks\n\n\
         The attacks that are tried against git-awo, the required answers, and the tests that show them. Each attack\n\
         is really pushed or verified, and has a benign twin that is accepted. This page is generated from the lists\n\
         in `tests/hostile/` by `SNAPSHOTS=overwrite cargo test --test awo hostile::catalogue`.\n",
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
    page.push_str(
        "\n## Not tried\n\n\
         These attack features that are not built yet: L-13 a workflow with too many steps.\n",
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/design/attacks.md");
    if std::env::var_os("SNAPSHOTS").is_some_and(|it| it == "overwrite") {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "docs/design/attacks.md is old: run the command that it names"
    );
}
