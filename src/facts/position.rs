//! Says by which version of the policy, and by which time, each record is judged.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::policy::Position;
use crate::record::envelope::Envelope;
use crate::record::{ObjectId, Sha256, Timestamp, json};

use super::Error;
use super::run::Collector;

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

/// Version of the policy and time of the push that brought each record.
pub type Logged = BTreeMap<Sha256, (usize, Timestamp)>;

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
        let covered = |digest| self.logged.contains_key(digest);
        self.arriving.iter().all(covered)
    }
}

impl Collector<'_> {
    /// Returns the position of a record.
    pub fn position(&self, envelope: &Envelope) -> Position<'_> {
        match &self.positions {
            Positions::Named => self.named(envelope, None),
            Positions::Arriving(fresh) if fresh.contains(&envelope.digest()) => {
                self.history.now(self.time)
            }
            Positions::Arriving(_) => self.named(envelope, None),
            Positions::Logged(log) => match log.get(&envelope.digest()) {
                Some((index, time)) => self.history.position(*index, Some(*time)),
                None => self.history.now(self.time),
            },
            Positions::Continued(part) => match part.logged.get(&envelope.digest()) {
                Some((index, time)) => self.history.position(*index, Some(*time)),
                None if part.arriving.contains(&envelope.digest()) => self.history.now(self.time),
                None => self.named(envelope, None),
            },
        }
    }

    /// Returns the position of the policy that a record names (of the one in force, if that is
    /// none of ours).
    pub(super) fn named(&self, envelope: &Envelope, time: Option<Timestamp>) -> Position<'_> {
        match policy_named(envelope).and_then(|id| self.history.index_of(id)) {
            Some(index) => self.history.position(index, time),
            None => self.history.now(self.time),
        }
    }

    /// Returns the policy by which the records of a run are counted: of the push that brought this
    /// record, if the log knows it. A later, stricter policy does not reach back.
    pub fn policy_of(&self, record: Option<Sha256>) -> &crate::policy::Policy {
        let current = &self.history.current().policy;
        match (&self.positions, record) {
            (Positions::Logged(log), Some(digest)) => {
                log.get(&digest).map_or(current, |(index, time)| {
                    self.history.position(*index, Some(*time)).policy
                })
            }
            (Positions::Continued(part), Some(digest)) => match part.logged.get(&digest) {
                Some((index, time)) => self.history.position(*index, Some(*time)).policy,
                None => {
                    part.unanswered.set(true);
                    current
                }
            },
            _ => current,
        }
    }

    /// Returns the time at which a record arrived, if it is known: by that its expiry is judged.
    pub fn arrival(&self, record: Sha256) -> Option<Timestamp> {
        match &self.positions {
            Positions::Arriving(fresh) => fresh.contains(&record).then_some(self.time),
            Positions::Logged(log) => log.get(&record).map(|(_, time)| *time),
            Positions::Continued(part) => part.logged.get(&record).map(|(_, time)| *time),
            // Some time before: who looks at a finished run later finds what was found then.
            Positions::Named => None,
        }
    }

    /// Returns the time by which approvals are judged: when the record that uses them arrived. A
    /// clone that has no log of that goes by the commit's own date, since only the server's clock
    /// could refuse in time.
    pub(super) fn expiry_time(
        &self,
        record: Option<Sha256>,
        commit: ObjectId,
    ) -> Result<Timestamp, Error> {
        match record {
            Some(digest) => {
                if let Some(time) = self.arrival(digest) {
                    return Ok(time);
                }
            }
            None if !self.knows_a_log() => return Ok(self.time),
            None => {}
        }
        let reader = self.records.reader();
        if !reader.contains(commit) {
            return Ok(self.time);
        }
        Ok(Timestamp::from_seconds(reader.commit(commit)?.committer.time).unwrap_or(self.time))
    }

    fn knows_a_log(&self) -> bool {
        matches!(
            self.positions,
            Positions::Logged(_) | Positions::Continued(_)
        )
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
