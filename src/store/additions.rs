//! What the commits of a ledger add. The ledger is a log: the tree of each commit holds the files
//! that this commit adds and nothing else, side by side, and what stands in the ledger is all that
//! any commit up to its tip has added. So git's connectivity check, which reads the trees of the
//! parents of what is pushed, reads no more in a long ledger than in a short one.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::git::{self, Reader};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath, TaskId, Timestamp};
use crate::records::{Kind, Scope};

use super::Error;
use super::index::{Index, Key, Place};
use super::layout::{self, LedgerPath};

/// A file of the ledger: its path, its mode and its blob.
pub type Addition = (LedgerPath, Mode, ObjectId);

/// What has been added to a ledger up to a commit.
pub struct Additions<'a> {
    reader: &'a Reader,
    tip: Option<ObjectId>,
    places: RefCell<Option<Arc<Places>>>,
    /// What was looked up last: many files are asked for about one run.
    recent: RefCell<BTreeMap<String, Rc<[Addition]>>>,
}

/// Where files about each thing were added. Several views of one ledger can share it.
pub struct Places {
    /// The places up to some commit, from the index beside the repository.
    index: Index,
    /// The places after it, sorted by key.
    newer: Vec<Place>,
}

/// How many things are remembered.
const MOST_RECENT: usize = 64;

impl<'a> Additions<'a> {
    /// Looks at the ledger as this commit shows it. Nothing is read yet.
    pub fn at(reader: &'a Reader, tip: Option<ObjectId>) -> Self {
        Self {
            reader,
            tip,
            places: RefCell::default(),
            recent: RefCell::default(),
        }
    }

    /// Looks at the ledger as this commit shows it, by these places.
    pub fn by(reader: &'a Reader, tip: Option<ObjectId>, places: Arc<Places>) -> Self {
        let ledger = Self::at(reader, tip);
        *ledger.places.borrow_mut() = Some(places);
        ledger
    }

    /// Reads the places in the ledger itself: an index could leave something out.
    pub fn read_anew(&self) -> Result<Arc<Places>, Error> {
        let mut places = Places {
            index: Index::none(self.reader),
            newer: Vec::new(),
        };
        let tips: Vec<_> = self.tip.into_iter().collect();
        for commit in self.reader.new_commits(&tips, &[])? {
            places.newer.extend(places_of(self.reader, commit)?);
        }
        places.newer.sort_by_key(|it| it.key);
        Ok(Arc::new(places))
    }

    /// Returns the tip.
    pub fn tip(&self) -> Option<ObjectId> {
        self.tip
    }

    /// Returns the date of the first commit that added a file at a path, by that commit's own word.
    pub fn date_of(&self, path: &LedgerPath) -> Result<Option<Timestamp>, Error> {
        let mut first = None;
        for commit in self.commits(Key::of_id(path.id().as_bytes()))? {
            let added = added(self.reader, commit)?;
            if added
                .iter()
                .any(|(name, ..)| LedgerPath::parse(name).as_ref() == Some(path))
            {
                let time = Timestamp::from_seconds(self.reader.commit(commit)?.committer.time);
                first = match (first, time) {
                    (Some(known), Some(time)) => Some(std::cmp::min(known, time)),
                    (known, time) => known.or(time),
                };
            }
        }
        Ok(first)
    }

    /// Returns what stands at a path.
    ///
    /// # Errors
    /// [`Error::Twice`] if two commits have added different files under this name.
    pub fn find(&self, path: &LedgerPath) -> Result<Option<(Mode, ObjectId)>, Error> {
        let files = self.about(&path.id())?;
        let mut contents = files.iter().filter(|(it, ..)| it == path);
        let first = contents.next().map(|(_, mode, id)| (*mode, *id));
        match contents.next() {
            None => Ok(first),
            Some(_) => Err(Error::Twice {
                path: path.to_path(),
            }),
        }
    }

    /// Returns the files whose names begin with this id. A name comes again for every other content
    /// that it was given.
    pub fn about(&self, id: &str) -> Result<Rc<[Addition]>, Error> {
        let files = self.alike(id)?;
        if files.iter().all(|(path, ..)| path.id() == id) {
            return Ok(files);
        }
        let own = files.iter().filter(|(path, ..)| path.id() == id);
        Ok(own.cloned().collect())
    }

    /// Returns the id of another task or run that differs from that of this file in case only, if the file is
    /// the first about its own.
    pub fn taken(&self, path: &LedgerPath) -> Result<Option<String>, Error> {
        let id = path.id();
        let files = self.alike(&id)?;
        let same_thing = files
            .iter()
            .filter(|(it, ..)| it.is_about() == path.is_about());
        let mut ids = same_thing.map(|(it, ..)| it.id());
        match ids.next() {
            Some(other) if other != id && ids.all(|it| it != id) => Ok(Some(other)),
            _ => Ok(None),
        }
    }

    /// Returns the files about this id, and about those that differ from it in case only.
    fn alike(&self, id: &str) -> Result<Rc<[Addition]>, Error> {
        let folded = id.to_ascii_lowercase();
        if let Some(known) = self.recent.borrow().get(&folded) {
            return Ok(Rc::clone(known));
        }
        let mut files: Vec<Addition> = Vec::new();
        for commit in self.commits(Key::of_id(id.as_bytes()))? {
            for (name, mode, blob) in added(self.reader, commit)? {
                // The index is not believed, and two ids may have one key.
                let same = |path: &LedgerPath| path.id().eq_ignore_ascii_case(id);
                if let Some(path) = LedgerPath::parse(&name).filter(same) {
                    let file = (path, mode, blob);
                    if !files.contains(&file) {
                        files.push(file);
                    }
                }
            }
        }
        files.sort();
        let files: Rc<[Addition]> = files.into();
        let mut recent = self.recent.borrow_mut();
        if recent.len() >= MOST_RECENT {
            recent.clear();
        }
        recent.insert(folded, Rc::clone(&files));
        Ok(files)
    }

    /// Tells whether a file stood at a path where the ledger was at a commit.
    pub fn had(&self, path: &LedgerPath, tip: ObjectId) -> Result<bool, Error> {
        for commit in self.commits(Key::of_id(path.id().as_bytes()))? {
            let is_it = |(name, ..): &(RepoPath, Mode, ObjectId)| {
                LedgerPath::parse(name).as_ref() == Some(path)
            };
            if added(self.reader, commit)?.iter().any(is_it)
                && self.reader.is_ancestor(commit, tip)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the ids of a task and of its versions that have a contract, in whatever case they are spelled.
    pub fn versions(&self, base: &TaskId) -> Result<BTreeSet<TaskId>, Error> {
        let mut found = BTreeSet::new();
        for commit in self.commits(Key::of_versions(base.as_str().as_bytes()))? {
            for (name, ..) in added(self.reader, commit)? {
                // The index is not believed.
                if let Some((task, its)) = contract_of(&name)
                    && its.as_str().eq_ignore_ascii_case(base.as_str())
                {
                    found.insert(task);
                }
            }
        }
        Ok(found)
    }

    /// Visits the files that every commit has added, and their blobs, without the index.
    pub fn each(&self, mut visit: impl FnMut(LedgerPath, ObjectId)) -> Result<(), Error> {
        let tips: Vec<_> = self.tip.into_iter().collect();
        for commit in self.reader.new_commits(&tips, &[])? {
            for (name, _, blob) in added(self.reader, commit)? {
                if let Some(path) = LedgerPath::parse(&name) {
                    visit(path, blob);
                }
            }
        }
        Ok(())
    }

    /// Continues the index beside the repository if it is behind.
    pub fn prepare(&self) -> Result<(), Error> {
        self.places().map(|_| ())
    }

    /// Returns the first commit of which the index beside the repository does not find every file, if
    /// there is one, and the number of commits up to there.
    pub fn unfound(&self) -> Result<(Option<ObjectId>, usize), Error> {
        let tips: Vec<_> = self.tip.into_iter().collect();
        let commits = self.reader.new_commits(&tips, &[])?;
        for (at, commit) in commits.iter().enumerate() {
            for place in places_of(self.reader, *commit)? {
                if !self.commits(place.key)?.contains(commit) {
                    return Ok((Some(*commit), at));
                }
            }
        }
        Ok((None, commits.len()))
    }

    /// Returns the commits that may have added files about what has this key.
    fn commits(&self, key: Key) -> Result<BTreeSet<ObjectId>, Error> {
        let places = self.places()?;
        let begin = places.newer.partition_point(|it| it.key < key);
        let newer = places.newer.iter().skip(begin);
        let newer = newer.take_while(|it| it.key == key).map(|it| it.commit);
        if let Some(indexed) = places.index.commits(key) {
            return Ok(indexed.into_iter().chain(newer).collect());
        }
        // The index is damaged.
        *self.places.borrow_mut() = Some(Arc::new(self.read_places(Index::none(self.reader))?));
        self.commits(key)
    }

    fn places(&self) -> Result<Arc<Places>, Error> {
        if let Some(places) = &*self.places.borrow() {
            return Ok(Arc::clone(places));
        }
        let places = Arc::new(self.read_places(Index::open(self.reader))?);
        *self.places.borrow_mut() = Some(Arc::clone(&places));
        Ok(places)
    }

    fn read_places(&self, index: Index) -> Result<Places, Error> {
        let reader = self.reader;
        let newer = Vec::new();
        let Some(tip) = self.tip else {
            let index = Index::none(self.reader);
            return Ok(Places { index, newer });
        };
        let mut places = Places { index, newer };
        let commits = loop {
            let Some(known) = places.index.tip() else {
                break reader.new_commits(&[tip], &[])?;
            };
            let commits = reader.new_commits(&[tip], &[known])?;
            // Whatever lies between the tip and one of its ancestors is new, so that the last of it
            // has the ancestor for a parent.
            let mut contained = known == tip;
            for commit in &commits {
                contained = contained || reader.parents_of(*commit)?.contains(&known);
            }
            if contained {
                break commits;
            }
            places.index.forget_last();
        };
        for commit in &commits {
            places.newer.extend(places_of(reader, *commit)?);
        }
        places.newer.sort_by_key(|it| it.key);
        // What is in quarantine may never come to be here, and other views of the ledger come and go.
        if !commits.is_empty()
            && !reader.is_in_quarantine()
            && reader.reference(&layout::ledger())? == Some(tip)
        {
            places.index.add(tip, &places.newer);
        }
        Ok(places)
    }
}

/// Returns the places of the files that a commit adds.
fn places_of(reader: &Reader, commit: ObjectId) -> Result<BTreeSet<Place>, git::Error> {
    let mut places = BTreeSet::new();
    for (name, ..) in added(reader, commit)? {
        if let Some(id) = LedgerPath::id_of(name.as_bytes()) {
            let key = Key::of_id(id);
            places.insert(Place { key, commit });
        }
        if let Some((_, base)) = contract_of(&name) {
            let key = Key::of_versions(base.as_str().as_bytes());
            places.insert(Place { key, commit });
        }
    }
    Ok(places)
}

/// Returns the task whose contract stands at a path, and the task of which it is a version.
fn contract_of(name: &RepoPath) -> Option<(TaskId, TaskId)> {
    match LedgerPath::parse(name)? {
        LedgerPath::Record(Scope::Task(task), Kind::Contract, _) => {
            let base = task.versioned().0;
            Some((task, base))
        }
        _ => None,
    }
}

/// Returns what the commits add that lie behind `tip` and not behind `known`, oldest first.
pub fn since(
    reader: &Reader,
    known: Option<ObjectId>,
    tip: ObjectId,
) -> Result<Vec<(RepoPath, Mode, ObjectId)>, git::Error> {
    let known: Vec<_> = known.into_iter().collect();
    let mut files = Vec::new();
    for commit in reader.new_commits(&[tip], &known)? {
        files.extend(added(reader, commit)?);
    }
    Ok(files)
}

/// Returns the entries of a commit's tree: what it adds.
fn added(reader: &Reader, commit: ObjectId) -> Result<Vec<(RepoPath, Mode, ObjectId)>, git::Error> {
    reader.entries(reader.tree_of(commit)?)
}

#[cfg(test)]
mod tests;
