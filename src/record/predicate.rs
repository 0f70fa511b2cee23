//! The predicates: what each kind of statement says. Every one names repository, policy, role
//! and person ([`Context`]) and the digests it binds; integers and text only.

use serde::{Deserialize, Serialize};

use super::contract::Contract;
use super::statement::{Context, Kind, Predicate, Subject};
use super::{IdentityName, ObjectId, RefName, RunId, Sha256, TaskId, Timestamp, WorkflowUrl};

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

/// A task contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractPredicate {
    /// Who imports it.
    pub context: Context,
    /// The contract.
    pub contract: Contract,
}

/// What an approval approves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Approves {
    /// The execution of a task contract, by its exact sentence.
    Task,
    /// A finished run: gate 3, audit.
    Audit,
}

/// An approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPredicate {
    /// What is approved.
    pub approves: Approves,
    /// The commit on which the task may be executed; task approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base: Option<ObjectId>,
    /// The harness commit; audit approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<ObjectId>,
    /// Who approves.
    pub context: Context,
    /// Digest of the contract statement.
    pub contract: Sha256,
    /// When it ceases to be valid.
    pub expires: Timestamp,
    /// Digest of the independence log of gate 2; audit approvals only. It fixes the order.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub independence: Option<Sha256>,
    /// Distinguishes this approval from every other one.
    pub nonce: String,
    /// The SHA-256 root of the run's evidence; audit approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub root: Option<Sha256>,
    /// The run; audit approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// The sentence, byte for byte as the contract demands it; task approvals only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sentence: Option<String>,
    /// The task.
    pub task: TaskId,
    /// Where the forge ran the audit, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workflow_run_url: Option<WorkflowUrl>,
}

/// A run record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPredicate {
    /// Digests of the task approvals it spends, sorted.
    pub approvals: Vec<Sha256>,
    /// The commit it started from, the parent of `commit`.
    pub base: ObjectId,
    /// The one commit it made.
    pub commit: ObjectId,
    /// Who ran it: the orchestrator.
    pub context: Context,
    /// Digest of the contract statement.
    pub contract: Sha256,
    /// The ref whose tree holds the evidence.
    pub evidence: RefName,
    /// The branch the commit is for.
    pub reference: RefName,
    /// SHA-256 of the bytes of SHA256SUMS.txt.
    pub root: Sha256,
    /// The run.
    pub run: RunId,
    /// The task.
    pub task: TaskId,
    /// The tree of `commit`.
    pub tree: ObjectId,
}

/// How gate 2 ended (AWO).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GateStatus {
    /// A structural invariant or a hash does not hold.
    FailedInvariants,
    /// Orchestrator and reviewer are one person, and there is no override.
    FailedSelfApproval,
    /// Orchestrator and reviewer are one person; a recorded override permits it.
    SelfApprovedWithOverride,
    /// Another person reviewed.
    ApprovedByIndependentReviewer,
}

impl GateStatus {
    /// Tells whether the gate is passed.
    pub fn passed(self) -> bool {
        matches!(
            self,
            Self::SelfApprovedWithOverride | Self::ApprovedByIndependentReviewer
        )
    }

    /// Returns the word as AWO writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::FailedInvariants => "FAILED_INVARIANTS",
            Self::FailedSelfApproval => "FAILED_SELF_APPROVAL",
            Self::SelfApprovedWithOverride => "SELF_APPROVED_WITH_OVERRIDE",
            Self::ApprovedByIndependentReviewer => "APPROVED_BY_INDEPENDENT_REVIEWER",
        }
    }
}

/// The independence log of a run: what gate 2 found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndependencePredicate {
    /// `"1"` if an override was in force, else `"0"`.
    pub allow_self_approval: String,
    /// The harness commit.
    pub commit: ObjectId,
    /// Who reviewed.
    pub context: Context,
    /// Whether every invariant held.
    pub invariants_ok: bool,
    /// The invariants broken, sorted.
    pub invariants_reasons: Vec<String>,
    /// The status in words.
    pub message: String,
    /// The person who orchestrated.
    pub orchestrator: IdentityName,
    /// The person who reviewed.
    pub reviewer: IdentityName,
    /// The SHA-256 root that the reviewer computed.
    pub root: Sha256,
    /// The run.
    pub run_id: RunId,
    /// The result.
    pub status: GateStatus,
}

/// The permission for one run to be reviewed by its orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverridePredicate {
    /// Exactly `"1"`.
    pub allow_self_approval: String,
    /// The harness commit.
    pub commit: ObjectId,
    /// Who permits.
    pub context: Context,
    /// Why.
    pub reason: String,
    /// The SHA-256 root of the run.
    pub root: Sha256,
    /// The run.
    pub run: RunId,
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

/// What the operator thinks of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It stays.
    Accepted,
    /// It may be rolled back.
    Rejected,
}

/// An outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomePredicate {
    /// The harness commit.
    pub commit: ObjectId,
    /// Who decided.
    pub context: Context,
    /// The decision.
    pub outcome: Verdict,
    /// Why.
    pub reason: String,
    /// The SHA-256 root.
    pub root: Sha256,
    /// The run.
    pub run: RunId,
}

/// One ref that a push moved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// The ref.
    #[serde(rename = "ref")]
    pub reference: RefName,
    /// Where it was; none if it did not exist.
    pub old: Option<ObjectId>,
    /// Where it is; none if it was deleted.
    pub new: Option<ObjectId>,
}

/// An entry of the server's receive log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptPredicate {
    /// Who writes the log. Its `policy` is the one by which the push was judged.
    pub context: Context,
    /// The refs that moved, in order.
    pub movements: Vec<Movement>,
    /// Digest of the entry before; none in the first.
    pub previous: Option<Sha256>,
    /// Who pushed, as the server's environment names them (`unknown` if it does not).
    pub pusher: String,
    /// The entry's number, from 1.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Movements that no entry had recorded, seen now: the hook was by-passed or interrupted.
    pub unrecorded: Vec<Movement>,
}

macro_rules! predicate {
    ($type:ident, $kind:ident, |$self:ident| $subject:expr) => {
        impl Predicate for $type {
            const KIND: Kind = Kind::$kind;

            fn context(&self) -> Option<&Context> {
                Some(&self.context)
            }

            fn subject(&self) -> Vec<Subject> {
                let $self = self;
                $subject
            }
        }
    };
}

impl Predicate for PolicyPredicate {
    const KIND: Kind = Kind::Policy;

    fn context(&self) -> Option<&Context> {
        None
    }

    fn subject(&self) -> Vec<Subject> {
        vec![
            Subject::content("policy.toml", self.policy),
            Subject::content("allowed_signers", self.allowed_signers),
        ]
    }
}

predicate!(ContractPredicate, Contract, |it| vec![Subject::content(
    it.contract.id.as_str(),
    it.contract.source_sha256
)]);
impl Predicate for ApprovalPredicate {
    const KIND: Kind = Kind::Approval;

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn subject(&self) -> Vec<Subject> {
        match self.commit {
            Some(commit) => vec![Subject::commit(self.task.as_str(), commit)],
            None => vec![Subject::content(self.task.as_str(), self.contract)],
        }
    }

    fn approves(&self) -> Option<Approves> {
        Some(self.approves)
    }
}
predicate!(RunPredicate, Run, |it| vec![Subject::commit(
    it.run.as_str(),
    it.commit
)]);
predicate!(IndependencePredicate, Independence, |it| vec![
    Subject::commit(it.run_id.as_str(), it.commit)
]);
predicate!(OverridePredicate, Override, |it| vec![Subject::commit(
    it.run.as_str(),
    it.commit
)]);
predicate!(AttestationPredicate, Attestation, |it| vec![
    Subject::commit(it.run.as_str(), it.commit)
]);
predicate!(FinalizationPredicate, Finalization, |it| vec![
    Subject::commit(it.run.as_str(), it.commit)
]);
predicate!(OutcomePredicate, Outcome, |it| vec![Subject::commit(
    it.run.as_str(),
    it.commit
)]);
predicate!(ReceiptPredicate, Receipt, |it| it
    .movements
    .iter()
    .filter_map(|movement| Some(Subject::commit(movement.reference.as_str(), movement.new?)))
    .collect());
