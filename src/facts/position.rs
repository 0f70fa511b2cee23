//! Says by which version of the policy, and by which time, each record is judged.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::policy::document::Limits;
use crate::policy::{Cells, Policy, Position, features};
use crate::record::contract::Contract;
use crate::record::envelope::Envelope;
use crate::record::{ObjectId, Sha256, Timestamp, json};

use super::Error;
use super::demanded::Demanded;
use super::policies::{PolicyHistory, Version};
use super::remembered::{At, Remembered};

/// Says at which position of the history each record is judged.
pub enum Positions<'a> {
    /// Records of these digests are new and judged by the policy in force; every other one was
    /// accepted before and is judged by the policy that it names.
    Arriving(&'a BTreeSet<Sha256>),
    /// By the receive log: version and time of the push that brought the record. Records that
    /// the log does not know are judged by the policy in force.
    Logged(&'a Logged),
    /// By the newest part of the receive log, where a clone has checked the rest before, and the
    /// records that it brought.
    Continued(&'a Continued<'a>),
    /// Each by the policy that it names: for tools that help a person, not for a door.
    Named,
}

/// The push that brought each record.
#[derive(Default)]
pub struct Logged {
    /// Whether a log tells of any.
    is_kept: bool,
    older: Option<Remembered>,
    newer: BTreeMap<Sha256, At>,
}

impl Logged {
    /// Knows nothing yet but what is remembered of the part of the log before.
    pub fn after(older: Option<Remembered>) -> Self {
        Self {
            is_kept: true,
            older,
            newer: BTreeMap::new(),
        }
    }

    /// Returns the first push that brought a record.
    pub fn get(&self, record: Sha256) -> Option<At> {
        let older = self.older.as_ref().and_then(|older| older.record(record));
        older.or_else(|| self.newer.get(&record).copied())
    }

    /// Adds a record that a push has brought, unless an earlier one has.
    pub fn add(&mut self, record: Sha256, at: At) {
        if self.get(record).is_none() {
            self.newer.insert(record, at);
        }
    }

    /// Returns what is remembered of the part of the log before.
    pub fn older(&self) -> Option<&Remembered> {
        self.older.as_ref()
    }

    /// Tells whether what is remembered could not be looked up: then no answer counts.
    pub fn is_damaged(&self) -> bool {
        self.older.as_ref().is_some_and(Remembered::is_damaged)
    }

    /// Returns the records that came after that.
    pub fn newer(&self) -> &BTreeMap<Sha256, At> {
        &self.newer
    }
}

impl FromIterator<(Sha256, At)> for Logged {
    fn from_iter<I: IntoIterator<Item = (Sha256, At)>>(records: I) -> Self {
        Self {
            is_kept: true,
            older: None,
            newer: records.into_iter().collect(),
        }
    }
}

/// What the newest part of the receive log brought.
pub struct Continued<'a> {
    /// Its records.
    pub logged: &'a Logged,
    /// The records that are new to this clone. Every other one was checked here before, at its own
    /// position, and is judged by the policy that it names, as at a server's door.
    pub arriving: &'a BTreeSet<Sha256>,
    /// Whether something was asked that only the whole log can answer: then what was judged by
    /// this part proves nothing, and must be judged again by the whole.
    pub unanswered: Cell<bool>,
}

impl Continued<'_> {
    /// Tells whether this part of the log answers for every record that arrives.
    pub fn covers_arrivals(&self) -> bool {
        let covered = |digest: &Sha256| self.logged.get(*digest).is_some();
        self.arriving.iter().all(covered)
    }
}

/// How a record came, against others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Came {
    /// Its place in the order of what came; of what came together, or of which that is not known, the
    /// same.
    pub order: (u8, usize, Timestamp),
    pub how: How,
}

impl Default for Came {
    fn default() -> Self {
        let order = (0, 0, Timestamp::EPOCH);
        let how = How::Before;
        Self { order, how }
    }
}

/// How a record came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It was accepted before, it is not known when.
    Before,
    /// With a push of which the receive log tells.
    Logged,
    /// It is judged as if it came now.
    Now,
}

/// How a record stands to a history: what all questions below follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It arrives now.
    Arriving,
    /// The receive log knows the push that brought it: the version by which that was judged, and
    /// its time.
    Logged(usize, Timestamp),
    /// The receive log should know it and does not.
    Unlogged,
    /// It was accepted before, by the policy that it names.
    Known,
}

impl Positions<'_> {
    fn standing(&self, record: Sha256) -> Standing {
        let logged = |log: &Logged| log.get(record).map(|at| Standing::Logged(at.0, at.1));
        match self {
            Positions::Named => Standing::Known,
            Positions::Arriving(fresh) if fresh.contains(&record) => Standing::Arriving,
            Positions::Arriving(_) => Standing::Known,
            Positions::Logged(log) => logged(log).unwrap_or(Standing::Unlogged),
            Positions::Continued(part) => {
                logged(part.logged).unwrap_or(match part.arriving.contains(&record) {
                    true => Standing::Unlogged,
                    false => Standing::Known,
                })
            }
        }
    }
}

/// By which version of the policy, which limits and which time each record is judged: every such
/// question is answered here.
#[derive(Clone, Copy)]
pub struct Judging<'a> {
    pub(super) history: &'a PolicyHistory,
    pub(super) positions: &'a Positions<'a>,
    /// The time by which what arrives is judged.
    pub(super) now: Timestamp,
}

impl<'a> Judging<'a> {
    /// Tells whether records arrive at a door, and are held to what holds now.
    pub fn at_a_door(&self) -> bool {
        matches!(self.positions, Positions::Arriving(_))
    }

    /// Tells whether everything is judged by what the receive log tells, as `git awo verify` does.
    pub fn by_the_log(&self) -> bool {
        matches!(
            self.positions,
            Positions::Logged(_) | Positions::Continued(_)
        )
    }

    /// Tells whether this record arrives at a door.
    pub fn arrives(&self, record: Sha256) -> bool {
        self.positions.standing(record) == Standing::Arriving
    }

    /// Tells whether this record is judged as if it came now: it arrives at a door, or there is a receive log
    /// that does not know it. Where there is no log, nothing tells when a record came.
    pub fn comes_now(&self, record: Sha256) -> bool {
        let has_log = match self.positions {
            Positions::Logged(log) => log.is_kept,
            Positions::Continued(part) => part.logged.is_kept,
            Positions::Arriving(_) | Positions::Named => false,
        };
        match self.positions.standing(record) {
            Standing::Arriving => true,
            Standing::Unlogged => has_log,
            Standing::Logged(..) | Standing::Known => false,
        }
    }

    /// Returns how a record came.
    pub fn came(&self, record: Sha256) -> Came {
        let how = match self.positions.standing(record) {
            _ if self.comes_now(record) => How::Now,
            Standing::Logged(..) => How::Logged,
            Standing::Arriving | Standing::Unlogged | Standing::Known => How::Before,
        };
        let order = self.order(record);
        Came { order, how }
    }

    /// Tells whether nobody has accepted this record yet: it arrives at a door, or the receive log does
    /// not know it.
    pub fn is_new(&self, record: Sha256) -> bool {
        let standing = self.positions.standing(record);
        matches!(standing, Standing::Arriving | Standing::Unlogged)
    }

    /// Returns the policy and the time by which it is judged whether a decision may be made, and how long
    /// an approval may be valid; `names` is the policy that it names, by which it is judged where there is no
    /// log. Nothing is asked of one that was accepted before, if it is not known when.
    pub fn accepted_by(&self, record: Sha256, names: ObjectId) -> Option<(&'a Policy, Timestamp)> {
        let (version, time) = match self.positions.standing(record) {
            Standing::Arriving => (self.history.current(), self.now),
            Standing::Logged(index, time) => (self.history.version(index), time),
            Standing::Unlogged if self.comes_now(record) => (self.history.current(), self.now),
            Standing::Unlogged => {
                let index = self.history.index_of(names);
                (self.history.version(index?), self.now)
            }
            Standing::Known => return None,
        };
        Some((&version.policy, time))
    }

    /// Returns the position by which a record is judged.
    pub fn position(&self, envelope: &Envelope) -> Position<'a> {
        match self.positions.standing(envelope.digest()) {
            Standing::Arriving | Standing::Unlogged => self.history.now(self.now),
            Standing::Logged(index, time) => self.history.position(index, Some(time)),
            Standing::Known => self.named(envelope, None),
        }
    }

    /// Returns the position by which later pushes will judge a record that arrives now.
    pub fn later(&self, envelope: &Envelope) -> Option<Position<'a>> {
        let arrives = self.arrives(envelope.digest());
        arrives.then(|| self.named(envelope, Some(self.now)))
    }

    /// The position of the policy that a record names (of the one in force, if that is none of
    /// ours).
    fn named(&self, envelope: &Envelope, time: Option<Timestamp>) -> Position<'a> {
        match policy_named(envelope).and_then(|id| self.history.index_of(id)) {
            Some(index) => self.history.position(index, time),
            None => self.history.now(self.now),
        }
    }

    /// Returns the limits to which the files of a run are held, by its record, which names a policy:
    /// all of these.
    pub fn limits_of(
        &self,
        record: Sha256,
        names: ObjectId,
    ) -> impl Iterator<Item = &'a Limits> + use<'a> {
        let (came, later) = self.versions_of(record, Some(names));
        let versions = [came].into_iter().chain(later);
        versions.map(|it| &it.policy.document().limits)
    }

    /// Returns what the policy demanded of the cell of a run when its record came, and permitted there. A later
    /// policy does not reach back.
    pub fn cells_of(&self, record: Sha256, names: ObjectId) -> Cells {
        let (came, later) = self.versions_of(record, Some(names));
        let cells = came.policy.cells();
        later.map_or(cells, |it| cells.and(it.policy.cells()))
    }

    /// Returns how many persons had to approve when a record came that counts the approvals of a run of this
    /// contract. A later, stricter policy does not reach back.
    pub fn demanded_of(
        &self,
        record: Sha256,
        names: Option<ObjectId>,
        contract: Option<&Contract>,
    ) -> Demanded {
        let (came, later) = self.versions_of(record, names);
        let demands = |version: &Version| Demanded::by(&version.policy, contract);
        match later {
            Some(later) => demands(came).and(demands(later)),
            None => demands(came),
        }
    }

    /// Tells whether all that the evidence of a run says is compared, and not only what it says of
    /// the record: where the record arrives, where the policy that judged it requires it, and where
    /// a person looks at a run that nobody has reviewed. What was accepted before that stays so.
    pub fn compares_evidence(
        &self,
        record: Option<Sha256>,
        names: ObjectId,
        reviewed: bool,
    ) -> bool {
        let requires = |index: usize| {
            let policy = &self.history.version(index).policy;
            policy.requires(features::EVIDENCE)
        };
        let named = || self.history.index_of(names).is_some_and(requires);
        match record.map(|record| self.positions.standing(record)) {
            None | Some(Standing::Arriving | Standing::Unlogged) => true,
            Some(Standing::Logged(index, _)) => requires(index),
            Some(Standing::Known) => {
                named() || (matches!(self.positions, Positions::Named) && !reviewed)
            }
        }
    }

    /// Returns the versions of the policy that a record must meet, which names one itself: that under
    /// which it came, and if it arrives the one that it names, by which later pushes will judge it.
    fn versions_of(
        &self,
        record: Sha256,
        names: Option<ObjectId>,
    ) -> (&'a Version, Option<&'a Version>) {
        let named = names.and_then(|it| self.history.index_of(it));
        let named = named.map(|it| self.history.version(it));
        match self.positions.standing(record) {
            Standing::Arriving => (self.history.current(), named),
            Standing::Unlogged => (self.history.current(), None),
            Standing::Logged(index, _) => (self.history.version(index), None),
            Standing::Known => (named.unwrap_or(self.history.current()), None),
        }
    }

    /// Returns the policies that a record must meet, which names one itself.
    pub fn policies_of(
        &self,
        record: Sha256,
        names: ObjectId,
    ) -> impl Iterator<Item = &'a Policy> + use<'a> {
        let (came, later) = self.versions_of(record, Some(names));
        let later = later.filter(|it| it.commit != came.commit);
        let versions = [came].into_iter().chain(later);
        versions.map(|it| &it.policy)
    }

    /// Tells whether the first of two records is known to have been there when the second came, and
    /// not with it. What was accepted before is not judged by what came later.
    pub fn is_before(&self, first: Sha256, second: Sha256) -> bool {
        self.precedes(first, second) && !self.precedes(second, first)
    }

    /// Tells whether the first of two records was there when the second came, or came with it. Where
    /// each is judged by the policy that it names, no order is known, and none is taken for granted.
    pub fn precedes(&self, first: Sha256, second: Sha256) -> bool {
        !matches!(self.positions, Positions::Named) && self.order(first) <= self.order(second)
    }

    fn order(&self, record: Sha256) -> (u8, usize, Timestamp) {
        match self.positions.standing(record) {
            Standing::Known => (0, 0, Timestamp::EPOCH),
            Standing::Logged(index, time) => (1, index, time),
            Standing::Arriving | Standing::Unlogged => (2, 0, Timestamp::EPOCH),
        }
    }

    /// Tells whether a record was received in time for another one that uses it: by an earlier push. The log
    /// tells of pushes of one second as of one: of what it knows, the door alone knew which came first. Where
    /// no order is known, what was accepted stays so.
    pub fn came_in_time(&self, record: Sha256, used_by: Sha256) -> bool {
        match self.positions {
            Positions::Named => true,
            _ if self.comes_now(used_by) => self.is_before(record, used_by),
            _ => self.precedes(record, used_by),
        }
    }

    /// Tells whether a record was there when another one came that uses it, or came with it.
    pub fn came_with(&self, record: Sha256, used_by: Sha256) -> bool {
        matches!(self.positions, Positions::Named) || self.precedes(record, used_by)
    }

    /// Tells whether a record stands against another one that came after it, or comes with it now.
    pub fn stands_against(&self, record: Sha256, other: Sha256) -> bool {
        match self.comes_now(other) {
            true => self.precedes(record, other),
            false => self.is_before(record, other),
        }
    }

    /// Returns the time at which a record arrived, if it is known: by that its expiry is judged.
    /// Of others it was some time before: who looks at a finished run finds what was found then.
    pub fn arrival(&self, record: Sha256) -> Option<Timestamp> {
        match self.positions.standing(record) {
            Standing::Arriving => Some(self.now),
            Standing::Logged(_, time) => Some(time),
            Standing::Unlogged | Standing::Known => None,
        }
    }

    /// Demands to know when a record came, by which others that arrive now are judged: the newest
    /// part of a log may not tell.
    pub fn ask(&self, record: Sha256) {
        if let Positions::Continued(part) = self.positions
            && self.arrival(record).is_none()
        {
            part.unanswered.set(true);
        }
    }

    /// Returns the time of a record that comes again with every signature added to it: of its
    /// first, which the newest part of a log may not have.
    pub fn first_arrival(&self, record: Sha256) -> Timestamp {
        if let Positions::Continued(part) = self.positions {
            part.unanswered.set(true);
        }
        self.arrival(record).unwrap_or(self.now)
    }

    /// Returns the time by which approvals are judged: when the record that uses them arrived. A
    /// clone that has no log of that goes by the commit's own date, if it has the commit, since
    /// only the server's clock could refuse in time.
    pub(super) fn expiry(
        &self,
        record: Option<Sha256>,
        dated: impl FnOnce() -> Result<Option<Timestamp>, Error>,
    ) -> Result<Timestamp, Error> {
        let logged = matches!(
            self.positions,
            Positions::Logged(_) | Positions::Continued(_)
        );
        match record.map(|record| self.arrival(record)) {
            Some(Some(time)) => Ok(time),
            None if !logged => Ok(self.now),
            Some(None) | None => Ok(dated()?.unwrap_or(self.now)),
        }
    }

    /// Returns the time by which approvals of the audit are judged; `last` is the finalization. At
    /// a door they must be valid now.
    pub(super) fn audited(
        &self,
        last: Option<Sha256>,
        dated: impl FnOnce() -> Result<Option<Timestamp>, Error>,
    ) -> Result<Timestamp, Error> {
        match self.at_a_door() {
            true => Ok(self.now),
            false => self.expiry(last, dated),
        }
    }
}

/// Returns the policy commit that a statement names, without believing anything else of it.
pub fn policy_named(envelope: &Envelope) -> Option<ObjectId> {
    let payload = json::parse(envelope.payload()).ok()?;
    payload
        .get("predicate")?
        .get("context")?
        .get("policy")?
        .as_str()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_record_stands_follows_from_who_asks() {
        use Standing::{Arriving, Known, Logged, Unlogged};
        let [fresh, logged, both, other] = ["a", "b", "c", "d"].map(|it| Sha256::of(it.as_bytes()));
        let at: Timestamp = "2026-01-12T00:00:00Z".parse().unwrap();
        let arriving: BTreeSet<_> = [fresh, both].into();
        let log: super::Logged = [(logged, (1, at)), (both, (2, at))].into_iter().collect();
        let part = Continued {
            logged: &log,
            arriving: &arriving,
            unanswered: Cell::new(false),
        };
        for (positions, expected) in [
            (
                Positions::Arriving(&arriving),
                [Arriving, Known, Arriving, Known],
            ),
            (
                Positions::Logged(&log),
                [Unlogged, Logged(1, at), Logged(2, at), Unlogged],
            ),
            (
                Positions::Continued(&part),
                [Unlogged, Logged(1, at), Logged(2, at), Known],
            ),
            (Positions::Named, [Known; 4]),
        ] {
            let found = [fresh, logged, both, other].map(|it| positions.standing(it));
            assert_eq!(found, expected);
        }
    }
}
