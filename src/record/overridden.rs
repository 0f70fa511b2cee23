//! The use of an override of a protected artefact by a commit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DecisionId, ObjectId, RefName, RepoPath};

/// An override that a push has used up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverrideUse {
    /// The commit that it was for.
    pub commit: ObjectId,
    /// The approvals of the change that the server had, sorted: none of them counts for another commit.
    pub decisions: Vec<DecisionId>,
    /// The protected path.
    pub path: RepoPath,
}

/// The overrides that a push uses, by the branch that it moves.
pub type Overrides = BTreeMap<RefName, Vec<OverrideUse>>;
