//! What a merge itself changes, and what it takes from its sides.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Reader};
use crate::record::tree::Change;
use crate::record::{ObjectId, RepoPath};

/// To look for a path in two sides costs as much work as so many entries of a tree.
const COST_OF_LOOKING: u64 = 50;
const WHAT: &str = "paths and parents of a merge";

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
    /// By base and side: the paths that the side changed since.
    since: BTreeMap<(ObjectId, ObjectId), BTreeSet<RepoPath>>,
    /// By two sides: where they parted.
    bases: BTreeMap<(ObjectId, ObjectId), Vec<ObjectId>>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(reader: &'a Reader, max_paths: usize, sides: &'a [Side]) -> Self {
        Self {
            reader,
            max_paths,
            sides,
            since: BTreeMap::new(),
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
        let mut own = Vec::new();
        for (path, differ) in by_path {
            self.reader.work(sides.len() as u64, WHAT)?;
            let taken: Vec<&Side> = sides
                .iter()
                .enumerate()
                .filter(|(at, _)| differ.binary_search(at).is_err())
                .map(|(_, side)| side)
                .collect();
            for side in differ.iter().filter_map(|at| sides.get(*at)) {
                if !self.left_alone(side, &taken, path)? {
                    own.extend(side.changes.get(path).cloned());
                    break;
                }
            }
        }
        Ok(own)
    }

    /// Tells whether a side has the path as it was where it parted from one of those that the
    /// merge took it from. Where they parted more than once, it must hold for each time.
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
            let mut changed = bases.is_empty() && !added;
            for base in &bases {
                changed |= self.changed_since(*base, side.parent, path)?;
            }
            if !changed {
                return Ok(true);
            }
        }
        Ok(false)
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

    fn changed_since(
        &mut self,
        base: ObjectId,
        side: ObjectId,
        path: &RepoPath,
    ) -> Result<bool, git::Error> {
        if base == side {
            return Ok(false);
        }
        if let Some(paths) = self.since.get(&(base, side)) {
            return Ok(paths.contains(path));
        }
        let (old, new) = (self.reader.tree_of(base)?, self.reader.tree_of(side)?);
        let changes = self.reader.changes_before(old, new, self.max_paths)?;
        let paths: BTreeSet<_> = changes.into_iter().map(|it| it.path).collect();
        let changed = paths.contains(path);
        self.since.insert((base, side), paths);
        Ok(changed)
    }
}
