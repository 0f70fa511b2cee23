//! The catalogue of rules: each rule id belongs to one code, so that neither changes its meaning.
//! `AWO_BLESS=1 cargo test --test awo taxonomy::catalogue` writes `docs/rules.md` anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use git_awo::record::Code;

use super::source::{Source, sources};

/// Helpers that are given the rule and know the code: the file or directory, what a call begins
/// with, the code, and how many calls there are at least. The first text in a call is the rule.
const HELPERS: &[(&str, &str, &str, usize)] = &[
    ("src/check/failure.rs", "moved(name,", "REP-003", 3),
    ("src/check/governance/notes.rs", "bind(", "ATT-002", 1),
    ("src/check/log.rs", "broken(", "REP-002", 1),
    ("src/check/policies.rs", "broken(", "GOV-006", 1),
    ("src/check/policies.rs", "complain(", "GOV-006", 1),
    ("src/cli/commands/", "before(", "GOV-002", 3),
    ("src/run/execute.rs", "self.failed(", "GOV-002", 2),
    ("src/run/failure.rs", "stopped(", "GOV-002", 2),
    ("src/run/import.rs", "other(", "ATT-002", 2),
    ("src/run/watch.rs", "changed(", "GOV-004", 1),
    ("src/hook/transaction.rs", "moved(", "REP-003", 2),
    ("src/policy/rules/chain/", "self.bind_option(", "ATT-002", 1),
    ("src/policy/rules/chain/", "self.binds(", "ATT-002", 5),
    ("src/policy/rules/chain/", "self.link(", "GOV-002", 1),
    ("src/policy/rules/rollback.rs", "refuse(", "GOV-008", 3),
    ("src/policy/rules/scope.rs", "deny(", "GOV-003", 2),
];

/// Rules that stand in no call: the file, the rule, its code.
const BY_HAND: &[(&str, &str, &str)] = &[
    ("src/actor/failure.rs", "key-made", "ATT-004"),
    ("src/actor/failure.rs", "key-private", "ATT-004"),
    ("src/actor/failure.rs", "key-usable", "ATT-004"),
    ("src/actor/failure.rs", "signature-made", "ATT-004"),
    ("src/check/index.rs", "index-derived", "INT-008"),
    ("src/check/index.rs", "provenance-index", "STR-001"),
    ("src/check/push.rs", "replace-ref-push", "GOV-004"),
    ("src/check/push.rs", "tag-move", "GOV-004"),
    ("src/check/push.rs", "ungoverned-ref", "GOV-004"),
    ("src/run/watch.rs", "config-change", "GOV-004"),
    ("src/run/watch.rs", "remote-change", "GOV-004"),
    ("src/hook/transaction.rs", "policy-unmoved", "REP-003"),
    ("src/hook/transaction.rs", "records-unmoved", "REP-003"),
    ("src/record/json.rs", "canonical-json", "INT-004"),
    ("src/record/json.rs", "json-limit", "INT-006"),
];

/// Rules that are known by more than one code, and why. Better is to have none.
const SHARED: &[(&str, &[&str], &str)] = &[];

type Catalogue = BTreeMap<String, BTreeMap<&'static str, BTreeSet<String>>>;

fn code(name: &str) -> Option<&'static str> {
    Code::ALL
        .iter()
        .find(|code| format!("{code:?}") == name || code.as_str() == name)
        .map(|code| code.as_str())
}

fn is_rule(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(fits)
}

/// Returns the text literal that begins here, if one does.
fn literal(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.split('"').next()
}

fn catalogue(sources: &[Source]) -> Catalogue {
    let mut found = Catalogue::new();
    let mut add = |rule: &str, code: &'static str, path: &str| {
        let codes = found.entry(rule.to_owned()).or_default();
        codes.entry(code).or_default().insert(path.to_owned());
    };
    for it in sources {
        for (at, _) in it.code.match_indices("Code::") {
            let name = &it.code[at + 6..];
            let name: String = name.chars().take_while(|c| c.is_alphanumeric()).collect();
            let rest = it.code[at + 6 + name.len()..].trim_start();
            let rest = rest.strip_prefix(',').map(str::trim_start);
            if let (Some(code), Some(rule)) = (code(&name), rest.and_then(literal)) {
                assert!(is_rule(rule), "{}: {rule:?} is no rule id", it.path);
                add(rule, code, &it.path);
            }
        }
        // What cannot be used is INT-005, whatever it is.
        for opener in ["unusable(", "undecided(", "written("] {
            for (at, _) in it.code.match_indices(opener) {
                let rest = it.code[at + opener.len()..].trim_start();
                if let Some(rule) = literal(rest).filter(|rule| is_rule(rule)) {
                    let code = if opener == "written(" {
                        "INT-003"
                    } else {
                        "INT-005"
                    };
                    add(rule, self::code(code).unwrap(), &it.path);
                }
            }
        }
    }
    for (place, opener, name, least) in HELPERS {
        let mut calls = 0;
        for it in sources.iter().filter(|it| it.path.starts_with(place)) {
            for (at, _) in it.code.match_indices(opener) {
                if it.code[..at].ends_with("fn ") {
                    continue;
                }
                let rest = &it.code[at + opener.len()..];
                let call = &rest[..rest.find(';').unwrap_or(rest.len())];
                let texts = call.split('"').skip(1).step_by(2);
                if let Some(rule) = texts.into_iter().find(|text| is_rule(text)) {
                    add(rule, code(name).unwrap(), &it.path);
                    calls += 1;
                }
            }
        }
        assert!(calls >= *least, "{calls} calls of {opener} in {place}");
    }
    for (path, rule, name) in BY_HAND {
        let it = sources.iter().find(|it| it.path == *path);
        let text = format!("\"{rule}\"");
        assert!(
            it.is_some_and(|it| it.code.contains(&text)),
            "{path}: {rule}"
        );
        add(rule, code(name).unwrap(), path);
    }
    found
}

/// Every place where a finding is made of a rule that is a variable: whoever adds one has to say
/// where its rules come from, in HELPERS or BY_HAND.
const VARIABLE: &[(&str, usize)] = &[
    ("src/actor/failure.rs", 1),
    ("src/check/failure.rs", 6),
    ("src/check/governance/notes.rs", 1),
    ("src/check/index.rs", 3),
    ("src/check/log.rs", 1),
    ("src/check/policies.rs", 1),
    ("src/check/push.rs", 3),
    ("src/check/run.rs", 1),
    ("src/cli/commands/doctor/mod.rs", 1),
    ("src/cli/commands/push.rs", 1),
    ("src/cli/context.rs", 1),
    ("src/evidence/inventory.rs", 1),
    ("src/evidence/mod.rs", 1),
    ("src/export/gather.rs", 1),
    ("src/export/place.rs", 1),
    ("src/run/approvals.rs", 1),
    ("src/run/execute.rs", 1),
    ("src/run/failure.rs", 1),
    ("src/run/import.rs", 2),
    ("src/run/watch.rs", 1),
    ("src/hook/transaction.rs", 1),
    ("src/policy/keyring/statement.rs", 1),
    ("src/policy/rules/chain/links.rs", 1),
    ("src/policy/rules/rollback.rs", 1),
    ("src/policy/rules/scope.rs", 2),
    ("src/record/json.rs", 1),
];

#[test]
fn a_rule_belongs_to_one_code() {
    let sources = sources();
    let found = catalogue(&sources);
    assert!(found.len() > 140, "the rules are found: {}", found.len());
    for (rule, codes) in &found {
        let real: Vec<_> = codes.keys().copied().collect();
        let shared = SHARED.iter().find(|(name, _, _)| name == rule);
        match shared {
            Some((_, listed, _)) => assert_eq!(&real, listed, "{rule}"),
            None => assert_eq!(real.len(), 1, "{rule} has several codes: {codes:?}"),
        }
    }
    for (rule, _, _) in SHARED {
        assert!(found.contains_key(*rule), "{rule} is gone");
    }
    let mut variable: BTreeMap<&str, usize> = BTreeMap::new();
    for it in &sources {
        for (at, text) in it.code.match_indices("Finding::new(") {
            let call = it.code[at + text.len()..].trim_start();
            let call = call.split(')').next().unwrap();
            let second = call.split(',').nth(1).unwrap_or_default().trim();
            let first = call.split(',').next().unwrap_or_default().trim();
            // What the server has said is told again with the code that it named.
            let heard = it.path == "src/hook/speak.rs";
            let open = second.starts_with('"') && !first.starts_with("Code::") && !heard;
            assert!(!open, "{}: {second} is given a code that varies", it.path);
            if !second.starts_with('"') {
                *variable.entry(&it.path).or_default() += 1;
            }
        }
    }
    let listed: BTreeMap<&str, usize> = VARIABLE.iter().copied().collect();
    assert_eq!(
        variable, listed,
        "VARIABLE counts the rules that are no literals"
    );
}

#[test]
fn the_page_of_rules_is_what_the_sources_say() {
    let mut page = String::from(
        "# Rules\n\nMade from the sources by `AWO_BLESS=1 cargo test --test awo taxonomy::catalogue`; do not \
         edit.\n\nEvery finding names a code of the taxonomy and the rule that was broken. A rule belongs to one \
         code and does not change its meaning. Rules that a policy names in `[[rule]]` are reported as GOV-003 \
         under their own names.\n",
    );
    let mut by_code: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (rule, codes) in catalogue(&sources()) {
        for code in codes.into_keys() {
            by_code.entry(code).or_default().insert(rule.clone());
        }
    }
    page.push_str("\n| Code | Rules |\n|---|---|\n");
    for code in Code::ALL {
        let rules = by_code.get(code.as_str());
        let rules: Vec<_> = rules
            .into_iter()
            .flatten()
            .map(|it| format!("`{it}`"))
            .collect();
        let rules = match rules.is_empty() {
            true => "none yet".to_owned(),
            false => rules.join(", "),
        };
        page.push_str(&format!("| {code} | {rules} |\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("AWO_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/rules.md is old: run the command that it names"
    );
}
