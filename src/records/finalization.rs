//! A finalization: names every link of the complete chain.

use serde::{Deserialize, Serialize};

use super::decision::OpenedBy;
use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::{IdentityName, ObjectId, Role, RunId, Sha256, WorkflowUrl};

about! {
    Finalization, "finalization", FinalizationPredicate,
    title: "finalization",
    purpose: "the chain was validated, and the run entered the provenance index",
    signers: Signers::Roles(&[Role::Orchestrator, Role::Operator, Role::Reviewer]),
    stands: Stands::OncePerRun,
    after: &[Kind::Attestation],
    fields: "`run`, `commit`, `root`, `run_record`, `independence`, `attestation`, `approvals`, `approved_by`; optional `workflow_run_url`, and `gate1` as the run record has it",
}

/// A finalization: names every link of the complete chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinalizationPredicate {
    /// Digests of the audit approvals, sorted.
    pub approvals: Vec<Sha256>,
    /// The persons who approved, sorted.
    pub approved_by: Vec<IdentityName>,
    /// Digest of the attestation.
    pub attestation: Sha256,
    /// The harness commit.
    pub commit: ObjectId,
    /// Who finalizes.
    pub context: Context,
    /// The decision that opened gate 1, if one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate1: Option<OpenedBy>,
    /// Digest of the independence log.
    pub independence: Sha256,
    /// The SHA-256 root.
    pub root: Sha256,
    /// The run.
    pub run: RunId,
    /// Digest of the run record.
    pub run_record: Sha256,
    /// Where the forge ran the audit, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workflow_run_url: Option<WorkflowUrl>,
}

impl Record for FinalizationPredicate {
    fn kind(&self) -> Kind {
        Kind::Finalization
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Run(self.run.clone()),
            Binding::Commit(self.commit),
            Binding::Root(self.root),
            Binding::RunRecord(self.run_record),
            Binding::Independence(self.independence),
            Binding::Attestation(self.attestation),
        ];
        binds.extend(self.approvals.iter().copied().map(Binding::Approval));
        binds
    }
}
