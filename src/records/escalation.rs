//! The request to hand content to a model elsewhere. Plan, consent and use stand beside it.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{EscalationId, Role, RunId, Sha256, TaskId, Token};

/// The schema of a request, as the original system names it.
pub const SCHEMA: &str = "hsk.cloud_escalation@0.4";
/// Who may ask, plan and send.
pub(super) const SENDERS: Signers =
    Signers::Roles(&[Role::Operator, Role::Orchestrator, Role::Model]);

about! {
    Escalation, "escalation", EscalationPredicate,
    title: "request of an escalation",
    purpose: "somebody asks to hand content to a model elsewhere",
    signers: SENDERS,
    stands: Stands::OncePerEscalation,
    after: &[],
    fields: "`request` (`schema_version`, `request_id`, `requested_model_id`, `reason`, a reason code; `wp_id`, the task; optional `endpoint`, a label), `contract` (its digest); optional `run`",
}

/// A request in the form of the original system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudEscalation {
    /// A label for where the model is reached.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub endpoint: Option<Token>,
    /// Why, as a reason code.
    pub reason: Token,
    /// Its name.
    pub request_id: EscalationId,
    /// The model that is to get the content.
    pub requested_model_id: Token,
    /// [`SCHEMA`].
    pub schema_version: String,
    /// The task that it is for.
    pub wp_id: TaskId,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationPredicate {
    /// Who asks.
    pub context: Context,
    /// Digest of the task's contract.
    pub contract: Sha256,
    /// What they ask for.
    pub request: CloudEscalation,
    /// The run that did not succeed without it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
}

impl Record for EscalationPredicate {
    fn kind(&self) -> Kind {
        Kind::Escalation
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Escalation(self.request.request_id.clone()),
            Binding::Task(self.request.wp_id.clone()),
            Binding::Contract(self.contract),
        ];
        binds.extend(self.run.clone().map(Binding::Run));
        binds
    }

    fn subject(&self) -> Vec<Subject> {
        vec![Subject::content(self.request.wp_id.as_str(), self.contract)]
    }
}
