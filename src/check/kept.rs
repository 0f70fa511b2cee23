//! Refuses every push while something is gone from a server that a push put there.
//!
//! The next entry of the receive log would tell of it as a movement past the hooks, and from then on
//! the log would not know what is missing: no clone could verify it once that is put back. Tags are
//! judged by where they stand: the entries go on to say where a push put one that is gone.

use crate::facts::log::State;
use crate::git::Reader;
use crate::policy::Policy;
use crate::record::{Findings, ObjectId, RefName};
use crate::records::Movement;
use crate::rules::remote;
use crate::store::layout::Place;
use crate::store::ledger::Refs;

use super::Error;

/// So many refs are named at once.
const MOST_NAMED: usize = 20;

/// What the receive log says, and by which policies it need not be so any more.
pub(super) struct Kept<'a> {
    pub(super) reader: &'a Reader,
    pub(super) logged: &'a State,
    /// That in force, and the one that arrives.
    pub(super) policies: Vec<&'a Policy>,
}

impl Kept<'_> {
    /// Finds each ref that does not contain what the log says, unless this push brings that back.
    pub(super) fn judge(
        &self,
        before: &Refs,
        movements: &[Movement],
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let mut named = 0_usize;
        let logged = self.logged.refs.iter();
        for (name, seen) in logged.filter(|(name, _)| name.tag().is_none()) {
            if named == MOST_NAMED {
                break;
            }
            if self.holds(name, before.get(name).copied(), *seen)? {
                continue;
            }
            // The refs were listed one after the other: the log may have been read after a push that
            // moved this one. What is there now is not older than the log.
            let now = self.reader.reference(name)?;
            if self.holds(name, now, *seen)? || self.is_brought_back(name, movements, *seen)? {
                continue;
            }
            named = named.saturating_add(1);
            findings.push(remote::moved_back(name, now, *seen));
        }
        Ok(())
    }

    /// Tells whether what stood at `seen` may stand at `at`.
    fn holds(&self, name: &RefName, at: Option<ObjectId>, seen: ObjectId) -> Result<bool, Error> {
        if at == Some(seen) || self.policies.iter().any(|it| may_leave(it, name)) {
            return Ok(true);
        }
        Ok(match at {
            Some(at) => self.reader.contains(seen) && self.reader.is_ancestor(seen, at)?,
            None => false,
        })
    }

    /// Tells whether a push brings back a branch whole. Of records it would not be known what
    /// was judged without them.
    fn is_brought_back(
        &self,
        name: &RefName,
        movements: &[Movement],
        seen: ObjectId,
    ) -> Result<bool, Error> {
        let to = movements.iter().find(|it| it.reference == *name);
        match to.and_then(|it| it.new) {
            Some(new) if Place::of(name).is_none() => self.holds(name, Some(new), seen),
            _ => Ok(false),
        }
    }
}

/// Tells whether a policy lets a branch be moved back or deleted, or says nothing of it.
fn may_leave(policy: &Policy, name: &RefName) -> bool {
    let rules = policy.ref_rules(name);
    name.branch().is_some() && rules.is_none_or(|rules| rules.accepts_rewind())
}
