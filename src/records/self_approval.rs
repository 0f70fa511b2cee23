//! The permission for one run to be reviewed by its orchestrator.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::{ObjectId, RunId, Sha256};

about! {
    SelfApproval, "self-approval", SelfApprovalPredicate,
    title: "self-approval",
    purpose: "a permission to review one's own run",
    signers: Signers::NamedByPolicy,
    stands: Stands::ManyPerRun,
    after: &[Kind::Run],
    fields: "`run`, `commit`, `root`, `allow_self_approval` (`\"1\"`), `reason`",
}

/// The permission for one run to be reviewed by its orchestrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfApprovalPredicate {
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

impl Record for SelfApprovalPredicate {
    fn kind(&self) -> Kind {
        Kind::SelfApproval
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![
            Binding::Run(self.run.clone()),
            Binding::Commit(self.commit),
            Binding::Root(self.root),
        ]
    }
}
