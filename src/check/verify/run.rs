//! Judges one run with its whole chain.

use crate::check::{Error, branch};
use crate::facts::log::Log;
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::record::{ObjectId, RefName, Report, RunId, Timestamp};
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
    let Some(record) = facts.held().map(|run| run.says()) else {
        let policy = &collector.history.current().policy;
        rules::run_binds(&facts, policy, &mut report.findings);
        return Ok(());
    };
    let reader = collector.records.reader();
    let (index, time) = arrival(reader, log, &record.reference, record.commit)?
        .unwrap_or((usize::MAX, collector.time));
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
    branch: &RefName,
    commit: ObjectId,
) -> Result<Option<(usize, Timestamp)>, Error> {
    let holds = |id: Option<ObjectId>| match id.filter(|id| reader.contains(*id)) {
        Some(id) => reader.is_ancestor(commit, id),
        None => Ok(false),
    };
    for entry in &log.entries {
        let says = entry.receipt.predicate();
        let movements = says.movements.iter();
        for movement in movements.filter(|it| it.reference == *branch) {
            if holds(movement.new)? && !holds(movement.old)? {
                return Ok(Some((entry.policy, says.time)));
            }
        }
    }
    Ok(None)
}
