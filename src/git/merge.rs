//! What a merge itself changes, and what it takes from its sides.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::error::Error;
use super::listing::{Compared, Content, Listing};
use super::reader::Reader;
use crate::record::tree::{
    Entries, EntryRef, Fault, Mode, What, entries_before, faults, order, skip_common,
};
use crate::record::{HashKind, ObjectId, RepoPath};

/// To look for what two sides have in common costs as much work as so many entries of a tree.
const COST_OF_LOOKING: u64 = 50;
/// Places where two parted are merged from such places in turn, so deep.
const DEEPEST_BASES: usize = 16;

impl Reader {
    /// Returns what a merge with this tree itself changes, at most `max` paths, and the faults of what no
    /// parent had.
    ///
    /// What it takes unchanged from one side is that side's change, if each other side left it as it was
    /// where the two parted: judged there, or known. Taking the side that left it is a change: that undoes
    /// the other. The trees of all sides are walked together, and a directory that is taken whole is
    /// not entered. A new file of more than `largest` bytes is a fault.
    pub fn compare_merge(
        &self,
        tree: ObjectId,
        parents: &[ObjectId],
        max: usize,
        largest: u64,
    ) -> Result<Compared, Error> {
        // A parent that stands twice is asked once.
        let parents: BTreeSet<_> = parents.iter().copied().collect();
        let mut merge = Merge {
            reader: self,
            kind: self.hash_kind(),
            largest,
            listing: Listing::new(self, max),
            heads: Vec::new(),
            parents: parents.into_iter().collect(),
            bases: BTreeMap::new(),
            beside: Vec::new(),
        };
        let done = merge.roots(tree);
        let found = merge.listing.finish(self);
        done.map(|()| found)
    }
}

/// A merge on its way through the directories.
struct Merge<'r> {
    reader: &'r Reader,
    kind: HashKind,
    largest: u64,
    listing: Listing,
    parents: Vec<ObjectId>,
    /// By parent: whether no other parent contains it. What one had, that another contains, may have been
    /// taken away since: it excuses no fault.
    heads: Vec<bool>,
    /// By two commits: where they parted.
    bases: BTreeMap<(ObjectId, ObjectId), Vec<ObjectId>>,
    /// The directories down to the current one, in commits where sides parted.
    beside: Vec<Beside>,
}

/// A directory in other commits.
struct Beside {
    name: Vec<u8>,
    by_commit: BTreeMap<ObjectId, Tree>,
}

/// The tree of one of them, read as far as was asked.
struct Tree {
    raw: Arc<[u8]>,
    at: usize,
}

/// The entries of a tree with the next one in sight.
struct Ahead<'a> {
    entries: Entries<'a>,
    next: Option<EntryRef<'a>>,
}

/// Names an entry of the current directory. A file and a directory of one name are two entries.
#[derive(Clone, Copy)]
struct Key<'a> {
    name: &'a [u8],
    mode: Mode,
}

impl<'a> Key<'a> {
    fn of(entry: EntryRef<'a>) -> Self {
        let EntryRef { name, mode, .. } = entry;
        Self { name, mode }
    }

    fn order(self, other: EntryRef<'_>) -> Ordering {
        order(self.mode, self.name, other.mode, other.name)
    }
}

/// One entry of the merge and of each of its sides.
struct Row<'a, 'e> {
    key: Key<'e>,
    new: Option<EntryRef<'e>>,
    sides: &'a [Option<EntryRef<'e>>],
}

/// What was learnt of an entry.
struct Origin {
    /// Whether the merge itself changed it.
    own: bool,
    /// Whether a head has it so.
    in_a_head: bool,
}

impl Row<'_, '_> {
    fn differs(&self, side: usize) -> bool {
        content(self.side(side)) != content(self.new)
    }

    fn side(&self, at: usize) -> Option<EntryRef<'_>> {
        self.sides.get(at).copied().flatten()
    }
}

impl Merge<'_> {
    fn roots(&mut self, tree: ObjectId) -> Result<(), Error> {
        let mut roots = Vec::with_capacity(self.parents.len());
        for parent in &self.parents {
            roots.push(Some(self.reader.tree_of(*parent)?));
        }
        self.heads = self.heads()?;
        self.directory(b"", Some(tree), &roots, 0)
    }

    /// Tells of each parent whether no other one contains it.
    fn heads(&mut self) -> Result<Vec<bool>, Error> {
        let parents = self.parents.clone();
        let mut heads = Vec::with_capacity(parents.len());
        for one in &parents {
            let mut is_head = true;
            for other in parents.iter().filter(|it| *it != one) {
                self.reader.work(COST_OF_LOOKING)?;
                if self.bases(*one, *other)? == [*one] {
                    is_head = false;
                    break;
                }
            }
            heads.push(is_head);
        }
        Ok(heads)
    }

    /// Walks one directory of the merge and of its sides, where they have it.
    fn directory(
        &mut self,
        name: &[u8],
        tree: Option<ObjectId>,
        sides: &[Option<ObjectId>],
        depth: u64,
    ) -> Result<(), Error> {
        self.beside.push(Beside {
            name: name.to_vec(),
            by_commit: BTreeMap::new(),
        });
        let mut raw_sides = Vec::with_capacity(sides.len());
        for side in sides {
            raw_sides.push(self.listing.open(
                self.reader,
                *side,
                depth,
                Reader::raw_tree_before,
            )?);
        }
        let mut heads = sides.iter().zip(&self.heads).filter(|(_, head)| **head);
        // What a parent has was accepted with it, whatever old programs wrote.
        let raw = match heads.any(|(side, _)| *side == tree) {
            true => self
                .listing
                .open(self.reader, tree, depth, Reader::raw_tree_before)?,
            false => self
                .listing
                .open(self.reader, tree, depth, Reader::raw_tree_of_any_modes)?,
        };
        let mut new = Ahead::of(&raw, self.kind);
        let mut sides: Vec<_> = raw_sides
            .iter()
            .map(|raw| Ahead::of(raw, self.kind))
            .collect();
        let mut names = Names::of(sides.len());
        let mut row = Vec::with_capacity(sides.len());
        loop {
            self.skip(&mut new, &mut sides)?;
            let entries = (sides.len() as u64).saturating_add(1);
            self.listing.pass(self.reader, entries)?;
            let Some(key) = first(&mut new, &mut sides) else {
                break;
            };
            let new = new.take(key);
            row.clear();
            row.extend(sides.iter_mut().map(|side| side.take(key)));
            if row.iter().all(|side| *side == new) {
                continue;
            }
            let row = Row {
                key,
                new,
                sides: &row,
            };
            let own = self.entry(&row, depth)?;
            names.see(&row, own);
        }
        for (name, what) in names.collisions(&raw, self.kind, &self.heads) {
            self.listing.fault(&name, what)?;
        }
        self.beside.pop();
        Ok(())
    }

    /// Skips what all have alike, if nobody is ahead of the others.
    fn skip<'a>(&mut self, new: &mut Ahead<'a>, sides: &mut [Ahead<'a>]) -> Result<(), Error> {
        if new.next.is_some() || sides.iter().any(|it| it.next.is_some()) {
            return Ok(());
        }
        let mut all = Vec::with_capacity(sides.len().saturating_add(1));
        all.push(&mut new.entries);
        all.extend(sides.iter_mut().map(|it| &mut it.entries));
        let skipped = skip_common(&mut all);
        let entries = skipped.saturating_mul(all.len() as u64);
        self.listing.pass(self.reader, entries)
    }

    /// Judges an entry that is not the same on all sides; returns whether the merge itself changed it.
    fn entry(&mut self, row: &Row<'_, '_>, depth: u64) -> Result<bool, Error> {
        let Origin { own, in_a_head } = self.origin(row)?;
        if !own && in_a_head {
            // Taken whole: what lies below it is judged, or known, where it comes from.
            return Ok(false);
        }
        let is_directory = row.key.mode == Mode::Tree;
        let mut nothing = false;
        if let Some(new) = row.new {
            let whats = self.faults(row, new, own && !is_directory)?;
            nothing = whats.contains(&What::Null);
            for what in whats {
                self.listing.fault(new.name, what)?;
            }
        }
        if nothing {
            return Ok(own);
        }
        if is_directory {
            let tree = |it: Option<EntryRef<'_>>| it.map(|it| it.id);
            let sides: Vec<_> = row.sides.iter().map(|side| tree(*side)).collect();
            let above = self.listing.enter(row.key.name)?;
            let depth = depth.saturating_add(1);
            self.directory(row.key.name, tree(row.new), &sides, depth)?;
            self.listing.leave(above);
        } else if own {
            let differ = (0..row.sides.len()).filter(|at| row.differs(*at));
            let mut olds: Vec<_> = differ.map(|at| content(row.side(at))).collect();
            olds.sort();
            olds.dedup();
            // What is new against any of them is new.
            olds.sort_by_key(|it| it.map(|(mode, _)| mode == Mode::Executable));
            let new = content(row.new);
            let (old, sides) = match olds.split_first() {
                Some((old, sides)) => (*old, sides),
                None => (None, &[][..]),
            };
            self.listing.change(row.key.name, (old, new))?;
            for side in sides {
                self.listing.change_of_side(row.key.name, (*side, new))?;
            }
        }
        Ok(own)
    }

    /// Returns the faults that an entry has against each head; one that the merge itself brings in, those
    /// that it has against any.
    fn faults(&self, row: &Row<'_, '_>, new: EntryRef<'_>, own: bool) -> Result<Vec<What>, Error> {
        let mut told: Option<Vec<What>> = None;
        for (side, _) in row.sides.iter().zip(&self.heads).filter(|(_, head)| **head) {
            let found = match *side == Some(new) {
                true => Vec::new(),
                false => self.reader.faults_of(*side, new, self.largest)?,
            };
            told = Some(match told {
                None => found,
                Some(mut told) if own => {
                    told.extend(found);
                    told
                }
                Some(mut told) => {
                    told.retain(|what| found.contains(what));
                    told
                }
            });
        }
        let mut told = told.unwrap_or_default();
        told.sort_unstable();
        told.dedup();
        Ok(told)
    }

    fn origin(&mut self, row: &Row<'_, '_>) -> Result<Origin, Error> {
        let (differ, taken): (Vec<_>, Vec<_>) =
            (0..row.sides.len()).partition(|at| row.differs(*at));
        let mut own = false;
        for side in differ {
            own = own || !self.left_alone(row, side, &taken)?;
        }
        // One that is only spelled otherwise is not there so.
        let is_there = |at: &usize| row.side(*at) == row.new && self.heads.get(*at) == Some(&true);
        let in_a_head = taken.iter().any(is_there);
        Ok(Origin { own, in_a_head })
    }

    /// Tells whether a side has the entry as it was where it parted from one of those that the merge
    /// took it from.
    fn left_alone(
        &mut self,
        row: &Row<'_, '_>,
        side: usize,
        taken: &[usize],
    ) -> Result<bool, Error> {
        let parent = |at: usize| self.parents.get(at).copied();
        let pairs: Vec<_> = taken
            .iter()
            .filter_map(|from| Some((parent(side)?, parent(*from)?)))
            .collect();
        let has = content(row.side(side));
        for (side, from) in pairs {
            self.reader.work(COST_OF_LOOKING)?;
            let bases = self.bases(side, from)?;
            let alone = match self.together(&bases, row.key, 0)? {
                Some(base) => self.beside(base, row.key)? == has,
                // Two histories with nothing in common: what a side does not have, it left alone.
                None => bases.is_empty() && has.is_none(),
            };
            if alone {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the commit that has the entry as a merge of these would, nothing where that is not
    /// clear. Two that crossed have parted more than once: then, as in git's own recursive merge,
    /// what counts is what the places where they parted come to together.
    fn together(
        &mut self,
        commits: &[ObjectId],
        key: Key<'_>,
        depth: usize,
    ) -> Result<Option<ObjectId>, Error> {
        let [first, others @ ..] = commits else {
            return Ok(None);
        };
        if others.is_empty() {
            return Ok(Some(*first));
        }
        let has = self.beside(*first, key)?;
        let mut all_alike = true;
        for other in others {
            self.reader.work(COST_OF_LOOKING)?;
            all_alike = all_alike && self.beside(*other, key)? == has;
        }
        if all_alike {
            return Ok(Some(*first));
        }
        let ([other], true) = (others, depth < DEEPEST_BASES) else {
            return Ok(None);
        };
        let bases = self.bases(*first, *other)?;
        let Some(base) = self.together(&bases, key, depth.saturating_add(1))? else {
            return Ok(None);
        };
        let base = self.beside(base, key)?;
        if base == has {
            return Ok(Some(*other));
        }
        let one_side = base == self.beside(*other, key)?;
        Ok(one_side.then_some(*first))
    }

    fn bases(&mut self, one: ObjectId, other: ObjectId) -> Result<Vec<ObjectId>, Error> {
        let pair = (one.min(other), one.max(other));
        if let Some(bases) = self.bases.get(&pair) {
            return Ok(bases.clone());
        }
        let bases = self.reader.merge_bases(one, other)?;
        self.bases.insert(pair, bases.clone());
        Ok(bases)
    }

    /// Returns the entry of the current directory in another commit. Entries of one directory are asked
    /// for in order.
    fn beside(&mut self, commit: ObjectId, key: Key<'_>) -> Result<Option<Content>, Error> {
        self.open_beside(commit)?;
        let Some(here) = self.beside.last_mut() else {
            return Ok(None);
        };
        let Some(tree) = here.by_commit.get_mut(&commit) else {
            return Ok(None);
        };
        let raw = tree.raw.get(tree.at..).unwrap_or_default();
        let mut entries = entries_before(raw, self.kind);
        let (mut passed, mut found) = (1, None);
        loop {
            // The same may be asked for again.
            let left = entries.bytes_left();
            let entry = entries.next().and_then(Result::ok);
            let order = entry.map(|entry| key.order(entry));
            if order == Some(Ordering::Greater) {
                passed = u64::saturating_add(passed, 1);
                continue;
            }
            tree.at = tree.raw.len().saturating_sub(left);
            if order == Some(Ordering::Equal) {
                found = content(entry);
            }
            break;
        }
        self.listing.pass(self.reader, passed)?;
        Ok(found)
    }

    /// Opens the current directory of another commit.
    fn open_beside(&mut self, commit: ObjectId) -> Result<(), Error> {
        let is_open = |it: &Beside| it.by_commit.contains_key(&commit);
        let open = self.beside.iter().rposition(is_open);
        let first = open.map_or(0, |open| open.saturating_add(1));
        for depth in first..self.beside.len() {
            let name = self.beside.get(depth).map(|it| it.name.clone());
            let above = depth.checked_sub(1).and_then(|it| self.beside.get(it));
            let above = above.and_then(|it| it.by_commit.get(&commit));
            let tree = match (above, name) {
                (Some(above), Some(name)) => entries_before(&above.raw, self.kind)
                    .flatten()
                    .find(|it| it.name == name && it.mode == Mode::Tree)
                    .map(|it| it.id),
                _ => Some(self.reader.tree_of(commit)?),
            };
            let raw =
                self.listing
                    .open(self.reader, tree, depth as u64, Reader::raw_tree_before)?;
            self.listing.pass(self.reader, COST_OF_LOOKING)?;
            if let Some(here) = self.beside.get_mut(depth) {
                here.by_commit.insert(commit, Tree { raw, at: 0 });
            }
        }
        Ok(())
    }
}

impl<'a> Ahead<'a> {
    fn of(raw: &'a [u8], kind: HashKind) -> Self {
        Self {
            entries: entries_before(raw, kind),
            next: None,
        }
    }

    /// Returns the next entry. The tree was checked when it was read, so every entry is well-formed.
    fn peek(&mut self) -> Option<EntryRef<'a>> {
        if self.next.is_none() {
            self.next = self.entries.next().and_then(Result::ok);
        }
        self.next
    }

    /// Takes the next entry if it is this one.
    fn take(&mut self, key: Key<'_>) -> Option<EntryRef<'a>> {
        let next = self.next?;
        match key.order(next) {
            Ordering::Equal => self.next.take(),
            _ => None,
        }
    }
}

/// Returns the entry that comes first in any of these.
fn first<'a>(new: &mut Ahead<'a>, sides: &mut [Ahead<'a>]) -> Option<Key<'a>> {
    let mut first = new.peek().map(Key::of);
    for side in sides {
        let Some(entry) = side.peek() else { continue };
        if first.is_none_or(|first| first.order(entry) == Ordering::Greater) {
            first = Some(Key::of(entry));
        }
    }
    first
}

fn content(entry: Option<EntryRef<'_>>) -> Option<Content> {
    entry.map(|it| it.content())
}

/// The names of one directory that may collide.
struct Names<'e> {
    /// By side: names that it does not have.
    added: Vec<Vec<&'e [u8]>>,
    /// Names of what the merge itself changed.
    own: BTreeSet<&'e [u8]>,
}

impl<'e> Names<'e> {
    fn of(sides: usize) -> Self {
        Self {
            added: vec![Vec::new(); sides],
            own: BTreeSet::new(),
        }
    }

    fn see(&mut self, row: &Row<'_, 'e>, own: bool) {
        if row.new.is_none() {
            return;
        }
        let name = row.key.name;
        for (added, side) in self.added.iter_mut().zip(row.sides) {
            if side.is_none() {
                added.push(name);
            }
        }
        if own && row.key.mode != Mode::Tree {
            self.own.insert(name);
        }
    }

    /// Returns the names that collide with others against each head, and those among what the merge itself
    /// changed that do against any.
    fn collisions(&self, raw: &[u8], kind: HashKind, heads: &[bool]) -> Vec<(Vec<u8>, What)> {
        let added = self.added.iter().zip(heads).filter(|(_, head)| **head);
        let added: Vec<_> = added.map(|(added, _)| added).collect();
        if self.own.is_empty() && added.iter().any(|it| it.is_empty()) {
            return Vec::new();
        }
        let found = |added: &&Vec<&[u8]>| faults::collisions(raw, kind, added);
        let by_head: Vec<_> = added.iter().map(found).collect();
        let key = |(name, what): &(Vec<u8>, What)| {
            let (path, what) = (RepoPath::new(name.as_slice()), what.clone());
            Fault { path, what }.key()
        };
        let in_each: Vec<BTreeSet<_>> = by_head
            .iter()
            .map(|found| found.iter().map(key).collect())
            .collect();
        let mut told = BTreeSet::new();
        let mut collisions = Vec::new();
        for it in by_head.into_iter().flatten() {
            let key = key(&it);
            let own = self.own.contains(it.0.as_slice());
            if (own || in_each.iter().all(|keys| keys.contains(&key))) && told.insert(key) {
                collisions.push(it);
            }
        }
        collisions
    }
}
