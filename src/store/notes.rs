//! The notes that some refs show, and which segment has one on an object.
//!
//! The second is kept in an index beside the repository, so that a look-up costs the same after ten
//! years as in the first month. It holds no more than hashes and commits, so every hit is confirmed
//! in the segment. A segment that has moved since it was indexed is read itself, and so are all where
//! the index is damaged.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::git::{self, Reader};
use crate::record::{ObjectId, RefName, Sha256};
use crate::records::Notes;

use super::Error;
use super::index::Key;
use super::layout::{self, Place, Refs};
use super::table::{Form, Row, State, Table, padded};

/// The notes as a set of refs shows them.
pub struct Segments<'a> {
    reader: &'a Reader,
    kinds: BTreeMap<Notes, Months>,
    index: RefCell<Option<Rc<Index>>>,
}

/// The segments of some notes, by month.
#[derive(Default)]
struct Months {
    list: Vec<Segment>,
    /// How often a note was looked for in a segment.
    looks: Cell<usize>,
    /// What is noted on each object, once it pays to read everything; nothing if a tree is malformed.
    all: OnceCell<Option<Blobs>>,
}

struct Segment {
    name: RefName,
    key: Key,
    tip: ObjectId,
}

/// The blobs of the notes on each object, by month.
pub type Blobs = BTreeMap<ObjectId, Vec<ObjectId>>;

/// A segment and its commit.
pub type Tip<'a> = (&'a RefName, ObjectId);

/// So many segments are read without the index: those of the coming months still grow.
const MOST_LOOSE: usize = 6;
/// After so many looks into each segment, all of them are read.
const MOST_LOOKS: usize = 32;

impl<'a> Segments<'a> {
    /// Looks at the notes that these refs show. Nothing is read yet.
    pub fn at(reader: &'a Reader, refs: &Refs) -> Self {
        let mut kinds: BTreeMap<_, Months> = BTreeMap::new();
        for (name, tip) in refs {
            if let Some(Place::Notes(segment)) = Place::of(name) {
                let months = kinds.entry(segment.notes).or_default();
                months.list.push(Segment {
                    name: name.clone(),
                    key: Key::of(name.as_str().as_bytes()),
                    tip: *tip,
                });
            }
        }
        let index = RefCell::default();
        Self {
            reader,
            kinds,
            index,
        }
    }

    /// Looks at the notes that these refs show, without the index: it could leave something out.
    pub fn without_index(reader: &'a Reader, refs: &Refs) -> Self {
        let segments = Self::at(reader, refs);
        segments.keep(Index::none(reader));
        segments
    }

    /// Looks at the notes that the refs of the repository show now.
    pub fn of(reader: &'a Reader) -> Result<Self, Error> {
        let refs = reader.references(layout::NOTES_PREFIX)?;
        Ok(Self::at(reader, &refs.into_iter().collect()))
    }

    /// Returns the blobs of the notes on an object, by month.
    pub fn on(&self, notes: Notes, object: ObjectId) -> Result<Vec<ObjectId>, Error> {
        let Some(months) = self.kinds.get(&notes) else {
            return Ok(Vec::new());
        };
        let worth = months.list.len().saturating_mul(MOST_LOOKS);
        if months.looks.get() > worth
            && let Some(all) = months.all.get_or_init(|| self.read(months).ok())
        {
            return Ok(all.get(&object).cloned().unwrap_or_default());
        }
        let mut found = Vec::new();
        for segment in self.with(months, object) {
            months.looks.set(months.looks.get().saturating_add(1));
            found.extend(git::note(self.reader, self.tree_of(segment.tip)?, object)?);
        }
        Ok(found)
    }

    /// Returns the blobs of all notes.
    pub fn all(&self, notes: Notes) -> Result<Blobs, Error> {
        match self.kinds.get(&notes) {
            Some(months) => self.read(months),
            None => Ok(Blobs::new()),
        }
    }

    /// Continues the index beside the repository if it is behind.
    pub fn prepare(&self) {
        let _ = self.index();
    }

    /// Adds every segment to the index beside the repository, also those that still grow.
    pub fn prepare_all(&self) {
        self.keep(self.continued(Index::open(self.reader), 0));
    }

    /// Returns the first segment of which the index beside the repository does not find every note,
    /// if there is one, and the number of notes up to there.
    pub fn unfound(&self) -> Result<(Option<Tip<'_>>, usize), Error> {
        let mut found = 0_usize;
        for segment in self.segments() {
            if !self.index().knows(segment) {
                continue;
            }
            for (object, _) in git::all_notes(self.reader, self.tree_of(segment.tip)?)? {
                let hits = self.hits(object);
                if hits.is_some_and(|it| !it.contains(&segment.key)) {
                    return Ok((Some((&segment.name, segment.tip)), found));
                }
                found = found.saturating_add(1);
            }
        }
        Ok((None, found))
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.kinds.values().flat_map(|it| &it.list)
    }

    /// Returns the segments that may have a note on an object.
    fn with<'s>(&self, months: &'s Months, object: ObjectId) -> impl Iterator<Item = &'s Segment> {
        let hits = self.hits(object);
        let index = self.index();
        months.list.iter().filter(move |segment| match &hits {
            Some(hits) => !index.knows(segment) || hits.contains(&segment.key),
            None => true,
        })
    }

    /// Returns the segments that have a note on an object by what the index says; nothing if it is
    /// damaged.
    fn hits(&self, object: ObjectId) -> Option<BTreeSet<Key>> {
        let hits = self.index().segments(object);
        if hits.is_none() {
            let anew = self.continued(Index::none(self.reader), MOST_LOOSE);
            self.keep(match anew.segments(object) {
                Some(_) => anew,
                None => Index::none(self.reader),
            });
        }
        hits
    }

    fn index(&self) -> Rc<Index> {
        if let Some(index) = &*self.index.borrow() {
            return Rc::clone(index);
        }
        self.keep(match self.segments().count() > MOST_LOOSE {
            true => self.continued(Index::open(self.reader), MOST_LOOSE),
            false => Index::none(self.reader),
        })
    }

    fn keep(&self, index: Index) -> Rc<Index> {
        let index = Rc::new(index);
        *self.index.borrow_mut() = Some(Rc::clone(&index));
        index
    }

    /// Adds to the index what it does not know, once that is more than `most` segments.
    fn continued(&self, index: Index, most: usize) -> Index {
        let loose = self.segments().filter(|it| !index.knows(it));
        let mut loose: Vec<&Segment> = loose.collect();
        // What is in quarantine may never come to be here, and other views of the notes come and go.
        if loose.len() <= most || self.reader.is_in_quarantine() {
            return index;
        }
        let now = |name| self.reader.reference(name).ok().flatten();
        loose.retain(|it| now(&it.name) == Some(it.tip));
        if loose.len() <= most {
            return index;
        }
        index.table.add_with(|| self.rows_of(&index, &loose));
        Index::open(self.reader)
    }

    /// Returns the rows that an index needs to know these segments as well. Those that are malformed
    /// are left to whoever reads them.
    fn rows_of(&self, index: &Index, segments: &[&Segment]) -> (State, Vec<Row<8, 40>>) {
        let notes = |tip| git::all_notes(self.reader, self.reader.tree_of(tip)?);
        let mut rows = Vec::new();
        let mut state = index.table.state().unwrap_or_default().to_vec();
        for segment in segments {
            let Ok(now) = notes(segment.tip) else {
                continue;
            };
            let before = index.tips.get(&segment.key);
            let before = before.and_then(|tip| notes(*tip).ok()).unwrap_or_default();
            let before: BTreeSet<_> = before.into_iter().map(|(object, _)| object).collect();
            let value = value(segment);
            state.extend(value);
            rows.push((Key::of(TIPS).0, value));
            let added = now.iter().filter(|(object, _)| !before.contains(object));
            rows.extend(added.map(|(object, _)| (Key::of(object.as_bytes()).0, value)));
        }
        (*Sha256::of(&state).as_bytes(), rows)
    }

    fn read(&self, months: &Months) -> Result<Blobs, Error> {
        let mut all = Blobs::new();
        for segment in &months.list {
            for (object, blob) in git::all_notes(self.reader, self.tree_of(segment.tip)?)? {
                all.entry(object).or_default().push(blob);
            }
        }
        Ok(all)
    }

    fn tree_of(&self, tip: ObjectId) -> Result<ObjectId, Error> {
        Ok(self.reader.commit(tip)?.tree)
    }
}

/// Which segments have a note on each object.
struct Index {
    /// By an object: a segment and the commit at which the note was found there. By [`TIPS`]: a
    /// segment and the commit up to which its notes are known, the newest last.
    table: Table<8, 40>,
    tips: BTreeMap<Key, ObjectId>,
}

static NOTES: Form = Form {
    directory: "notes",
    magic: *b"git-awo notes  1",
};

/// No object has such an id.
const TIPS: &[u8] = b"tips";

impl Index {
    fn none(reader: &Reader) -> Self {
        Self {
            table: Table::none(reader, &NOTES),
            tips: BTreeMap::new(),
        }
    }

    /// Opens what there is beside a repository.
    fn open(reader: &Reader) -> Self {
        let table: Table<8, 40> = Table::open(reader, &NOTES);
        let Some(rows) = table.find(&Key::of(TIPS).0) else {
            return Self::none(reader);
        };
        let id = |padded: &[u8]| ObjectId::from_bytes(padded.get(..reader.hash_kind().bytes())?);
        let tip = |row: &[u8; 40]| {
            let (segment, tip) = row.split_first_chunk::<8>()?;
            Some((Key(*segment), id(tip)?))
        };
        let tips = rows.iter().filter_map(tip).collect();
        Self { table, tips }
    }

    fn knows(&self, segment: &Segment) -> bool {
        self.tips.get(&segment.key) == Some(&segment.tip)
    }

    /// Returns the segments in which a note on an object was found; nothing if the index is damaged.
    fn segments(&self, object: ObjectId) -> Option<BTreeSet<Key>> {
        let rows = self.table.find(&Key::of(object.as_bytes()).0)?;
        let segment = |row: &[u8; 40]| row.split_first_chunk::<8>().map(|(key, _)| Key(*key));
        rows.iter().map(segment).collect()
    }
}

fn value(segment: &Segment) -> [u8; 40] {
    let mut value = [0; 40];
    let bytes = segment.key.0.into_iter().chain(padded(segment.tip));
    for (to, from) in value.iter_mut().zip(bytes) {
        *to = from;
    }
    value
}

#[cfg(test)]
mod tests;
