//! The work tree beside a branch that an act moves.

use crate::record::{Finding, ObjectId, RefName, RepoPath, Rule, Subject};

/// Returns the finding that the index is locked: the work tree could not follow the branch.
pub fn locked(reference: &RefName, lock: &str) -> Finding {
    Rule::LockFree
        .finding(Subject::of_ref(reference))
        .found(format!("{lock} is there"))
        .expected("no other git at work here")
        .remedy(format!("wait; if no other git is at work, rm {lock}"))
}

/// Returns the finding that the branch moved since it was looked at.
pub fn moved(reference: &RefName, now: Option<ObjectId>, seen: ObjectId) -> Finding {
    Rule::NothingMoved
        .finding(Subject::of_ref(reference))
        .found(now.map_or("the ref is gone".to_owned(), |id| id.to_string()))
        .expected(seen)
        .remedy("run the command again")
}

/// Returns the finding that the work tree has local changes, one a line.
pub fn dirty(reference: &RefName, changes: &str) -> Finding {
    let first: Vec<_> = changes.lines().take(5).collect();
    Rule::WorkTreeClean
        .finding(Subject::of_ref(reference))
        .found(first.join(", "))
        .expected("a clean work tree")
        .remedy("git stash --include-untracked, or git commit")
}

/// Returns the finding that the work tree has these changed or untracked paths, of which some are
/// named. `why` says what follows from it.
pub fn unclean(paths: &[RepoPath], why: &str) -> Option<Finding> {
    const NAMED: usize = 20;
    let named: Vec<_> = paths.iter().take(NAMED).map(RepoPath::to_string).collect();
    let mut found = named.join(", ");
    let rest = paths.len().saturating_sub(NAMED);
    if rest > 0 {
        found.push_str(&format!(" and {rest} more"));
    }
    let finding = Rule::WorkTreeClean
        .finding(Subject::none())
        .found(format!("changed or untracked: {found}"))
        .expected(format!("a clean work tree, else {why}"))
        .remedy("git stash --include-untracked, or git commit");
    (!paths.is_empty()).then_some(finding)
}

/// Returns the finding that another work tree has the branch checked out.
pub fn elsewhere(reference: &RefName, place: &str) -> Finding {
    Rule::WorkTreeClean
        .finding(Subject::of_ref(reference))
        .found(place)
        .expected("the branch checked out here or nowhere")
        .remedy(format!("cd {place}, and run the command there"))
}
