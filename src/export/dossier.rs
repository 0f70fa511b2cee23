//! What is known of a run, as plain values: all that the files of an export are made from.

use std::collections::BTreeMap;

use crate::evidence::RunFiles;
use crate::facts::received::Push;
use crate::record::envelope::Envelope;
use crate::record::{IdentityName, ObjectId, Sha256};
use crate::records::{
    ApprovalPredicate, AttestationPredicate, AutoSignaturePredicate, ContractPredicate,
    DecisionPredicate, FinalizationPredicate, IndependencePredicate, OutcomePredicate,
    PreWorkPredicate, Record, RunPredicate, SelfApprovalPredicate,
};

/// A record whose signature was checked, with the envelope as it is stored.
#[derive(Clone, Debug)]
pub struct Signed<P> {
    /// What it says.
    pub says: P,
    /// The digest of its payload.
    pub digest: Sha256,
    /// Who signed.
    pub signer: IdentityName,
    /// The fingerprint of the key.
    pub key: String,
    /// The envelope.
    pub envelope: Envelope,
}

/// Everything of a run that an export holds. Lists are sorted by digest, then by envelope.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The run record.
    pub run: Signed<RunPredicate>,
    /// The contract.
    pub contract: Signed<ContractPredicate>,
    /// The packet from which the contract was made.
    pub packet: Vec<u8>,
    /// The task approvals that the run spends (gate 1).
    pub task_approvals: Vec<Signed<ApprovalPredicate>>,
    /// The decision that opened gate 1, if one did.
    pub decision: Option<Signed<DecisionPredicate>>,
    /// The model's signature under it.
    pub auto_signature: Option<Signed<AutoSignaturePredicate>>,
    /// The decisions on its work packet that the run names.
    pub work_decisions: Vec<Signed<DecisionPredicate>>,
    /// The models' signatures under these.
    pub work_signatures: Vec<Signed<AutoSignaturePredicate>>,
    /// The pre-work that the run follows.
    pub pre_work: Option<Signed<PreWorkPredicate>>,
    /// When the server received each result of gate 2 and each audit approval, as far as that is known.
    pub received: BTreeMap<Sha256, Push>,
    /// The results of gate 2, failed ones too.
    pub independence: Vec<Signed<IndependencePredicate>>,
    /// The permissions to review one's own run.
    pub overrides: Vec<Signed<SelfApprovalPredicate>>,
    /// The audit approvals (gate 3).
    pub audit_approvals: Vec<Signed<ApprovalPredicate>>,
    /// The attestations.
    pub attestations: Vec<Signed<AttestationPredicate>>,
    /// The finalization.
    pub finalization: Option<Signed<FinalizationPredicate>>,
    /// The outcome.
    pub outcome: Option<Signed<OutcomePredicate>>,
    /// The evidence, which fits its inventory and the root of the run record.
    pub evidence: RunFiles,
    /// The policies that these records name, sorted by commit.
    pub policies: Vec<Rules>,
}

/// A version of the policy, as far as records are checked by it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The policy commit.
    pub commit: ObjectId,
    /// `policy.toml`
    pub policy: Vec<u8>,
    /// `allowed_signers`
    pub allowed_signers: Vec<u8>,
}

/// A record of a dossier, of whatever kind.
pub struct Any<'a> {
    /// What it says.
    pub says: &'a dyn Record,
    /// The digest of its payload.
    pub digest: Sha256,
    /// The envelope.
    pub envelope: &'a Envelope,
}

impl Dossier {
    /// Returns every record, in the order of the chain.
    pub fn records(&self) -> Vec<Any<'_>> {
        fn all<P: Record>(records: &[Signed<P>]) -> impl Iterator<Item = Any<'_>> {
            records.iter().map(|it| Any {
                says: &it.says,
                digest: it.digest,
                envelope: &it.envelope,
            })
        }
        all(std::slice::from_ref(&self.contract))
            .chain(all(&self.task_approvals))
            .chain(all(self.decision.as_slice()))
            .chain(all(self.auto_signature.as_slice()))
            .chain(all(&self.work_decisions))
            .chain(all(&self.work_signatures))
            .chain(all(self.pre_work.as_slice()))
            .chain(all(std::slice::from_ref(&self.run)))
            .chain(all(&self.independence))
            .chain(all(&self.overrides))
            .chain(all(&self.audit_approvals))
            .chain(all(&self.attestations))
            .chain(all(self.finalization.as_slice()))
            .chain(all(self.outcome.as_slice()))
            .collect()
    }

    /// Returns the attestation that the finalization binds, else the first by digest.
    pub fn attestation(&self) -> Option<&Signed<AttestationPredicate>> {
        let bound = self.finalization.as_ref().map(|it| it.says.attestation);
        self.attestations
            .iter()
            .find(|it| bound.is_none_or(|digest| it.digest == digest))
    }

    /// Returns the log of gate 2 that decided: the one bound by finalization or attestation, else
    /// one that passed, else the first by digest.
    pub fn decisive_log(&self) -> Option<&Signed<IndependencePredicate>> {
        let bound = match &self.finalization {
            Some(finalization) => Some(finalization.says.independence),
            None => self.attestation().map(|it| it.says.independence),
        };
        let logs = || self.independence.iter();
        logs()
            .find(|it| Some(it.digest) == bound)
            .or_else(|| logs().find(|it| it.says.status.passed()))
            .or_else(|| logs().next())
    }

    /// Returns the policy that was in force when the run was attested, or else made.
    pub fn policy_in_force(&self) -> ObjectId {
        let attested = self.attestation().map(|it| it.says.context.policy);
        attested.unwrap_or(self.run.says.context.policy)
    }
}
