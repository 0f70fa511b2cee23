//! Judges tags: each by itself, so that one that is refused says nothing about the rest of a push.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::tag::TagCase;
use crate::git::{self, Reader};
use crate::policy::Policy;
use crate::record::{Coded, Dependencies, ObjectId, RefName, Report, Subject, Timestamp};
use crate::records::Movement;
use crate::rules::tag as rules;
use crate::store::ledger::Refs;

/// Tags that move in one push, and where.
pub(super) struct Tags<'a> {
    pub(super) reader: &'a Reader,
    pub(super) policy: &'a Policy,
    /// When they move.
    pub(super) time: Timestamp,
}

impl Tags<'_> {
    /// Judges the tags of a push, where branches go from `before` to `after`, and which the receive log
    /// knows so far as `logged`. Returns what was found of each, and the branches that must move no later than a tag.
    pub(super) fn judge(
        &self,
        (movements, logged): (&[&Movement], &Refs),
        before: &Refs,
        after: &Refs,
    ) -> (BTreeMap<RefName, Report>, Dependencies) {
        let mut reports = BTreeMap::new();
        let mut named = Vec::new();
        for movement in movements {
            let mut report = Report::default();
            report.count("tags", 1);
            match self.policy.tag_rules(&movement.reference) {
                None => report.findings.push(rules::unnamed(&movement.reference)),
                Some(rules) => named.push((*movement, rules)),
            }
            reports.insert(movement.reference.clone(), report);
        }
        let mut cases = Vec::new();
        for (movement, rules) in &named {
            let Some(report) = reports.get_mut(&movement.reference) else {
                continue;
            };
            // One that was deleted or moved past the hooks may come back, and to nowhere else.
            let may_be_new = movement.old.is_none() && rules.accepts_delete();
            let logged = logged.get(&movement.reference).filter(|_| !may_be_new);
            let old = logged.copied().or(movement.old);
            let changed = rules::changed(rules, old, movement.new);
            report.findings.extend(changed);
            let Some(id) = movement.new.filter(|new| rules.adopted() != Some(*new)) else {
                continue;
            };
            match TagCase::read(self.reader, rules, id, self.time) {
                Ok(case) => cases.push(case),
                Err(error) => {
                    let subject = Subject::of_ref(&movement.reference);
                    report.absorb(error.refusal(subject));
                }
            }
        }
        let mut depends_on = Dependencies::new();
        let outside = self.outside(&cases, after);
        let new = self.outside(&cases, before);
        for (at, case) in cases.iter().enumerate() {
            let reference = case.rules.reference();
            let Some(report) = reports.get_mut(reference) else {
                continue;
            };
            rules::created(case, &mut report.findings);
            match outside.get(&at) {
                Some(Ok(branches)) => report.findings.push(rules::outside(case, branches)),
                Some(Err(error)) => report.absorb(error.refusal(case.subject())),
                None if new.contains_key(&at) => {
                    let moved = |it: &&RefName| before.get(*it) != after.get(*it);
                    let on = self.branches(case, after).into_iter().filter(moved);
                    depends_on.insert(reference.clone(), on.cloned().collect());
                }
                None => {}
            }
        }
        (reports, depends_on)
    }

    /// Returns the cases, by their places, whose commits are in no branch from which the policy takes
    /// such tags, with the branches that were asked; or why that cannot be said. All are asked in one
    /// walk for each entry of the policy.
    pub(super) fn outside<'r>(
        &self,
        cases: &[TagCase<'_>],
        refs: &'r Refs,
    ) -> BTreeMap<usize, Result<Vec<&'r RefName>, git::Error>> {
        let mut by_entry: BTreeMap<usize, Vec<(usize, ObjectId)>> = BTreeMap::new();
        for (at, case) in cases.iter().enumerate() {
            for entry in case.rules.entries() {
                let of = by_entry.entry(entry).or_default();
                of.extend(case.commit().map(|commit| (at, commit)));
            }
        }
        let mut outside = BTreeMap::new();
        for (entry, of) in by_entry {
            let branches = self.of_entry(entry, refs);
            let tips: Vec<_> = branches
                .iter()
                .filter_map(|it| refs.get(*it))
                .copied()
                .collect();
            let commits: Vec<_> = of.iter().map(|(_, commit)| *commit).collect();
            match self.reader.new_commits(&commits, &tips) {
                Ok(new) => {
                    let new: BTreeSet<_> = new.into_iter().collect();
                    let out = of.iter().filter(|(_, commit)| new.contains(commit));
                    outside.extend(out.map(|(at, _)| (*at, Ok(branches.clone()))));
                }
                // Which of them cannot be read, each says by itself.
                Err(_) => {
                    for (at, commit) in of {
                        match self.reader.new_commits(&[commit], &tips) {
                            Ok(new) if !new.contains(&commit) => {}
                            Ok(_) => _ = outside.insert(at, Ok(branches.clone())),
                            Err(error) => _ = outside.insert(at, Err(error)),
                        }
                    }
                }
            }
        }
        outside
    }

    /// Returns the branches from which the policy takes such a tag, by any entry that matches it.
    pub(super) fn branches<'r>(&self, case: &TagCase<'_>, refs: &'r Refs) -> BTreeSet<&'r RefName> {
        let entries = case.rules.entries().into_iter();
        entries.flat_map(|it| self.of_entry(it, refs)).collect()
    }

    fn of_entry<'r>(&self, entry: usize, refs: &'r Refs) -> Vec<&'r RefName> {
        let names = refs.keys().filter(|name| name.branch().is_some());
        names.filter(|it| self.policy.tags_of(entry, it)).collect()
    }
}
