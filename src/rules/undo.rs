//! What keeps a run from being taken back here, before a commit is made that does it.

use crate::record::{Finding, ObjectId, RefName, RepoPath, Rule, RunId, Subject};

/// Returns the finding that a commit of the branch has taken the run back.
pub fn taken_back(run: &RunId, earlier: ObjectId) -> Finding {
    Rule::RollbackOnce
        .finding(Subject::of_run(run).at(earlier))
        .found(format!("taken back before by {earlier}"))
        .expected("one roll-back")
        .remedy("git awo push")
}

/// Returns the finding that a path is not as the run left it.
pub fn changed_since(run: &RunId, path: &RepoPath) -> Finding {
    Rule::ExactInverse
        .finding(Subject::of_run(run).path(path))
        .found("changed by others since")
        .expected("as the run left it")
        .remedy(super::remedy::TASK_OF_ITS_OWN)
}

/// Returns the finding that a branch is behind what was last seen of it at a remote.
pub fn behind(reference: &RefName, tip: ObjectId, tracking: &RefName, theirs: ObjectId) -> Finding {
    Rule::BranchMoved
        .finding(Subject::of_ref(reference))
        .found(tip)
        .expected(format!("a descendant of {theirs}"))
        .remedy(format!("git merge --ff-only {tracking}"))
}
