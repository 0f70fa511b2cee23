//! Where files about each thing were added to the ledger: an index beside the repository.
//!
//! It holds no more than an id's hash and a commit, so every hit is confirmed in the tree of the
//! commit. Where it is damaged, the ledger itself is read.

use crate::git::Reader;
use crate::record::{HashKind, ObjectId, Sha256};

use super::table::{Form, State, Table, padded};

/// Enough of the SHA-256 of an id to find it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub(super) [u8; 8]);

impl Key {
    pub(super) fn of(id: &[u8]) -> Self {
        let mut key = [0; 8];
        for (to, from) in key.iter_mut().zip(Sha256::of(id).as_bytes()) {
            *to = *from;
        }
        Self(key)
    }

    /// Returns the key of a task, a run or a digest: one for all that differ in case only.
    pub(super) fn of_id(id: &[u8]) -> Self {
        Self::of(&id.to_ascii_lowercase())
    }

    /// Returns the key of all versions of a task together. No id has a zero byte.
    pub(super) fn of_versions(base: &[u8]) -> Self {
        let mut name = base.to_ascii_lowercase();
        name.extend_from_slice(b"\0versions");
        Self::of(&name)
    }
}

/// A commit that adds files about something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) commit: ObjectId,
}

/// The commits that add files, by key.
pub(super) struct Index {
    table: Table<8, 32>,
    kind: HashKind,
}

static LEDGER: Form = Form {
    directory: "ledger",
    magic: *b"git-awo ledger 4",
};

impl Index {
    /// Returns an index that knows nothing.
    pub(super) fn none(reader: &Reader) -> Self {
        Self {
            table: Table::none(reader, &LEDGER),
            kind: reader.hash_kind(),
        }
    }

    /// Opens what there is beside a repository.
    pub(super) fn open(reader: &Reader) -> Self {
        Self {
            table: Table::open(reader, &LEDGER),
            kind: reader.hash_kind(),
        }
    }

    /// Returns the commit up to which the index knows the ledger.
    pub(super) fn tip(&self) -> Option<ObjectId> {
        self.id(&self.table.state()?)
    }

    /// Forgets the newest part, in memory.
    pub(super) fn forget_last(&mut self) {
        self.table.forget_last();
    }

    /// Returns the commits that add files with this key, oldest part first; nothing if the index is
    /// damaged.
    pub(super) fn commits(&self, key: Key) -> Option<Vec<ObjectId>> {
        let commits = self.table.find(&key.0)?;
        commits.iter().map(|it| self.id(it)).collect()
    }

    /// Adds the places between the index and `tip` on the disk.
    pub(super) fn add(&self, tip: ObjectId, newer: &[Place]) {
        let rows = newer.iter().map(|it| (it.key.0, padded(it.commit)));
        self.table.add(padded(tip), rows.collect());
    }

    fn id(&self, padded: &State) -> Option<ObjectId> {
        ObjectId::from_bytes(padded.get(..self.kind.bytes())?)
    }
}
