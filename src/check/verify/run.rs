//! Judges one run with its whole chain.

use std::collections::HashSet;

use crate::check::{Behind, Error, branch};
use crate::facts::ceiling::Landing;
use crate::facts::lifting::{Uses, When};
use crate::facts::log::Log;
use crate::facts::remembered::{At, Remembered};
use crate::facts::run::Collector;
use crate::facts::tips;
use crate::git::Reader;
use crate::record::{Findings, ObjectId, RefName, Report, RunId, Subject};
use crate::rules::{self, Step, clone as known};
use crate::store::ledger::Refs;

use super::memory::Memory;

/// What tells which push brought a commit.
pub(super) struct Whence<'a> {
    /// The log, or what has come to it since something was verified.
    pub(super) log: &'a Log,
    /// What came without its records.
    pub(super) behind: &'a Behind,
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
    let policy = &collector.history.current().policy;
    let Some(record) = facts.held().map(|run| run.says()) else {
        let mut found = Findings::new();
        rules::run_binds(&facts, policy, &mut found);
        report.absorb(known::or_fetch(
            Report::of(found),
            whence.behind.is_behind(),
        ));
        return Ok(true);
    };
    let life = rules::life::here(&facts, policy, false);
    // Not of one whose cancellation came too late: that ended nothing.
    if let Some(landing) = rules::life::stays_cancelled(&facts, &life) {
        // It never lands; what else its chain lacks is of no use.
        report.findings.push(landing);
        return Ok(true);
    }
    let Some(at) = whence.arrival(collector, &record.reference, record.commit)? else {
        return Ok(false);
    };
    // One that has failed and has not landed never does: what can never follow is not missing.
    let over = match at {
        Some(_) => None,
        None => rules::life::over(&facts, &life),
    };
    let (logged, at) = at.unzip();
    let (index, time) = at.unwrap_or((usize::MAX, collector.time));
    let position = collector.history.position(index, Some(time));
    let Some(rules) = position.policy.ref_rules(&record.reference) else {
        let subject = Subject::of_ref(&record.reference);
        let commit = record.commit.to_string();
        report
            .undecided
            .push(known::without_rules(subject, &commit, None));
        return Ok(true);
    };
    report.judged_by.insert(record.reference.clone());
    let reader = collector.records.reader();
    let before = over.as_ref().map(|_| Step::Gate3);
    let mut findings: Findings = over.into_iter().collect();
    let uses = Uses::of_others(reader, collector.records.refs());
    let when = When {
        time,
        arriving: at.is_none(),
    };
    let of = (record.commit, time, when);
    findings.extend(branch::judge_run(
        collector, &uses, &rules, &facts, of, before,
    )?);
    let mut judged = Report::of(findings);
    // One that never lands needs nobody's leave.
    if before.is_none() {
        let of = (record.commit, record.tree);
        let landing = Landing { logged, time };
        let found = branch::judge_ceiling(collector, (&rules, &facts), of, landing)?;
        judged.absorb(found);
    }
    let is_new = at.is_none() && whence.behind.is_behind();
    report.absorb(known::or_fetch(judged, is_new));
    Ok(true)
}

impl Whence<'_> {
    /// Returns the entry of the push that brought the commit of a run to its branch, and the push, if the log knows it.
    /// `None` if only the whole log can tell.
    fn arrival(
        &self,
        collector: &Collector<'_>,
        branch: &RefName,
        commit: ObjectId,
    ) -> Result<Option<Option<(ObjectId, At)>>, Error> {
        let reader = collector.records.reader();
        if let Some((pushes, memory)) = self.pushes {
            if let Some(at) = pushes.commit(branch, commit) {
                let entry = collector.landed_with((branch, commit), at.1)?;
                return Ok(entry.map(|entry| Some((entry, at))));
            }
            let judged = memory.refs.get(branch).map_or(&[][..], Vec::as_slice);
            if reader.contains(commit) && reader.new_commits(&[commit], judged)?.is_empty() {
                return Ok(None);
            }
        }
        let containing = containing(reader, commit, branch, collector.records.refs())?;
        let contains = |id: Option<ObjectId>| id.is_some_and(|id| containing.contains(&id));
        for entry in &self.log.entries {
            let says = entry.receipt.predicate();
            let mut movements = says.movements.iter().filter(|it| it.reference == *branch);
            if movements.any(|it| contains(it.new) && !contains(it.old)) {
                return Ok(Some(Some((entry.commit, (entry.policy, says.time)))));
            }
        }
        Ok(Some(None))
    }
}

/// Returns what a branch has that contains a commit: the commit, and what was built on it.
fn containing(
    reader: &Reader,
    commit: ObjectId,
    branch: &RefName,
    refs: &Refs,
) -> Result<HashSet<ObjectId>, Error> {
    if !reader.contains(commit) {
        return Ok(HashSet::new());
    }
    let tips = tips::tips(reader, refs);
    let tips = tips.iter().filter(|(name, _)| name == branch);
    let tips: Vec<_> = tips.map(|(_, tip)| *tip).collect();
    let mut containing = HashSet::from([commit]);
    let mut is_here = false;
    // Parents come first.
    for id in reader.new_commits(&tips, &reader.parents_of(commit)?)? {
        is_here |= id == commit;
        let parents = reader.parents_of(id)?;
        if parents.iter().any(|parent| containing.contains(parent)) {
            containing.insert(id);
        }
    }
    if !is_here {
        containing.clear();
    }
    Ok(containing)
}
