//! Judges baselines: where they arrive, where they are fetched, and all that a clone has.

use std::collections::BTreeMap;

use crate::facts::PolicyHistory;
use crate::facts::baseline::{Baseline, is_task};
use crate::facts::log::{Log, State};
use crate::facts::remembered::{At, Remembered};
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::record::{Coded, Finding, Findings, ObjectId, RefName, Report, Subject};
use crate::records::Movement;
use crate::rules::{baseline as rules, clone, push};
use crate::store::baselines::{Lines, Standing};
use crate::store::layout::{Place, Refs};

use super::Error;

/// What baselines are judged by.
pub struct Baselines<'a> {
    /// Knows the runs that were promoted.
    pub collector: &'a Collector<'a>,
    /// Where they all stand.
    pub lines: Lines,
    /// Whether they arrive now.
    pub arriving: bool,
}

impl<'a> Baselines<'a> {
    /// Reads where they stand.
    pub fn of(collector: &'a Collector<'a>, refs: &Refs, arriving: bool) -> Self {
        Self {
            lines: Lines::read(collector.records.reader(), refs),
            collector,
            arriving,
        }
    }

    fn reader(&self) -> &'a Reader {
        self.collector.records.reader()
    }

    fn history(&self) -> &'a PolicyHistory {
        self.collector.history
    }

    /// Judges what a push does to baselines, by the policy in force.
    pub fn judge_push(&self, movements: &[Movement], report: &mut Report) {
        for movement in movements {
            if Place::of(&movement.reference) != Some(Place::Baseline) {
                continue;
            }
            let name = &movement.reference;
            match (movement.old, movement.new) {
                (Some(old), Some(new)) if old != new => {
                    report.findings.push(rules::moved(name, old, new));
                }
                (Some(_), Some(_)) => {}
                (_, None) => report.findings.extend(push::governance_kept(name)),
                (None, Some(_)) => {
                    if let Some(own) = self.lines.get(name) {
                        self.prove_at(own, None, report);
                    }
                }
            }
        }
    }

    /// Judges one by itself and in its line, by the version of the policy and at the time at which it came; by
    /// the policy in force and now if nothing tells when.
    fn prove_at(&self, own: &Standing, at: Option<At>, report: &mut Report) {
        report.count("baselines", 1);
        if let Err(error) = self.try_prove(own, at, report) {
            report.absorb(error.refusal(Subject::of_ref(&own.reference).at(own.id)));
        }
        rules::lined(own, &self.lines, &mut report.findings);
    }

    /// Judges one in its line alone: what it holds was judged before.
    fn stands(&self, own: &Standing, report: &mut Report) {
        report.count("baselines", 1);
        rules::lined(own, &self.lines, &mut report.findings);
    }

    fn try_prove(&self, own: &Standing, at: Option<At>, report: &mut Report) -> Result<(), Error> {
        let (history, reader) = (self.history(), self.reader());
        let (index, time) = at.unwrap_or((history.last_index(), self.collector.time));
        let position = history.position(index, Some(time));
        let place = (&own.reference, own.place.clone());
        let case = Baseline::read(reader, place, own.id, (&position, time))?;
        rules::baseline(&case, &position, &mut report.findings);
        if let Some(manifest) = case.manifest.as_ref().filter(|_| self.arriving) {
            let (scope, subject) = (manifest.scope(), case.subject());
            let is_task = is_task(self.collector.records, &scope)?;
            report
                .findings
                .extend(rules::scoped(&scope, is_task, subject));
        }
        let Some((manifest, run)) = case
            .manifest
            .as_ref()
            .and_then(|it| Some((it, it.run.as_ref()?)))
        else {
            return Ok(());
        };
        let facts = self.collector.run(run)?;
        let refused = rules::promotes(run, &facts, self.arriving, case.subject());
        if let Some(finding) = refused {
            report.findings.push(finding);
            return Ok(());
        }
        let state = match facts.held() {
            Some(held) => {
                reader.entry(reader.tree_of(held.says().commit)?, &manifest.root.path())?
            }
            None => None,
        };
        let state = state.map(|(_, id)| id);
        rules::promoted(&case, run, &facts, state, &mut report.findings);
        Ok(())
    }

    /// Judges one by the push that brought it.
    pub fn prove(&self, told: &Told<'_>, own: &Standing, report: &mut Report) {
        report.findings.extend(told.elsewhere(own));
        self.prove_at(own, told.brought(&own.reference, own.id), report);
    }

    /// Tells of those that the receive log knows, and that are not here.
    pub fn gone(&self, told: &Told<'_>, findings: &mut Findings) {
        for (name, logged) in &told.state.refs {
            if Place::of(name) == Some(Place::Baseline) && self.lines.get(name).is_none() {
                clone::logged_state(name, None, *logged, findings);
            }
        }
    }

    /// Judges those that came from a remote and were not merged before, each by the push that brought it.
    /// What cannot be read is refused too. `None` if the log is the newest part of one, and does not tell of
    /// each.
    pub fn fetched(&self, told: &Told<'_>, merged: &Refs, is_part: bool) -> Option<Findings> {
        let new = self.lines.all().iter();
        let mut report = Report::default();
        for own in new.filter(|it| merged.get(&it.reference) != Some(&it.id)) {
            if is_part && told.brought(&own.reference, own.id).is_none() {
                return None;
            }
            self.prove(told, own, &mut report);
        }
        let mut findings = report.findings;
        findings.extend(report.undecided);
        Some(findings)
    }

    /// Judges all that a clone has, each by the push that brought it. Of those that are remembered, what they
    /// hold was judged before.
    pub fn verify(&self, told: &Told<'_>, older: Option<&Remembered>, report: &mut Report) {
        for own in self.lines.all() {
            let known = older.and_then(|it| it.commit(&own.reference, own.id));
            match known {
                Some(_) => {
                    report.findings.extend(told.elsewhere(own));
                    self.stands(own, report);
                }
                None => self.prove(told, own, report),
            }
        }
    }
}

/// What the receive log tells of baselines.
pub struct Told<'a> {
    state: &'a State,
    brought: BTreeMap<(&'a RefName, ObjectId), At>,
}

impl<'a> Told<'a> {
    /// Reads the log once.
    pub fn by(log: &'a Log) -> Self {
        let mut brought = BTreeMap::new();
        for entry in &log.entries {
            let says = entry.receipt.predicate();
            for movement in says.movements.iter().chain(&says.unrecorded) {
                if let (Some(Place::Baseline), Some(new)) =
                    (Place::of(&movement.reference), movement.new)
                {
                    let at = (entry.policy, says.time);
                    brought.entry((&movement.reference, new)).or_insert(at);
                }
            }
        }
        let state = &log.state;
        Self { state, brought }
    }

    /// Returns the version of the policy and the time of the push that brought a baseline.
    pub fn brought(&self, name: &RefName, id: ObjectId) -> Option<At> {
        self.brought.get(&(name, id)).copied()
    }

    /// Tells of a baseline that is another commit than the log says.
    fn elsewhere(&self, own: &Standing) -> Option<Finding> {
        let logged = self.state.refs.get(&own.reference);
        let logged = logged.filter(|it| **it != own.id)?;
        Some(rules::logged(&own.reference, own.id, *logged))
    }
}
