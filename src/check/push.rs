//! Judges a whole push at once, by the policy as it stood before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::facts::artefacts::TakenBack;
use crate::facts::lifting::Uses;
use crate::facts::log::{self, State};
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::policy::Policy;
use crate::record::{Coded, Finding, ObjectId, RefName, Report, Subject, Timestamp};
use crate::records::Movement;
use crate::rules::{arrival, artefacts, growth, limits, push as rules};
use crate::signing::PublicKey;
use crate::store::additions::Additions;
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};

use super::baselines::Baselines;
use super::branch::strict::{Hidden, Strict};
use super::branch::{self, Branch};
use super::governance;
use super::kept::Kept;
use super::tags::Tags;
use super::{Anchor, Error, KnownPolicies, PolicyHistory};
use crate::facts::arrivals::{Arrivals, Gained};
use crate::facts::vouched::Vouched;
use crate::facts::{between, decisions};

/// A push, and where it arrives.
#[derive(Clone)]
pub struct Push<'a> {
    /// Sees the objects that were pushed, and those before.
    pub reader: &'a Reader,
    /// Where every ref is before the push.
    pub before: &'a Refs,
    /// What the push would move, in the order given.
    pub movements: &'a [Movement],
    /// What the first policy must match.
    pub anchor: Option<&'a Anchor>,
    /// What was verified of the policy's history before.
    pub known: Option<&'a Arc<KnownPolicies>>,
    /// Who asks.
    pub door: Door,
    /// The time of arrival.
    pub time: Timestamp,
}

/// Who asks for a judgement.
#[derive(Clone)]
pub enum Door {
    /// A clone, before it pushes: it writes no log.
    Clone,
    /// A server, with the key that it writes its log with, if it has one.
    Server(Option<PublicKey>),
}

/// Judges the push. Everything found is reported; what cannot be decided is never "allowed".
pub fn judge(push: &Push<'_>) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_judge(push, &mut report) {
        report.absorb(error.refusal(Subject::none()));
    }
    if push.known.is_some_and(|known| known.failed()) {
        let known = None;
        return judge(&Push {
            known,
            ..push.clone()
        });
    }
    report
}

fn try_judge(push: &Push<'_>, report: &mut Report) -> Result<(), Error> {
    report.count("refs", push.movements.len());
    push.reader.require_whole_view()?;
    let Some(tip) = push.before.get(&layout::policy()) else {
        return first_push(push, report);
    };
    let history = match PolicyHistory::load_after(push.reader, *tip, push.known) {
        Ok(history) => history,
        Err(error) => {
            if matches!(error, Error::Policy(_)) && !error.is_newer_policy() {
                let refs = push.movements.iter().map(|it| &it.reference);
                report.findings.extend(refs.map(rules::unreadable_policy));
            }
            return Err(error);
        }
    };
    if let Some(anchor) = push.anchor
        && let Some(finding) = rules::pinned_root(anchor, &history)
    {
        report.findings.push(finding);
        return Ok(());
    }
    let policy = &history.current().policy;
    if let Some(finding) = limits::refs(push.movements.len(), &policy.document().limits) {
        report.findings.push(finding);
        return Ok(());
    }
    push.reader.limit_work(policy.document().limits.work);
    let mut after = push.before.clone();
    for movement in push.movements {
        match movement.new {
            Some(new) => _ = after.insert(movement.reference.clone(), new),
            None => _ = after.remove(&movement.reference),
        }
    }
    if let Door::Server(key) = &push.door {
        let finding = rules::log_key(policy, key.as_ref(), push.movements);
        report.findings.extend(finding);
    }
    let logged = logged(push);
    let mut arrivals = Arrivals::default();
    let (mut branches, mut tags) = (Vec::new(), Vec::new());
    for movement in push.movements {
        match (Place::of(&movement.reference), movement.new) {
            (Some(place), _) => collect(push, &history, place, movement, &mut arrivals, report)?,
            (None, _) if movement.reference.branch().is_some() => branches.push(movement),
            (None, _) if movement.reference.tag().is_some() => tags.push(movement),
            _ => report.findings.push(rules::ungoverned(&movement.reference)),
        }
    }
    let findings = &mut report.findings;
    let opens_nothing = decisions::open_nothing(push.reader, &arrivals);
    rules::in_force(policy, push.movements, opens_nothing, push.time, findings);
    // One that does not hold is refused above; here only what it names counts.
    let moved = after
        .get(&layout::policy())
        .filter(|id| **id != history.current().commit);
    let arriving =
        moved.and_then(|id| PolicyHistory::load_after(push.reader, *id, push.known).ok());
    let kept = Kept {
        reader: push.reader,
        logged: &logged,
        policies: [policy]
            .into_iter()
            .chain(arriving.iter().map(|it| &it.current().policy))
            .collect(),
    };
    kept.judge(push.before, push.movements, &mut report.findings)?;
    let records = Records::open(push.reader, &after)?;
    let collector = Collector {
        records: &records,
        history: &history,
        positions: Positions::Arriving(arrivals.digests()),
        time: push.time,
        arriving_policies: arriving.as_ref(),
        measures: Default::default(),
    };
    report.count("records", arrivals.count());
    for movement in push.movements {
        if let Some(gained) = gained(movement, policy) {
            let between = between::collect(&arrivals, &gained, push.before, &collector)?;
            growth::irregular(&between, &mut report.findings);
        }
    }
    governance::judge(&arrivals, &collector, &mut report.findings)?;
    for (path, evidence, commit) in between::unheld(&arrivals, &collector, &after)? {
        report
            .findings
            .push(arrival::unheld(&path, &evidence, commit));
    }
    if push
        .movements
        .iter()
        .any(|it| Place::of(&it.reference) == Some(Place::Baseline))
    {
        let baselines = Baselines::of(&collector, &after, true);
        baselines.judge_push(push.movements, report);
    }
    judge_branches(push, &collector, branches, report)?;
    judge_tags(push, policy, (&tags, &logged), &after, report);
    Ok(())
}

/// Returns what the receive log of a server says, before this push. Other clones may not have all of it.
fn logged(push: &Push<'_>) -> State {
    let log = match push.door {
        Door::Server(_) => push.before.get(&layout::log()),
        _ => None,
    };
    let state = log.and_then(|id| log::state_at(push.reader, *id));
    state.unwrap_or_default()
}

/// Judges every tag of a push by itself: nothing else depends on one.
fn judge_tags(
    push: &Push<'_>,
    policy: &Policy,
    (movements, logged): (&[&Movement], &State),
    after: &Refs,
    report: &mut Report,
) {
    let tags = Tags {
        reader: push.reader,
        policy,
        time: push.time,
    };
    let (reports, depends_on) = tags.judge((movements, &logged.refs), push.before, after);
    report.depends_on.extend(depends_on);
    for (reference, found) in reports {
        report.absorb_apart(reference, found);
    }
}

/// A server without a policy accepts exactly one push: the policy that matches its anchor.
fn first_push(push: &Push<'_>, report: &mut Report) -> Result<(), Error> {
    let (anchor, new) = match rules::first_policy(push.anchor, push.movements) {
        Ok(first) => first,
        Err(finding) => {
            report.findings.push(finding);
            return Ok(());
        }
    };
    let history = PolicyHistory::load(push.reader, new)?;
    report.findings.extend(rules::pinned_root(anchor, &history));
    let late = (0..history.commits().len()).filter_map(|at| match history.commits().len() {
        1 => history.refuses_new(at, push.time),
        // What comes from another server was accepted there.
        _ => history.refuses_at(at, push.time),
    });
    let late = late.map(|it| it.to_finding(Subject::none()));
    report.findings.extend(late);
    report.count("policies", history.commits().len());
    Ok(())
}

fn collect(
    push: &Push<'_>,
    history: &PolicyHistory,
    place: Place,
    movement: &Movement,
    arrivals: &mut Arrivals,
    report: &mut Report,
) -> Result<(), Error> {
    let subject = || Subject::of_ref(&movement.reference);
    if place == Place::Baseline {
        // Judged once all records are collected.
        return Ok(());
    }
    let Some(new) = movement.new else {
        report
            .findings
            .extend(rules::governance_kept(&movement.reference));
        return Ok(());
    };
    match place {
        Place::Policy => judge_policy(push, history, new, report),
        Place::Log => {
            let kept = match movement.old {
                Some(old) => push.reader.is_ancestor(old, new)?,
                None => true,
            };
            rules::log_by_server(&movement.reference, new, kept, &mut report.findings);
            Ok(())
        }
        Place::Unknown => {
            let remedy = "upgrade git-awo on the server";
            let finding = rules::known_kind(&movement.reference, remedy);
            report.findings.push(finding);
            Ok(())
        }
        _ => {
            let Some(gained) = gained(movement, &history.current().policy) else {
                return Ok(());
            };
            let before = Additions::at(push.reader, movement.old);
            let collected = arrivals.collect(push.reader, &gained, Some(&before));
            go_on(collected, subject(), report)?;
            let collected = arrivals.collect_commits(push.reader, &gained, push.before, history);
            go_on(collected, subject(), report)
        }
    }
}

/// Reports an error and goes on, except where every further step would fail likewise.
fn go_on(step: Result<(), Error>, subject: Subject, report: &mut Report) -> Result<(), Error> {
    match step {
        Err(error) if error.is_out_of_work() => return Err(error),
        Err(error) => report.absorb(error.refusal(subject)),
        Ok(()) => {}
    }
    Ok(())
}

/// Returns what a ref gains.
fn gained<'a>(movement: &'a Movement, policy: &Policy) -> Option<Gained<'a>> {
    let limits = &policy.document().limits;
    Some(Gained {
        reference: &movement.reference,
        old: movement.old,
        new: movement.new?,
        most_commits: limits.commits,
        most_changes: limits.paths,
        arriving: true,
    })
}

/// A policy change: only forward, each version signed by the roots of the one before.
fn judge_policy(
    push: &Push<'_>,
    history: &PolicyHistory,
    new: ObjectId,
    report: &mut Report,
) -> Result<(), Error> {
    let reference = layout::policy();
    let tip = history.current().commit;
    if !push.reader.is_ancestor(tip, new)? {
        report.findings.extend(rules::policy_follows(new, tip));
        return Ok(());
    }
    match PolicyHistory::load_after(push.reader, new, push.known) {
        Ok(newer) => {
            let known = history.commits().len();
            let added = newer.commits().len().saturating_sub(known);
            let late =
                (known..newer.commits().len()).filter_map(|at| newer.refuses_new(at, push.time));
            report
                .findings
                .extend(late.map(|it| it.to_finding(Subject::of_ref(&reference))));
            report.count("policies", added);
        }
        Err(error) => report.absorb(error.refusal(Subject::of_ref(&reference))),
    }
    Ok(())
}

/// Judges every branch of a push.
fn judge_branches(
    push: &Push<'_>,
    collector: &Collector<'_>,
    movements: Vec<&Movement>,
    report: &mut Report,
) -> Result<(), Error> {
    let uses = Uses::by_log(push.reader, push.before);
    let policy = &collector.history.current().policy;
    let mut commits_left = policy.document().limits.commits;
    let mut known = Known {
        before: Strict::of(policy, push.before),
        landed: Vec::new(),
        taken_back: TakenBack::default(),
    };
    for movement in in_order(policy, movements) {
        let found = (report.findings.len(), report.undecided.len());
        let of = (movement, &known);
        judge_branch(push, (collector, &uses), of, &mut commits_left, report)?;
        let clean = found == (report.findings.len(), report.undecided.len());
        if clean && let Some(new) = movement.new {
            let strict = Strict::of(policy, [(&movement.reference, &new)]);
            known.landed.push((&movement.reference, strict));
        }
    }
    Ok(())
}

/// What the branches of a push may build on, and what is known of their histories.
struct Known<'a> {
    /// Where branches were before it.
    before: Strict,
    /// Where it has moved branches so far.
    landed: Vec<(&'a RefName, Strict)>,
    /// What was taken back in their histories.
    taken_back: TakenBack,
}

/// Returns the movements of one push in the order in which they are judged, by its own door and by
/// `verify`: what others may build on first, among these what was there before, and then by name.
/// The order in which a client sends them counts for nothing: the log does not keep it.
pub(in crate::check) fn in_order<'a>(
    policy: &Policy,
    movements: impl IntoIterator<Item = &'a Movement>,
) -> Vec<&'a Movement> {
    let mut movements: Vec<_> = movements.into_iter().collect();
    let accepts_direct = |it: &Movement| {
        let rules = policy.ref_rules(&it.reference);
        rules.is_none_or(|rules| rules.accepts_direct())
    };
    movements.sort_by_key(|it| (accepts_direct(it), it.old.is_none(), *it));
    movements
}

/// Judges where a branch would go, and every commit that is new to it. New is what lies neither
/// below where it was, if it keeps that, nor below the tip at adoption, nor below what is known; what
/// the same push has landed must then move no later than the branch.
fn judge_branch(
    push: &Push<'_>,
    (collector, uses): (&Collector<'_>, &Uses<'_>),
    (movement, known): (&Movement, &Known<'_>),
    commits_left: &mut usize,
    report: &mut Report,
) -> Result<(), Error> {
    let reference = &movement.reference;
    let policy = &collector.history.current().policy;
    let subject = || Subject::of_ref(reference);
    let Some(branch_rules) = policy.ref_rules(reference) else {
        report.findings.push(rules::ungoverned(reference));
        return Ok(());
    };
    let Some(new) = movement.new else {
        report.findings.extend(rules::branch_kept(&branch_rules));
        return Ok(());
    };
    // A branch is at a commit: a tag there would be peeled by some and not by others.
    if let Err(error) = push.reader.tree_of(new) {
        report.absorb(Error::from(error).refusal(subject()));
        return Ok(());
    }
    // What the new tip does not contain may be gone tomorrow, and with it what it hides from
    // judgement: `verify` sees only what is there.
    let mut kept = None;
    if let Some(old) = movement.old {
        kept = push.reader.is_ancestor(old, new)?.then_some(old);
    }
    let lost = movement.old.filter(|_| kept.is_none());
    let finding = rules::fast_forward(&branch_rules, lost, new);
    report.findings.extend(finding);
    let is_new = movement.old.is_none();
    let mut hidden = Hidden {
        adopted: branch_rules.adopted_below(is_new),
        own: kept.into_iter().collect(),
        below: known.before.below(&branch_rules, is_new),
    };
    let new_commits = |hidden: &Hidden<'_>| hidden.new_commits(push.reader, collector.history, new);
    let mut commits = new_commits(&hidden)?;
    for (name, strict) in &known.landed {
        for tip in strict.below(&branch_rules, is_new) {
            hidden.below.push(tip);
            let fewer = new_commits(&hidden)?;
            if fewer.len() < commits.len() {
                let depends_on = report.depends_on.entry(reference.clone()).or_default();
                depends_on.insert((*name).clone());
                commits = fewer;
            }
        }
    }
    let expected = format!("at most {} a push", policy.document().limits.commits);
    if let Some(finding) = limits::commits(&commits, *commits_left, reference, expected) {
        report.findings.push(finding);
        return Ok(());
    }
    *commits_left = commits_left.saturating_sub(commits.len());
    let vouched = match branch_rules.accepts_vouched() {
        true => Vouched::of(collector, Some(&branch_rules), &commits)?,
        false => Vouched::default(),
    };
    let branch = Branch {
        rules: branch_rules,
        commits,
        vouched: &vouched,
        taken_back: &known.taken_back,
        time: push.time,
        old: kept,
        arriving: true,
        logged: None,
    };
    // The limit is one for the whole push, over all its branches.
    let seen = report.checked.get("paths").copied().unwrap_or_default();
    let left = policy
        .document()
        .limits
        .paths
        .saturating_sub(usize::try_from(seen).unwrap_or(usize::MAX));
    let judged = branch::judge(push.reader, &branch, collector, uses, left);
    match judged {
        Ok(mut found) => {
            branch::name_vouches(&branch.rules, &branch.commits, collector, &mut found)?;
            name_adoption(push, reference, &mut found)?;
            report.absorb(found);
            Ok(())
        }
        Err(error) => go_on(Err(error), subject(), report),
    }
}

/// Returns where every ref is that a check can rely on.
pub fn refs(reader: &Reader) -> Result<Refs, Error> {
    Ok(reader
        .references("refs/")?
        .into_iter()
        .collect::<BTreeMap<_, _>>())
}

/// Number of tips among which the branch is looked for on which a refused commit was before.
const MOST_TIPS: usize = 100;

/// Says of refused artefacts on which other branch they stood before the push: there a root may adopt them.
fn name_adoption(push: &Push<'_>, reference: &RefName, report: &mut Report) -> Result<(), Error> {
    let commit_of = |it: &Finding| {
        let commit = it.subject.commit.as_ref()?.parse::<ObjectId>().ok();
        commit.filter(|_| artefacts::may_be_adopted(it))
    };
    let commits: Vec<_> = report.findings.iter().filter_map(commit_of).collect();
    let Some(first) = commits.first() else {
        return Ok(());
    };
    let others = push.before.iter();
    let others = others.filter(|(name, _)| name.branch().is_some() && *name != reference);
    // Those that others build on have short names.
    let mut others: Vec<_> = others.collect();
    others.sort_by_key(|(name, _)| (name.as_str().split('/').count(), *name));
    let mut seen = BTreeSet::new();
    let tips = others.into_iter().filter(|(_, tip)| seen.insert(**tip));
    for (name, tip) in tips.take(MOST_TIPS) {
        if push.reader.is_ancestor(*first, *tip)? {
            let new = push.reader.new_commits(&commits, &[*tip])?;
            let new: BTreeSet<_> = new.into_iter().collect();
            let findings = std::mem::take(&mut report.findings).into_iter();
            let named = findings.map(|mut finding| {
                if commit_of(&finding).is_some_and(|id| !new.contains(&id)) {
                    artefacts::was_on(name, *tip, &mut finding);
                }
                finding
            });
            report.findings = named.collect();
            break;
        }
    }
    Ok(())
}
