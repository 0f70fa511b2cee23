//! Sorted tables in files beside the repository, which can be deleted at any time.
//!
//! A checksum for each page tells what a disk or a killed process has damaged. A table consists of
//! segments, each of which continues the one before it, and grows as a log-structured merge tree: a
//! new segment swallows those that are not much larger.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::git::Reader;
use crate::record::{ObjectId, Sha256};
use crate::sys::file::{self, Access, NewFile};
use crate::sys::lock;

use super::beside;

/// A key and a value.
pub type Row<const K: usize, const V: usize> = ([u8; K], [u8; V]);

/// Up to where a table knows what it holds: an object id, padded with zeros, or a digest.
pub type State = [u8; 32];

/// A table that is looked up by keys of `K` bytes and holds values of `V` bytes. One key may have
/// several values.
pub struct Table<const K: usize, const V: usize> {
    form: &'static Form,
    directory: PathBuf,
    /// They continue each other, the oldest first.
    segments: Vec<Segment<K, V>>,
}

/// What kind of table it is.
pub struct Form {
    /// The directory of its segments, below [`beside::directory`].
    pub directory: &'static str,
    /// The first bytes of a segment, with the version of the format.
    pub magic: [u8; 16],
}

/// An open file of a table.
struct Segment<const K: usize, const V: usize> {
    file: File,
    /// It knows everything up to here, together with the segments before.
    state: State,
    rows: u64,
    pages: Vec<Page<K>>,
}

/// Some neighbouring rows.
struct Page<const K: usize> {
    first: [u8; K],
    checksum: Checksum,
}

type Checksum = [u8; 16];

/// Rows in a page.
const PAGE: usize = 128;
/// A segment with more rows is none of ours.
const MOST_ROWS: u64 = 1 << 32;
/// Bytes before the table of pages: magic, number of rows, the states before and after, checksum of
/// the table of pages, checksum of all this.
const HEADER: usize = 16 + 8 + 32 + 32 + 16 + 16;

impl<const K: usize, const V: usize> Table<K, V> {
    /// Bytes of a page in the table of pages.
    const PAGE_ROW: usize = K + 16;
    const WIDTH: usize = K + V;

    /// Returns a table that knows nothing.
    pub fn none(reader: &Reader, form: &'static Form) -> Self {
        Self {
            form,
            directory: beside::directory(reader).join(form.directory),
            segments: Vec::new(),
        }
    }

    /// Opens what there is beside a repository; what is damaged is as if it were not there.
    pub fn open(reader: &Reader, form: &'static Form) -> Self {
        let mut table = Self::none(reader, form);
        while let Some(segment) = table.open_next() {
            table.segments.push(segment);
        }
        table
    }

    /// Returns up to where the table knows.
    pub fn state(&self) -> Option<State> {
        self.segments.last().map(|it| it.state)
    }

    /// Forgets the newest segment, in memory.
    pub fn forget_last(&mut self) {
        self.segments.pop();
    }

    /// Returns the values of a key, oldest segment first; nothing if the table is damaged.
    pub fn find(&self, key: &[u8; K]) -> Option<Vec<[u8; V]>> {
        let mut values = Vec::new();
        for segment in &self.segments {
            segment.find(key, &mut values)?;
        }
        Some(values)
    }

    /// Adds the rows between the table and `state` on the disk. Returns whether that was done; if not,
    /// the table is behind, or not there.
    pub fn add(&self, state: State, newer: Vec<Row<K, V>>) -> bool {
        self.add_with(|| (state, newer))
    }

    /// Adds rows as [`Table::add`] does. They are made only if they can be added, and by one process.
    pub fn add_with(&self, make: impl FnOnce() -> (State, Vec<Row<K, V>>)) -> bool {
        self.try_add(make).unwrap_or(false)
    }

    fn try_add(&self, make: impl FnOnce() -> (State, Vec<Row<K, V>>)) -> io::Result<bool> {
        // A repository that was unpacked from somewhere may have symlinks here, to files of others.
        file::make_directory(file::directory_of(&self.directory))?;
        file::make_directory(&self.directory)?;
        let lock = file::open_plain(&self.directory.join("lock"), true)?;
        if !lock::try_alone(&lock)? {
            return Ok(false);
        }
        // Those of processes that were killed; only whoever has the lock writes segments.
        let _ = file::remove_pending(&self.directory);
        // A segment that is not more than twice as large as what comes is made anew with it: so
        // there are few, and each row is written a few times in all.
        let mut kept = self.segments.as_slice();
        let (state, mut rows) = make();
        while let Some((last, rest)) = kept.split_last() {
            if last.rows / 2 > rows.len() as u64 {
                break;
            }
            let Some(mut older) = last.all() else {
                // Damaged: nothing is built on it.
                fs::remove_dir_all(&self.directory)?;
                return Ok(false);
            };
            older.append(&mut rows);
            rows = older;
            kept = rest;
        }
        // Stable: the values of one key stay in their order.
        rows.sort_by_key(|(key, _)| *key);
        let from = kept.last().map(|it| it.state);
        NewFile::at(&self.directory.join(kept.len().to_string()))
            .over()
            .volatile()
            .access(Access::Umask)
            .write(&self.encode(from, state, &rows))?;
        let mut number = kept.len().saturating_add(1);
        while fs::remove_file(self.directory.join(number.to_string())).is_ok() {
            number = number.saturating_add(1);
        }
        Ok(true)
    }

    /// Opens the segment that continues the last one; nothing if there is none or it is damaged.
    fn open_next(&self) -> Option<Segment<K, V>> {
        let path = self.directory.join(self.segments.len().to_string());
        let file = file::open_plain(&path, false).ok()?;
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let (fields, own) = header.split_at_checked(HEADER - 16)?;
        if checksum(fields) != own {
            return None;
        }
        let (magic, rest) = fields.split_at_checked(16)?;
        let (rows, rest) = rest.split_first_chunk::<8>()?;
        let (before, rest) = rest.split_first_chunk::<32>()?;
        let (state, of_pages) = rest.split_first_chunk::<32>()?;
        let rows = u64::from_be_bytes(*rows);
        let continues = *before == self.state().unwrap_or_default();
        if magic != self.form.magic || !continues || rows > MOST_ROWS {
            return None;
        }
        let pages = usize::try_from(rows.div_ceil(PAGE as u64)).ok()?;
        let mut bytes = vec![0; pages.checked_mul(Self::PAGE_ROW)?];
        file.read_exact_at(&mut bytes, HEADER as u64).ok()?;
        if checksum(&bytes) != of_pages {
            return None;
        }
        let page = |row: &[u8]| {
            let (first, checksum) = row.split_first_chunk::<K>()?;
            Some(Page {
                first: *first,
                checksum: checksum.try_into().ok()?,
            })
        };
        let pages = bytes.chunks(Self::PAGE_ROW).map(page);
        Some(Segment {
            pages: pages.collect::<Option<_>>()?,
            file,
            state: *state,
            rows,
        })
    }

    /// Returns the bytes of a segment; the rows are sorted by key.
    fn encode(&self, from: Option<State>, state: State, rows: &[Row<K, V>]) -> Vec<u8> {
        let (mut table, mut pages) = (Vec::new(), Vec::new());
        for page in rows.chunks(PAGE) {
            let begin = pages.len();
            for (key, value) in page {
                pages.extend(key);
                pages.extend(value);
            }
            table.extend(page.first().map_or([0; K], |(key, _)| *key));
            table.extend(checksum(pages.get(begin..).unwrap_or_default()));
        }
        let mut bytes = self.form.magic.to_vec();
        bytes.extend((rows.len() as u64).to_be_bytes());
        bytes.extend(from.unwrap_or_default());
        bytes.extend(state);
        bytes.extend(checksum(&table));
        let own = checksum(&bytes);
        bytes.extend(own);
        bytes.extend(table);
        bytes.extend(pages);
        bytes
    }
}

impl<const K: usize, const V: usize> Segment<K, V> {
    /// Adds the values of a key; nothing if a page is damaged.
    fn find(&self, key: &[u8; K], values: &mut Vec<[u8; V]>) -> Option<()> {
        // The rows of one key may begin in the page before the first that begins with it.
        let begin = self.pages.partition_point(|page| page.first < *key);
        for number in begin.saturating_sub(1)..self.pages.len() {
            if self.pages.get(number)?.first > *key {
                break;
            }
            let rows = self.page(number)?.into_iter();
            values.extend(rows.filter(|it| it.0 == *key).map(|it| it.1));
        }
        Some(())
    }

    fn all(&self) -> Option<Vec<Row<K, V>>> {
        let pages = (0..self.pages.len()).map(|number| self.page(number));
        Some(pages.collect::<Option<Vec<_>>>()?.concat())
    }

    fn page(&self, number: usize) -> Option<Vec<Row<K, V>>> {
        let (width, page_row) = (Table::<K, V>::WIDTH, Table::<K, V>::PAGE_ROW);
        let before = (PAGE as u64).checked_mul(number as u64)?;
        let count = PAGE.min(usize::try_from(self.rows.checked_sub(before)?).ok()?);
        let mut bytes = vec![0; count.checked_mul(width)?];
        let table = self.pages.len().checked_mul(page_row)?;
        let at = before
            .checked_mul(width as u64)?
            .checked_add(table.checked_add(HEADER)? as u64)?;
        self.file.read_exact_at(&mut bytes, at).ok()?;
        if checksum(&bytes) != self.pages.get(number)?.checksum {
            return None;
        }
        let row = |bytes: &[u8]| {
            let (key, value) = bytes.split_first_chunk::<K>()?;
            Some((*key, value.try_into().ok()?))
        };
        bytes.chunks(width).map(row).collect()
    }
}

/// Returns the state that is named by an object: the bytes of its id, and zeros.
pub fn padded(id: ObjectId) -> State {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(id.as_bytes()) {
        *to = *from;
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    static FORM: Form = Form {
        directory: "x",
        magic: *b"git-awo tests  1",
    };

    #[test]
    fn what_a_symlink_names_is_left_alone_and_a_pipe_keeps_nobody_waiting() {
        let dir = crate::git::testing::bare();
        fs::create_dir(dir.path().join("elsewhere")).unwrap();
        let reader = Reader::open(dir.path()).unwrap();
        let (root, kept) = (dir.path().join("awo-index"), dir.path().join("elsewhere"));
        for name in ["lock", "0", "1"] {
            fs::write(kept.join(name), "precious").unwrap();
        }
        let add = || Table::<8, 8>::open(&reader, &FORM).add([1; 32], vec![([1; 8], [2; 8])]);
        symlink(&kept, &root).unwrap();
        assert!(!add(), "awo-index itself");
        fs::remove_file(&root).unwrap();
        fs::create_dir(&root).unwrap();
        symlink(&kept, root.join("x")).unwrap();
        assert!(!add(), "the directory of the table");
        fs::remove_file(root.join("x")).unwrap();
        fs::create_dir(root.join("x")).unwrap();
        symlink(kept.join("lock"), root.join("x/lock")).unwrap();
        assert!(!add(), "the lock");
        fs::remove_file(root.join("x/lock")).unwrap();
        for name in ["lock", "0", "1"] {
            assert_eq!(fs::read(kept.join(name)).unwrap(), b"precious", "{name}");
        }
        for name in ["lock", "0"] {
            let pipe = root.join("x").join(name);
            let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
            rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
            add();
            fs::remove_file(&pipe).unwrap();
        }
        assert!(add());
        let table = Table::<8, 8>::open(&reader, &FORM);
        assert_eq!(table.find(&[1; 8]), Some(vec![[2; 8]]));
    }
}
