//! Reads commits and what they change against their parents.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::git::{self, Compared, Reader};
use crate::policy::RefRules;
use crate::policy::document::Limits;
use crate::record::ObjectId;
use crate::record::commit::Commit;
use crate::record::tree::Fault;

use super::merge::{Merge, Side};

/// Returns a commit and what it changes, each path once, with what is wrong with its new trees.
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

    /// Returns a commit and what it changes, each path once, with what is wrong with its new
    /// trees: new is what no parent has.
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
            parents => self.merge(parents, &commit)?,
        };
        Ok((commit, found))
    }

    /// Returns what a merge itself changes.
    ///
    /// It is compared with every parent, since what is hidden in a merge shows against at least
    /// one of them. What it takes unchanged from one side, while the other left it as it was
    /// where the two parted, is that side's change: judged there, or known. Taking the side that
    /// left it is not: that undoes the other.
    fn merge(&mut self, parents: &[ObjectId], commit: &Commit) -> Result<Compared, git::Error> {
        // A parent that stands twice is asked once.
        let distinct: BTreeSet<_> = parents.iter().copied().collect();
        let mut listed = 0_usize;
        let mut sides = Vec::with_capacity(distinct.len());
        let mut faults: Option<Vec<Fault>> = None;
        let mut malformed = None;
        for parent in distinct {
            let changes = match self.compare(parent, commit) {
                Ok(found) => {
                    faults = Some(in_both(faults, found.faults));
                    found.changes
                }
                // No news if it stands in another parent; then the comparison with that one holds.
                Err(error @ git::Error::BadTree { .. }) => {
                    malformed = Some(error);
                    let tree = self.reader.tree_of(parent)?;
                    self.reader
                        .changes_before(tree, commit.tree, self.max_paths)?
                }
                Err(error) => return Err(error),
            };
            listed = listed.saturating_add(changes.len());
            if listed > self.max_paths {
                return Err(git::Error::Limit {
                    what: "changed paths of a merge",
                    max: self.max_paths as u64,
                });
            }
            sides.push(Side::new(parent, changes));
        }
        let faults = match (faults, malformed) {
            (Some(faults), _) => faults,
            (None, Some(error)) => return Err(error),
            (None, None) => Vec::new(),
        };
        let changes = Merge::new(self.reader, self.max_paths, &sides).own()?;
        Ok(Compared { changes, faults })
    }

    fn compare(&mut self, parent: ObjectId, commit: &Commit) -> Result<Compared, git::Error> {
        let tree = match self.reader.commit(parent) {
            Ok(parent) => self.parent.insert(parent).tree,
            // Its form is judged where it is new. It may also lie before adoption.
            Err(git::Error::BadCommit { .. }) => self.reader.tree_of(parent)?,
            Err(error) => return Err(error),
        };
        self.reader
            .compare(Some(tree), Some(commit.tree), self.max_paths)
    }
}

/// Returns the faults that are new against these parents too.
fn in_both(before: Option<Vec<Fault>>, new: Vec<Fault>) -> Vec<Fault> {
    let Some(mut faults) = before else {
        return new;
    };
    let new: BTreeSet<_> = new.iter().map(Fault::key).collect();
    faults.retain(|fault| new.contains(&fault.key()));
    faults
}
