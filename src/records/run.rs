//! A run record: what the orchestrator did, and where its evidence is.

use serde::{Deserialize, Serialize};

use super::decision::OpenedBy;
use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::contract::Contract;
use crate::record::{DecisionId, ObjectId, RefName, Role, RunId, Sha256, TaskId};

about! {
    Run, "run", RunPredicate,
    title: "run record",
    purpose: "one execution of a contract, with its commit and its evidence",
    signers: Signers::Roles(&[Role::Orchestrator]),
    stands: Stands::OncePerRun,
    after: &[Kind::Contract, Kind::Approval],
    fields: "`run`, `task`, `contract`, `approvals` (those it spends), `base`, `commit`, `tree`, `reference`, `evidence` (the ref), `root`; optional `gate1` (the decision that opened gate 1, which `approvals` has by its digest: `kind`, `decision_id`, `gate_type`, `target_ref`, `automation_level`, `actor`, `evidence_refs`), of a work packet `work` (the decisions `refinement`, `scope_change` and `skeleton`, the digest `pre_work`, the path `manifest`, the decisions `waivers`)",
}

/// A run record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunPredicate {
    /// Digests of the task approvals it spends, sorted; of the decision too that opened gate 1.
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
    /// The decision that opened gate 1, if one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate1: Option<OpenedBy>,
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
    /// What it rests on besides, where the contract is a work packet.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub work: Option<RunWork>,
}

/// What the run of a work packet rests on: what was decided and published before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunWork {
    /// The path of the computed manifest in the evidence.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest: Option<String>,
    /// Digest of the pre-work: what was planned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pre_work: Option<Sha256>,
    /// The decision that signed the refinement.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refinement: Option<DecisionId>,
    /// The decision that permitted what this version of the packet changes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope_change: Option<DecisionId>,
    /// The decision that approved the skeleton; none in the run that makes the skeleton.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub skeleton: Option<DecisionId>,
    /// The waivers that it uses, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub waivers: Vec<DecisionId>,
}

impl RunPredicate {
    /// Tells whether the change of the run is planned by a pre-work and judged by the gates of post-work.
    pub fn needs_post_work(&self, contract: &Contract) -> bool {
        RunWork::needs_post_work(self.work.as_ref(), contract)
    }

    /// Tells whether the run makes the skeleton that its contract asks for first.
    pub fn is_skeleton(&self, contract: &Contract) -> bool {
        RunWork::is_skeleton(self.work.as_ref(), contract)
    }

    /// Tells whether the run follows a skeleton. Where its contract asks for one and the run names none, it
    /// makes one.
    pub fn follows_skeleton(&self) -> bool {
        self.work.as_ref().is_some_and(|it| it.skeleton.is_some())
    }
}

impl RunWork {
    /// Tells whether the change of a run that rests on this is planned by a pre-work and judged by the gates of
    /// post-work: that of a skeleton is not.
    pub fn needs_post_work(work: Option<&Self>, contract: &Contract) -> bool {
        contract.post_work && !Self::is_skeleton(work, contract)
    }

    /// Tells whether a run that rests on this makes the skeleton that its contract asks for first. The records of
    /// runs that were made before skeletons were judged say nothing of this.
    pub fn is_skeleton(work: Option<&Self>, contract: &Contract) -> bool {
        contract.skeleton && work.is_some_and(|it| it.skeleton.is_none())
    }

    /// Returns the decisions that it names.
    pub fn decisions(&self) -> impl Iterator<Item = &DecisionId> {
        let named = [&self.refinement, &self.scope_change, &self.skeleton];
        named.into_iter().flatten().chain(&self.waivers)
    }
}

impl Record for RunPredicate {
    fn kind(&self) -> Kind {
        Kind::Run
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Run(self.run.clone()),
            Binding::Task(self.task.clone()),
            Binding::Contract(self.contract),
            Binding::Reference(self.reference.clone()),
            Binding::Base(self.base),
            Binding::Commit(self.commit),
            Binding::Tree(self.tree),
            Binding::Root(self.root),
            Binding::Evidence(self.evidence.clone()),
        ];
        binds.extend(self.approvals.iter().copied().map(Binding::Approval));
        binds
    }
}
