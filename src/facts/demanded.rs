//! How many persons must approve.

use crate::policy::Policy;

/// How many distinct persons had to approve when a record came that counts their approvals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demanded {
    /// Operators, of a task.
    pub of_task: usize,
    /// Reviewers, of a run.
    pub of_run: usize,
}

impl Demanded {
    /// Returns what a policy demands.
    pub fn by(policy: &Policy) -> Self {
        let gates = &policy.document().gates;
        Self {
            of_task: gates.task_approvals as usize,
            of_run: gates.audit_approvals as usize,
        }
    }

    /// Returns what meets both demands.
    pub fn and(self, other: Self) -> Self {
        Self {
            of_task: self.of_task.max(other.of_task),
            of_run: self.of_run.max(other.of_run),
        }
    }
}
