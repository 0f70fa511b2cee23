//! Reads commits and what they change against their parents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::git::{self, Compared, Reader};
use crate::policy::RefRules;
use crate::policy::document::Limits;
use crate::record::ObjectId;
use crate::record::commit::Commit;
use crate::record::tree::{Change, Fault};

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
        largest: u64::MAX,
        parent: None,
    };
    history.gather(id)
}

/// Reads commits and what they change, a child before its parent.
pub(in crate::check) struct History<'r> {
    reader: &'r Reader,
    /// So many changes one comparison may list.
    max_paths: usize,
    /// So large a new file may be.
    largest: u64,
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
            largest: u64::MAX,
            parent: None,
        }
    }

    /// Finds new files that are larger than the policy allows, too.
    pub(in crate::check) fn of_arriving(reader: &'r Reader, rules: &RefRules<'_>) -> Self {
        let largest = rules.policy().document().limits.file_bytes;
        Self {
            largest,
            ..Self::new(reader, rules)
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
            [] => {
                self.reader
                    .compare_files(None, Some(commit.tree), self.max_paths, self.largest)?
            }
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
        let mut faults: BTreeMap<ObjectId, Vec<Fault>> = BTreeMap::new();
        let mut malformed = None;
        for parent in distinct {
            let changes = match self.compare(parent, commit) {
                Ok(found) => {
                    faults.insert(parent, found.faults);
                    found.changes
                }
                // No news if it stands in another parent; then the comparison with that one holds.
                Err(error @ git::Error::BadTree { .. }) => {
                    malformed = Some(error);
                    let tree = self.reader.tree_of(parent)?;
                    self.reader
                        .changes_before(Some(tree), Some(commit.tree), self.max_paths)?
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
        let mut merge = Merge::new(self.reader, self.max_paths, &sides);
        if malformed.is_some() || faults.values().any(|it| !it.is_empty()) {
            // What a parent had, that another one contains, may have been taken away since.
            let heads = merge.heads()?;
            faults.retain(|parent, _| heads.contains(parent));
        }
        if let (true, Some(error)) = (faults.is_empty(), malformed) {
            return Err(error);
        }
        let changes = merge.own()?;
        let faults = new_faults(faults.into_values(), &changes);
        Ok(Compared { changes, faults })
    }

    fn compare(&mut self, parent: ObjectId, commit: &Commit) -> Result<Compared, git::Error> {
        let tree = match self.reader.commit(parent) {
            Ok(parent) => self.parent.insert(parent).tree,
            // Its form is judged where it is new. It may also lie before adoption.
            Err(git::Error::BadCommit { .. }) => self.reader.tree_of(parent)?,
            Err(error) => return Err(error),
        };
        let new = Some(commit.tree);
        self.reader
            .compare_files(Some(tree), new, self.max_paths, self.largest)
    }
}

/// Returns the faults that no parent has, or that the merge itself brings in.
fn new_faults(by_parent: impl Iterator<Item = Vec<Fault>>, own: &[Change]) -> Vec<Fault> {
    let by_parent: Vec<_> = by_parent.collect();
    let keys = |faults: &Vec<Fault>| -> BTreeSet<_> { faults.iter().map(Fault::key).collect() };
    let in_each: Vec<_> = by_parent.iter().map(keys).collect();
    let own: BTreeSet<_> = own.iter().map(|it| &it.path).collect();
    let mut told = BTreeSet::new();
    let mut new = Vec::new();
    for fault in by_parent.iter().flatten() {
        let in_all = || in_each.iter().all(|keys| keys.contains(&fault.key()));
        if (own.contains(&fault.path) || in_all()) && told.insert(fault.key()) {
            new.push(fault.clone());
        }
    }
    new
}
