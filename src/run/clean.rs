//! Whether the repository's own work tree is clean.

use crate::actor::Actor;
use crate::git;
use crate::record::{Finding, RepoPath};
use crate::rules::work_tree;

use super::error::Error;

/// Returns a finding if the work tree is not clean. A repository without one is.
pub(super) fn clean(actor: &Actor, why: &str) -> Result<Option<Finding>, Error> {
    if actor.repo.work_tree().is_none() {
        return Ok(None);
    }
    let mut command = git::guarded_at_home(&actor.repo);
    command.env("GIT_OPTIONAL_LOCKS", "0");
    command.args([
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=dirty",
    ]);
    let output = git::output(command)?.stdout;
    let mut paths = Vec::new();
    let mut entries = output.split(|b| *b == 0).filter(|entry| !entry.is_empty());
    while let Some(entry) = entries.next() {
        let (kind, path) = entry.split_at_checked(3).unwrap_or((entry, &[]));
        // The old name of a renamed path follows.
        if kind.iter().take(2).any(|b| matches!(b, b'R' | b'C')) {
            entries.next();
        }
        paths.push(RepoPath::new(path));
    }
    Ok(work_tree::unclean(&paths, why))
}
