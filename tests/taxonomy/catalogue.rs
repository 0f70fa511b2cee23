//! The catalogue of rules (`src/record/rule.rs`) and the page made from it.
//! `SNAPSHOTS=overwrite cargo test --test awo taxonomy::catalogue` writes `docs/rules.md` anew.

use std::collections::BTreeSet;
use std::path::Path;

use git_awo::record::{Code, Rule};

use super::source::sources;

#[test]
fn every_rule_has_an_id_of_its_own_and_says_what_it_demands() {
    let mut ids = BTreeSet::new();
    for rule in Rule::ALL {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let id = rule.id();
        assert!(!id.is_empty() && id.chars().all(fits), "{id:?}");
        assert!(ids.insert(id), "{id} names two rules");
        for (what, text) in [
            ("sentence", rule.sentence()),
            ("source", rule.source()),
            ("example", rule.example()),
        ] {
            assert!(!text.trim().is_empty(), "{id} has no {what}");
            assert!(!text.contains(['|', '\n']), "{id}: {what} fits a table");
        }
        assert!(rule.sentence().ends_with('.'), "{id}: a whole sentence");
    }
    let order = |rule: &Rule| (rule.code(), rule.id());
    let sorted = Rule::ALL.windows(2).all(|it| order(&it[0]) < order(&it[1]));
    assert!(sorted, "the catalogue is sorted by code and id");
}

#[test]
fn every_rule_is_used() {
    let sources = sources();
    let used = |rule: &&Rule| {
        let name = format!("Rule::{rule:?}");
        sources.iter().any(|it| {
            it.code.match_indices(&name).any(|(at, _)| {
                !it.code[at + name.len()..].starts_with(|c: char| c.is_alphanumeric())
            })
        })
    };
    let unused: Vec<_> = Rule::ALL.iter().filter(|rule| !used(rule)).collect();
    assert!(unused.is_empty(), "no finding says {unused:?}");
}

#[test]
fn the_page_of_rules_is_what_the_catalogue_says() {
    let mut page = String::from(
        "# Rules\n\nMade from `src/record/rule.rs` by `SNAPSHOTS=overwrite cargo test --test awo \
         taxonomy::catalogue`; do not edit.\n\nEvery finding names a code of the taxonomy and the rule that was \
         broken. A rule belongs to one code and does not change its meaning. Rules that a policy names in \
         `[[rule]]` are reported as GOV-003 under their own names.\n\nSources: \
         *AWO* is AWO v4.2, whose terms README.md and `docs/design/formats.md` give; *policy* is \
         `docs/policy.md`; *task packet* and *task contract* are `docs/packets.md`; *execution gate*, *governed \
         run*, *roll-back*, *record format*, *receive log* and *trust anchor* are in `docs/design/`; *work packets* are `docs/post-work.md`; *decision events* are \
         `docs/events.md`; *fail closed* \
         says that what cannot be decided is not allowed. All others are public standards, or git.\n",
    );
    for code in Code::ALL {
        let rules: Vec<_> = Rule::ALL.iter().filter(|it| it.code() == *code).collect();
        page.push_str(&format!("\n## {code}\n\n"));
        if rules.is_empty() {
            page.push_str("None yet.\n");
            continue;
        }
        page.push_str("| Rule | Demands | Source | Broken by |\n|---|---|---|---|\n");
        for rule in rules {
            page.push_str(&format!(
                "| `{rule}` | {} | {} | {} |\n",
                rule.sentence(),
                rule.source(),
                rule.example()
            ));
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("SNAPSHOTS").is_some_and(|it| it == "overwrite") {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/rules.md is old: run the command that it names"
    );
}
