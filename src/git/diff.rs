//! Finding entries in trees, and the changes between two trees.

use std::cmp::Ordering;
use std::sync::Arc;

use super::error::Error;
use super::kind::Kind;
use super::reader::Reader;
use crate::record::tree::{
    Change, Entries, EntryRef, Fault, Mode, What, entries, entries_before, faults, order,
    skip_common,
};
use crate::record::{HashKind, ObjectId, RepoPath};

/// Maximum nesting depth of directories.
const DEEPEST: u64 = 64;
/// Maximum number of changes that one comparison lists.
pub const MOST_CHANGES: usize = 100_000;
/// Maximum number of trees that one comparison opens. Each changed file opens several, so it
/// exceeds the number of changes. It stops trees that name one subtree a billion times.
const MOST_TREES: u64 = 400_000;
/// Maximum number of entries that one comparison reads.
const MOST_ENTRIES: u64 = 20_000_000;
/// Limits the total length of the listed paths: this many bytes for each change that may be listed,
/// but at least [`MIN_PATH_BYTES`].
const BYTES_A_PATH: u64 = 160;
/// See [`BYTES_A_PATH`].
const MIN_PATH_BYTES: u64 = 16 * 1024 * 1024;
/// Maximum number of faults that one comparison reports.
const MOST_FAULTS: usize = 1_000;
/// Cost of a listed entry, in entries that are only read.
const COST_OF_LISTING: u64 = 100;

/// The result of comparing a tree with its predecessor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The changes, sorted by path.
    pub changes: Vec<Change>,
    /// Faults of new entries, including directories.
    pub faults: Vec<Fault>,
}

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
        let compared = self.compared(None, Some(tree), max, View::Before, u64::MAX)?;
        let files = compared.changes.into_iter().filter_map(|change| {
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
        old: ObjectId,
        new: ObjectId,
        max: usize,
    ) -> Result<Vec<Change>, Error> {
        Ok(self
            .compared(Some(old), Some(new), max, View::Before, u64::MAX)?
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
            found: Compared::default(),
            view,
            largest,
            max,
            prefix: Vec::new(),
            trees: 0,
            entries: 0,
            most_entries: MOST_ENTRIES.min(self.shared.work_left()),
            path_bytes: 0,
            most_path_bytes: BYTES_A_PATH.saturating_mul(max as u64).max(MIN_PATH_BYTES),
        };
        let compared = match old == new {
            true => Ok(()),
            false => compare.trees(old, new, 0),
        };
        let listed = compare
            .found
            .changes
            .len()
            .saturating_add(compare.found.faults.len());
        let listed = (listed as u64).saturating_mul(COST_OF_LISTING);
        self.shared
            .work_done(compare.entries.saturating_add(listed));
        compared?;
        Ok(compare.found)
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
    found: Compared,
    view: View,
    largest: u64,
    max: usize,
    prefix: Vec<u8>,
    trees: u64,
    entries: u64,
    most_entries: u64,
    path_bytes: u64,
    most_path_bytes: u64,
}

impl Compare<'_> {
    fn trees(
        &mut self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        depth: u64,
    ) -> Result<(), Error> {
        if depth > DEEPEST {
            return Err(Error::Limit {
                what: "nested directories",
                max: DEEPEST,
            });
        }
        let old = self.open(old, Reader::raw_tree_before)?;
        let (new, read): (_, fn(&[u8], HashKind) -> Entries<'_>) = match self.view {
            View::Before => (self.open(new, Reader::raw_tree_before)?, entries_before),
            View::Judge => (
                self.open(new, Reader::raw_tree_of_any_modes)?,
                entries_before,
            ),
            View::Read => (self.open(new, Reader::raw_tree)?, entries),
        };
        let raw = &new;
        let mut old = entries_before(&old, self.kind);
        let mut new = read(raw, self.kind);
        let mut added = Vec::new();
        let (mut a, mut b) = self.pair(&mut old, &mut new)?;
        loop {
            self.pass(1)?;
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

    /// Counts entries that are read.
    fn pass(&mut self, entries: u64) -> Result<(), Error> {
        self.entries = self.entries.saturating_add(entries);
        if self.entries <= self.most_entries {
            return Ok(());
        }
        Err(match self.most_entries {
            MOST_ENTRIES => Error::Limit {
                what: "tree entries",
                max: MOST_ENTRIES,
            },
            _ => {
                let what = "tree entries, or as much of other work, in one push";
                self.reader.shared.no_work_left(what)
            }
        })
    }

    /// Skips equal entries and returns the next ones of both sides.
    fn pair<'a>(
        &mut self,
        old: &mut Entries<'a>,
        new: &mut Entries<'a>,
    ) -> Result<(Option<EntryRef<'a>>, Option<EntryRef<'a>>), Error> {
        let same = skip_common(old, new);
        self.pass(same)?;
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
        let length = self.prefix.len();
        if self.view == View::Judge
            && let Some(new) = new
        {
            if old.is_none()
                && let Some(what) = faults::of_name(new.name)
            {
                self.fault(new.name, what)?;
            }
            if new.id.is_zero() {
                return self.fault(new.name, What::Null);
            }
            if new.odd && !old.is_some_and(|old| old.odd && old.mode == new.mode) {
                let mode = new.mode;
                self.fault(new.name, What::Mode { mode })?;
            }
            if new.mode == Mode::Tree && self.reader.is_empty_tree(new.id) {
                self.fault(new.name, What::Empty)?;
            }
            match self.file(new)? {
                Some((Kind::Blob, size)) if size > self.largest => {
                    let most = self.largest;
                    self.fault(new.name, What::Large { size, most })?;
                }
                None | Some((Kind::Blob, _)) => {}
                Some((other, _)) => self.fault(new.name, What::Kind(other.as_str()))?,
            }
        }
        if let (Some(old), Some(new)) = (old, new)
            && (old.mode, old.id) == (new.mode, new.id)
        {
            // Only the mode is written otherwise.
            return Ok(());
        }
        if entry.mode == Mode::Tree {
            // Limit the prefix as well, since possibly no path below it is ever listed.
            if length.saturating_add(entry.name.len()) as u64 > self.most_path_bytes {
                return Err(Error::Limit {
                    what: "bytes of paths",
                    max: self.most_path_bytes,
                });
            }
            self.prefix.extend_from_slice(entry.name);
            self.prefix.push(b'/');
            self.trees(
                old.map(|e| e.id),
                new.map(|e| e.id),
                depth.saturating_add(1),
            )?;
            self.prefix.truncate(length);
            return Ok(());
        }
        if self.found.changes.len() >= self.max {
            return Err(Error::Limit {
                what: "changed paths",
                max: self.max as u64,
            });
        }
        let path = self.path(entry.name)?;
        self.found.changes.push(Change {
            path,
            old: old.map(|entry| (entry.mode, entry.id)),
            new: new.map(|entry| (entry.mode, entry.id)),
        });
        Ok(())
    }

    /// Returns kind and size of a file's object. A tree is read anyway, a submodule's commit is elsewhere,
    /// and a missing object is found by whoever needs it.
    fn file(&self, entry: EntryRef<'_>) -> Result<Option<(Kind, u64)>, Error> {
        if matches!(entry.mode, Mode::Tree | Mode::Gitlink) {
            return Ok(None);
        }
        let known = &self.reader.known_blobs;
        if let Some(size) = known.borrow().size(entry.id) {
            return Ok(Some((Kind::Blob, size)));
        }
        let header = self.reader.header(entry.id)?;
        if let Some((Kind::Blob, size)) = header {
            known.borrow_mut().put(entry.id, size);
        }
        Ok(header)
    }

    fn collisions(&mut self, raw: &[u8], added: &[&[u8]]) -> Result<(), Error> {
        for (name, what) in faults::collisions(raw, self.kind, added) {
            self.fault(&name, what)?;
        }
        Ok(())
    }

    fn fault(&mut self, name: &[u8], what: What) -> Result<(), Error> {
        if self.found.faults.len() >= MOST_FAULTS {
            return Err(Error::Limit {
                what: "faults in trees",
                max: MOST_FAULTS as u64,
            });
        }
        let path = self.path(name)?;
        self.found.faults.push(Fault { path, what });
        Ok(())
    }

    /// Returns the path of an entry of the current directory.
    fn path(&mut self, name: &[u8]) -> Result<RepoPath, Error> {
        let mut path = Vec::with_capacity(self.prefix.len().saturating_add(name.len()));
        path.extend_from_slice(&self.prefix);
        path.extend_from_slice(name);
        let bytes = path.len() as u64;
        count(
            &mut self.path_bytes,
            bytes,
            self.most_path_bytes,
            "bytes of paths",
        )?;
        Ok(RepoPath::new(path))
    }

    fn open(
        &mut self,
        id: Option<ObjectId>,
        read: impl Fn(&Reader, ObjectId) -> Result<Arc<[u8]>, Error>,
    ) -> Result<Arc<[u8]>, Error> {
        match id {
            None => Ok(Arc::new([])),
            Some(id) => {
                count(&mut self.trees, 1, MOST_TREES, "trees in one comparison")?;
                read(self.reader, id)
            }
        }
    }
}

/// Returns the next entry. The tree was checked when it was read, so every entry is well-formed.
fn next<'a>(entries: &mut Entries<'a>) -> Option<EntryRef<'a>> {
    entries.next()?.ok()
}

fn count(counter: &mut u64, by: u64, max: u64, what: &'static str) -> Result<(), Error> {
    *counter = counter.saturating_add(by);
    if *counter > max {
        return Err(Error::Limit { what, max });
    }
    Ok(())
}
