//! Judges some commits, each by the policy of the push that brought it.

use std::collections::BTreeSet;

use crate::check::Error;
use crate::check::branch::{self, Branch};
use crate::facts::log::Log;
use crate::facts::remembered::At;
use crate::facts::run::Collector;
use crate::record::{ObjectId, RefName, Report};
use crate::rules::clone as known;

use super::blobs::Blobs;

/// Judges the commits reachable from `tips` and not from `hidden`, as on this branch.
pub(super) fn verify(
    collector: &Collector<'_>,
    log: &Log,
    reference: &RefName,
    tips: &[ObjectId],
    hidden: &[ObjectId],
    report: &mut Report,
) -> Result<(), Error> {
    let reader = collector.records.reader();
    let wanted = reader.new_commits(tips, hidden)?;
    Blobs::default().of_commits(reader, reference, &wanted, report);
    let mut left: BTreeSet<ObjectId> = wanted.iter().copied().collect();
    for entry in &log.entries {
        let says = entry.receipt.predicate();
        for movement in says
            .movements
            .iter()
            .filter(|it| &it.reference == reference)
        {
            let Some(new) = movement.new.filter(|id| reader.contains(*id)) else {
                continue;
            };
            let old: Vec<_> = movement
                .old
                .filter(|id| reader.contains(*id))
                .into_iter()
                .collect();
            let brought = reader.new_commits(&[new], &old)?;
            let commits: Vec<_> = brought.into_iter().filter(|id| left.remove(id)).collect();
            judge(
                collector,
                reference,
                commits,
                (entry.policy, says.time),
                false,
                report,
            )?;
        }
    }
    // What the log does not know is judged as if it were pushed now.
    let commits = wanted.into_iter().filter(|id| left.contains(id)).collect();
    let current = collector.history.last_index();
    judge(
        collector,
        reference,
        commits,
        (current, collector.time),
        true,
        report,
    )
}

fn judge(
    collector: &Collector<'_>,
    reference: &RefName,
    commits: Vec<ObjectId>,
    (version, time): At,
    arriving: bool,
    report: &mut Report,
) -> Result<(), Error> {
    if commits.is_empty() {
        return Ok(());
    }
    let Some(rules) = collector
        .history
        .version(version)
        .policy
        .ref_rules(reference)
    else {
        report.undecided.push(known::without_rules(reference));
        return Ok(());
    };
    let branch = Branch {
        rules,
        commits,
        time,
        arriving,
    };
    let reader = collector.records.reader();
    report.absorb(branch::judge(reader, &branch, collector, usize::MAX / 2)?);
    Ok(())
}
