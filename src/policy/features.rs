//! Features that a policy needs: `requires = ["automation/1"]`.
//!
//! A policy for a newer git-awo may contain tables that this version does not know. It then names the
//! features that it needs, and a program that does not know one of them refuses the whole policy:
//! it is never read in part.

use std::collections::BTreeSet;

use crate::record::{Coded, Diagnosis, Rule};

/// All that the evidence of a run says is compared with its record, its commit and itself, by
/// `git awo verify` and `fetch` too. A server does it in any case as a run arrives.
pub const EVIDENCE: &str = "evidence/1";

/// Decisions by models: `[automation]`, and `model` of an identity.
pub const AUTOMATION: &str = "automation/1";

/// Admissions as records: `admission` of `[gates]`.
pub const ADMISSION: &str = "admission/1";

/// Ceilings: `[[ceiling]]`.
pub const CEILING: &str = "ceiling/1";

/// Confined commands: `cell` of `[gates]`.
pub const CELL: &str = "cell/1";

/// Overrides of the protection of artefacts: `protection_overrides` of `[gates]`.
pub const OVERRIDE: &str = "override/1";

/// What is asked of contracts by their risk tier: `[risk.TIER]`.
pub const RISK: &str = "risk/1";

/// Baselines: `[state]`.
pub const STATE: &str = "state/1";

/// Artefacts: `[[artefacts]]`.
pub const ARTEFACTS: &str = "artefacts/1";

/// The features that this program knows.
const KNOWN: &[&str] = &[
    ADMISSION, ARTEFACTS, AUTOMATION, CEILING, CELL, EVIDENCE, OVERRIDE, RISK, STATE,
];

/// Maximum length of a name, in bytes.
const LONGEST: usize = 64;

/// Checks the features that a text requires, even if it is not a policy in this program's schema.
pub(super) fn check_text(text: &str) -> Result<(), BadPolicy> {
    /// Everything else may belong to a newer program.
    #[derive(Default, serde::Deserialize)]
    struct Head {
        #[serde(default)]
        requires: Vec<String>,
    }
    let head: Head = toml::from_str(text).unwrap_or_default();
    check(&head.requires)
}

/// Refuses malformed names, duplicates, and features that this program does not know.
pub(super) fn check(features: &[String]) -> Result<(), BadPolicy> {
    let mut complaints = Vec::new();
    let mut unknown = BTreeSet::new();
    for feature in features {
        if !is_name(feature) {
            complaints.push(format!(
                "requires: {feature:?} is not a feature: a word of a-z, 0-9 and -, then / and a number"
            ));
        } else if features.iter().filter(|it| *it == feature).count() > 1 {
            complaints.push(format!("requires: {feature:?} is listed twice"));
        } else if !KNOWN.contains(&feature.as_str()) {
            unknown.insert(feature.clone());
        }
    }
    if !complaints.is_empty() {
        complaints.dedup();
        return Err(BadPolicy::Complaints(complaints));
    }
    match unknown.is_empty() {
        true => Ok(()),
        false => Err(BadPolicy::Requires(unknown.into_iter().collect())),
    }
}

/// Complains if a policy uses a feature that it does not require: an older git-awo would not say why it
/// cannot read it. `uses` says what it uses, with a verb.
pub(super) fn needed(features: &[String], feature: &str, uses: &str) -> Option<String> {
    let requires = features.iter().any(|it| it == feature);
    (!requires).then(|| {
        format!(
            "{uses} requires = [{feature:?}], so that an older git-awo says that it cannot read this"
        )
    })
}

/// The two files are not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPolicy {
    /// It requires features that this program does not know; nothing else was checked.
    #[error("it requires {}, which this git-awo does not know", .0.join(", "))]
    Requires(Vec<String>),
    /// All complaints about it.
    #[error("{}", .0.join("; "))]
    Complaints(Vec<String>),
}

impl Coded for BadPolicy {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            // It may be valid; only a program that knows the features can decide that.
            Self::Requires(_) => {
                let expected = "a policy that this version of git-awo understands";
                Diagnosis::undecided(self, Rule::PolicyRequires, expected, "upgrade git-awo")
            }
            Self::Complaints(_) => {
                let expected = "a policy without complaints";
                Diagnosis::against(
                    self,
                    Rule::PolicyReadable,
                    expected,
                    "mend FILE, then git awo policy check FILE",
                )
            }
        }
    }
}

/// Returns whether this is a name such as `automation/1`.
fn is_name(text: &str) -> bool {
    let Some((word, number)) = text.split_once('/') else {
        return false;
    };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let plain = number.bytes().all(|b| b.is_ascii_digit()) && !number.starts_with('0');
    text.len() <= LONGEST
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(fits)
        && plain
        && number.parse::<u32>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word_and_a_number() {
        for good in ["automation/9", "a/4294967295", "receive-log2/10"] {
            assert!(is_name(good), "{good}");
        }
        for bad in [
            "",
            "automation",
            "automation/",
            "/1",
            "automation/0",
            "automation/01",
            "automation/+1",
            "automation/9/2",
            "Automation/1",
            "1a/1",
            "a b/1",
            "a/4294967296",
            "é/1",
            "a/1 ",
        ] {
            assert!(!is_name(bad), "{bad}");
        }
        assert!(!is_name(&format!("{}/1", "a".repeat(63))));
    }

    #[test]
    fn what_a_policy_needs_is_found_among_what_is_unknown() {
        let needs = |names: &[&str]| {
            let names = names.iter().map(|it| (*it).to_owned()).collect();
            Err(BadPolicy::Requires(names))
        };
        for (text, expected) in [
            (
                "requires = [\"automation/9\"]\n[automation]\nx = { y = 1 }\n",
                needs(&["automation/9"]),
            ),
            (
                "\"requires\" = [\n'b/2', \"a/1\" ]\nschema = 7\n",
                needs(&["a/1", "b/2"]),
            ),
            ("requires = []\n", Ok(())),
            ("[automation]\nrequires = [\"automation/9\"]\n", Ok(())),
            // What is not as it should be, the strict reader complains about.
            ("requires = \"automation/9\"\n", Ok(())),
            ("requires = [3, \"a/1\"]\n", Ok(())),
            ("requires = [\"a/1\"\n", Ok(())),
        ] {
            assert_eq!(check_text(text), expected, "{text}");
        }
    }

    #[test]
    fn a_list_of_features_that_is_none_is_a_complaint() {
        for (text, complaint) in [
            (
                "requires = [\"automation\", \"a/1\"]",
                "\"automation\" is not a feature",
            ),
            (
                "requires = [\"a/1\", \"b/1\", \"a/1\"]",
                "\"a/1\" is listed twice",
            ),
        ] {
            let Err(BadPolicy::Complaints(found)) = check_text(text) else {
                panic!("{text}");
            };
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains(complaint), "{found:?}");
        }
    }
}
