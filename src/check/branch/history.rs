//! Reads commits and what they change against their parents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::git::{self, Compared, Reader};
use crate::policy::RefRules;
use crate::policy::document::Limits;
use crate::record::commit::Commit;
use crate::record::tree::{Change, Fault};
use crate::record::{ObjectId, RepoPath};

/// Returns a commit and what it changes against every parent, each path once, with what is wrong
/// with its new trees.
pub fn changes_of(
    reader: &Reader,
    id: ObjectId,
    max_paths: usize,
) -> Result<(Arc<Commit>, Compared), git::Error> {
    let mut history = History {
        reader,
        max_paths,
        parent: None,
    };
    history.gather(id)
}

/// Reads commits and what they change, a child before its parent.
pub(in crate::check) struct History<'r> {
    reader: &'r Reader,
    /// So many changes one comparison may list.
    max_paths: usize,
    /// The parent last asked for: it is likely to be the next commit.
    parent: Option<Arc<Commit>>,
}

impl<'r> History<'r> {
    pub(in crate::check) fn new(reader: &'r Reader, rules: &RefRules<'_>) -> Self {
        let limits = &rules.policy().document().limits;
        Self {
            reader,
            // What one push may bring can be less; then the sum over its commits tells.
            max_paths: limits.paths.max(Limits::default().paths),
            parent: None,
        }
    }

    /// Returns a commit and what it changes against every parent, each path once, with what is
    /// wrong with its new trees: new is what no parent has.
    pub(in crate::check) fn gather(
        &mut self,
        id: ObjectId,
    ) -> Result<(Arc<Commit>, Compared), git::Error> {
        let commit = match self.parent.take() {
            Some(parent) if parent.id == id => parent,
            _ => self.reader.commit(id)?,
        };
        let found = match commit.parents.as_slice() {
            [] => self
                .reader
                .compare(None, Some(commit.tree), self.max_paths)?,
            [parent] => self.compare(*parent, &commit)?,
            [first, others @ ..] => {
                // Every parent: a change hidden in a merge shows against at least one of them.
                let mut by_path: BTreeMap<RepoPath, Change> = BTreeMap::new();
                let mut take = |changes: Vec<Change>| {
                    for change in changes {
                        by_path.entry(change.path.clone()).or_insert(change);
                    }
                };
                let mut seen = BTreeSet::from([*first]);
                let first = self.compare(*first, &commit)?;
                let mut listed = first.changes.len();
                take(first.changes);
                let mut faults = first.faults;
                // A parent that stands twice is asked once.
                for parent in others.iter().filter(|parent| seen.insert(**parent)) {
                    let other = self.compare(*parent, &commit)?;
                    listed = listed.saturating_add(other.changes.len());
                    if listed > self.max_paths.saturating_mul(2) {
                        return Err(git::Error::Limit {
                            what: "changed paths of a merge",
                            max: self.max_paths.saturating_mul(2) as u64,
                        });
                    }
                    take(other.changes);
                    let new: BTreeSet<_> = other.faults.iter().map(Fault::key).collect();
                    faults.retain(|fault| new.contains(&fault.key()));
                }
                let changes = by_path.into_values().collect();
                Compared { changes, faults }
            }
        };
        Ok((commit, found))
    }

    fn compare(&mut self, parent: ObjectId, commit: &Commit) -> Result<Compared, git::Error> {
        let parent = self.parent.insert(self.reader.commit(parent)?);
        self.reader
            .compare(Some(parent.tree), Some(commit.tree), self.max_paths)
    }
}
