//! A person consents that exactly the planned bytes are handed to a model elsewhere, once, or refuses.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{DecisionId, EscalationId, Reason, Role, Sha256, Timestamp, Token};

/// The schema of a consent, as the original system names it.
pub const SCHEMA: &str = "hsk.consent_receipt@0.4";

about! {
    ConsentReceipt, "consent-receipt", ConsentReceiptPredicate,
    title: "consent receipt",
    purpose: "a person consents to hand over exactly the planned bytes, once, or refuses",
    signers: Signers::Roles(&[Role::Operator]),
    stands: Stands::OncePerEscalation,
    after: &[Kind::ProjectionPlan],
    fields: "`consent` (`schema_version`, `consent_receipt_id` and `projection_plan_id`, those of the request; `payload_sha256`, `approved`, `approved_at`, `user_id`, optional `notes`), `request` and `plan` (their digests), `decision` (the name of the decision on CloudEscalation), `decided` (its digest), `expires`",
}

/// A consent in the form of the original system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentReceipt {
    /// Whether the bytes may be handed over.
    pub approved: bool,
    /// When that was said.
    pub approved_at: Timestamp,
    /// The name of the request.
    pub consent_receipt_id: EscalationId,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub notes: Option<Reason>,
    /// The digest of the bytes.
    pub payload_sha256: Sha256,
    /// The name of the request.
    pub projection_plan_id: EscalationId,
    /// [`SCHEMA`].
    pub schema_version: String,
    /// Who says so.
    pub user_id: Token,
}

/// A consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentReceiptPredicate {
    /// What they say.
    pub consent: ConsentReceipt,
    /// Who consents or refuses.
    pub context: Context,
    /// Digest of the decision.
    pub decided: Sha256,
    /// Name of the person's decision on the gate.
    pub decision: DecisionId,
    /// When it ceases to be valid.
    pub expires: Timestamp,
    /// Digest of the plan.
    pub plan: Sha256,
    /// Digest of the request.
    pub request: Sha256,
}

impl Record for ConsentReceiptPredicate {
    fn kind(&self) -> Kind {
        Kind::ConsentReceipt
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![
            Binding::Escalation(self.consent.consent_receipt_id.clone()),
            Binding::Record(self.plan),
            Binding::Decision(self.decision.clone()),
        ]
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }

    fn subject(&self) -> Vec<Subject> {
        let id = self.consent.consent_receipt_id.as_str();
        vec![Subject::content(id, self.consent.payload_sha256)]
    }
}
