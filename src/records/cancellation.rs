//! The end of a run before anybody has reviewed it.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::{Role, RunId, Sha256, TaskId};

about! {
    Cancellation, "cancellation", CancellationPredicate,
    title: "cancellation",
    purpose: "the end of a run that nobody has reviewed yet",
    signers: Signers::Roles(&[Role::Operator, Role::Orchestrator]),
    stands: Stands::ManyPerRun,
    after: &[Kind::Contract],
    fields: "`run`, `task`, `contract` (its digest), `run_record` (the digest of the run record; `null` if \
             there is none yet), `reason`",
}

/// The end of a run before anybody has reviewed it. Its id is taken for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancellationPredicate {
    /// Who cancels it.
    pub context: Context,
    /// The digest of the contract.
    pub contract: Sha256,
    /// Why.
    pub reason: String,
    /// The run.
    pub run: RunId,
    /// The digest of the run record, if there is one.
    pub run_record: Option<Sha256>,
    /// The task.
    pub task: TaskId,
}

impl Record for CancellationPredicate {
    fn kind(&self) -> Kind {
        Kind::Cancellation
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Run(self.run.clone()),
            Binding::Task(self.task.clone()),
            Binding::Contract(self.contract),
        ];
        binds.extend(self.run_record.map(Binding::RunRecord));
        binds
    }
}
