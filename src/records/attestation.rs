//! An attestation of a run, signed by a reviewer.

use serde::{Deserialize, Serialize};

use super::decision::OpenedBy;
use super::kind::Kind;
use super::place::{Notes, Stands};
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::{IdentityName, ObjectId, Role, RunId, Sha256, Timestamp, WorkflowUrl};

about! {
    Attestation, "attestation", AttestationPredicate,
    title: "attestation",
    purpose: "a reviewer answers for a run that passed both gates",
    signers: Signers::Roles(&[Role::Reviewer]),
    stands: Stands::Noted(Notes::ATTESTATIONS),
    after: &[Kind::Run, Kind::Independence, Kind::Approval],
    fields: "`run`, `commit`, `tree`, `root`, `contract`, `run_record`, `independence`, `approvals`, `expires`, `reviewer`, `reviewer_sha256`; optional `workflow_run_url`, and `gate1` as the run record has it",
}

/// An attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationPredicate {
    /// Digests of the audit approvals, sorted.
    pub approvals: Vec<Sha256>,
    /// The harness commit.
    pub commit: ObjectId,
    /// Who attests.
    pub context: Context,
    /// Digest of the contract statement.
    pub contract: Sha256,
    /// When the first of the approvals ceases to be valid. It decides in which notes the
    /// attestation stands.
    pub expires: Timestamp,
    /// The decision that opened gate 1, if one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate1: Option<OpenedBy>,
    /// Digest of the independence log.
    pub independence: Sha256,
    /// The person who reviewed.
    pub reviewer: IdentityName,
    /// SHA-256 of the reviewer's name, as AWO records it.
    pub reviewer_sha256: Sha256,
    /// The SHA-256 root.
    pub root: Sha256,
    /// The run.
    pub run: RunId,
    /// Digest of the run record.
    pub run_record: Sha256,
    /// The tree of `commit`.
    pub tree: ObjectId,
    /// Where the forge ran the audit, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workflow_run_url: Option<WorkflowUrl>,
}

impl Record for AttestationPredicate {
    fn kind(&self) -> Kind {
        Kind::Attestation
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Run(self.run.clone()),
            Binding::Commit(self.commit),
            Binding::Tree(self.tree),
            Binding::Root(self.root),
            Binding::Contract(self.contract),
            Binding::RunRecord(self.run_record),
            Binding::Independence(self.independence),
        ];
        binds.extend(self.approvals.iter().copied().map(Binding::Approval));
        binds
    }
}
