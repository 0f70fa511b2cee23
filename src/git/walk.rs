//! Walks of the commit history.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use foldhash::{HashMap, HashMapExt as _, HashSet, HashSetExt as _};

use super::error::Error;
use super::kind::Kind;
use super::links::Links;
use super::reader::Reader;
use crate::record::ObjectId;

/// Number of hidden commits, older than every new one, that are still visited. With wrong commit
/// dates such a commit can have a new one among its ancestors.
const SLOP: usize = 16;

/// What a walk needs to know about a commit.
struct Node {
    id: ObjectId,
    date: u64,
    parents: Vec<ObjectId>,
    hidden: bool,
    queued: bool,
}

/// Marks commits as hidden or new, newest first.
struct Paint<'r> {
    reader: &'r Reader,
    nodes: Vec<Node>,
    index: HashMap<ObjectId, usize>,
    queue: BinaryHeap<(u64, Reverse<usize>)>,
    /// Number of commits in the queue that are not hidden.
    new_in_queue: usize,
    /// The date of the oldest commit that counted as new when it left the queue.
    oldest_new: u64,
}

impl Reader {
    /// Returns the commits that are reachable from `tips` but not from `hidden`, parents first.
    ///
    /// Equivalent to `git rev-list TIPS --not HIDDEN`. Tags are followed; a hidden object that is
    /// missing or not a commit hides nothing. If commit dates are wrong, more commits may be
    /// returned, never fewer. The order depends on the commits only. To compare many trees, iterate
    /// backwards: git stores the newest tree whole and older ones as deltas.
    pub fn new_commits(
        &self,
        tips: &[ObjectId],
        hidden: &[ObjectId],
    ) -> Result<Vec<ObjectId>, Error> {
        let mut paint = Paint {
            reader: self,
            nodes: Vec::new(),
            index: HashMap::new(),
            queue: BinaryHeap::new(),
            new_in_queue: 0,
            oldest_new: u64::MAX,
        };
        for id in hidden {
            match self.peel(*id) {
                Ok((Kind::Commit, id)) => paint.meet(id, true)?,
                Ok(_) | Err(Error::Missing { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        for id in tips {
            match self.peel(*id)? {
                (Kind::Commit, id) => paint.meet(id, false)?,
                (found, id) => {
                    return Err(Error::WrongKind {
                        id,
                        found,
                        wanted: Kind::Commit,
                    });
                }
            }
        }
        paint.run()?;
        Ok(paint.new_in_order())
    }

    /// Returns whether `ancestor` is reachable from `commit`. A commit is its own ancestor.
    pub fn is_ancestor(&self, ancestor: ObjectId, commit: ObjectId) -> Result<bool, Error> {
        let mut search = Search::new(self, ancestor, commit);
        loop {
            if let Some(found) = search.step()? {
                return Ok(found);
            }
        }
    }

    /// Returns which of two commits contains the other one, or `None` if neither does.
    ///
    /// Both searches alternate, so that a near ancestor is found soon in either direction.
    pub fn newer(&self, one: ObjectId, other: ObjectId) -> Result<Option<ObjectId>, Error> {
        let mut searches = [
            (one, Some(Search::new(self, other, one))),
            (other, Some(Search::new(self, one, other))),
        ];
        while searches.iter().any(|(_, search)| search.is_some()) {
            for (tip, slot) in &mut searches {
                let answer = slot.as_mut().map(Search::step).transpose()?.flatten();
                match answer {
                    Some(true) => return Ok(Some(*tip)),
                    Some(false) => *slot = None,
                    None => {}
                }
            }
        }
        Ok(None)
    }
}

/// A search for an ancestor, one commit at a time.
struct Search<'r> {
    reader: &'r Reader,
    ancestor: ObjectId,
    seen: HashSet<ObjectId>,
    // Newest first finds a near ancestor soon. Dates never end the search, since they can be wrong.
    queue: BinaryHeap<(u64, ObjectId)>,
}

impl<'r> Search<'r> {
    fn new(reader: &'r Reader, ancestor: ObjectId, commit: ObjectId) -> Self {
        let mut seen = HashSet::new();
        seen.insert(commit);
        Self {
            reader,
            ancestor,
            seen,
            queue: BinaryHeap::from([(u64::MAX, commit)]),
        }
    }

    /// Visits one more commit; returns the answer once it is known.
    fn step(&mut self) -> Result<Option<bool>, Error> {
        let Some((_, id)) = self.queue.pop() else {
            return Ok(Some(false));
        };
        if id == self.ancestor {
            return Ok(Some(true));
        }
        for parent in self.reader.links(id)?.parents {
            if self.seen.insert(parent) {
                if parent == self.ancestor {
                    return Ok(Some(true));
                }
                self.queue.push((self.reader.links(parent)?.date, parent));
            }
        }
        Ok(None)
    }
}

impl Paint<'_> {
    /// Records that a commit was reached, and how.
    fn meet(&mut self, id: ObjectId, hidden: bool) -> Result<(), Error> {
        if let Some(at) = self.index.get(&id) {
            if hidden {
                self.hide(*at);
            }
            return Ok(());
        }
        let Links { parents, date, .. } = match self.reader.links(id) {
            Ok(links) => links,
            // Like git, continue where the hidden history ends early; it then hides less.
            Err(Error::Missing { .. }) if hidden => return Ok(()),
            Err(other) => return Err(other),
        };
        let at = self.nodes.len();
        self.nodes.push(Node {
            id,
            date,
            parents,
            hidden,
            queued: true,
        });
        self.index.insert(id, at);
        self.queue.push((date, Reverse(at)));
        self.new_in_queue = self.new_in_queue.saturating_add(usize::from(!hidden));
        Ok(())
    }

    /// Hides a commit, and those below it that have already left the queue.
    fn hide(&mut self, at: usize) {
        let mut stack = vec![at];
        while let Some(at) = stack.pop() {
            let Some(node) = self.nodes.get_mut(at) else {
                continue;
            };
            if node.hidden {
                continue;
            }
            node.hidden = true;
            if node.queued {
                self.new_in_queue = self.new_in_queue.saturating_sub(1);
            } else {
                let parents = node.parents.iter().filter_map(|id| self.index.get(id));
                stack.extend(parents);
            }
        }
    }

    fn run(&mut self) -> Result<(), Error> {
        let mut slop = SLOP;
        while let Some((date, Reverse(at))) = self.queue.pop() {
            if self.new_in_queue == 0 {
                if date < self.oldest_new {
                    slop = slop.saturating_sub(1);
                } else {
                    slop = SLOP;
                }
                if slop == 0 || self.oldest_new == u64::MAX {
                    break;
                }
            }
            let Some(node) = self.nodes.get_mut(at) else {
                continue;
            };
            node.queued = false;
            let hidden = node.hidden;
            let parents = node.parents.clone();
            if !hidden {
                self.new_in_queue = self.new_in_queue.saturating_sub(1);
                self.oldest_new = self.oldest_new.min(date);
            }
            for parent in parents {
                self.meet(parent, hidden)?;
            }
        }
        Ok(())
    }

    /// Returns the new commits, each after its parents; among those that are ready, older first.
    fn new_in_order(&self) -> Vec<ObjectId> {
        let is_new = |at: &usize| self.nodes.get(*at).is_some_and(|node| !node.hidden);
        let mut waits = vec![0usize; self.nodes.len()];
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        let mut ready = BinaryHeap::new();
        for (at, node) in self
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| !node.hidden)
        {
            let parents = node
                .parents
                .iter()
                .filter_map(|id| self.index.get(id).copied());
            let mut count = 0_usize;
            for parent in parents.filter(is_new) {
                if let Some(list) = children.get_mut(parent) {
                    list.push(at);
                    count = count.saturating_add(1);
                }
            }
            if let Some(wait) = waits.get_mut(at) {
                *wait = count;
            }
            if count == 0 {
                ready.push(Reverse((node.date, node.id, at)));
            }
        }
        let mut order = Vec::new();
        while let Some(Reverse((_, id, at))) = ready.pop() {
            order.push(id);
            for child in children.get(at).into_iter().flatten() {
                let Some(wait) = waits.get_mut(*child) else {
                    continue;
                };
                *wait = wait.saturating_sub(1);
                if *wait == 0
                    && let Some(node) = self.nodes.get(*child)
                {
                    ready.push(Reverse((node.date, node.id, *child)));
                }
            }
        }
        order
    }
}
