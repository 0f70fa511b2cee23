//! Judges one run with its whole chain.

use crate::check::{Error, branch};
use crate::facts::log::Log;
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::record::predicate::RunPredicate;
use crate::record::{ObjectId, Report, RunId, Timestamp};
use crate::rules::{self, clone as known};

/// Judges a run: its chain, whatever its commit claims to be.
pub(super) fn verify(
    collector: &Collector<'_>,
    log: &Log,
    run: &RunId,
    report: &mut Report,
) -> Result<(), Error> {
    report.count("runs", 1);
    let facts = collector.run(run)?;
    let Some(record) = facts.run.valid().map(|record| record.predicate().clone()) else {
        let policy = &collector.history.current().policy;
        rules::run_binds(&facts, policy, &mut report.findings);
        return Ok(());
    };
    let reader = collector.records.reader();
    let (index, time) = arrival(reader, log, &record)?.unwrap_or((usize::MAX, collector.time));
    let position = collector.history.position(index, Some(time));
    let Some(rules) = position.policy.ref_rules(&record.reference) else {
        report
            .undecided
            .push(known::without_rules(&record.reference));
        return Ok(());
    };
    let findings = branch::judge_run(reader, &rules, record.commit, &facts, time)?;
    report.findings.extend(findings);
    Ok(())
}

/// Returns the policy and time of the push that brought the commit of a run, if the log knows it.
fn arrival(
    reader: &Reader,
    log: &Log,
    run: &RunPredicate,
) -> Result<Option<(usize, Timestamp)>, Error> {
    let holds = |id: Option<ObjectId>| match id.filter(|id| reader.contains(*id)) {
        Some(id) => reader.is_ancestor(run.commit, id),
        None => Ok(false),
    };
    for entry in &log.entries {
        let says = entry.receipt.predicate();
        for movement in says
            .movements
            .iter()
            .filter(|it| it.reference == run.reference)
        {
            if holds(movement.new)? && !holds(movement.old)? {
                return Ok(Some((entry.policy, says.time)));
            }
        }
    }
    Ok(None)
}
