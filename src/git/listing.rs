//! What a comparison of trees finds, and how much it may read and list.

use std::borrow::Cow;
use std::sync::Arc;

use super::error::Error;
use super::reader::Reader;
use crate::record::tree::{Change, Fault, Mode, What};
use crate::record::{ObjectId, RepoPath};

/// Maximum nesting depth of directories.
const DEEPEST: u64 = 64;
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
/// Maximum number of faults that one comparison reports, or a hundredth of the changes that it may list.
const MOST_FAULTS: usize = 1_000;
/// Cost of a listed entry, in entries that are only read.
const COST_OF_LISTING: u64 = 100;

/// The result of comparing a tree with its predecessors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// The changes, sorted by path.
    pub changes: Vec<Change>,
    /// Of a merge, what it changes against further parents: one of `changes` has its path and what is new, and
    /// was something else before.
    pub sides: Vec<Change>,
    /// Faults of new entries, including directories.
    pub faults: Vec<Fault>,
}

impl Compared {
    /// Returns the changes, those of a merge against each of its parents.
    pub fn of_all_sides(&self) -> Cow<'_, [Change]> {
        match self.sides.is_empty() {
            true => Cow::Borrowed(&self.changes),
            false => Cow::Owned([&*self.changes, &*self.sides].concat()),
        }
    }
}

/// A comparison on its way through the directories.
pub(super) struct Listing {
    found: Compared,
    max: usize,
    /// The current directory, with its final `/`.
    prefix: Vec<u8>,
    trees: u64,
    entries: u64,
    most_entries: u64,
    path_bytes: u64,
    most_path_bytes: u64,
}

impl Listing {
    /// Lists at most `max` changes.
    pub(super) fn new(reader: &Reader, max: usize) -> Self {
        Self {
            found: Compared::default(),
            max,
            prefix: Vec::new(),
            trees: 0,
            entries: 0,
            most_entries: MOST_ENTRIES.min(reader.work_left()),
            path_bytes: 0,
            most_path_bytes: BYTES_A_PATH.saturating_mul(max as u64).max(MIN_PATH_BYTES),
        }
    }

    /// Takes off the reader's work what this was, and returns what was found.
    pub(super) fn finish(self, reader: &Reader) -> Compared {
        let found = self.found;
        let listed = found.changes.len().saturating_add(found.faults.len());
        let listed = listed.saturating_add(found.sides.len());
        let listed = (listed as u64).saturating_mul(COST_OF_LISTING);
        reader.work_done(self.entries.saturating_add(listed));
        found
    }

    /// Counts entries that are read.
    pub(super) fn pass(&mut self, reader: &Reader, entries: u64) -> Result<(), Error> {
        self.entries = self.entries.saturating_add(entries);
        if self.entries <= self.most_entries {
            return Ok(());
        }
        Err(match self.most_entries {
            MOST_ENTRIES => Error::Limit {
                what: "tree entries",
                max: MOST_ENTRIES,
            },
            _ => reader.no_work_left(),
        })
    }

    /// Opens a tree that is so many directories deep; no tree has no entries.
    pub(super) fn open(
        &mut self,
        reader: &Reader,
        id: Option<ObjectId>,
        depth: u64,
        read: impl Fn(&Reader, ObjectId) -> Result<Arc<[u8]>, Error>,
    ) -> Result<Arc<[u8]>, Error> {
        let Some(id) = id else {
            return Ok(Arc::new([]));
        };
        if depth > DEEPEST {
            return Err(Error::Limit {
                what: "nested directories",
                max: DEEPEST,
            });
        }
        let what = "trees in one comparison";
        count(&mut self.trees, 1, MOST_TREES, what)?;
        read(reader, id)
    }

    /// Goes into a directory; returns what [`Listing::leave`] wants.
    pub(super) fn enter(&mut self, name: &[u8]) -> Result<usize, Error> {
        let length = self.prefix.len();
        // Possibly no path below it is ever listed.
        if length.saturating_add(name.len()) as u64 > self.most_path_bytes {
            return Err(Error::Limit {
                what: "bytes of paths",
                max: self.most_path_bytes,
            });
        }
        self.prefix.extend_from_slice(name);
        self.prefix.push(b'/');
        Ok(length)
    }

    /// Goes back to the directory above.
    pub(super) fn leave(&mut self, length: usize) {
        self.prefix.truncate(length);
    }

    /// Lists a change of an entry of the current directory.
    pub(super) fn change(
        &mut self,
        name: &[u8],
        (old, new): (Option<Content>, Option<Content>),
    ) -> Result<(), Error> {
        self.is_listed(self.found.changes.len())?;
        let path = self.path(name)?;
        self.found.changes.push(Change { path, old, new });
        Ok(())
    }

    /// Lists the change of the same entry against another parent.
    pub(super) fn change_of_side(
        &mut self,
        name: &[u8],
        (old, new): (Option<Content>, Option<Content>),
    ) -> Result<(), Error> {
        self.is_listed(self.found.sides.len())?;
        let path = self.path(name)?;
        self.found.sides.push(Change { path, old, new });
        Ok(())
    }

    /// One more may be listed.
    fn is_listed(&self, number: usize) -> Result<(), Error> {
        match number < self.max {
            true => Ok(()),
            false => Err(Error::Limit {
                what: "changed paths",
                max: self.max as u64,
            }),
        }
    }

    /// Lists a fault of an entry of the current directory.
    pub(super) fn fault(&mut self, name: &[u8], what: What) -> Result<(), Error> {
        let max = MOST_FAULTS.max(self.max / 100);
        if self.found.faults.len() >= max {
            return Err(Error::Limit {
                what: "faults in trees",
                max: max as u64,
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
        let what = "bytes of paths";
        count(&mut self.path_bytes, bytes, self.most_path_bytes, what)?;
        Ok(RepoPath::new(path))
    }
}

/// What a tree says of an entry, but for its name and the spelling of its mode.
pub(super) type Content = (Mode, ObjectId);

fn count(counter: &mut u64, by: u64, max: u64, what: &'static str) -> Result<(), Error> {
    *counter = counter.saturating_add(by);
    if *counter > max {
        return Err(Error::Limit { what, max });
    }
    Ok(())
}
