//! What the ledger alone says of every run, without evidence, notes and commits.

use std::collections::BTreeMap;

use crate::policy::Verified;
use crate::record::{ObjectId, RunId};
use crate::records::{
    FinalizationPredicate, Kind, OutcomePredicate, Predicate, RunPredicate, Scope, Verdict,
};
use crate::store::layout::LedgerPath;
use crate::store::ledger;

use super::Error;
use super::run::Collector;

/// A run, as far as its records in the ledger tell, each checked by itself.
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// What its record says; none if that does not hold.
    pub run: Option<RunPredicate>,
    /// Whether there is a finalization that holds.
    pub finalized: bool,
    /// The outcome, if there is one that holds.
    pub outcome: Option<Verdict>,
}

impl Collector<'_> {
    /// Looks at every run of the ledger, sorted by id: one walk of the trees and at most three
    /// records a run, whatever its evidence holds. Fails if the ledger cannot be read.
    pub fn summaries(&self) -> Result<Vec<RunSummary>, Error> {
        let mut runs: BTreeMap<RunId, BTreeMap<Kind, ObjectId>> = BTreeMap::new();
        for (path, blob) in self.records.list("runs")? {
            if let Some(LedgerPath::Record(Scope::Run(id), kind, None)) = LedgerPath::parse(&path) {
                runs.entry(id).or_default().insert(kind, blob);
            }
        }
        let mut summaries = Vec::new();
        for (id, files) in runs {
            if !files.contains_key(&Kind::Run) {
                continue;
            }
            let run = self.held::<RunPredicate>(&files)?;
            let outcome = self.held::<OutcomePredicate>(&files)?;
            // An outcome says it all: nobody asks then whether it was finalized.
            let finalized =
                outcome.is_none() && self.held::<FinalizationPredicate>(&files)?.is_some();
            summaries.push(RunSummary {
                id,
                run: run.map(|it| it.predicate().clone()),
                finalized,
                outcome: outcome.map(|it| it.predicate().outcome),
            });
        }
        Ok(summaries)
    }

    /// Returns the record of a kind, if there is one that holds.
    fn held<P: Predicate>(
        &self,
        files: &BTreeMap<Kind, ObjectId>,
    ) -> Result<Option<Verified<P>>, Error> {
        let Some(blob) = files.get(&P::KIND) else {
            return Ok(None);
        };
        let bytes = self.records.reader().blob(*blob)?;
        let envelope = ledger::parse(blob, &bytes).ok();
        Ok(envelope.and_then(|it| self.verify(&it).ok()))
    }
}
