//! Reasons why a draft is not a contract.

use std::fmt;

use super::{BadPattern, MAX_ENTRIES, SCHEMA};

/// One reason why a draft is not a contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractProblem {
    /// Another schema.
    #[error("cannot accept the schema {0:?}, only {SCHEMA:?}")]
    Schema(String),
    /// No allowed path.
    #[error("cannot accept a contract without allowed paths: an empty scope allows nothing")]
    EmptyScope,
    /// A path pattern that matches nothing, or more than it seems to.
    #[error("cannot accept {pattern:?} in {field}")]
    Pattern {
        /// The list that contains it.
        field: &'static str,
        /// The pattern.
        pattern: String,
        /// The rule it breaks.
        source: BadPattern,
    },
    /// A pattern in both lists.
    #[error("cannot both allow and forbid {0:?}")]
    Contradiction(String),
    /// A field, or an entry of it, is blank.
    #[error("cannot accept a blank {0}")]
    Blank(&'static str),
    /// A field contains a control character, or one that reorders text.
    #[error("cannot accept a control or reordering character in {0}")]
    Unfit(&'static str),
    /// A list is too long.
    #[error("cannot accept more than {MAX_ENTRIES} entries in {0}")]
    TooMany(&'static str),
    /// The sentence cannot be compared as one line.
    #[error("cannot accept an approval sentence that {0}")]
    Sentence(&'static str),
    /// The target is not a branch.
    #[error("cannot accept {0:?} as the target: it is not a branch")]
    TargetRef(String),
    /// The all-zero id.
    #[error("cannot accept the all-zero id as the base")]
    ZeroBase,
    /// The stage is not a short token.
    #[error("cannot accept {0:?} as a stage: 1 to 32 of A-Z a-z 0-9 . _ - are")]
    Stage(String),
}

impl ContractProblem {
    /// Returns the name of the affected field.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Schema(_) => "schema",
            Self::EmptyScope | Self::Contradiction(_) => "allowed_paths",
            Self::Pattern { field, .. } => field,
            Self::Blank(field) | Self::Unfit(field) | Self::TooMany(field) => field,
            Self::Sentence(_) => "approval_sentence",
            Self::TargetRef(_) => "target_ref",
            Self::ZeroBase => "base",
            Self::Stage(_) => "stage",
        }
    }
}

/// All reasons why a stored object is not a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractProblems(pub Vec<ContractProblem>);

impl fmt::Display for ContractProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let joint = if index == 0 { "" } else { "; " };
            write!(f, "{joint}{problem}")?;
            // Include the source in the text: serde drops it.
            if let ContractProblem::Pattern { source, .. } = problem {
                write!(f, ": {source}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ContractProblems {}
