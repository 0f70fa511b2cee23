//! How many persons must approve, and whether models count among them.

use crate::policy::Policy;
use crate::record::contract::Contract;

/// Whose approvals a record had to count, and how many, when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demanded {
    /// How many distinct operators, of a task.
    pub of_task: usize,
    /// How many distinct reviewers, of a run.
    pub of_run: usize,
    /// Whether approvals of a run by models count.
    pub models: bool,
}

impl Demanded {
    /// Returns what a policy demands for the runs of a contract; nothing stands for a contract that cannot be
    /// read.
    pub fn by(policy: &Policy, contract: Option<&Contract>) -> Self {
        let tier = policy.tier(contract);
        Self {
            of_task: policy.document().gates.task_approvals as usize,
            of_run: tier.audit_approvals as usize,
            models: tier.model_reviewers,
        }
    }

    /// Returns what meets both demands.
    pub fn and(self, other: Self) -> Self {
        Self {
            of_task: self.of_task.max(other.of_task),
            of_run: self.of_run.max(other.of_run),
            models: self.models && other.models,
        }
    }
}
