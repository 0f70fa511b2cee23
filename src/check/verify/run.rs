//! Judges one run with its whole chain.

use std::collections::BTreeSet;

use crate::check::{Error, branch};
use crate::facts::log::Log;
use crate::facts::remembered::{At, Remembered};
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::record::{ObjectId, RefName, Report, RunId};
use crate::rules::{self, clone as known};

use super::memory::Memory;
use super::tips;

/// What tells which push brought a commit.
pub(super) struct Whence<'a> {
    /// The log, or what has come to it since something was verified.
    pub(super) log: &'a Log,
    /// What was verified before.
    pub(super) pushes: Option<(&'a Remembered, &'a Memory)>,
}

/// Judges a run: its chain, whatever its commit claims to be. Returns whether what was verified
/// before answers everything.
pub(super) fn verify(
    collector: &Collector<'_>,
    whence: Whence<'_>,
    run: &RunId,
    report: &mut Report,
) -> Result<bool, Error> {
    report.count("runs", 1);
    let facts = collector.run(run)?;
    let Some(record) = facts.held().map(|run| run.says()) else {
        let policy = &collector.history.current().policy;
        rules::run_binds(&facts, policy, &mut report.findings);
        return Ok(true);
    };
    let Some(at) = whence.arrival(collector, &record.reference, record.commit)? else {
        return Ok(false);
    };
    let (index, time) = at.unwrap_or((usize::MAX, collector.time));
    let position = collector.history.position(index, Some(time));
    let Some(rules) = position.policy.ref_rules(&record.reference) else {
        report
            .undecided
            .push(known::without_rules(&record.reference));
        return Ok(true);
    };
    let reader = collector.records.reader();
    let findings = branch::judge_run(reader, &rules, record.commit, &facts, time)?;
    report.findings.extend(findings);
    Ok(whence.pushes.is_none_or(|(pushes, _)| !pushes.is_damaged()))
}

impl Whence<'_> {
    /// Returns the push that brought the commit of a run to its branch, if the log knows it. `None`
    /// if only the whole log can tell.
    fn arrival(
        &self,
        collector: &Collector<'_>,
        branch: &RefName,
        commit: ObjectId,
    ) -> Result<Option<Option<At>>, Error> {
        let reader = collector.records.reader();
        if let Some((pushes, memory)) = self.pushes {
            if let Some(at) = pushes.commit(branch, commit) {
                return Ok(Some(Some(at)));
            }
            let judged = memory.refs.get(branch).map_or(&[][..], Vec::as_slice);
            if reader.contains(commit) && reader.new_commits(&[commit], judged)?.is_empty() {
                return Ok(None);
            }
        }
        let tips: BTreeSet<_> = tips::tips(collector.records.refs());
        for entry in &self.log.entries {
            let says = entry.receipt.predicate();
            for movement in &says.movements {
                if movement.reference == *branch
                    && let Some(new) = movement.new.filter(|new| reader.contains(*new))
                    && holds(reader, commit, Some(new))?
                    && !holds(reader, commit, movement.old)?
                    && tips::contained(reader, &tips, branch, new)?
                {
                    return Ok(Some(Some((entry.policy, says.time))));
                }
            }
        }
        Ok(Some(None))
    }
}

/// Tells whether a commit lies behind another one, or is it.
fn holds(reader: &Reader, commit: ObjectId, tip: Option<ObjectId>) -> Result<bool, Error> {
    match tip.filter(|tip| reader.contains(*tip)) {
        Some(tip) => Ok(reader.is_ancestor(commit, tip)?),
        None => Ok(false),
    }
}
