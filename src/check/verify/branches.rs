//! Judges every commit of every branch, push by push, each by the policy in force then.
//!
//! A commit is hidden only by what is judged here as well, or by the tips at adoption. What the
//! log merely says was there proves nothing: it may have been put there past the hooks.
//!
//! First it is planned what is to be judged for each push, then all of that is judged on all cores.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::check::branch::strict::{Hidden, Strict};
use crate::check::branch::{self, Branch, Seen};
use crate::check::push::in_order;
use crate::check::{Behind, Error, PolicyHistory};
use crate::facts::artefacts::TakenBack;
use crate::facts::lifting::{Made, Uses};
use crate::facts::log::Log;
use crate::facts::remembered::At;
use crate::facts::tips::{Judged, contained, tips};
use crate::facts::vouched::Vouched;
use crate::git::Reader;
use crate::policy::{Policy, RefRules};
use crate::record::{
    Checked, Coded, Findings, ObjectId, RefName, Report, Subject, Timestamp, add_checked,
};
use crate::rules::{clone as known, protection, push as rules};

use super::arrived::Arrived;
use super::blobs::{Blobs, Hashed};
use super::cores::Cores;

/// How many commits are judged at once in one thread: neighbours share trees.
const CHUNK: usize = 64;

/// A movement of a branch, by the version of the policy and at the time of its push.
struct Move<'a> {
    reference: &'a RefName,
    new: ObjectId,
    policy: usize,
    time: Timestamp,
    /// Whether the branch was not there before, as the log tells: a branch that is made again
    /// after it was deleted is as new as at the door.
    is_new: bool,
    /// Where the branch was before, if that is known.
    old: Option<ObjectId>,
    /// Whether the branch is there now.
    is_tip: bool,
    /// Whether it came without its records.
    is_behind: bool,
    /// The entry of the log that tells of it.
    logged: Option<ObjectId>,
    /// The entry of the log that tells of the push, by its place; none of what moved past the hooks.
    entry: Option<usize>,
}

/// What is to be judged for a movement.
enum Job {
    /// Nothing: no rule governs the branch.
    Ungoverned,
    /// Nothing: an earlier movement of another branch is judged alike.
    Alike,
    /// These commits.
    Commits(Vec<ObjectId>),
    /// What is new cannot be read.
    Failed(Error),
}

/// What was judged of all that the log tells, apart from where branches are now.
#[derive(Default)]
pub(super) struct Logged {
    /// The tips of each branch, so far as they are here.
    pub(super) tips: Judged,
    /// The commits of runs, and the pushes that brought them.
    pub(super) runs: Vec<(RefName, ObjectId, At)>,
    /// How much was checked.
    pub(super) checked: Checked,
    /// Whether anything was judged by which overrides were used before.
    pub(super) lifts: bool,
}

/// Judges every branch of a clone, where some commits were judged `before`.
pub(super) fn verify(
    cores: &Cores<'_>,
    (log, behind): (&Log, &Behind),
    arrived: Option<&Arrived<'_>>,
    before: &Judged,
    report: &mut Report,
) -> Result<Logged, Error> {
    let tips = tips(cores.reader(), cores.basis.refs);
    let moves = moves(cores, (log, behind), &tips)?;
    let has_log = !log.state.refs.is_empty();
    let mut known = Outcomes::default();
    let runs: Mutex<Vec<_>> = Mutex::default();
    let (jobs, results, hashed, logged_tips, lifted) = loop {
        let mut plan = Plan::of(cores, has_log, &moves, &known, before);
        let hashed = Hashed::default();
        let (results, lifted) = judge(cores, &moves, &plan.jobs, log, &|it, seen| match seen {
            Seen::Commit(reader, commit, found) => hashed.add(reader, commit, found),
            Seen::Malformed => hashed.damaged(),
            Seen::Run(collector, facts) => {
                if let Some(arrived) = arrived {
                    arrived.judge(collector, facts);
                }
                if let Some(run) = facts.held().filter(|_| !it.is_tip) {
                    let mut runs = runs.lock().unwrap_or_else(PoisonError::into_inner);
                    runs.push((
                        it.reference.clone(),
                        run.says().commit,
                        (it.policy, it.time),
                    ));
                }
            }
        })?;
        // The plan took for granted that everything holds. Where something does not, what relied
        // on that is planned anew.
        let before = (known.failed.len(), known.found.len());
        for (at, (job, result)) in plan.jobs.iter().zip(&results).enumerate() {
            match result {
                Err(_) => _ = known.failed.insert(at),
                Ok(_) if matches!(job, Job::Failed(_)) => _ = known.failed.insert(at),
                Ok(found) if found.findings.is_empty() && found.undecided.is_empty() => {}
                Ok(_) if plan.relied_on.contains(&at) => _ = known.found.insert(at),
                Ok(_) => {}
            }
        }
        if before == (known.failed.len(), known.found.len()) {
            let tips = plan.logged.take().unwrap_or_else(|| plan.tips());
            break (plan.jobs, results, hashed, tips, lifted);
        }
    };
    let mut blobs = match hashed.into_blobs().filter(|_| known.failed.is_empty()) {
        Some(blobs) => blobs,
        // Something is damaged: once more, slowly, to tell where.
        None => {
            let mut blobs = Blobs::default();
            for (it, job) in moves.iter().zip(&jobs) {
                if let Job::Commits(commits) = job {
                    blobs.of_commits(cores.reader(), it.reference, commits, report);
                }
            }
            blobs
        }
    };
    blobs.known(cores.reader(), before);
    told(log, &moves, &lifted.made, &mut report.findings);
    let mut logged = Logged {
        tips: logged_tips,
        runs: runs.into_inner().unwrap_or_else(PoisonError::into_inner),
        lifts: lifted.any,
        ..Logged::default()
    };
    for ((it, job), result) in moves.iter().zip(jobs).zip(results) {
        match (job, result) {
            (Job::Failed(error), _) | (_, Err(error)) => {
                report.absorb(error.refusal(Subject::of_ref(it.reference)))
            }
            (Job::Ungoverned, Ok(_)) => {
                let note = format!("{} is not governed", it.reference);
                if !report.notes.contains(&note) {
                    report.notes.push(note);
                }
            }
            (_, Ok(found)) => {
                if !it.is_tip {
                    add_checked(&mut logged.checked, &found.checked);
                }
                report.absorb(known::or_fetch(found, it.is_behind));
                if it.is_tip {
                    let found = blobs.of_tip(cores.reader(), it.reference, it.new, report);
                    put(found, it.reference, report);
                }
            }
        }
    }
    // What is judged hides what it contains the next time, so that its files are hashed now.
    for (name, tips) in &logged.tips {
        for tip in tips {
            put(
                blobs.of_tip(cores.reader(), name, *tip, report),
                name,
                report,
            );
        }
    }
    Ok(logged)
}

/// Judges where the log says that branches went, as at the door. What is gone from this clone, with a
/// branch that was rewound later, tells nothing.
pub(super) fn judge_movements(
    cores: &Cores<'_>,
    log: &Log,
    findings: &mut Findings,
) -> Result<(), Error> {
    let (reader, history) = (cores.reader(), cores.basis.history);
    for entry in &log.entries {
        let policy = &history.version(entry.policy).policy;
        for movement in &entry.receipt.predicate().movements {
            let branch = movement.reference.branch();
            let Some(rules) = branch.and_then(|_| policy.ref_rules(&movement.reference)) else {
                continue;
            };
            let (Some(old), false) = (movement.old, rules.accepts_rewind()) else {
                continue;
            };
            match movement.new {
                None => findings.extend(rules::branch_kept(&rules)),
                Some(new) if reader.contains(new) => {
                    let kept = reader.contains(old) && reader.is_ancestor(old, new)?;
                    let lost = (!kept).then_some(old);
                    findings.extend(rules::fast_forward(&rules, lost, new));
                }
                Some(_) => {}
            }
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

/// Returns the movements that are judged, in order: what the log tells, as far as it is here, and
/// where every branch is now.
fn moves<'a>(
    cores: &Cores<'a>,
    (log, behind): (&'a Log, &Behind),
    tips: &'a BTreeSet<(RefName, ObjectId)>,
) -> Result<Vec<Move<'a>>, Error> {
    let (reader, history) = (cores.reader(), cores.basis.history);
    let below = Below::default();
    // The newest first: what a branch contains later is near what it contained before.
    let mut later: BTreeMap<&RefName, ObjectId> = BTreeMap::new();
    let mut moves = Vec::new();
    for (place, entry) in log.entries.iter().enumerate().rev() {
        let says = entry.receipt.predicate();
        let policy = &history.version(entry.policy).policy;
        // What moved past the hooks was there before this push.
        let unrecorded = in_order(policy, &says.unrecorded);
        let told = in_order(policy, &says.movements);
        let unrecorded = unrecorded.into_iter().map(|it| (it, None));
        let movements = unrecorded.chain(told.into_iter().map(|it| (it, Some(place))));
        let movements: Vec<_> = movements
            .filter(|(it, _)| it.reference.branch().is_some())
            .collect();
        for (movement, entry_of) in movements.into_iter().rev() {
            let Some(new) = movement.new.filter(|new| reader.contains(*new)) else {
                continue;
            };
            let reference = &movement.reference;
            let mut is_here = match later.get(reference) {
                Some(later) => reader.is_ancestor(new, *later)?,
                None => false,
            };
            is_here = is_here || contained(reader, tips, reference, new)?;
            if is_here {
                later.insert(reference, new);
            }
            // A clone of one branch has what that builds on, and not the ref it landed on.
            let is_below = !is_here && takes_only_governed(policy, reference);
            if is_here || (is_below && below.contains(reader, tips, new)?) {
                moves.push(Move {
                    reference,
                    new,
                    policy: entry.policy,
                    time: says.time,
                    is_new: movement.old.is_none(),
                    old: movement.old,
                    is_tip: false,
                    is_behind: false,
                    logged: Some(entry.commit),
                    entry: entry_of,
                });
            }
        }
    }
    moves.reverse();
    // Strict branches first, so that others may build on what was judged there.
    let policy = &history.current().policy;
    let (strict, loose): (Vec<_>, Vec<_>) = tips
        .iter()
        .partition(|(name, _)| takes_only_governed(policy, name));
    for (reference, tip) in strict.into_iter().chain(loose) {
        let now = |new, is_behind| Move {
            reference,
            new,
            policy: history.last_index(),
            time: cores.basis.time,
            is_new: !log.state.refs.contains_key(reference),
            old: log.state.refs.get(reference).copied(),
            is_tip: true,
            is_behind,
            logged: None,
            entry: None,
        };
        let is_behind = !behind.since(reader, &[*tip])?.is_empty();
        if is_behind {
            // What was fetched with its records is judged by them.
            for seen in behind.seen(reference) {
                if reader.is_ancestor(seen, *tip)? {
                    moves.push(now(seen, false));
                }
            }
        }
        moves.push(now(*tip, is_behind));
    }
    Ok(moves)
}

/// Tells whether others may build on this branch.
fn takes_only_governed(policy: &Policy, name: &RefName) -> bool {
    let rules = policy.ref_rules(name);
    rules.is_some_and(|rules| !rules.accepts_direct())
}

/// What became of movements that were judged, by their places.
#[derive(Default)]
struct Outcomes {
    /// Those that could not be judged: they hide nothing from others.
    failed: BTreeSet<usize>,
    /// Those of which something was found: none counts as judged because it is alike.
    found: BTreeSet<usize>,
}

/// What is to be judged for each movement, as far as those before it hold.
struct Plan<'a> {
    reader: &'a Reader,
    history: &'a PolicyHistory,
    /// Whether a receive log tells of any of them.
    has_log: bool,
    /// The tips after all that the log tells, once that is known.
    logged: Option<Judged>,
    jobs: Vec<Job>,
    /// The movements that others rely on, being alike.
    relied_on: BTreeSet<usize>,
    /// The tips so far, by branch; not those that the next one contains.
    tips: BTreeMap<&'a RefName, Vec<ObjectId>>,
    /// Those on which other branches may build, and the version of the policy that says so.
    strict: (Option<usize>, Strict),
    /// By version, time and entries of the policy: where a tip is judged first.
    first: BTreeMap<(usize, Timestamp, Vec<usize>, ObjectId), usize>,
}

impl<'a> Plan<'a> {
    fn of(
        cores: &Cores<'a>,
        has_log: bool,
        moves: &[Move<'a>],
        known: &Outcomes,
        before: &'a Judged,
    ) -> Self {
        let before = before.iter().filter(|(name, _)| name.branch().is_some());
        let mut plan = Self {
            reader: cores.reader(),
            history: cores.basis.history,
            has_log,
            logged: None,
            jobs: Vec::with_capacity(moves.len()),
            relied_on: BTreeSet::new(),
            tips: before.map(|(name, tips)| (name, tips.clone())).collect(),
            strict: Default::default(),
            first: BTreeMap::new(),
        };
        for (at, it) in moves.iter().enumerate() {
            if it.is_tip && plan.logged.is_none() {
                plan.logged = Some(plan.tips());
            }
            let policy = &cores.basis.history.version(it.policy).policy;
            let job = match policy.ref_rules(it.reference) {
                Some(rules) => {
                    if plan.strict.0 != Some(it.policy) {
                        let tips = plan.tips.iter();
                        let tips =
                            tips.flat_map(|(name, tips)| tips.iter().map(move |tip| (*name, tip)));
                        plan.strict = (Some(it.policy), Strict::of(policy, tips));
                    }
                    plan.job(at, it, &rules, known)
                }
                None => Job::Ungoverned,
            };
            plan.jobs.push(job);
        }
        plan
    }

    /// Returns the tips so far.
    fn tips(&self) -> Judged {
        let tips = self.tips.iter();
        tips.map(|(name, tips)| ((*name).clone(), tips.clone()))
            .collect()
    }

    fn job(&mut self, at: usize, it: &Move<'a>, rules: &RefRules<'_>, known: &Outcomes) -> Job {
        let alike = (it.policy, it.time, rules.entries(), it.new);
        if let Some(first) = self.first.get(&alike) {
            self.relied_on.insert(*first);
            self.arrive(it, rules);
            return Job::Alike;
        }
        let hidden = self.hidden(it, rules);
        // What the log tells of was accepted before, maybe by an older program, and stays so.
        let commits = match it.is_tip && self.has_log {
            true => hidden.new_commits(self.reader, self.history, it.new),
            false => hidden.fewest(self.reader, it.new),
        };
        let commits = match commits {
            Ok(commits) => commits,
            Err(error) => return Job::Failed(error.into()),
        };
        if !known.failed.contains(&at) {
            // A run and a vouch are bound to one branch, a direct commit to none; but what was found may rest
            // on tips of this branch that hide commits here and nowhere else.
            let direct_only = rules.accepts_direct()
                && !rules.accepts_governed()
                && !rules.accepts_rollback()
                && !rules.accepts_vouched();
            let is_new = !self.tips.contains_key(it.reference);
            if direct_only && is_new && !known.found.contains(&at) {
                self.first.insert(alike, at);
            }
            self.arrive(it, rules);
        }
        Job::Commits(commits)
    }

    /// Remembers where a branch is now.
    fn arrive(&mut self, it: &Move<'a>, rules: &RefRules<'_>) {
        let tips = self.tips.entry(it.reference).or_default();
        let contains = |tip: &ObjectId| self.reader.is_ancestor(*tip, it.new).unwrap_or(false);
        let last = tips.pop_if(|tip| contains(tip));
        tips.push(it.new);
        self.strict.1.replace(rules, last, it.new);
    }

    fn hidden(&self, it: &Move<'a>, rules: &RefRules<'_>) -> Hidden<'_> {
        let own = self.tips.get(it.reference);
        // What the log does not tell of from the beginning may be new.
        let is_new = it.is_new || own.is_none();
        let mut hidden = Hidden {
            adopted: rules.adopted_below(is_new),
            own: own.cloned().unwrap_or_default(),
            below: self.strict.1.below(rules, is_new),
        };
        hidden.own.retain(|id| self.reader.contains(*id));
        hidden.below.retain(|(id, _)| self.reader.contains(*id));
        hidden
    }
}

/// The overrides that were used, by the place of the movement that brought the commit.
#[derive(Default)]
struct Lifted {
    made: Vec<(usize, Made)>,
    /// Whether anything was judged by them.
    any: bool,
}

/// Compares what the receipts tell of overrides with what was used.
fn told(log: &Log, moves: &[Move<'_>], made: &[(usize, Made)], findings: &mut Findings) {
    // The receipt of the first landing tells of a use, and no later one.
    let brought_by = |(at, made): &&(usize, Made)| {
        let brought = || moves.get(*at).and_then(|it| it.entry);
        made.told_by.or_else(brought)
    };
    for (place, entry) in log.entries.iter().enumerate() {
        let says = entry.receipt.predicate();
        let own = made.iter().filter(|it| brought_by(it) == Some(place));
        let own: Vec<_> = own.map(|(_, it)| it).collect();
        if own.is_empty() && says.overrides.is_empty() {
            continue;
        }
        // What is gone from this clone may have used some.
        let branches = says
            .movements
            .iter()
            .filter(|it| it.reference.branch().is_some());
        let branches = branches.filter(|it| it.new.is_some()).count();
        let judged = moves.iter().filter(|it| it.entry == Some(place)).count();
        let all: Vec<_> = made.iter().map(|(_, it)| it).collect();
        let all = (judged == branches).then_some(&*all);
        protection::told(says.sequence, &says.overrides, &own, all, findings);
    }
}

/// Judges one after the other the commits whose verdict depends on what others have used: in the order in which
/// they came.
fn judge_left(
    cores: &Cores<'_>,
    moves: &[Move<'_>],
    log: &Log,
    left: &[(usize, Branch<'_>)],
    results: &mut [Result<Report, Error>],
    watch: &(dyn Fn(&Move<'_>, Seen<'_>) + Sync),
) -> Result<Lifted, Error> {
    let mut lifted = Lifted::default();
    let mut receipts = log.entries.iter().enumerate().peekable();
    if left.is_empty() {
        return Ok(lifted);
    }
    lifted.any = true;
    let uses = Uses::from_the_beginning();
    let records = cores.basis.open(cores.reader())?;
    let collector = cores.basis.collector(&records);
    for (at, branch) in left {
        let (Some(it), Some(result)) = (moves.get(*at), results.get_mut(*at)) else {
            continue;
        };
        while let Some((place, entry)) =
            receipts.next_if(|(_, entry)| it.logged != Some(entry.commit))
        {
            let says = entry.receipt.predicate();
            uses.hear(place, (entry.policy, says.time), &says.overrides);
        }
        let mut found = Report::default();
        let told = it.entry.and_then(|place| log.entries.get(place));
        let told = told.map_or(&[][..], |entry| &entry.receipt.predicate().overrides);
        let judged = branch::judge_left(
            cores.reader(),
            branch,
            &collector,
            &uses,
            (&branch.commits, told),
            &|seen| watch(it, seen),
            &mut found,
        );
        // What was told when it landed is no news.
        found.notes.clear();
        let new = uses.made().into_iter().skip(lifted.made.len());
        lifted.made.extend(new.map(|it| (*at, it)));
        match (judged, &mut *result) {
            (Ok(()), Ok(report)) => report.absorb(found),
            (Err(error), Ok(_)) => *result = Err(error),
            (_, Err(_)) => {}
        }
    }
    Ok(lifted)
}

/// Judges what is planned; returns what was found for each movement, and the overrides that were used.
fn judge(
    cores: &Cores<'_>,
    moves: &[Move<'_>],
    jobs: &[Job],
    log: &Log,
    watch: &(dyn Fn(&Move<'_>, Seen<'_>) + Sync),
) -> Result<(Vec<Result<Report, Error>>, Lifted), Error> {
    let history = cores.basis.history;
    let taken_back = TakenBack::default();
    let rules_of = |it: &Move<'_>| history.version(it.policy).policy.ref_rules(it.reference);
    let all: Vec<_> = moves.iter().zip(jobs).enumerate().collect();
    // A vouch is found by the last commit of its range, so all of a movement are asked at once.
    let vouched = cores.spread(&all, |collector, (_, (it, job))| {
        match (job, rules_of(it)) {
            (Job::Commits(commits), Some(rules)) if rules.accepts_vouched() => {
                Vouched::of(collector, Some(&rules), commits)
            }
            _ => Ok(Vouched::default()),
        }
    })?;
    let judged = |job: &Job| match job {
        Job::Commits(_) => Report {
            checked: [("commits", 0), ("paths", 0)].into(),
            ..Report::default()
        },
        _ => Report::default(),
    };
    let (mut results, mut known) = (Vec::new(), Vec::new());
    for (job, vouched) in jobs.iter().zip(vouched) {
        let (result, vouched) = match vouched {
            Ok(vouched) => (Ok(judged(job)), Some(vouched)),
            Err(error) => (Err(error), None),
        };
        results.push(result);
        known.push(vouched);
    }
    let mut pieces = Vec::new();
    for ((at, (it, job)), vouched) in all.iter().zip(&known) {
        if let (Job::Commits(commits), Some(vouched)) = (job, vouched) {
            let chunks = commits.chunks(CHUNK);
            pieces.extend(chunks.map(|commits| (*at, *it, commits, vouched)));
        }
    }
    let found = cores.spread(&pieces, |collector, (_, it, commits, vouched)| {
        let Some(rules) = rules_of(it) else {
            return Ok((Report::default(), Vec::new()));
        };
        let branch = branch_of(it, rules, commits, (vouched, &taken_back));
        let reader = collector.records.reader();
        branch::judge_once(reader, &branch, collector, &|seen| watch(it, seen))
    })?;
    let mut left = Vec::new();
    for ((at, it, _, vouched), found) in pieces.into_iter().zip(found) {
        let Some(result) = results.get_mut(at) else {
            continue;
        };
        match (found, &mut *result) {
            (Ok((found, commits)), Ok(report)) => {
                report.absorb(found);
                let rules = rules_of(it).filter(|_| !commits.is_empty());
                left.extend(
                    rules.map(|rules| (at, branch_of(it, rules, &commits, (vouched, &taken_back)))),
                );
            }
            (Err(error), Ok(_)) => *result = Err(error),
            (_, Err(_)) => {}
        }
    }
    let lifted = judge_left(cores, moves, log, &left, &mut results, watch)?;
    let found = all.iter().zip(&results);
    let refused = found.filter_map(|((at, (it, job)), result)| match (job, result) {
        (Job::Commits(commits), Ok(found)) if !found.findings.is_empty() => {
            Some((*at, *it, commits, found))
        }
        _ => None,
    });
    let refused: Vec<_> = refused.collect();
    let named = cores.spread(&refused, |collector, (_, it, commits, found)| {
        let mut found = (*found).clone();
        if let Some(rules) = rules_of(it) {
            branch::name_vouches(&rules, commits, collector, &mut found)?;
        }
        Ok(found)
    })?;
    let places: Vec<_> = refused.iter().map(|(at, ..)| *at).collect();
    for (at, named) in places.into_iter().zip(named) {
        if let Some(result) = results.get_mut(at) {
            *result = named;
        }
    }
    Ok((results, lifted))
}

/// Returns commits that a movement brought, as they are judged.
fn branch_of<'a>(
    it: &Move<'_>,
    rules: RefRules<'a>,
    commits: &[ObjectId],
    (vouched, taken_back): (&'a Vouched, &'a TakenBack),
) -> Branch<'a> {
    Branch {
        rules,
        commits: commits.to_vec(),
        vouched,
        taken_back,
        time: it.time,
        old: it.old,
        arriving: it.is_tip,
        logged: it.logged,
    }
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
