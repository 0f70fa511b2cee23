//! What a contract says of its ceiling: less than the policy permits, or nothing.

use serde::{Deserialize, Serialize};

use super::pattern::{PathList, check_pattern};
use super::problem::{ContractProblem, MAX_ENTRIES, check_text};
use super::work::is_default;
use crate::record::ceiling::Figure;

/// The ceiling of a contract, as it is written: what is absent is inherited from the policy. Whether a value is one that a
/// contract may have, a rule says, by its own code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeilingTerms {
    /// `L0`, `L3` or `L4`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub level: Option<String>,
    /// How many paths may be changed.
    #[serde(default, skip_serializing_if = "is_default")]
    pub files: Option<i64>,
    /// In how many directories.
    #[serde(default, skip_serializing_if = "is_default")]
    pub directories: Option<i64>,
    /// How many lines may be added and deleted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub lines: Option<i64>,
    /// Where, in gitignore syntax.
    #[serde(default, skip_serializing_if = "is_default")]
    pub paths: Vec<String>,
    /// What may be done: `create`, `change`, `delete`, `mode`; any other word needs an operator's decision.
    #[serde(default, skip_serializing_if = "is_default")]
    pub actions: Vec<String>,
}

impl CeilingTerms {
    /// Returns what it says of a figure.
    pub fn figure(&self, figure: Figure) -> Option<i64> {
        match figure {
            Figure::Files => self.files,
            Figure::Directories => self.directories,
            Figure::Lines => self.lines,
        }
    }

    /// Sets a figure.
    pub fn set(&mut self, figure: Figure, value: i64) {
        match figure {
            Figure::Files => self.files = Some(value),
            Figure::Directories => self.directories = Some(value),
            Figure::Lines => self.lines = Some(value),
        }
    }

    /// Adds what is wrong with its texts.
    pub(super) fn problems(&self, problems: &mut Vec<ContractProblem>) {
        let (paths, actions) = ("ceiling.paths", "ceiling.actions");
        if let Some(level) = &self.level {
            check_text("ceiling.level", level, problems);
        }
        for pattern in &self.paths {
            if let Err(source) = check_pattern(pattern, PathList::Allowed) {
                problems.push(ContractProblem::Pattern {
                    field: paths,
                    pattern: pattern.clone(),
                    source,
                });
            }
        }
        for word in &self.actions {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            if word.is_empty() || word.len() > 64 || !word.bytes().all(fits) {
                problems.push(ContractProblem::Action(word.clone()));
            }
        }
        for (field, size) in [(paths, self.paths.len()), (actions, self.actions.len())] {
            if size > MAX_ENTRIES {
                problems.push(ContractProblem::TooMany(field));
            }
        }
    }
}
