//! Where files about each thing were added to the ledger: an index beside the repository, which can
//! be deleted at any time.
//!
//! It holds no more than an id's hash and a commit, so every hit is confirmed in the tree of the
//! commit; a checksum for each page tells what a disk or a killed process has damaged, and then the
//! ledger itself is read. It consists of segments, each of which continues the one before it, and
//! grows as a log-structured merge tree: a new segment swallows those that are not much larger.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::git::Reader;
use crate::record::{HashKind, ObjectId, Sha256};
use crate::sys::file::{self, Access, NewFile};
use crate::sys::lock;

/// Enough of the SHA-256 of an id to find it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key([u8; 8]);

impl Key {
    pub(super) fn of(id: &[u8]) -> Self {
        let mut key = [0; 8];
        for (to, from) in key.iter_mut().zip(Sha256::of(id).as_bytes()) {
            *to = *from;
        }
        Self(key)
    }
}

/// A commit that adds files about something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) key: Key,
    pub(super) commit: ObjectId,
}

/// The segments that continue each other, the oldest first.
pub(super) struct Index {
    segments: Vec<Segment>,
}

/// An open file of the index.
struct Segment {
    file: File,
    /// It knows what this commit contains, and the tip of the segment before does not.
    tip: ObjectId,
    places: u64,
    pages: Vec<Page>,
}

/// Some neighbouring places.
struct Page {
    first: Key,
    checksum: Checksum,
}

type Checksum = [u8; 16];

/// The first bytes of a segment, with the version of the format.
const MAGIC: &[u8; 16] = b"git-awo ledger 1";
/// Places in a page.
const PAGE: usize = 128;
/// A segment with more places is none of ours.
const MOST_PLACES: u64 = 1 << 32;
/// Bytes before the table of pages: magic, number of places, the tips before and after, checksum of
/// the table, checksum of all this.
const HEADER: usize = 16 + 8 + 32 + 32 + 16 + 16;
/// Bytes of a page in the table.
const ROW: usize = 8 + 16;

impl Index {
    /// Returns an index that knows nothing.
    pub(super) fn none() -> Self {
        Self {
            segments: Vec::new(),
        }
    }

    /// Opens what there is beside a repository; what is damaged is as if it were not there.
    pub(super) fn open(reader: &Reader) -> Self {
        let directory = directory(reader);
        let mut index = Self::none();
        while let Some(segment) = Segment::open(
            &directory.join(index.segments.len().to_string()),
            reader.hash_kind(),
            index.tip(),
        ) {
            index.segments.push(segment);
        }
        index
    }

    /// Returns the commit up to which the index knows the ledger.
    pub(super) fn tip(&self) -> Option<ObjectId> {
        self.segments.last().map(|it| it.tip)
    }

    /// Forgets the newest segment, in memory.
    pub(super) fn forget_last(&mut self) {
        self.segments.pop();
    }

    /// Returns the commits that add files with this key, oldest segment first; nothing if the index
    /// is damaged.
    pub(super) fn commits(&self, key: Key) -> Option<Vec<ObjectId>> {
        let mut commits = Vec::new();
        for segment in &self.segments {
            segment.find(key, &mut commits)?;
        }
        Some(commits)
    }

    /// Adds the places between the index and `tip` on the disk. Whatever fails is left: the index is
    /// then behind, or not there.
    pub(super) fn add(&self, reader: &Reader, tip: ObjectId, newer: &[Place]) {
        let _ = self.try_add(reader, tip, newer);
    }

    fn try_add(&self, reader: &Reader, tip: ObjectId, newer: &[Place]) -> io::Result<()> {
        let directory = directory(reader);
        fs::create_dir_all(&directory)?;
        let lock = File::create(directory.join("lock"))?;
        if !lock::try_alone(&lock)? {
            return Ok(());
        }
        // Those of processes that were killed; only whoever has the lock writes segments.
        let _ = file::remove_pending(&directory);
        // A segment that is not more than twice as large as what comes is made anew with it: so
        // there are few, and each place is written a few times in all.
        let mut kept = self.segments.as_slice();
        let mut places = newer.to_vec();
        while let Some((last, rest)) = kept.split_last() {
            if last.places / 2 > places.len() as u64 {
                break;
            }
            let Some(mut older) = last.all() else {
                // Damaged: nothing is built on it.
                return fs::remove_dir_all(&directory);
            };
            older.append(&mut places);
            places = older;
            // Stable: the commits of one key stay in their order.
            places.sort_by_key(|it| it.key);
            kept = rest;
        }
        let from = kept.last().map(|it| it.tip);
        let path = directory.join(kept.len().to_string());
        NewFile::at(&path)
            .over()
            .volatile()
            .access(Access::Umask)
            .write(&encode(from, tip, &places))?;
        let mut number = kept.len().saturating_add(1);
        while fs::remove_file(directory.join(number.to_string())).is_ok() {
            number = number.saturating_add(1);
        }
        Ok(())
    }
}

/// Removes the index of a repository; whoever asks for it next makes it anew.
pub fn remove(reader: &Reader) -> io::Result<()> {
    let directory = directory(reader);
    match fs::symlink_metadata(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(it) if it.is_dir() => fs::remove_dir_all(&directory),
        _ => fs::remove_file(&directory),
    }
}

/// Returns where the index of a repository stands.
pub fn directory(reader: &Reader) -> PathBuf {
    reader.common_dir().join("awo-index")
}

impl Segment {
    /// Opens a segment that continues the one up to `from`; nothing if there is none or it is
    /// damaged.
    fn open(path: &Path, kind: HashKind, from: Option<ObjectId>) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let (fields, own) = header.split_at_checked(HEADER - 16)?;
        if checksum(fields) != own {
            return None;
        }
        let (magic, rest) = fields.split_at_checked(16)?;
        let (places, rest) = rest.split_first_chunk::<8>()?;
        let (before, rest) = rest.split_at_checked(32)?;
        let (tip, of_table) = rest.split_at_checked(32)?;
        let places = u64::from_be_bytes(*places);
        if magic != MAGIC || before != padded(from) || places > MOST_PLACES {
            return None;
        }
        let tip = ObjectId::from_bytes(tip.get(..kind.bytes())?)?;
        let pages = usize::try_from(places.div_ceil(PAGE as u64)).ok()?;
        let mut table = vec![0; pages.checked_mul(ROW)?];
        file.read_exact_at(&mut table, HEADER as u64).ok()?;
        if checksum(&table) != of_table {
            return None;
        }
        let page = |row: &[u8]| {
            let (first, checksum) = row.split_first_chunk::<8>()?;
            Some(Page {
                first: Key(*first),
                checksum: checksum.try_into().ok()?,
            })
        };
        Some(Self {
            pages: table.chunks(ROW).map(page).collect::<Option<_>>()?,
            file,
            tip,
            places,
        })
    }

    /// Adds the commits of a key; nothing if a page is damaged.
    fn find(&self, key: Key, commits: &mut Vec<ObjectId>) -> Option<()> {
        // The places of one key may begin in the page before the first that begins with it.
        let begin = self.pages.partition_point(|page| page.first < key);
        for number in begin.saturating_sub(1)..self.pages.len() {
            if self.pages.get(number)?.first > key {
                break;
            }
            let places = self.page(number)?.into_iter();
            commits.extend(places.filter(|it| it.key == key).map(|it| it.commit));
        }
        Some(())
    }

    fn all(&self) -> Option<Vec<Place>> {
        let pages = (0..self.pages.len()).map(|number| self.page(number));
        Some(pages.collect::<Option<Vec<_>>>()?.concat())
    }

    fn page(&self, number: usize) -> Option<Vec<Place>> {
        let width = self.tip.kind().bytes().checked_add(8)?;
        let before = (PAGE as u64).checked_mul(number as u64)?;
        let count = PAGE.min(usize::try_from(self.places.checked_sub(before)?).ok()?);
        let mut bytes = vec![0; count.checked_mul(width)?];
        let table = self.pages.len().checked_mul(ROW)?.checked_add(HEADER)?;
        let at = before
            .checked_mul(width as u64)?
            .checked_add(table as u64)?;
        self.file.read_exact_at(&mut bytes, at).ok()?;
        if checksum(&bytes) != self.pages.get(number)?.checksum {
            return None;
        }
        let place = |bytes: &[u8]| {
            let (key, commit) = bytes.split_first_chunk::<8>()?;
            Some(Place {
                key: Key(*key),
                commit: ObjectId::from_bytes(commit)?,
            })
        };
        bytes.chunks(width).map(place).collect()
    }
}

/// Returns the bytes of a segment; the places are sorted by key.
fn encode(from: Option<ObjectId>, tip: ObjectId, places: &[Place]) -> Vec<u8> {
    let (mut table, mut pages) = (Vec::new(), Vec::new());
    for page in places.chunks(PAGE) {
        let begin = pages.len();
        for place in page {
            pages.extend(place.key.0);
            pages.extend(place.commit.as_bytes());
        }
        table.extend(page.first().map_or([0; 8], |it| it.key.0));
        table.extend(checksum(pages.get(begin..).unwrap_or_default()));
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend((places.len() as u64).to_be_bytes());
    bytes.extend(padded(from));
    bytes.extend(padded(Some(tip)));
    bytes.extend(checksum(&table));
    let own = checksum(&bytes);
    bytes.extend(own);
    bytes.extend(table);
    bytes.extend(pages);
    bytes
}

fn padded(id: Option<ObjectId>) -> [u8; 32] {
    let mut bytes = [0; 32];
    if let Some(id) = id {
        for (to, from) in bytes.iter_mut().zip(id.as_bytes()) {
            *to = *from;
        }
    }
    bytes
}

fn checksum(bytes: &[u8]) -> Checksum {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(Sha256::of(bytes).as_bytes()) {
        *to = *from;
    }
    short
}
