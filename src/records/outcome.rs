//! An operator's verdict on a run: accepted or rejected.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::{ObjectId, Role, RunId, Sha256};

about! {
    Outcome, "outcome", OutcomePredicate,
    title: "outcome",
    purpose: "whether the result stays or may be rolled back",
    signers: Signers::Roles(&[Role::Operator]),
    stands: Stands::OncePerRun,
    after: &[Kind::Run],
    fields: "`run`, `commit`, `root`, `outcome` (`accepted` or `rejected`), `reason`",
}

/// The operator's verdict on the result.
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

impl Record for OutcomePredicate {
    fn kind(&self) -> Kind {
        Kind::Outcome
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
