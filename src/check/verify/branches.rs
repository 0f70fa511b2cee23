//! Judges every commit of every branch, push by push, each by the policy in force then.
//!
//! A commit is hidden only by what was judged here before, or by the tips at adoption. What the
//! log merely says was there proves nothing: it may have been put there past the hooks.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::check::Error;
use crate::check::branch::strict::Strict;
use crate::check::branch::{self, Branch};
use crate::check::push::rank;
use crate::facts::log::Log;
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::policy::RefRules;
use crate::record::{Coded, ObjectId, RefName, Report, Subject, Timestamp};
use crate::store::layout::Place;
use crate::store::ledger::Refs;

use super::blobs::Blobs;
use super::seen::governed_name;

/// The tips judged so far, by branch.
struct Judged<'a> {
    collector: &'a Collector<'a>,
    tips: BTreeMap<RefName, Vec<ObjectId>>,
    /// Those on which other branches may build, and the version of the policy that says so.
    strict: (Option<usize>, Strict),
    /// Tips in which nothing was found, by version, time and entries of the policy: what was
    /// judged alike for another ref is not judged again.
    clean: BTreeSet<(usize, Timestamp, Vec<usize>, ObjectId)>,
    blobs: Blobs,
}

/// Judges every branch of a clone.
pub(super) fn verify(
    collector: &Collector<'_>,
    log: &Log,
    refs: &Refs,
    report: &mut Report,
) -> Result<(), Error> {
    let tips = tips(refs);
    let mut judged = Judged {
        collector,
        tips: BTreeMap::new(),
        strict: Default::default(),
        clean: BTreeSet::new(),
        blobs: Blobs::default(),
    };
    let reader = collector.records.reader();
    let below_tips = Below::default();
    for entry in &log.entries {
        let says = entry.receipt.predicate();
        // What moved past the hooks first: it was there before this push.
        let policy = &collector.history.version(entry.policy).policy;
        let mut pushed: Vec<_> = says.movements.iter().collect();
        // As at the door: what others of the same push may build on first.
        pushed.sort_by_key(|it| rank(policy, it));
        let movements = says.unrecorded.iter().chain(pushed);
        for movement in movements.filter(|it| it.reference.branch().is_some()) {
            // A clone of one branch has what that builds on, and not the ref it landed on.
            let below = |new| -> Result<bool, Error> {
                Ok(!rank(policy, movement).0 && below_tips.contains(reader, &tips, new)?)
            };
            if let Some(new) = movement.new.filter(|new| reader.contains(*new))
                && (contained(reader, &tips, &movement.reference, new)? || below(new)?)
            {
                let reference = &movement.reference;
                let found = judged
                    .judge(reference, new, entry.policy, says.time, report)
                    .map(|_| ());
                put(found, reference, report);
            }
        }
    }
    // Strict branches first, so that others may build on what was judged there.
    let current = collector.history.last_index();
    let policy = &collector.history.current().policy;
    let is_strict = |name: &RefName| {
        policy
            .ref_rules(name)
            .is_some_and(|it| !it.accepts_direct())
    };
    let (strict, loose): (Vec<_>, Vec<_>) = tips.iter().partition(|(name, _)| is_strict(name));
    for (reference, tip) in strict.into_iter().chain(loose) {
        match judged.judge(reference, *tip, current, collector.time, report) {
            Ok(true) => {
                let found = judged.blobs.of_tip(reader, reference, *tip, report);
                put(found, reference, report);
            }
            Ok(false) => {}
            Err(error) => put(Err(error), reference, report),
        }
    }
    Ok(())
}

/// What cannot be read on one branch is told of it, and the others are judged all the same.
fn put(result: Result<(), Error>, reference: &RefName, report: &mut Report) {
    if let Err(error) = result {
        report.absorb(error.refusal(Subject::of_ref(reference)));
    }
}

impl Judged<'_> {
    /// Judges what is new on a branch up to a tip, by one version of the policy; returns whether
    /// that governs it.
    fn judge(
        &mut self,
        reference: &RefName,
        tip: ObjectId,
        version: usize,
        time: Timestamp,
        report: &mut Report,
    ) -> Result<bool, Error> {
        let history = self.collector.history;
        let Some(rules) = history.version(version).policy.ref_rules(reference) else {
            let note = format!("{reference} is not governed");
            if !report.notes.contains(&note) {
                report.notes.push(note);
            }
            return Ok(false);
        };
        let alike = (version, time, rules.entries(), tip);
        if self.clean.contains(&alike) {
            self.tips.entry(reference.clone()).or_default().push(tip);
            return Ok(true);
        }
        let reader = self.collector.records.reader();
        let direct_only =
            rules.accepts_direct() && !rules.accepts_governed() && !rules.accepts_rollback();
        if self.strict.0 != Some(version) {
            let tips = self.tips.iter();
            let tips = tips.flat_map(|(name, tips)| tips.iter().map(move |tip| (name, tip)));
            let strict = Strict::of(&history.version(version).policy, tips);
            self.strict = (Some(version), strict);
        }
        let commits = reader.new_commits(&[tip], &self.known(reference, &rules))?;
        self.blobs.of_commits(reader, reference, &commits, report)?;
        let branch = Branch {
            rules,
            commits,
            time,
        };
        let found = branch::judge(reader, &branch, self.collector, usize::MAX / 2)?;
        let clean = found.findings.is_empty() && found.undecided.is_empty();
        report.absorb(found);
        self.strict.1.insert(&branch.rules, tip);
        let tips = self.tips.entry(reference.clone()).or_default();
        // A run is bound to one branch, a direct commit to none; but what was found may rest on
        // tips of this branch that hide commits here and nowhere else.
        if clean && direct_only && tips.is_empty() {
            self.clean.insert(alike);
        }
        tips.push(tip);
        Ok(true)
    }

    fn known(&self, reference: &RefName, rules: &RefRules<'_>) -> Vec<ObjectId> {
        let reader = self.collector.records.reader();
        let mut known = rules.adopted();
        let own = self.tips.get(reference).into_iter().flatten();
        known.extend(own);
        let is_new = !self.tips.contains_key(reference);
        known.extend(self.strict.1.below(rules, is_new));
        known.retain(|id| reader.contains(*id));
        known
    }
}

/// Tells whether a tip of that branch contains where it moved: a clone may be behind the log.
fn contained(
    reader: &Reader,
    tips: &BTreeSet<(RefName, ObjectId)>,
    reference: &RefName,
    new: ObjectId,
) -> Result<bool, Error> {
    for (_, tip) in tips.iter().filter(|(name, _)| name == reference) {
        if reader.is_ancestor(new, *tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All that the branches of a clone contain, listed once somebody asks.
#[derive(Default)]
struct Below(OnceCell<BTreeSet<ObjectId>>);

impl Below {
    fn contains(
        &self,
        reader: &Reader,
        tips: &BTreeSet<(RefName, ObjectId)>,
        id: ObjectId,
    ) -> Result<bool, Error> {
        if self.0.get().is_none() {
            let tips: Vec<_> = tips.iter().map(|(_, tip)| *tip).collect();
            let all = reader.new_commits(&tips, &[])?;
            let _ = self.0.set(all.into_iter().collect());
        }
        Ok(self.0.get().is_some_and(|all| all.contains(&id)))
    }
}

/// Returns every tip of every branch: local ones and those last seen at the remotes.
fn tips(refs: &Refs) -> BTreeSet<(RefName, ObjectId)> {
    refs.iter()
        .filter(|(name, _)| Place::of(name).is_none())
        .filter_map(|(name, id)| Some((governed_name(name)?, *id)))
        .collect()
}
