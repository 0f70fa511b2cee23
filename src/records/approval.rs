//! An approval of a task by its exact sentence (gate 1), or of a run (gate 3, audit).

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::{Location, Notes, Object, Stands};
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::envelope::Envelope;
use crate::record::{ObjectId, Role, RunId, Sha256, TaskId, Timestamp, WorkflowUrl};

about! {
    Approval, "approval", ApprovalPredicate,
    title: "approval",
    purpose: "gate 1: a task may be executed once on one base; gate 3: a run may land",
    signers: Signers::Roles(&[Role::Operator, Role::Reviewer]),
    stands: Stands::Noted(Notes::APPROVALS),
    after: &[Kind::Contract],
    fields: "`approves` (`task`, by an operator, or `audit`, by a reviewer), `task`, `contract`, `expires`, `nonce`; for a task `base`, `sentence`; for an audit `run`, `commit`, `root`, `independence`; optional `workflow_run_url`",
}

/// What an approval approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approves {
    /// The execution of a task contract, by its exact sentence.
    Task,
    /// A finished run: gate 3, audit.
    Audit,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPredicate {
    /// What is approved.
    pub approves: Approves,
    /// The commit on which the task may be executed; task approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base: Option<ObjectId>,
    /// The harness commit; audit approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<ObjectId>,
    /// Who approves.
    pub context: Context,
    /// Digest of the contract statement.
    pub contract: Sha256,
    /// When it ceases to be valid.
    pub expires: Timestamp,
    /// Digest of the independence log of gate 2; audit approvals only. It fixes the order.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub independence: Option<Sha256>,
    /// Distinguishes this approval from every other one.
    pub nonce: String,
    /// The SHA-256 root of the run's evidence; audit approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<Sha256>,
    /// The run; audit approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// The sentence, byte for byte as the contract demands it; task approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sentence: Option<String>,
    /// The task.
    pub task: TaskId,
    /// Where the forge ran the audit, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workflow_run_url: Option<WorkflowUrl>,
}

impl Record for ApprovalPredicate {
    fn kind(&self) -> Kind {
        Kind::Approval
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Task(self.task.clone()),
            Binding::Contract(self.contract),
        ];
        match self.approves {
            Approves::Task => binds.extend(self.base.map(Binding::Base)),
            Approves::Audit => {
                binds.extend(self.run.clone().map(Binding::Run));
                binds.extend(self.commit.map(Binding::Commit));
                binds.extend(self.root.map(Binding::Root));
                binds.extend(self.independence.map(Binding::Independence));
            }
        }
        binds
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }

    fn signers(&self) -> Signers {
        Signers::Roles(match self.approves {
            Approves::Task => &[Role::Operator],
            Approves::Audit => &[Role::Reviewer],
        })
    }

    fn subject(&self) -> Vec<Subject> {
        match self.commit {
            Some(commit) => vec![Subject::commit(self.task.as_str(), commit)],
            None => vec![Subject::content(self.task.as_str(), self.contract)],
        }
    }

    fn place(&self, _: &Envelope) -> Option<Location> {
        let object = match self.approves {
            Approves::Task => Object::BlobOf(Kind::Contract.of(&self.task)),
            Approves::Audit => Object::Commit(self.commit?),
        };
        Some(Location::Note(Notes::APPROVALS.until(self.expires), object))
    }
}
