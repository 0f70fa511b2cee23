//! By how much commits change what they start from: paths, directories, and lines. Measured once each.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::git::{self, Reader};
use crate::record::ceiling::{Deed, Figures};
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, RepoPath, lines};

/// The largest content that is compared line by line, in bytes. A larger one counts by its size.
const LARGEST: u64 = 16 << 20;

/// Two trees: what a commit starts from, and what it makes.
pub type Trees = (Option<ObjectId>, ObjectId);

/// What one commit changes.
#[derive(Debug)]
pub struct Measure {
    changes: Vec<Change>,
    /// How many lines it adds and deletes, once somebody has asked.
    lines: RefCell<Option<u64>>,
}

impl Measure {
    /// Returns what is done to each path, sorted by path.
    pub fn deeds(&self) -> impl Iterator<Item = (&RepoPath, BTreeSet<Deed>)> {
        self.changes.iter().map(|it| (&it.path, deeds(it)))
    }
}

/// What was measured so far.
#[derive(Default)]
pub struct Measures(RefCell<BTreeMap<Trees, Rc<Measure>>>);

impl Measures {
    /// Returns what changes from one tree to another, renames as what they are: one path gone, and one more.
    pub fn of(&self, reader: &Reader, trees: Trees) -> Result<Rc<Measure>, git::Error> {
        if let Some(known) = self.0.borrow().get(&trees) {
            return Ok(Rc::clone(known));
        }
        let (old, new) = trees;
        let changes = reader.changes_before(old, Some(new), git::MOST_CHANGES)?;
        let measure = Rc::new(Measure {
            changes,
            lines: RefCell::default(),
        });
        self.0.borrow_mut().insert(trees, Rc::clone(&measure));
        Ok(measure)
    }
}

/// Several changes, taken together.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    paths: BTreeSet<RepoPath>,
    directories: BTreeSet<RepoPath>,
    lines: u64,
}

impl Sum {
    /// Adds the paths of a change: each counts once, however often it is changed.
    pub fn add_paths(&mut self, measure: &Measure) {
        for change in &measure.changes {
            self.directories.insert(change.path.directory());
            self.paths.insert(change.path.clone());
        }
    }

    /// Adds the lines of a change: each counts as often as it is added or deleted. Tells whether all of them were counted:
    /// what is above the limit already is not read further.
    pub fn add_lines(
        &mut self,
        reader: &Reader,
        measure: &Measure,
        limit: u64,
    ) -> Result<bool, git::Error> {
        if self.lines > limit {
            return Ok(false);
        }
        let known = *measure.lines.borrow();
        if let Some(known) = known {
            self.lines = self.lines.saturating_add(known);
            return Ok(true);
        }
        let mut lines = 0_u64;
        for change in &measure.changes {
            if self.lines.saturating_add(lines) > limit {
                self.lines = self.lines.saturating_add(lines);
                return Ok(false);
            }
            lines = lines.saturating_add(changed(reader, change)?);
        }
        *measure.lines.borrow_mut() = Some(lines);
        self.lines = self.lines.saturating_add(lines);
        Ok(true)
    }

    /// Returns the figures.
    pub fn figures(&self) -> Figures {
        let size = |set: &BTreeSet<RepoPath>| u64::try_from(set.len()).unwrap_or(u64::MAX);
        Figures {
            files: size(&self.paths),
            directories: size(&self.directories),
            lines: self.lines,
        }
    }
}

/// Returns what a change does to its path.
fn deeds(change: &Change) -> BTreeSet<Deed> {
    match (change.old, change.new) {
        (None, _) => BTreeSet::from([Deed::Create]),
        (_, None) => BTreeSet::from([Deed::Delete]),
        (Some((old_mode, old)), Some((mode, new))) => {
            let changed = (old != new).then_some(Deed::Change);
            let other_mode = (old_mode != mode).then_some(Deed::Mode);
            changed.into_iter().chain(other_mode).collect()
        }
    }
}

/// Returns how many lines a change adds and deletes.
fn changed(reader: &Reader, change: &Change) -> Result<u64, git::Error> {
    let kind = |it: Option<(Mode, ObjectId)>| it.map(|(mode, _)| kind(mode));
    match (change.old, change.new) {
        (Some((_, old)), Some((_, new))) if kind(change.old) == kind(change.new) => {
            if old == new {
                return Ok(0);
            }
            let (a, b) = (content(reader, change.old)?, content(reader, change.new)?);
            Ok(match (&a, &b) {
                (Content::Read(a), Content::Read(b)) => lines::changed(Some(a), Some(b)),
                _ => a.whole().saturating_add(b.whole()),
            })
        }
        // Another kind of entry has no line in common with the one before.
        (old, new) => {
            let (old, new) = (content(reader, old)?, content(reader, new)?);
            Ok(old.whole().saturating_add(new.whole()))
        }
    }
}

/// What can be compared with what: files, whether executable or not, symlinks, submodules.
fn kind(mode: Mode) -> Mode {
    match mode {
        Mode::Executable => Mode::File,
        other => other,
    }
}

/// What stands at a path, as far as it is counted.
enum Content {
    /// Its bytes; of a symlink, where it leads; of nothing, none.
    Read(Vec<u8>),
    /// So many lines, by its size.
    Unread(u64),
}

impl Content {
    fn whole(&self) -> u64 {
        match self {
            Self::Read(bytes) => lines::count(bytes),
            Self::Unread(lines) => *lines,
        }
    }
}

fn content(reader: &Reader, at: Option<(Mode, ObjectId)>) -> Result<Content, git::Error> {
    let Some((mode, id)) = at else {
        return Ok(Content::Read(Vec::new()));
    };
    if mode == Mode::Gitlink {
        // The id of a commit elsewhere: one line.
        return Ok(Content::Unread(1));
    }
    let size = reader.header(id)?.ok_or_else(|| reader.missing(id))?.1;
    Ok(match size <= LARGEST {
        true => Content::Read(reader.blob_limited(id, size)?),
        false => Content::Unread(lines::unread(size)),
    })
}
