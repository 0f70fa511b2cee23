//! What a merge itself changes, and what it takes from its sides.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Reader};
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, RepoPath};

/// To look for a path in two sides costs as much work as so many entries of a tree.
const COST_OF_LOOKING: u64 = 50;
/// Places where two parted are merged from such places in turn, so deep.
const DEEPEST: usize = 16;
const WHAT: &str = "paths and parents of a merge, or as much of other work, in one push";

/// A parent of a merge, and what the merge changes against it.
pub(super) struct Side {
    parent: ObjectId,
    changes: BTreeMap<RepoPath, Change>,
}

impl Side {
    pub(super) fn new(parent: ObjectId, changes: Vec<Change>) -> Self {
        let changes = changes.into_iter();
        Self {
            parent,
            changes: changes.map(|it| (it.path.clone(), it)).collect(),
        }
    }
}

/// The sides of a merge, and what is learnt of them while its paths are looked at.
pub(super) struct Merge<'a> {
    reader: &'a Reader,
    /// So many changes one comparison may list.
    max_paths: usize,
    sides: &'a [Side],
    /// By two commits: the paths that they do not have in common.
    differ: BTreeMap<(ObjectId, ObjectId), BTreeSet<RepoPath>>,
    /// By two sides: where they parted.
    bases: BTreeMap<(ObjectId, ObjectId), Vec<ObjectId>>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(reader: &'a Reader, max_paths: usize, sides: &'a [Side]) -> Self {
        Self {
            reader,
            max_paths,
            sides,
            differ: BTreeMap::new(),
            bases: BTreeMap::new(),
        }
    }

    /// Returns the changes that none of the sides made, sorted by path.
    pub(super) fn own(&mut self) -> Result<Vec<Change>, git::Error> {
        let sides = self.sides;
        let mut by_path: BTreeMap<&RepoPath, Vec<usize>> = BTreeMap::new();
        for (at, side) in sides.iter().enumerate() {
            for path in side.changes.keys() {
                by_path.entry(path).or_default().push(at);
            }
        }
        let mut own: Vec<&Change> = Vec::new();
        for (path, differ) in by_path {
            self.reader.work(sides.len() as u64, WHAT)?;
            let taken: Vec<&Side> = sides
                .iter()
                .enumerate()
                .filter(|(at, _)| differ.binary_search(at).is_err())
                .map(|(_, side)| side)
                .collect();
            let differ = || differ.iter().filter_map(|at| sides.get(*at));
            let mut by_a_side = true;
            for side in differ() {
                by_a_side = by_a_side && self.left_alone(side, &taken, path)?;
            }
            if !by_a_side {
                // What is new against any of them is new.
                let changes = differ().filter_map(|side| side.changes.get(path));
                own.extend(
                    changes.min_by_key(|it| it.old.map(|(mode, _)| mode == Mode::Executable)),
                );
            }
        }
        Ok(own.into_iter().cloned().collect())
    }

    /// Returns the parents that no other parent contains.
    pub(super) fn heads(&mut self) -> Result<BTreeSet<ObjectId>, git::Error> {
        let mut heads: BTreeSet<_> = self.sides.iter().map(|side| side.parent).collect();
        for one in self.sides {
            for other in self.sides.iter().filter(|it| it.parent != one.parent) {
                self.reader.work(COST_OF_LOOKING, WHAT)?;
                if self.bases(one.parent, other.parent)? == [one.parent] {
                    heads.remove(&one.parent);
                    break;
                }
            }
        }
        Ok(heads)
    }

    /// Tells whether a side has the path as it was where it parted from one of those that the
    /// merge took it from.
    fn left_alone(
        &mut self,
        side: &Side,
        taken: &[&Side],
        path: &RepoPath,
    ) -> Result<bool, git::Error> {
        // Two histories with nothing in common: what a side does not have, it left alone.
        let added = side.changes.get(path).is_some_and(|it| it.old.is_none());
        for from in taken {
            self.reader.work(COST_OF_LOOKING, WHAT)?;
            let bases = self.bases(side.parent, from.parent)?;
            let alone = match self.merged(&bases, path, 0)? {
                Some(base) => self.alike(base, side.parent, path)?,
                None => bases.is_empty() && added,
            };
            if alone {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the commit that has the path as a merge of these would, nothing where that is not
    /// clear. Two that crossed have parted more than once: then, as in git's own recursive merge,
    /// what counts is what the places where they parted come to together.
    fn merged(
        &mut self,
        commits: &[ObjectId],
        path: &RepoPath,
        depth: usize,
    ) -> Result<Option<ObjectId>, git::Error> {
        let [first, others @ ..] = commits else {
            return Ok(None);
        };
        let mut all_alike = true;
        for other in others {
            self.reader.work(COST_OF_LOOKING, WHAT)?;
            all_alike = all_alike && self.alike(*first, *other, path)?;
        }
        if all_alike {
            return Ok(Some(*first));
        }
        let ([other], true) = (others, depth < DEEPEST) else {
            return Ok(None);
        };
        let bases = self.bases(*first, *other)?;
        let Some(base) = self.merged(&bases, path, depth.saturating_add(1))? else {
            return Ok(None);
        };
        if self.alike(base, *first, path)? {
            return Ok(Some(*other));
        }
        let one_side = self.alike(base, *other, path)?;
        Ok(one_side.then_some(*first))
    }

    fn bases(&mut self, one: ObjectId, other: ObjectId) -> Result<Vec<ObjectId>, git::Error> {
        let pair = (one.min(other), one.max(other));
        if let Some(bases) = self.bases.get(&pair) {
            return Ok(bases.clone());
        }
        let bases = self.reader.merge_bases(one, other)?;
        self.bases.insert(pair, bases.clone());
        Ok(bases)
    }

    /// Tells whether two commits have the same at a path.
    fn alike(
        &mut self,
        one: ObjectId,
        other: ObjectId,
        path: &RepoPath,
    ) -> Result<bool, git::Error> {
        let pair = (one.min(other), one.max(other));
        if one == other {
            return Ok(true);
        }
        if let Some(paths) = self.differ.get(&pair) {
            return Ok(!paths.contains(path));
        }
        let (old, new) = (self.reader.tree_of(one)?, self.reader.tree_of(other)?);
        let changes = self
            .reader
            .changes_before(Some(old), Some(new), self.max_paths)?;
        let paths: BTreeSet<_> = changes.into_iter().map(|it| it.path).collect();
        let alike = !paths.contains(path);
        self.differ.insert(pair, paths);
        Ok(alike)
    }
}
