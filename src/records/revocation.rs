//! A revocation: somebody withdraws their own approval or decision before it is used, or ends a lease or an
//! admission.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{DecisionId, EscalationId, Role, RunId, Sha256, TaskId, Timestamp};

about! {
    Revocation, "revocation", RevocationPredicate,
    title: "revocation",
    purpose: "an approval, a decision or a consent is withdrawn before it is used, a lease ended, or an admission withdrawn; `<sha256>` is its digest",
    signers: Signers::Roles(&[Role::Operator, Role::Reviewer, Role::Orchestrator, Role::Model]),
    stands: Stands::OncePerRecord,
    after: &[],
    fields: "`record` (the digest of what is withdrawn), `reason`; of an approval `task`, and of that of a run `run`; of a decision `decision`; of a consent `escalation`; of a lease `lease` (when it would have ended); of an admission `admission` (the SHA-256 of its locator)",
}

/// A revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevocationPredicate {
    /// The SHA-256 of the locator of the admission that is withdrawn; admissions only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub admission: Option<Sha256>,
    /// Who withdraws it.
    pub context: Context,
    /// The decision that is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub decision: Option<DecisionId>,
    /// The request to which a consent is withdrawn.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub escalation: Option<EscalationId>,
    /// When the lease would have ended that is ended by this; leases only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lease: Option<Timestamp>,
    /// Why.
    pub reason: String,
    /// Digest of the approval, the decision, the consent, the lease or the admission.
    pub record: Sha256,
    /// The run that it approves; approvals of runs only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// The task that it approves, or whose run; approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub task: Option<TaskId>,
}

impl RevocationPredicate {
    /// Returns a revocation of a record that names nothing besides it.
    pub fn of(context: Context, record: Sha256, reason: String) -> Self {
        Self {
            admission: None,
            context,
            decision: None,
            escalation: None,
            lease: None,
            reason,
            record,
            run: None,
            task: None,
        }
    }
    /// Tells whether whoever signs it does so as an operator.
    pub fn by_operator(&self) -> bool {
        self.context.role == Role::Operator.word()
    }
}

impl Record for RevocationPredicate {
    fn kind(&self) -> Kind {
        Kind::Revocation
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![Binding::Record(self.record)];
        binds.extend(self.task.clone().map(Binding::Task));
        binds.extend(self.run.clone().map(Binding::Run));
        binds.extend(self.decision.clone().map(Binding::Decision));
        binds.extend(self.escalation.clone().map(Binding::Escalation));
        binds.extend(self.admission.map(Binding::Locator));
        binds
    }

    fn signers(&self) -> Signers {
        Signers::Roles(match (self.admission, self.lease) {
            (Some(_), _) => &[Role::Operator],
            // An orchestrator ends leases, and withdraws nothing else.
            (None, Some(_)) => &[Role::Operator, Role::Orchestrator],
            (None, None) => &[Role::Operator, Role::Reviewer, Role::Model],
        })
    }

    fn subject(&self) -> Vec<Subject> {
        let task = self.task.as_ref().map(TaskId::as_str);
        let name = task.or(self.decision.as_ref().map(DecisionId::as_str));
        let name = name.or(self.escalation.as_ref().map(EscalationId::as_str));
        vec![Subject::content(name.unwrap_or_default(), self.record)]
    }
}
