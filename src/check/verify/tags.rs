//! Judges the tags of a clone: those that the receive log tells of, by the push that brought each, and
//! the others as if they were pushed now.
//!
//! git keeps no record of where a tag came from. A tag that the log does not tell of may be the
//! clone's own, so that it denies nothing where there is a remote: it stays undecided.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Error;
use crate::check::tags;
use crate::facts::log::Log;
use crate::facts::tag::TagCase;
use crate::facts::{Marks, PolicyHistory, log};
use crate::git::{Kind, Reader};
use crate::policy::TagRules;
use crate::record::{Coded, Findings, ObjectId, RefName, Report, Subject};
use crate::records::Movement;
use crate::rules::tag as rules;
use crate::store::layout;
use crate::store::ledger::Refs;

use super::cores::Basis;
use super::memory::{self, Memory};

/// What the tags of a clone are judged by.
pub(super) struct Tags<'a> {
    pub(super) reader: &'a Reader,
    pub(super) basis: Basis<'a>,
    /// The log, or what has come to it since what is remembered.
    pub(super) log: &'a Log,
    pub(super) memory: Option<&'a Memory>,
    pub(super) marks: &'a Marks,
    /// This tag alone, which then is denied if the policy would refuse it.
    pub(super) only: Option<&'a RefName>,
}

/// What the log tells of one tag.
#[derive(Default)]
struct Told {
    /// Where it is.
    at: Option<ObjectId>,
    /// Where the last push moved it; the rest went past the hooks.
    received: Option<ObjectId>,
    /// Where it was before.
    was: BTreeSet<ObjectId>,
    /// Where pushes moved it.
    pushed: BTreeSet<ObjectId>,
    /// The entry that brought it there.
    by: Option<usize>,
}

/// A tag to judge as new.
struct New {
    reference: RefName,
    id: ObjectId,
    /// The entry of the log that brought it.
    entry: Option<usize>,
    /// Whether that was a push, and nothing past the hooks.
    received: bool,
}

impl Tags<'_> {
    /// Judges the tags. Returns those that the log tells of; `None` if what is remembered does not
    /// answer for one of them.
    pub(super) fn verify(&self, report: &mut Report) -> Result<Option<memory::Tags>, Error> {
        let refs = self.basis.refs;
        let is_asked = |name: &RefName| self.only.is_none_or(|only| only == name);
        let told = self.told(report);
        let here: BTreeMap<_, _> = refs
            .iter()
            .filter(|(name, _)| name.tag().is_some() && is_asked(name))
            .collect();
        let (mut judged, mut new, mut own) = (memory::Tags::new(), Vec::new(), Vec::new());
        for (name, id) in &here {
            let written = told
                .get(*name)
                .filter(|told| self.is_written_here(name, **id, told));
            if let Some(told) = written {
                if self.memory.is_some() {
                    return Ok(None);
                }
                report.count("tags", 1);
                let finding = rules::peeled(name, **id, told.at);
                report.undecided.push(finding);
                continue;
            }
            // The log may tell that it was deleted, or not yet that it has moved: then this is another.
            let may_move = || self.current(name).is_some_and(|it| it.accepts_move());
            let is_told = |told: &&Told| match told.at {
                Some(at) => at == **id || told.was.contains(*id) || !may_move(),
                None => told.was.contains(*id),
            };
            let Some(told) = told.get(*name).filter(is_told) else {
                own.push(New {
                    reference: (*name).clone(),
                    id: **id,
                    entry: None,
                    received: false,
                });
                continue;
            };
            if told.at != Some(**id) {
                if self.memory.is_some() {
                    return Ok(None);
                }
                self.elsewhere(name, **id, told, report);
                continue;
            }
            report.count("tags", 1);
            match told.by {
                Some(_) => new.push(New {
                    reference: (*name).clone(),
                    id: **id,
                    entry: told.by,
                    received: told.at == told.received,
                }),
                // It was judged before, if it was here then.
                None if self.remembers(name, **id) => {}
                None => return Ok(None),
            }
            judged.insert((*name).clone(), **id);
        }
        let mut absent = Vec::new();
        for (name, told) in told.iter().filter(|(name, _)| is_asked(name)) {
            if told.at != told.received && told.received.is_some() && self.stays(name, told) {
                let finding = rules::logged(name, told.at, told.received);
                report.findings.push(finding);
            } else if told.at.is_some() && !here.contains_key(name) {
                absent.push((name, told));
            }
        }
        self.absent(&absent, report)?;
        self.judge(new, report)?;
        self.judge_own(own, report)?;
        Ok(Some(judged))
    }

    fn history(&self) -> &PolicyHistory {
        self.basis.history
    }

    /// Returns what the policy in force says about a tag.
    fn current(&self, name: &RefName) -> Option<TagRules<'_>> {
        self.history().current().policy.tag_rules(name)
    }

    fn remembers(&self, name: &RefName, id: ObjectId) -> bool {
        self.memory.is_some_and(|it| it.tags.get(name) == Some(&id))
    }

    /// Follows every tag through the log, and judges what pushes did to those that were there, as at
    /// the door.
    fn told(&self, report: &mut Report) -> BTreeMap<RefName, Told> {
        let base = self
            .memory
            .and_then(|it| log::state_at(self.reader, it.log));
        let base = base.unwrap_or_default().refs.into_iter();
        let mut told: BTreeMap<_, _> = base
            .filter(|(name, _)| name.tag().is_some())
            .map(|(name, id)| {
                let told = Told {
                    at: Some(id),
                    received: Some(id),
                    pushed: BTreeSet::from([id]),
                    ..Told::default()
                };
                (name, told)
            })
            .collect();
        for (at, entry) in self.log.entries.iter().enumerate() {
            let says = entry.receipt.predicate();
            let gaps = says.unrecorded.iter();
            let gaps = gaps.filter(|gap| self.log.unrecorded.contains(gap));
            let moves = gaps.map(|it| (it, false));
            let moves = moves.chain(says.movements.iter().map(|it| (it, true)));
            for (movement, received) in moves.filter(|(it, _)| it.reference.tag().is_some()) {
                let told = told.entry(movement.reference.clone()).or_default();
                // It may come back to where the last push moved it.
                if received && (told.received.is_none() || told.received != movement.new) {
                    let policy = &self.history().version(entry.policy).policy;
                    let rules = policy.tag_rules(&movement.reference);
                    report.findings.extend(moved(rules.as_ref(), movement));
                }
                // As for the state of an entry: what was overtaken is contained already.
                if told.at != movement.old {
                    continue;
                }
                told.was.extend(movement.old);
                told.at = movement.new;
                told.by = Some(at);
                if received {
                    told.received = movement.new;
                    told.pushed.extend(movement.new);
                }
            }
        }
        told
    }

    /// Tells whether this clone has a commit as tag where the log tells of a tag object of that commit, as
    /// checkouts of CI write it. A remote that was seen to have it so is another matter.
    fn is_written_here(&self, name: &RefName, here: ObjectId, told: &Told) -> bool {
        let is_of = |at: ObjectId| {
            at != here && matches!(self.reader.peel(at), Ok((Kind::Commit, id)) if id == here)
        };
        told.at.is_some_and(is_of)
            && !self.reader.remotes().is_empty()
            && !self.marks.had_tag(name, here)
    }

    /// Tells whether a tag must be where the last push moved it.
    fn stays(&self, name: &RefName, told: &Told) -> bool {
        let rules = self.current(name);
        rules.is_some_and(|rules| match told.at {
            Some(at) => !rules.accepts_move() && rules.adopted() != Some(at),
            None => !rules.accepts_delete(),
        })
    }

    /// A tag that is not where the log says.
    fn elsewhere(&self, name: &RefName, here: ObjectId, told: &Told, report: &mut Report) {
        let Some(rules) = self.current(name) else {
            return;
        };
        let may = match told.at {
            Some(_) => rules.accepts_move(),
            None => rules.accepts_delete(),
        };
        // What a push did was judged by the policy in force then, whatever it says now.
        let was_right = told.at == told.received && told.pushed.contains(&here);
        if rules.adopted() == Some(here) {
            report.count("tags", 1);
        } else if was_right || (may && told.was.contains(&here)) {
            report.notes.push(rules::elsewhere(name, told.at));
        } else {
            let finding = rules::logged(name, Some(here), told.at);
            report.findings.push(finding);
        }
    }

    /// Tags that the log tells of and that are not here: of a server they are gone, and a clone may
    /// never have fetched them. It was seen that its remote lacks them, or nobody has asked it.
    fn absent(&self, absent: &[(&RefName, &Told)], report: &mut Report) -> Result<(), Error> {
        let is_server = self.reader.remotes().is_empty();
        let asked = match self.basis.refs.get(&layout::log()) {
            Some(log) => self.marks.asked_for_tags(self.reader, *log)?,
            None => false,
        };
        let mut elsewhere = Vec::new();
        for (name, told) in absent {
            let Some(at) = told.at else { continue };
            // What no push brought may go as it came.
            let is_received = told.received == told.at;
            let stays = self.current(name).is_some_and(|it| !it.accepts_delete());
            if is_server {
                let finding = stays.then(|| rules::logged(name, None, told.at));
                report.findings.extend(finding);
            } else if is_received && self.marks.lacked_tag(name, at) {
                report.findings.push(rules::lacked(name, at));
            } else if asked {
                match self.marks.tag_elsewhere(name, at) {
                    Some(there) if stays => {
                        report
                            .findings
                            .push(rules::logged(name, Some(there), told.at));
                    }
                    _ => elsewhere.push(name),
                }
            } else if is_received && stays {
                report.undecided.push(rules::unasked(name, at));
            } else {
                elsewhere.push(name);
            }
        }
        if let Some(first) = elsewhere.first() {
            report.notes.push(format!(
                "{} tags of the receive log are not in this clone, as {first}: git fetch --tags brings \
                 those that the server has",
                elsewhere.len()
            ));
        }
        Ok(())
    }

    /// Judges tags by the pushes that brought them.
    fn judge(&self, new: Vec<New>, report: &mut Report) -> Result<(), Error> {
        let mut by_policy: BTreeMap<usize, Vec<New>> = BTreeMap::new();
        for it in new {
            let entry = it.entry.and_then(|at| self.log.entries.get(at));
            let mut version = entry.map_or(self.history().last_index(), |entry| entry.policy);
            // What came past the hooks may have been named by a later policy only.
            let policy = &self.history().version(version).policy;
            if policy.tag_rules(&it.reference).is_none() {
                version = self.history().last_index();
            }
            by_policy.entry(version).or_default().push(it);
        }
        for (version, new) in by_policy {
            let (found, undecided) = self.judge_by(version, &new, &self.log.state.refs)?;
            report.findings.extend(found);
            report.undecided.extend(undecided);
        }
        Ok(())
    }

    /// Judges tags that no entry brought, as if they were pushed now.
    fn judge_own(&self, own: Vec<New>, report: &mut Report) -> Result<(), Error> {
        let mut tips = Refs::new();
        for (name, tip) in crate::facts::tips::tips(self.reader, self.basis.refs) {
            // Of several tips the one that contains most.
            let tip = match tips.get(&name) {
                Some(other) => self.reader.newer(*other, tip)?.unwrap_or(tip),
                None => tip,
            };
            tips.insert(name, tip);
        }
        let is_named = |it: &New| self.current(&it.reference).is_some();
        let (named, others): (Vec<_>, Vec<_>) = own.into_iter().partition(is_named);
        let takes_tags = self.history().current().policy.takes_tags();
        if let Some(first) = others.first().filter(|_| takes_tags) {
            report.notes.push(format!(
                "{} tags are named by no [[tag]] entry of the policy, as {}: nothing is known of them",
                others.len(),
                first.reference
            ));
        }
        if !named.is_empty() {
            report.count("tags", named.len());
        }
        let (found, undecided) = self.judge_by(self.history().last_index(), &named, &tips)?;
        let is_server = self.reader.remotes().is_empty();
        report.undecided.extend(undecided);
        match is_server || self.only.is_some() {
            true => report.findings.extend(found),
            false => report.undecided.extend(found),
        }
        Ok(())
    }

    /// Returns what was found of tags by a version of the policy, where branches stand so, and why
    /// others are undecided.
    fn judge_by(
        &self,
        version: usize,
        new: &[New],
        branches: &Refs,
    ) -> Result<(Findings, Findings), Error> {
        let (mut findings, mut undecided) = (Findings::new(), Findings::new());
        let policy = &self.history().version(version).policy;
        let is_adopted = |it: &New| {
            let adopted = |rules: TagRules<'_>| rules.adopted() == Some(it.id);
            policy.tag_rules(&it.reference).is_some_and(adopted)
                || self.current(&it.reference).is_some_and(adopted)
        };
        let mut named = Vec::new();
        for it in new.iter().filter(|it| !is_adopted(it)) {
            named.extend(policy.tag_rules(&it.reference).map(|rules| (it, rules)));
            // Past the hooks it came from where the policy says that it was.
            if let Some(rules) = self.current(&it.reference).filter(|_| !it.received)
                && let Some(adopted) = rules.adopted()
            {
                findings.extend(rules::moved(&rules, adopted, it.id));
            }
        }
        let (mut cases, mut entries) = (Vec::new(), Vec::new());
        for (it, rules) in &named {
            let entry = it.entry.and_then(|at| self.log.entries.get(at));
            let time = entry.map_or(self.basis.time, |entry| entry.receipt.predicate().time);
            match TagCase::read(self.reader, rules, it.id, time) {
                Ok(case) => {
                    cases.push(case);
                    entries.push(it.entry);
                }
                Err(error) => {
                    let report = error.refusal(Subject::of_ref(&it.reference)).into_report();
                    findings.extend(report.findings);
                    undecided.extend(report.undecided);
                }
            }
        }
        let tags = tags::Tags {
            reader: self.reader,
            policy,
            time: self.basis.time,
        };
        for case in &cases {
            rules::created(case, &mut findings);
        }
        let mut outside = tags.outside(&cases, branches);
        self.take_back_earlier(&tags, &cases, &entries, &mut outside);
        for (at, why) in outside {
            let Some(case) = cases.get(at) else {
                continue;
            };
            let names = match why {
                Ok(names) => names,
                Err(error) => {
                    undecided.extend(error.refusal(case.subject()).into_report().all());
                    continue;
                }
            };
            let finding = rules::outside(case, &names);
            let mut tips = names.iter().filter_map(|name| branches.get(*name));
            match tips.all(|tip| self.reader.contains(*tip)) {
                true => findings.push(finding),
                // A clone of one branch, or one that is behind.
                false => undecided.push(finding.remedy("git fetch, then git awo fetch")),
            }
        }
        Ok((findings, undecided))
    }

    /// Takes out those that were in a branch when they came: it may have been rewound or deleted since.
    fn take_back_earlier<T>(
        &self,
        tags: &tags::Tags<'_>,
        cases: &[TagCase<'_>],
        entries: &[Option<usize>],
        outside: &mut BTreeMap<usize, T>,
    ) {
        if outside.is_empty() {
            return;
        }
        let base = self
            .memory
            .and_then(|it| log::state_at(self.reader, it.log));
        let mut state = base.unwrap_or_default();
        for (at, entry) in self.log.entries.iter().enumerate() {
            state.apply(entry.receipt.predicate());
            outside.retain(|case, _| {
                let came = entries.get(*case) == Some(&Some(at));
                let case = cases.get(*case).filter(|_| came);
                let case = case.map(std::slice::from_ref);
                case.is_none_or(|case| !tags.outside(case, &state.refs).is_empty())
            });
        }
    }
}

/// Judges what a push did to a tag.
fn moved(rules: Option<&TagRules<'_>>, movement: &Movement) -> Option<crate::record::Finding> {
    let Some(rules) = rules else {
        return Some(rules::unnamed(&movement.reference));
    };
    rules::changed(rules, movement.old, movement.new)
}
