//! What the life of a run follows from besides its records: the order in which these came, where its
//! commit is, and for an id that no run has, what may open gate 1 of the task.

use crate::policy::Verified;
use crate::record::{ObjectId, RefName, RunId, Sha256, TaskId};
use crate::records::{CancellationPredicate, ContractPredicate, Kind, Predicate};

use super::Error;
use super::leases::Opened;
use super::position::Came;
use super::run::{Collector, Lookup, RunFacts};
use super::tips;

/// The task of a run that nobody has recorded.
pub struct Unrecorded {
    pub contract: Lookup<Verified<ContractPredicate>>,
    /// What may open its gate 1.
    pub opened: Opened,
}

impl RunFacts {
    /// Returns how a record of the run came, as far as is known.
    pub fn came(&self, record: Sha256) -> Came {
        self.came.get(&record).copied().unwrap_or_default()
    }
}

impl Collector<'_> {
    /// Adds how each record of a run came.
    pub(super) fn add_order(&self, facts: &mut RunFacts) {
        fn of<P: Predicate>(it: &Lookup<Verified<P>>) -> Option<Sha256> {
            it.valid().map(Verified::digest)
        }
        let ends = facts.cancellations.iter().map(Verified::digest);
        let records = ends.chain(of(&facts.run)).chain(of(&facts.outcome));
        let records: Vec<_> = records.chain(facts.reviews()).collect();
        let judging = self.judging();
        facts.came = records
            .into_iter()
            .map(|it| (it, judging.came(it)))
            .collect();
    }

    /// Tells whether the ledger has nothing of a run but that it was cancelled.
    pub fn is_only_cancelled(&self, facts: &RunFacts) -> Result<bool, Error> {
        if !matches!(facts.run, Lookup::Missing) || facts.cancellations.is_empty() {
            return Ok(false);
        }
        let files = self.records.ledger().about(facts.id.as_str())?;
        let mut own = files
            .iter()
            .filter(|(path, ..)| path.run() == Some(&facts.id));
        Ok(own.all(|(path, ..)| path.kind() == Some(Kind::Cancellation)))
    }

    /// Returns the task for which a run was cancelled that nobody has recorded.
    pub fn unrecorded(&self, facts: &RunFacts) -> Result<Option<Unrecorded>, Error> {
        let Some(cancellation) = facts.cancellations.first() else {
            return Ok(None);
        };
        self.unrecorded_of(&cancellation.predicate().task).map(Some)
    }

    /// Returns a task of which a run is to come.
    pub fn unrecorded_of(&self, task: &TaskId) -> Result<Unrecorded, Error> {
        let contract = self.contract(task)?;
        let opened = match contract.valid() {
            Some(contract) => self.opened(contract)?,
            None => Opened::default(),
        };
        Ok(Unrecorded { contract, opened })
    }

    /// Tells whether the branch of a run has its commit, here or where it was seen last. Where the
    /// branch may lose commits again, or is governed no more, nobody can tell: there it counts as landed, as in
    /// a clone that does not have the branch.
    pub fn has_landed(&self, reference: &RefName, commit: ObjectId) -> Result<bool, Error> {
        let rules = self.history.current().policy.ref_rules(reference);
        if rules.is_none_or(|rules| rules.accepts_rewind()) {
            return Ok(true);
        }
        let on_branch = self.on_branch(reference, commit)?;
        // A clone may not have the branch.
        Ok(on_branch.unwrap_or(!self.judging().at_a_door()))
    }

    /// Tells whether a branch has a commit, here or where it was seen last; nothing if the branch is in neither
    /// place.
    pub fn on_branch(&self, reference: &RefName, commit: ObjectId) -> Result<Option<bool>, Error> {
        let reader = self.records.reader();
        let tips = tips::tips(reader, self.records.refs());
        if !tips.iter().any(|(name, _)| name == reference) {
            return Ok(None);
        }
        let has = reader.contains(commit) && tips::contained(reader, &tips, reference, commit)?;
        Ok(Some(has))
    }

    /// Tells whether a run was cancelled when this record came, if one is given.
    pub(super) fn was_cancelled(&self, run: &RunId, by: Option<Sha256>) -> Result<bool, Error> {
        let judging = self.judging();
        for (_, envelope) in self.records.of_run(run, Kind::Cancellation)? {
            let Ok(it) = self.verify::<CancellationPredicate>(&envelope) else {
                continue;
            };
            if by.is_none_or(|record| judging.stands_against(it.digest(), record)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether a run was cancelled.
    pub fn is_cancelled(&self, run: &RunId) -> Result<bool, Error> {
        let found = self.records.of_run(run, Kind::Cancellation)?;
        // Also by one that does not hold: whoever asks has nothing to lose but an id.
        Ok(!found.is_empty())
    }
}
