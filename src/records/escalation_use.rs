//! The use of a consent. Whoever sends records it first, and hands nothing over before the server has it.

use serde::{Deserialize, Serialize};

use super::escalation::SENDERS;
use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, about};
use super::statement::{Context, Subject};
use crate::record::{DecisionId, EscalationId, Sha256, Timestamp, Token};

about! {
    EscalationUse, "escalation-use", EscalationUsePredicate,
    title: "use of a consent",
    purpose: "the planned bytes are about to be handed over; nobody can do so twice",
    signers: SENDERS,
    stands: Stands::OncePerEscalation,
    after: &[Kind::ConsentReceipt],
    fields: "`escalation` (the name of the request), `consent` (the digest of the consent), `decision` (the name of the decision on CloudEscalation), `decided` (its digest), `payload_sha256`, `time`, `nonce` (another one for each use)",
}

/// The use of a consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalationUsePredicate {
    /// Digest of the consent.
    pub consent: Sha256,
    /// Who sends.
    pub context: Context,
    /// Digest of the decision.
    pub decided: Sha256,
    /// Name of the decision that opened the gate.
    pub decision: DecisionId,
    /// Name of the request.
    pub escalation: EscalationId,
    /// Random: two who send at the same moment have not recorded the same.
    pub nonce: Token,
    /// The digest of the bytes.
    pub payload_sha256: Sha256,
    /// When.
    pub time: Timestamp,
}

impl Record for EscalationUsePredicate {
    fn kind(&self) -> Kind {
        Kind::EscalationUse
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![
            Binding::Escalation(self.escalation.clone()),
            Binding::Decision(self.decision.clone()),
            Binding::Approval(self.decided),
            Binding::Approval(self.consent),
        ]
    }

    fn subject(&self) -> Vec<Subject> {
        vec![Subject::content(
            self.escalation.as_str(),
            self.payload_sha256,
        )]
    }
}
