//! The part of the receive log that counts together: what came to the branches in so many days, up to one entry. `verify`
//! asks for it at one push after the other, so it is moved along and not read anew.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::git::Reader;
use crate::record::{IdentityName, ObjectId, RunId, Timestamp};
use crate::store::layout::Place;

use super::Error;
use super::log;
use super::measures::{Measure, Measures};

/// What was counted so far.
#[derive(Default)]
pub struct Tally {
    pub measures: Measures,
    /// By the number of days, what was read last.
    pub(super) spans: RefCell<BTreeMap<u32, Span>>,
    /// The commits of spans, and whose they are: nothing of those that no run made.
    pub(super) runs: RefCell<BTreeMap<ObjectId, Option<Rc<OfRun>>>>,
}

/// A commit of a run, as the record of the run says.
pub struct OfRun {
    pub run: RunId,
    /// Who signed the record.
    pub person: IdentityName,
    pub base: ObjectId,
    pub commit: ObjectId,
    /// What the run changes, once somebody has asked.
    pub measure: OnceCell<Rc<Measure>>,
}

/// The entries of some days.
pub struct Span {
    days: u32,
    /// Oldest first, with their times; at least the last one.
    entries: VecDeque<(ObjectId, Timestamp)>,
    last: ObjectId,
    /// The last entry before those days.
    before: Option<ObjectId>,
    /// The commits that came to a branch with these entries.
    pub commits: BTreeSet<ObjectId>,
}

impl Span {
    /// Reads the days up to an entry.
    pub fn read(
        reader: &Reader,
        (entry, time): (ObjectId, Timestamp),
        days: u32,
    ) -> Result<Self, Error> {
        let (entries, end) = walk(reader, entry, (days, time), None)?;
        let before = end.before();
        let hidden = before.map(|it| tips_of(reader, it)).unwrap_or_default();
        let commits = reader.new_commits(&tips_of(reader, entry).here, &hidden.here)?;
        Ok(Self {
            days,
            entries,
            last: entry,
            before,
            commits: commits.into_iter().collect(),
        })
    }

    /// Moves on to a later entry. `None` if nothing of these days is of any use for it.
    pub fn moved(
        mut self,
        reader: &Reader,
        (entry, time): (ObjectId, Timestamp),
    ) -> Result<Option<Self>, Error> {
        let (newer, End::Known) = walk(reader, entry, (self.days, time), Some(self.last))? else {
            return Ok(None);
        };
        let known = tips_of(reader, self.last);
        let there = self
            .before
            .map(|it| tips_of(reader, it))
            .unwrap_or_default();
        // What a branch had that is gone from here hides nothing.
        if known.are_gone || there.are_gone {
            return Ok(None);
        }
        let gained = reader.new_commits(&tips_of(reader, entry).here, &known.here)?;
        self.commits.extend(gained);
        self.entries.extend(newer);
        self.last = entry;
        let mut left = None;
        while let Some((oldest, at)) = self.entries.front().copied()
            && is_over(at, (self.days, time))
        {
            left = Some(oldest);
            self.entries.pop_front();
        }
        if let Some(left) = left {
            let gone = reader.new_commits(&tips_of(reader, left).here, &there.here)?;
            for commit in gone {
                self.commits.remove(&commit);
            }
            self.before = Some(left);
        }
        Ok(Some(self))
    }
}

/// Tells whether what came at a time is out of the days before another.
fn is_over(at: Timestamp, (days, now): (u32, Timestamp)) -> bool {
    at.plus_days(days) <= now
}

/// Where a walk along the log ends.
enum End {
    /// At an entry from before the days, or where the log begins.
    Before(Option<ObjectId>),
    /// At the entry that was known.
    Known,
}

impl End {
    fn before(&self) -> Option<ObjectId> {
        match self {
            Self::Before(entry) => *entry,
            Self::Known => None,
        }
    }
}

/// Returns the entries of the days up to one, oldest first, or those after a known one.
fn walk(
    reader: &Reader,
    last: ObjectId,
    days: (u32, Timestamp),
    known: Option<ObjectId>,
) -> Result<(VecDeque<(ObjectId, Timestamp)>, End), Error> {
    let mut entries = VecDeque::new();
    let mut next = Some(last);
    while let Some(entry) = next {
        if known == Some(entry) {
            return Ok((entries, End::Known));
        }
        let commit = reader.commit(entry)?;
        let time = Timestamp::from_seconds(commit.committer.time);
        let Some(time) = time.filter(|it| !is_over(*it, days)) else {
            return Ok((entries, End::Before(Some(entry))));
        };
        entries.push_front((entry, time));
        next = commit.parents.first().copied();
    }
    Ok((entries, End::Before(None)))
}

/// Returns the entries of the days up to one, and the last one before them.
pub fn entries(
    reader: &Reader,
    (last, now): (ObjectId, Timestamp),
    days: u32,
) -> Result<(Vec<ObjectId>, Option<ObjectId>), Error> {
    let (within, end) = walk(reader, last, (days, now), None)?;
    Ok((within.into_iter().map(|(it, _)| it).collect(), end.before()))
}

/// Where branches were.
#[derive(Default)]
struct Tips {
    /// The tips that are here.
    here: Vec<ObjectId>,
    /// Whether some are not.
    are_gone: bool,
}

fn tips_of(reader: &Reader, entry: ObjectId) -> Tips {
    let told = told(reader, entry);
    let here: Vec<_> = told
        .iter()
        .copied()
        .filter(|it| reader.contains(*it))
        .collect();
    Tips {
        are_gone: here.len() != told.len(),
        here,
    }
}

/// Returns where every branch was after an entry of the receive log.
pub fn told(reader: &Reader, entry: ObjectId) -> BTreeSet<ObjectId> {
    let state = log::state_at(reader, entry).unwrap_or_default().refs;
    let branches = state.into_iter();
    let branches = branches.filter(|(name, _)| Place::of(name).is_none());
    branches.map(|(_, id)| id).collect()
}
