//! An independence log: the result of gate 2.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::{IdentityName, ObjectId, Role, RunId, Sha256};

about! {
    Independence, "independence", IndependencePredicate,
    title: "independence log",
    purpose: "a result of gate 2, failed ones too",
    signers: Signers::Roles(&[Role::Reviewer]),
    stands: Stands::ManyPerRun,
    after: &[Kind::Run],
    fields: "`run_id`, `commit`, `root`, `orchestrator`, `reviewer`, `status`, `message`, `invariants_ok`, `invariants_reasons`, `allow_self_approval` (`\"0\"` or `\"1\"`)",
}

/// The result of gate 2 (AWO).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum GateStatus {
    /// A structural invariant or a hash is broken.
    FailedInvariants,
    /// Orchestrator and reviewer are one person, and there is no override.
    FailedSelfApproval,
    /// Orchestrator and reviewer are one person; a recorded override permits it.
    SelfApprovedWithOverride,
    /// Another person reviewed.
    ApprovedByIndependentReviewer,
}

impl GateStatus {
    /// Returns whether the gate is passed.
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

impl Record for IndependencePredicate {
    fn kind(&self) -> Kind {
        Kind::Independence
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Run(self.run_id.clone()),
            Binding::Commit(self.commit),
        ];
        // A failed log may state the root of the files as the reviewer found them.
        if self.status.passed() {
            binds.push(Binding::Root(self.root));
        }
        binds
    }
}
