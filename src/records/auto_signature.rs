//! A model signs that its decision opens a gate.

use serde::{Deserialize, Serialize};

use super::decision::Actor;
use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{DecisionId, Role, Sha256, Timestamp, Token};

/// The schema of an auto-signature, as the original system names it.
pub const SCHEMA: &str = "hsk.auto_signature@0.1";

about! {
    AutoSignature, "auto-signature", AutoSignaturePredicate,
    title: "auto-signature",
    purpose: "a model opens a gate by its own decision, which stands beside it",
    signers: Signers::Roles(&[Role::Model]),
    stands: Stands::OncePerDecision,
    after: &[Kind::Decision],
    fields: "`decision` (the digest of the decision), `signature` (`schema_version`, `auto_signature_id`, `decision_id`, `gate_type`, `target_ref`, `created_at`, `actor`)",
}

/// An auto-signature in the form of the original system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoSignature {
    /// The model.
    pub actor: Actor,
    /// Its own name.
    pub auto_signature_id: Token,
    /// When.
    pub created_at: Timestamp,
    /// The decision.
    pub decision_id: DecisionId,
    /// The gate of the decision.
    pub gate_type: Token,
    /// [`SCHEMA`].
    pub schema_version: String,
    /// The target of the decision.
    pub target_ref: Token,
}

/// An auto-signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoSignaturePredicate {
    /// Which model signs.
    pub context: Context,
    /// Digest of the decision.
    pub decision: Sha256,
    /// What it says.
    pub signature: AutoSignature,
}

impl Record for AutoSignaturePredicate {
    fn kind(&self) -> Kind {
        Kind::AutoSignature
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![
            Binding::Decision(self.signature.decision_id.clone()),
            Binding::Record(self.decision),
        ]
    }

    fn subject(&self) -> Vec<Subject> {
        let name = self.signature.target_ref.as_str();
        vec![Subject::content(name, self.decision)]
    }
}
