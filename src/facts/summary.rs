//! What the ledger alone says of every run, without evidence, notes and commits.

use std::collections::BTreeMap;

use crate::policy::Verified;
use crate::record::predicate::{FinalizationPredicate, OutcomePredicate, RunPredicate, Verdict};
use crate::record::statement::Predicate;
use crate::record::{ObjectId, RunId};
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

#[derive(Default)]
struct Files {
    run: Option<ObjectId>,
    finalization: Option<ObjectId>,
    outcome: Option<ObjectId>,
}

impl Collector<'_> {
    /// Looks at every run of the ledger, sorted by id: one walk of the trees and at most three
    /// records a run, whatever its evidence holds. Fails if the ledger cannot be read.
    pub fn summaries(&self) -> Result<Vec<RunSummary>, Error> {
        let mut runs: BTreeMap<RunId, Files> = BTreeMap::new();
        for (path, blob) in self.records.list("runs")? {
            match LedgerPath::parse(&path) {
                Some(LedgerPath::Run(id)) => runs.entry(id).or_default().run = Some(blob),
                Some(LedgerPath::Finalization(id)) => {
                    runs.entry(id).or_default().finalization = Some(blob);
                }
                Some(LedgerPath::Outcome(id)) => runs.entry(id).or_default().outcome = Some(blob),
                _ => {}
            }
        }
        let mut summaries = Vec::new();
        for (id, files) in runs {
            let Some(record) = files.run else {
                continue;
            };
            let run = self.held::<RunPredicate>(Some(record))?;
            let outcome = self.held::<OutcomePredicate>(files.outcome)?;
            // An outcome says it all: nobody asks then whether it was finalized.
            let finalized = outcome.is_none()
                && self
                    .held::<FinalizationPredicate>(files.finalization)?
                    .is_some();
            summaries.push(RunSummary {
                id,
                run: run.map(|it| it.predicate().clone()),
                finalized,
                outcome: outcome.map(|it| it.predicate().outcome),
            });
        }
        Ok(summaries)
    }

    /// Returns the record in a blob, if it is one and holds.
    fn held<P: Predicate>(&self, blob: Option<ObjectId>) -> Result<Option<Verified<P>>, Error> {
        let Some(blob) = blob else {
            return Ok(None);
        };
        let bytes = self.records.reader().blob(blob)?;
        let envelope = ledger::parse(blob, &bytes).ok();
        Ok(envelope.and_then(|it| self.verify(&it).ok()))
    }
}
