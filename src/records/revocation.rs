//! A revocation: a person withdraws their own approval before it is used.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{Role, RunId, Sha256, TaskId};

about! {
    Revocation, "revocation", RevocationPredicate,
    title: "revocation",
    purpose: "an approval is withdrawn before it is used; `<sha256>` is the digest of the approval",
    signers: Signers::Roles(&[Role::Operator, Role::Reviewer]),
    stands: Stands::OncePerRecord,
    after: &[Kind::Approval],
    fields: "`record` (the digest of the approval), `task`, `reason`; of the approval of a run `run`",
}

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationPredicate {
    /// Who withdraws it.
    pub context: Context,
    /// Why.
    pub reason: String,
    /// Digest of the approval.
    pub record: Sha256,
    /// The run that it approves; approvals of runs only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// The task that it approves, or whose run.
    pub task: TaskId,
}

impl Record for RevocationPredicate {
    fn kind(&self) -> Kind {
        Kind::Revocation
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Record(self.record),
            Binding::Task(self.task.clone()),
        ];
        binds.extend(self.run.clone().map(Binding::Run));
        binds
    }

    fn subject(&self) -> Vec<Subject> {
        vec![Subject::content(self.task.as_str(), self.record)]
    }
}
