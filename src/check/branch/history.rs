//! Reads commits and what they change against their parents.

use std::sync::Arc;

use crate::git::{self, Compared, Reader};
use crate::policy::RefRules;
use crate::policy::document::Limits;
use crate::record::ObjectId;
use crate::record::commit::Commit;

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

    /// Returns what it reads with.
    pub(in crate::check) fn reader(&self) -> &'r Reader {
        self.reader
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
            parents => {
                self.reader
                    .compare_merge(commit.tree, parents, self.max_paths, self.largest)?
            }
        };
        Ok((commit, found))
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
