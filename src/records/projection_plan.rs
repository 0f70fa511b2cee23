//! What exactly is to be handed to a model elsewhere, by its digest and size.

use serde::{Deserialize, Serialize};

use super::escalation::SENDERS;
use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, about};
use super::statement::{Context, Subject};
use crate::record::{EscalationId, Sha256, Timestamp, Token};

/// The schema of a plan, as the original system names it.
pub const SCHEMA: &str = "hsk.projection_plan@0.4";

about! {
    ProjectionPlan, "projection-plan", ProjectionPlanPredicate,
    title: "projection plan",
    purpose: "the bytes that an escalation is to hand over, by digest and size",
    signers: SENDERS,
    stands: Stands::OncePerEscalation,
    after: &[Kind::Escalation],
    fields: "`plan` (`schema_version`, `projection_plan_id`, that of the request; `include_artifact_refs`, `redactions_applied`, `max_bytes`, `payload_sha256`, `created_at`), `bytes` (the size of the payload), `request` (its digest)",
}

/// A plan in the form of the original system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionPlan {
    /// When it was made.
    pub created_at: Timestamp,
    /// From what the payload was made, as references.
    pub include_artifact_refs: Vec<Token>,
    /// So many bytes it may have.
    pub max_bytes: u64,
    /// The digest of the bytes that are handed over.
    pub payload_sha256: Sha256,
    /// The name of the request.
    pub projection_plan_id: EscalationId,
    /// What was taken out of it: `secrets`, `pii`.
    pub redactions_applied: Vec<Token>,
    /// [`SCHEMA`].
    pub schema_version: String,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectionPlanPredicate {
    /// So many bytes are handed over.
    pub bytes: u64,
    /// Who plans it.
    pub context: Context,
    /// What they plan.
    pub plan: ProjectionPlan,
    /// Digest of the request.
    pub request: Sha256,
}

impl Record for ProjectionPlanPredicate {
    fn kind(&self) -> Kind {
        Kind::ProjectionPlan
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![
            Binding::Escalation(self.plan.projection_plan_id.clone()),
            Binding::Record(self.request),
        ]
    }

    fn subject(&self) -> Vec<Subject> {
        let id = self.plan.projection_plan_id.as_str();
        vec![Subject::content(id, self.plan.payload_sha256)]
    }
}
