//! Finds the reports on the command of a run.

use crate::policy::Verified;
use crate::record::Sha256;
use crate::record::determinism::Recipe;
use crate::records::{DeterminismPredicate, Kind};

use super::Error;
use super::reruns::{Rerun, Reruns, recipe};
use super::run::{Collector, RunFacts};

impl Collector<'_> {
    /// Returns what bears on the repetition of a command, given the records that may use a report on it.
    pub fn reruns(&self, recipe: Option<Recipe>, used_by: &[Sha256]) -> Result<Reruns, Error> {
        let judging = self.judging();
        let mut reports = Vec::new();
        if let Some(recipe) = &recipe {
            for (_, envelope) in self.records.of_recipe(recipe.key(), Kind::Determinism)? {
                let record = self.verify::<DeterminismPredicate>(&envelope).ok();
                // One in the place of another counts for nothing.
                let Some(record) = record.filter(|it| it.predicate().report.recipe() == *recipe)
                else {
                    continue;
                };
                let digest = record.digest();
                let came_before = |it: &&Sha256| judging.came_with(digest, **it);
                reports.push(Rerun {
                    before: used_by.iter().filter(came_before).copied().collect(),
                    record,
                });
            }
        }
        reports.sort_by_key(|it| it.record.digest());
        Ok(Reruns { recipe, reports })
    }

    /// Returns what bears on the repetition of the command of a run, where its contract or the policy asks for
    /// that.
    pub(super) fn reruns_of(&self, facts: &RunFacts) -> Result<Option<Reruns>, Error> {
        let Some(record) = facts.run.valid() else {
            return Ok(None);
        };
        let asks = facts
            .contract_says()
            .is_some_and(|it| it.determinism.is_some());
        let evidence = facts.evidence.valid();
        let unconfined = evidence.is_some_and(|it| it.unconfined.is_some());
        if !asks && !unconfined {
            return Ok(None);
        }
        let command = evidence.and_then(|it| it.command.clone());
        let recipe = recipe(self.records.reader(), record.predicate().base, command)?;
        let logs = facts.independence.iter().map(Verified::digest);
        let used_by: Vec<_> = logs.chain([record.digest()]).collect();
        Ok(Some(self.reruns(recipe, &used_by)?))
    }
}
