//! A policy version: the roots sign the digests of its two files.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::{Location, Scope, Stands};
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::envelope::Envelope;
use crate::record::{ObjectId, Sha256};

about! {
    Policy, "policy", PolicyPredicate,
    title: "policy",
    purpose: "a signature of a policy version; those in force are in `policy.dsse.json` of `refs/awo/policy`",
    signers: Signers::Roots,
    stands: Stands::PerProposal,
    after: &[],
    fields: "`allowed_signers`, `policy` (SHA-256 of the files), `predecessor`, `repository` (commits or null), `version`",
}

/// A policy version. Signed by the roots; no [`Context`], because it founds the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyPredicate {
    /// SHA-256 of `allowed_signers`.
    pub allowed_signers: Sha256,
    /// SHA-256 of `policy.toml`.
    pub policy: Sha256,
    /// The policy commit before this one; none for the first.
    pub predecessor: Option<ObjectId>,
    /// The first policy commit; none for the first.
    pub repository: Option<ObjectId>,
    /// The version, one more than the predecessor's.
    pub version: u32,
}

impl Record for PolicyPredicate {
    fn kind(&self) -> Kind {
        Kind::Policy
    }

    fn context(&self) -> Option<&Context> {
        None
    }

    fn binds(&self) -> Vec<Binding> {
        Vec::new()
    }

    fn subject(&self) -> Vec<Subject> {
        vec![
            Subject::content("policy.toml", self.policy),
            Subject::content("allowed_signers", self.allowed_signers),
        ]
    }

    /// Each signer's file is named after their key, so that signers do not overwrite each other.
    fn place(&self, envelope: &Envelope) -> Option<Location> {
        let [signature] = envelope.signatures() else {
            return None;
        };
        let key = Sha256::of(signature.keyid.as_bytes());
        let scope = Scope::Proposal(envelope.digest());
        Some(Kind::Policy.one_of(scope, key).into())
    }
}
