//! What is wrong with a draft of a contract.

use std::fmt;

use super::action::ActionName;
use super::pattern::{BadPattern, is_unfit};
use crate::record::TaskId;

/// The schema of a contract.
pub const SCHEMA: &str = "awo.contract/1";

/// The one format of work packets that is read.
pub const FORMAT: &str = "2026-02-01";

/// Maximum number of entries in a list of a contract.
pub(super) const MAX_ENTRIES: usize = 50_000;

/// Maximum number of validation steps: each has a log, whose name has two digits.
pub(super) const MAX_STEPS: usize = 99;

/// Adds what is wrong with a text.
pub(super) fn check_text(field: &'static str, text: &str, problems: &mut Vec<ContractProblem>) {
    if text.trim().is_empty() {
        problems.push(ContractProblem::Blank(field));
    }
    if text.chars().any(is_unfit) {
        problems.push(ContractProblem::Unfit(field));
    }
}

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
    /// A command and steps.
    #[error("cannot accept both a validation command and validation steps")]
    TwoValidations,
    /// Too many steps.
    #[error("cannot accept more than {MAX_STEPS} validation steps")]
    TooManySteps,
    /// The sentence cannot be compared as one line.
    #[error("cannot accept the approval sentence: {0}")]
    Sentence(&'static str),
    /// The target is not a branch.
    #[error("cannot accept {0:?} as the target: it is not a branch")]
    TargetRef(String),
    /// The all-zero id.
    #[error("cannot accept the all-zero id as the base")]
    ZeroBase,
    /// The stage is not a short token.
    #[error("cannot accept {0:?} as a stage: it must have 1 to 32 of A-Z a-z 0-9 . _ -")]
    Stage(String),
    /// Too few repetitions, or too many.
    #[error("cannot accept determinism = {0}: it is a number of runs from 2 to 16")]
    Determinism(u32),
    /// The execution gate names another stage than the contract.
    #[error("cannot accept an execution gate of another stage than the contract's")]
    GateStage,
    /// A work packet of another format.
    #[error("cannot accept a packet of the format {0:?}, only {FORMAT:?}")]
    Format(String),
    /// The version is not that of the id.
    #[error("cannot accept another version than that of {0}")]
    Version(TaskId),
    /// The base id is not the id without its version.
    #[error("cannot accept another base id than {0}")]
    BaseId(TaskId),
    /// The user signature has another form.
    #[error("cannot accept {0:?} as a user signature: it must have a-z, then 12 digits")]
    Signature(String),
    /// A model orchestrates where none may.
    #[error("cannot accept an orchestrator model where the agentic mode is NO")]
    NotAgentic,
    /// Others may help, and nothing says who approved it.
    #[error("cannot allow delegation without the operator's approval as evidence")]
    Delegation,
    /// A path that a cell must not let be read.
    #[error("cannot accept {path:?} in cell.read: {why}")]
    CellPath {
        /// The path.
        path: String,
        /// Why not.
        why: &'static str,
    },
    /// The network, and an action that needs it and is forbidden.
    #[error("cannot give the network to a cell where {0} is forbidden")]
    CellNetwork(ActionName),
    /// A limit outside its bounds.
    #[error("cannot accept {field} that is not from {least} to {most}")]
    CellLimit {
        /// The field.
        field: &'static str,
        /// The least value.
        least: u64,
        /// The greatest value.
        most: u64,
    },
    /// A word of a ceiling that is none.
    #[error("cannot accept {0:?} as an action: it must have 1 to 64 of A-Z a-z 0-9 . _ -")]
    Action(String),
    /// A closure plan that applies leaves something open.
    #[error("cannot accept a closure plan that applies and leaves {0} empty")]
    OpenEnd(&'static str),
}

impl ContractProblem {
    /// Returns the name of the affected field.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Schema(_) => "schema",
            Self::EmptyScope | Self::Contradiction(_) => "allowed_paths",
            Self::Pattern { field, .. } => field,
            Self::Blank(field) | Self::Unfit(field) | Self::TooMany(field) => field,
            Self::TwoValidations | Self::TooManySteps => "validation_steps",
            Self::Sentence(_) => "approval_sentence",
            Self::TargetRef(_) => "target_ref",
            Self::ZeroBase => "base",
            Self::Stage(_) => "stage",
            Self::Determinism(_) => "determinism",
            Self::GateStage => "execution_gate.stage",
            Self::Format(_) => "packet.format_version",
            Self::Version(_) => "id",
            Self::BaseId(_) => "base_task_id",
            Self::Signature(_) => "user_signature",
            Self::NotAgentic => "packet.actors.orchestrator_model",
            Self::Delegation => "packet.delegation.allowed",
            Self::CellPath { .. } => "cell.read",
            Self::CellNetwork(_) => "cell.network",
            Self::CellLimit { field, .. } => field,
            Self::Action(_) => "ceiling.actions",
            Self::OpenEnd(field) => field,
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
