//! A signed report of a check of determinism.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::Role;
use crate::record::determinism::DeterminismReport;

about! {
    Determinism, "determinism", DeterminismPredicate,
    title: "determinism report",
    purpose: "a command was run several times with the files of one tree, and what it made was compared; the first `<sha256>` is that of the tree, the command and the outputs, so that it is found for a run that is not recorded yet. It counts only by a reviewer",
    signers: Signers::Roles(&[Role::Reviewer, Role::Operator, Role::Orchestrator]),
    stands: Stands::ManyPerRecipe,
    after: &[],
    fields: "`report` (`schema`, `schedule`, `input`, `command`, `outputs`, `streams`, `environment`, `tools`, `cell`, `runs`, `verdict`; optional `difference`: see [determinism](../determinism.md))",
}

/// A signed report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeterminismPredicate {
    /// Who made the check.
    pub context: Context,
    /// What came of it.
    pub report: DeterminismReport,
}

impl Record for DeterminismPredicate {
    fn kind(&self) -> Kind {
        Kind::Determinism
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![Binding::Recipe(self.report.recipe().key())]
    }

    fn subject(&self) -> Vec<Subject> {
        vec![Subject::content("recipe", self.report.recipe().key())]
    }
}
