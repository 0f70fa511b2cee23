//! Judges some commits, each by the policy of the push that brought it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::check::branch::{self, Branch};
use crate::check::{Behind, Error};
use crate::facts::artefacts::TakenBack;
use crate::facts::lifting::Uses;
use crate::facts::log::Log;
use crate::facts::remembered::At;
use crate::facts::run::Collector;
use crate::facts::tips::tips;
use crate::facts::vouched::Vouched;
use crate::record::{ObjectId, RefName, Report, Subject};
use crate::rules::clone as known;

use super::blobs::Blobs;

/// The commits reachable from the first and not from the second.
#[derive(Clone, Copy)]
pub(super) struct Range<'a> {
    pub(super) tips: &'a [ObjectId],
    pub(super) hidden: &'a [ObjectId],
}

/// Judges a range as on this branch, or without one each commit as on a governed branch that
/// contains it. What no branch has rules for stays undecided.
pub(super) fn verify(
    collector: &Collector<'_>,
    (log, behind): (&Log, &Behind),
    reference: Option<&RefName>,
    range: Range<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    let reader = collector.records.reader();
    let wanted = reader.new_commits(range.tips, range.hidden)?;
    if wanted.is_empty() {
        report.notes.push("the range has no commits".to_owned());
    }
    if let Some(reference) = reference {
        return verify_on(collector, (log, behind), reference, range, &wanted, report);
    }
    let mut left: BTreeSet<ObjectId> = wanted.iter().copied().collect();
    let branches = governed(collector, log);
    for (reference, tips) in &branches {
        if left.is_empty() {
            break;
        }
        let contains: BTreeSet<_> = reader
            .new_commits(tips, range.hidden)?
            .into_iter()
            .collect();
        let is_on = |id: &&ObjectId| left.contains(*id) && contains.contains(*id);
        let on: Vec<_> = wanted.iter().filter(is_on).copied().collect();
        if !on.is_empty() {
            left.retain(|id| !contains.contains(id));
            verify_on(collector, (log, behind), reference, range, &on, report)?;
        }
    }
    let Some(last) = wanted.iter().rfind(|id| left.contains(*id)) else {
        return Ok(());
    };
    report.count("commits", left.len());
    let asked = match range.hidden {
        [from] if wanted.len() > 1 => format!("{from}..{last}"),
        _ => last.to_string(),
    };
    let branch = branches.first().map(|(name, _)| name);
    let undecided = known::without_rules(Subject::of_commit(*last), &asked, branch);
    report.undecided.push(undecided);
    Ok(())
}

/// Returns the governed branches of a clone with their tips, in the order in which a commit is said
/// to be of one: those that take no direct commits, on which others build, then those that the log
/// knows longest.
fn governed(collector: &Collector<'_>, log: &Log) -> Vec<(RefName, Vec<ObjectId>)> {
    let mut since: BTreeMap<&RefName, usize> = BTreeMap::new();
    for (at, entry) in log.entries.iter().enumerate() {
        for movement in &entry.receipt.predicate().movements {
            since.entry(&movement.reference).or_insert(at);
        }
    }
    let policy = &collector.history.current().policy;
    let mut branches: BTreeMap<RefName, Vec<ObjectId>> = BTreeMap::new();
    for (name, tip) in tips(collector.records.reader(), collector.records.refs()) {
        branches.entry(name).or_default().push(tip);
    }
    let mut ranked: Vec<_> = branches
        .into_iter()
        .filter_map(|(name, tips)| {
            let direct = policy.ref_rules(&name)?.accepts_direct();
            let since = since.get(&name).copied().unwrap_or(usize::MAX);
            Some(((direct, since, name), tips))
        })
        .collect();
    ranked.sort();
    let ranked = ranked.into_iter();
    ranked.map(|((_, _, name), tips)| (name, tips)).collect()
}

/// Judges those of a range that are on one branch, parents before children.
fn verify_on(
    collector: &Collector<'_>,
    (log, behind): (&Log, &Behind),
    reference: &RefName,
    range: Range<'_>,
    wanted: &[ObjectId],
    report: &mut Report,
) -> Result<(), Error> {
    let reader = collector.records.reader();
    Blobs::default().of_commits(reader, reference, wanted, report);
    let mut left: BTreeSet<ObjectId> = wanted.iter().copied().collect();
    let mut on = On {
        collector,
        reference,
        range,
        since_adoption: BTreeMap::new(),
        taken_back: TakenBack::default(),
    };
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
            let push = Push {
                at: (entry.policy, says.time),
                is_new: movement.old.is_none(),
                arriving: false,
                logged: Some(entry.commit),
            };
            on.judge(commits, push, report)?;
        }
    }
    // What the log does not know is judged as if it were pushed now.
    let commits: Vec<_> = wanted
        .iter()
        .copied()
        .filter(|id| left.contains(id))
        .collect();
    let now = Push {
        at: (collector.history.last_index(), collector.time),
        is_new: !log.state.refs.contains_key(reference),
        arriving: true,
        logged: None,
    };
    let since = behind.since(reader, &commits)?;
    let (since, before): (Vec<_>, Vec<_>) = commits.into_iter().partition(|id| since.contains(id));
    on.judge(before, now, report)?;
    let mut found = Report::default();
    on.judge(since, now, &mut found)?;
    report.absorb(known::or_fetch(found, true));
    Ok(())
}

/// What brought commits to a branch.
#[derive(Clone, Copy)]
struct Push {
    /// The version of the policy, and the time.
    at: At,
    /// Whether the branch was not there before.
    is_new: bool,
    /// Whether it happens now, and not as the log tells.
    arriving: bool,
    /// The entry of the log that tells of it.
    logged: Option<ObjectId>,
}

/// A branch, and the range that is judged on it.
struct On<'a> {
    collector: &'a Collector<'a>,
    reference: &'a RefName,
    range: Range<'a>,
    /// The commits of the range that are not from before adoption, by version of the policy and
    /// whether the branch was new.
    since_adoption: BTreeMap<(usize, bool), BTreeSet<ObjectId>>,
    /// What was taken back in the history of the branch.
    taken_back: TakenBack,
}

impl On<'_> {
    /// Returns the commits of the range, and those after it on the branch: a vouch is found by the
    /// last of those that it is for.
    fn on_branch(&self) -> Result<Vec<ObjectId>, Error> {
        let (reader, refs) = (
            self.collector.records.reader(),
            self.collector.records.refs(),
        );
        let tips = tips(reader, refs).into_iter();
        let tips = tips.filter(|(name, _)| name == self.reference);
        let tips: Vec<_> = tips
            .map(|(_, tip)| tip)
            .chain(self.range.tips.iter().copied())
            .collect();
        Ok(reader.new_commits(&tips, self.range.hidden)?)
    }

    /// Judges commits as brought by this push.
    fn judge(
        &mut self,
        commits: Vec<ObjectId>,
        push: Push,
        report: &mut Report,
    ) -> Result<(), Error> {
        let (reference, history) = (self.reference, self.collector.history);
        let (version, time) = push.at;
        let Some(last) = commits.last() else {
            return Ok(());
        };
        let Some(rules) = history.version(version).policy.ref_rules(reference) else {
            let subject = Subject::of_ref(reference);
            let undecided = known::without_rules(subject, &last.to_string(), None);
            report.undecided.push(undecided);
            return Ok(());
        };
        report.judged_by.insert(reference.clone());
        let reader = self.collector.records.reader();
        let by = (version, push.is_new);
        if let Entry::Vacant(unknown) = self.since_adoption.entry(by) {
            let mut hidden = rules.adopted_below(push.is_new);
            hidden.retain(|id| reader.contains(*id));
            hidden.extend(self.range.hidden);
            let hidden = Vec::from_iter(hidden);
            let since = reader.new_commits(self.range.tips, &hidden)?;
            unknown.insert(since.into_iter().collect());
        }
        let since = self.since_adoption.get(&by);
        let is_new = |id: &ObjectId| since.is_none_or(|since| since.contains(id));
        let (commits, adopted): (Vec<_>, Vec<_>) = commits.into_iter().partition(is_new);
        if !adopted.is_empty() {
            let note = format!(
                "{} commits from before adoption are not judged",
                adopted.len()
            );
            report.notes.push(note);
        }
        let vouched = match rules.accepts_vouched() {
            true => Vouched::of(self.collector, Some(&rules), &self.on_branch()?)?,
            false => Vouched::default(),
        };
        let branch = Branch {
            rules,
            commits,
            vouched: &vouched,
            taken_back: &self.taken_back,
            time,
            old: None,
            arriving: push.arriving,
            logged: push.logged,
        };
        let uses = Uses::of_others(reader, self.collector.records.refs());
        let most = usize::MAX / 2;
        let mut judged = branch::judge(reader, &branch, self.collector, &uses, most)?;
        if !judged.findings.is_empty() {
            let on_branch = self.on_branch()?;
            branch::name_vouches(&branch.rules, &on_branch, self.collector, &mut judged)?;
        }
        report.absorb(judged);
        Ok(())
    }
}
