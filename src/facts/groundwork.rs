//! What bears on the approval and the runs of work packets, and of contracts that ask for a skeleton; and on the
//! admission of the repository that any contract names.

use std::collections::BTreeSet;

use crate::policy::{Policy, Verified};
use crate::record::contract::Contract;
use crate::record::{DecisionId, IdentityName, ObjectId, RepoPath, RunId, Sha256, TaskId};
use crate::records::AdmissionPredicate;

use super::opening::Opening;

/// What bears on the approval and the execution of a work packet.
pub struct WorkFacts {
    /// The digest of the contract's statement.
    pub digest: Sha256,
    /// Whether the policy permits delegation to contracts of its risk tier.
    pub may_delegate: bool,
    /// The version before.
    pub before: Before,
    /// The later version that names this one.
    pub superseded_by: Option<TaskId>,
    /// The refinement that must be signed, if the packet names one.
    pub refinement: Option<Pinned>,
    /// The approvals of the refinement, as they stand.
    pub signed: Vec<Opening>,
    /// The specification against which the work is closed, if the packet names one.
    pub spec_target: Option<Pinned>,
    /// The approvals of what this version changes, as they stand.
    pub scope_changes: Vec<Opening>,
}

/// The version before a contract.
pub enum Before {
    /// The id has no version, or the first.
    None,
    /// The packet does not say, or names another contract than the one of this id in the ledger.
    Unnamed(Option<TaskId>),
    /// The ledger lacks the version right before and has this earlier one of the same base id.
    Skipped(TaskId),
    /// A packet outside of the ledger, and its digest if that is known.
    External(Option<Sha256>),
    /// A contract of the ledger.
    Contract(Box<Contract>),
}

/// A file that a work packet names, and that must stay as it was when the packet was imported.
pub struct Pinned {
    /// Its path.
    pub path: RepoPath,
    /// The blob that the contract names.
    pub blob: Option<ObjectId>,
    /// Commits that have another blob there, or none: of the base and, of a run, its commit.
    pub others: Vec<(ObjectId, Option<ObjectId>)>,
}

/// What bears on a run of a work packet, or of a contract that asks for a skeleton.
pub struct RunWorkFacts {
    /// The packet, if the contract is one.
    pub packet: Option<WorkFacts>,
    /// What bears on its skeleton, if the contract asks for one.
    pub skeleton: Option<SkeletonFacts>,
    /// Who made the run.
    pub makers: Makers,
    /// The models that its commit names as having assisted; asked of a run that comes now.
    pub models: Vec<String>,
    /// The notes of the persons who approved its task by a decision; asked likewise.
    pub notes: Vec<String>,
    /// The waivers that it names.
    pub waivers: Vec<WaiverFacts>,
    /// The decisions that it names, and that do not list it as a run that uses them.
    pub unmarked: Vec<DecisionId>,
    /// Whether the run record comes now, and is held to everything. Of one that was accepted before, what it
    /// names must still hold.
    pub comes_now: bool,
}

/// A waiver that a run uses, or may use.
pub struct WaiverFacts {
    /// Its name.
    pub id: DecisionId,
    /// The waiver as it stands; nothing if there is none of this name.
    pub opening: Option<Opening>,
    /// Whether it was received before the push of the run.
    pub in_time: bool,
    /// How many runs before this one used it.
    pub used: usize,
}

/// What bears on a run whose contract asks for a skeleton.
pub enum SkeletonFacts {
    /// The run names no approval: it makes the skeleton. Paths that it changes and that are no documents.
    Makes(Vec<RepoPath>),
    /// The run names this approval of a skeleton.
    Follows(DecisionId, Option<Box<Skeleton>>),
}

/// An approved skeleton, or one that is to be approved.
pub struct Skeleton {
    /// The run that made it.
    pub run: RunId,
    /// Its commit.
    pub commit: ObjectId,
    /// Its task.
    pub task: TaskId,
    /// The contract for which it was made.
    pub contract: Sha256,
    /// Whether that run makes a skeleton, and follows none.
    pub makes: bool,
    /// What it changes besides documents.
    pub others: Vec<RepoPath>,
    /// Who made it.
    pub made_by: Makers,
    /// The approval, as it stands.
    pub approval: Opening,
    /// Whether that was received before the run that follows it.
    pub in_time: bool,
    /// Whether the run that made it was cancelled before that.
    pub cancelled: bool,
}

/// Who made a run.
#[derive(Clone, Debug)]
pub struct Makers {
    /// Who orchestrated it.
    pub orchestrator: IdentityName,
    /// Whom its commit names, folded for comparison.
    pub named: BTreeSet<String>,
}

impl Makers {
    /// Tells whether a person made the run, or a part of it.
    pub fn are(&self, person: &IdentityName, policy: &Policy) -> bool {
        *person == self.orchestrator || policy.is_among(person, &self.named)
    }
}

/// What bears on the admission of the repository that a contract names.
pub struct AdmissionFacts {
    /// Whether only a record admits it.
    pub by_record: bool,
    /// The admissions of its locator, in the order of their digests.
    pub records: Vec<Admitted>,
}

/// An admission as it stands.
pub struct Admitted {
    pub record: Verified<AdmissionPredicate>,
    /// Whether an operator has withdrawn it.
    pub withdrawn: bool,
}
