//! A lease: somebody claims a task, so that nobody else claims or plans work on the same paths meanwhile.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{Role, Sha256, TaskId, Timestamp};

about! {
    Lease, "lease", LeasePredicate,
    title: "lease",
    purpose: "an orchestrator claims a task, and with it the paths of its contract, until it expires",
    signers: Signers::Roles(&[Role::Orchestrator]),
    stands: Stands::ManyPerDay,
    after: &[Kind::Contract],
    fields: "`task`, `contract` (its digest), `expires` (its day, in UTC, is that of the name); optional `renews` (the digest of the lease that it prolongs)",
}

/// A lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeasePredicate {
    /// Who claims it.
    pub context: Context,
    /// Digest of the contract statement.
    pub contract: Sha256,
    /// When it ends.
    pub expires: Timestamp,
    /// The lease that it prolongs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub renews: Option<Sha256>,
    /// The task.
    pub task: TaskId,
}

impl Record for LeasePredicate {
    fn kind(&self) -> Kind {
        Kind::Lease
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Task(self.task.clone()),
            Binding::Contract(self.contract),
        ];
        binds.extend(self.renews.map(Binding::Record));
        binds
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }

    fn subject(&self) -> Vec<Subject> {
        vec![Subject::content(self.task.as_str(), self.contract)]
    }
}
