//! Finding entries in trees, and the changes between two trees.

use std::cmp::Ordering;

use super::error::Error;
use super::listing::{Compared, Listing};
use super::reader::Reader;
use crate::record::tree::{
    Change, Entries, EntryRef, Mode, entries, entries_before, faults, order, skip_common,
};
use crate::record::{HashKind, ObjectId, RepoPath};

/// Maximum number of changes that one comparison lists.
pub const MOST_CHANGES: usize = 100_000;

impl Reader {
    /// Returns the entry at `path` below `tree`; the empty path is the tree itself. No tree has no
    /// entries.
    pub fn entry(
        &self,
        tree: impl Into<Option<ObjectId>>,
        path: &RepoPath,
    ) -> Result<Option<(Mode, ObjectId)>, Error> {
        let Some(tree) = tree.into() else {
            return Ok(None);
        };
        let mut at = (Mode::Tree, tree);
        if path.as_bytes().is_empty() {
            self.raw_tree(tree)?;
            return Ok(Some(at));
        }
        for name in path.components() {
            if at.0 != Mode::Tree {
                return Ok(None);
            }
            let raw = self.raw_tree_of_any_modes(at.1)?;
            let found = entries_before(&raw, self.hash_kind())
                .flatten()
                .find(|entry| entry.name == name);
            match found {
                Some(entry) => at = (entry.mode, entry.id),
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Returns the entries of a tree, sorted as git sorts them. Directories are not entered.
    pub fn entries(&self, tree: ObjectId) -> Result<Vec<(RepoPath, Mode, ObjectId)>, Error> {
        let raw = self.raw_tree(tree)?;
        let entries = entries(&raw, self.hash_kind()).flatten();
        Ok(entries
            .map(|entry| (RepoPath::new(entry.name), entry.mode, entry.id))
            .collect())
    }

    /// Returns every entry below `tree` that is not a directory, sorted, if there are at most `max`.
    pub fn files(
        &self,
        tree: ObjectId,
        max: usize,
    ) -> Result<Vec<(RepoPath, Mode, ObjectId)>, Error> {
        let changes = self.changes_limited(None, Some(tree), max)?;
        let files = changes.into_iter().filter_map(|change| {
            let (mode, id) = change.new?;
            Some((change.path, mode, id))
        });
        Ok(files.collect())
    }

    /// Returns the same of a tree that is already accepted.
    pub fn files_before(
        &self,
        tree: ObjectId,
        max: usize,
    ) -> Result<Vec<(RepoPath, Mode, ObjectId)>, Error> {
        let changes = self.changes_before(None, Some(tree), max)?;
        let files = changes.into_iter().filter_map(|change| {
            let (mode, id) = change.new?;
            Some((change.path, mode, id))
        });
        Ok(files.collect())
    }

    /// Returns the changes from the tree `old` to the tree `new`, sorted by path.
    ///
    /// Equivalent to `git diff-tree -r --raw --no-renames`: directories are not listed, and a file
    /// that became a directory is one deletion and an addition for each file in it. `None` is the
    /// empty tree. More than 100,000 changes are an error.
    pub fn changes(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
    ) -> Result<Vec<Change>, Error> {
        self.changes_limited(old, new, MOST_CHANGES)
    }

    /// Returns the changes as [`Reader::changes`] does, if there are at most `max`.
    pub fn changes_limited(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        max: usize,
    ) -> Result<Vec<Change>, Error> {
        Ok(self.compared(old, new, max, View::Read, u64::MAX)?.changes)
    }

    /// Returns the changes between two trees that are already accepted, as [`Reader::changes`]
    /// does, if there are at most `max`.
    pub fn changes_before(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        max: usize,
    ) -> Result<Vec<Change>, Error> {
        Ok(self
            .compared(old, new, max, View::Before, u64::MAX)?
            .changes)
    }

    /// Returns the changes as [`Reader::changes`] does, if there are at most `max`, and the faults of
    /// every new tree: a directory can be faulty although no path in it has changed.
    ///
    /// Whatever `old` and `new` have in common is not judged. `old` may contain what old programs
    /// wrote. A mode that git would not write is a fault, any other tree that it would not write an
    /// error.
    pub fn compare(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        max: usize,
    ) -> Result<Compared, Error> {
        self.compare_files(old, new, max, u64::MAX)
    }

    /// Compares as [`Reader::compare`] does; a new file of more than `largest` bytes is a fault too.
    pub fn compare_files(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        max: usize,
        largest: u64,
    ) -> Result<Compared, Error> {
        self.compared(old, new, max, View::Judge, largest)
    }

    fn compared(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        max: usize,
        view: View,
        largest: u64,
    ) -> Result<Compared, Error> {
        let mut compare = Compare {
            reader: self,
            kind: self.hash_kind(),
            view,
            largest,
            listing: Listing::new(self, max),
        };
        let compared = match old == new {
            true => Ok(()),
            false => compare.trees(old, new, 0),
        };
        let found = compare.listing.finish(self);
        compared.map(|()| found)
    }
}

/// How the new side is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    /// A tree that git would not write is an error, but for its modes, and every fault is reported.
    Judge,
    /// A tree that git would not write is an error.
    Read,
    /// Like the old side: trees of old programs are read as git reads them.
    Before,
}

struct Compare<'r> {
    reader: &'r Reader,
    kind: HashKind,
    view: View,
    largest: u64,
    listing: Listing,
}

impl Compare<'_> {
    fn trees(
        &mut self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        depth: u64,
    ) -> Result<(), Error> {
        let old = self
            .listing
            .open(self.reader, old, depth, Reader::raw_tree_before)?;
        let (new, read): (_, fn(&[u8], HashKind) -> Entries<'_>) = match self.view {
            View::Before => (
                self.listing
                    .open(self.reader, new, depth, Reader::raw_tree_before)?,
                entries_before,
            ),
            View::Judge => (
                self.listing
                    .open(self.reader, new, depth, Reader::raw_tree_of_any_modes)?,
                entries_before,
            ),
            View::Read => (
                self.listing
                    .open(self.reader, new, depth, Reader::raw_tree)?,
                entries,
            ),
        };
        let raw = &new;
        let mut old = entries_before(&old, self.kind);
        let mut new = read(raw, self.kind);
        let mut added = Vec::new();
        let (mut a, mut b) = self.pair(&mut old, &mut new)?;
        loop {
            self.listing.pass(self.reader, 1)?;
            let side = match (&a, &b) {
                (None, None) => return self.collisions(raw, &added),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => order(a.mode, a.name, b.mode, b.name),
            };
            match side {
                Ordering::Less => {
                    self.entry(a, None, depth)?;
                    a = next(&mut old);
                }
                Ordering::Greater => {
                    added.extend(
                        b.filter(|_| self.view == View::Judge)
                            .map(|entry| entry.name),
                    );
                    self.entry(None, b, depth)?;
                    b = next(&mut new);
                }
                Ordering::Equal => {
                    if a != b {
                        self.entry(a, b, depth)?;
                    }
                    (a, b) = self.pair(&mut old, &mut new)?;
                }
            }
        }
    }

    /// Skips equal entries and returns the next ones of both sides.
    fn pair<'a>(
        &mut self,
        old: &mut Entries<'a>,
        new: &mut Entries<'a>,
    ) -> Result<(Option<EntryRef<'a>>, Option<EntryRef<'a>>), Error> {
        let same = skip_common(&mut [old, new]);
        self.listing.pass(self.reader, same)?;
        Ok((next(old), next(new)))
    }

    /// Processes a difference. If both sides exist, both or neither of them are directories.
    fn entry(
        &mut self,
        old: Option<EntryRef<'_>>,
        new: Option<EntryRef<'_>>,
        depth: u64,
    ) -> Result<(), Error> {
        let Some(entry) = new.or(old) else {
            return Ok(());
        };
        if self.view == View::Judge
            && let Some(new) = new
        {
            for what in self.reader.faults_of(old, new, self.largest)? {
                self.listing.fault(new.name, what)?;
            }
            if new.id.is_zero() {
                return Ok(());
            }
        }
        let content = (old.map(|it| it.content()), new.map(|it| it.content()));
        if content.0 == content.1 {
            // Only the mode is written otherwise.
            return Ok(());
        }
        if entry.mode == Mode::Tree {
            let above = self.listing.enter(entry.name)?;
            let tree = |it: Option<EntryRef<'_>>| it.map(|it| it.id);
            self.trees(tree(old), tree(new), depth.saturating_add(1))?;
            self.listing.leave(above);
            return Ok(());
        }
        self.listing.change(entry.name, content)
    }

    fn collisions(&mut self, raw: &[u8], added: &[&[u8]]) -> Result<(), Error> {
        for (name, what) in faults::collisions(raw, self.kind, added) {
            self.listing.fault(&name, what)?;
        }
        Ok(())
    }
}

/// Returns the next entry. The tree was checked when it was read, so every entry is well-formed.
fn next<'a>(entries: &mut Entries<'a>) -> Option<EntryRef<'a>> {
    entries.next()?.ok()
}
