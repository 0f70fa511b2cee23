//! Which push brought what, as the receive log was found to say before: in a table beside the
//! repository, which can be deleted at any time.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::git::Reader;
use crate::record::{ObjectId, RefName, Sha256, Timestamp};
use crate::store::table::{Form, Row, State, Table, padded};

/// The version of the policy by which a push was judged, and its time.
pub type At = (usize, Timestamp);

/// The pushes that the receive log tells of up to one of its entries.
pub struct Remembered {
    table: Table<32, 12>,
    /// Whether a page could not be read: then nothing that was looked up proves anything.
    damaged: AtomicBool,
}

static FORM: Form = Form {
    directory: "verified",
    magic: *b"git-awo pushes 1",
};

/// What a push brought: a record, or the commit of a run to its branch.
pub struct Brought {
    key: Sha256,
    at: At,
}

impl Brought {
    /// A record.
    pub fn record(record: Sha256, at: At) -> Self {
        Self { key: record, at }
    }

    /// A commit to a branch.
    pub fn commit(branch: &RefName, commit: ObjectId, at: At) -> Self {
        Self {
            key: key_of(branch, commit),
            at,
        }
    }
}

impl Remembered {
    /// Returns what is remembered up to an entry of the log; nothing if it is not exactly that.
    pub fn up_to(reader: &Reader, entry: ObjectId) -> Option<Self> {
        let table = Table::open(reader, &FORM);
        (table.state() == Some(padded(entry))).then(|| Self {
            table,
            damaged: AtomicBool::new(false),
        })
    }

    /// Remembers nothing.
    pub fn nothing(reader: &Reader) -> Self {
        Self {
            table: Table::none(reader, &FORM),
            damaged: AtomicBool::new(false),
        }
    }

    /// Returns up to which entry this goes.
    pub fn entry(&self) -> Option<State> {
        self.table.state()
    }

    /// Returns the push that brought a record.
    pub fn record(&self, record: Sha256) -> Option<At> {
        self.get(record)
    }

    /// Returns the push that brought the commit of a run to a branch.
    pub fn commit(&self, branch: &RefName, commit: ObjectId) -> Option<At> {
        self.get(key_of(branch, commit))
    }

    fn get(&self, key: Sha256) -> Option<At> {
        let Some(found) = self.table.find(key.as_bytes()) else {
            self.damaged.store(true, Ordering::Relaxed);
            return None;
        };
        let (version, time) = found.first()?.split_first_chunk::<4>()?;
        let version = usize::try_from(u32::from_be_bytes(*version)).ok()?;
        let time = Timestamp::from_seconds(i64::from_be_bytes(time.try_into().ok()?))?;
        Some((version, time))
    }

    /// Tells whether something could not be looked up.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Remembers up to an entry of the log what came after that to which this goes. Returns whether
    /// that was written.
    pub fn add(&self, entry: ObjectId, brought: impl Iterator<Item = Brought>) -> bool {
        let row = |it: Brought| -> Option<Row<32, 12>> {
            let (version, time) = it.at;
            let mut value = [0; 12];
            let (first, last) = value.split_first_chunk_mut::<4>()?;
            *first = u32::try_from(version).ok()?.to_be_bytes();
            last.copy_from_slice(&time.seconds().to_be_bytes());
            Some((*it.key.as_bytes(), value))
        };
        let rows: Option<Vec<_>> = brought.map(row).collect();
        rows.is_some_and(|rows| self.table.add(padded(entry), rows))
    }
}

fn key_of(branch: &RefName, commit: ObjectId) -> Sha256 {
    Sha256::of(format!("{branch}\0{commit}").as_bytes())
}
