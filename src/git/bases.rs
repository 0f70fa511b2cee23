//! Merge bases of two commits.

use std::collections::BinaryHeap;

use foldhash::{HashMap, HashMapExt as _};

use super::error::Error;
use super::reader::Reader;
use crate::record::ObjectId;

const ONE: u8 = 1;
const OTHER: u8 = 2;
const COMMON: u8 = ONE | OTHER;
/// Marks an ancestor of a known common ancestor, which is not a merge base.
const STALE: u8 = 4;
/// Cost of one commit, in tree entries.
const COST_OF_COMMIT: u64 = 400;

impl Reader {
    /// Returns the best common ancestors of two commits, sorted: those that are not ancestors of
    /// another common ancestor. None is left out. If commit dates are wrong, ancestors of a merge
    /// base may be returned as well. Equivalent to `git merge-base --all`.
    pub fn merge_bases(&self, one: ObjectId, other: ObjectId) -> Result<Vec<ObjectId>, Error> {
        let mut paint = Paint {
            reader: self,
            seen: HashMap::new(),
            queue: BinaryHeap::new(),
            fresh: 0,
        };
        paint.add(one, ONE)?;
        paint.add(other, OTHER)?;
        let mut bases = paint.run()?;
        bases.retain(|id| paint.seen.get(id).is_some_and(|it| it.flags & STALE == 0));
        bases.sort_unstable();
        bases.dedup();
        Ok(bases)
    }
}

struct Seen {
    flags: u8,
    queued: bool,
    date: u64,
    parents: Vec<ObjectId>,
}

/// Marks the ancestors of two commits, newest first.
struct Paint<'r> {
    reader: &'r Reader,
    seen: HashMap<ObjectId, Seen>,
    queue: BinaryHeap<(u64, ObjectId)>,
    /// Number of commits in the queue that could still lead to a merge base.
    fresh: usize,
}

impl Paint<'_> {
    /// Adds flags to a commit and queues it again if any of them is new.
    fn add(&mut self, id: ObjectId, flags: u8) -> Result<(), Error> {
        let seen = match self.seen.entry(id) {
            std::collections::hash_map::Entry::Occupied(seen) => seen.into_mut(),
            std::collections::hash_map::Entry::Vacant(place) => {
                self.reader.work(COST_OF_COMMIT)?;
                let links = self.reader.links(id)?;
                place.insert(Seen {
                    flags: 0,
                    queued: false,
                    date: links.date,
                    parents: links.parents,
                })
            }
        };
        let before = seen.flags;
        seen.flags |= flags;
        if seen.flags == before {
            return Ok(());
        }
        let was_fresh = seen.queued && before & STALE == 0;
        let is_fresh = seen.flags & STALE == 0;
        if !seen.queued {
            seen.queued = true;
            self.queue.push((seen.date, id));
        }
        self.fresh = self
            .fresh
            .saturating_add(usize::from(is_fresh))
            .saturating_sub(usize::from(was_fresh));
        Ok(())
    }

    /// Walks until no commit is left that could be or contain a merge base; returns the common
    /// ancestors.
    fn run(&mut self) -> Result<Vec<ObjectId>, Error> {
        let mut common = Vec::new();
        let mut oldest = u64::MAX;
        while let Some((date, id)) = self.queue.pop() {
            // Until the walk reaches it from a merge base, an ancestor of that base counts as one too.
            if self.fresh == 0 && date < oldest {
                break;
            }
            let Some(seen) = self.seen.get_mut(&id) else {
                continue;
            };
            seen.queued = false;
            let mut flags = seen.flags;
            let parents = seen.parents.clone();
            if flags & STALE == 0 {
                self.fresh = self.fresh.saturating_sub(1);
                if flags == COMMON {
                    common.push(id);
                    oldest = oldest.min(date);
                    flags |= STALE;
                }
            }
            for parent in parents {
                self.add(parent, flags)?;
            }
        }
        Ok(common)
    }
}
