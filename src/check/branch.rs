//! Judges the new commits of a governed branch.

pub(super) mod history;
pub(super) mod strict;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::facts::artefacts::{self, Artefacts, TakenBack};
use crate::facts::case::{CommitCase, CommitKind};
use crate::facts::ceiling::Landing;
use crate::facts::lifting::{self, Lifting, Uses, When};
use crate::facts::post_work;
use crate::facts::run::{Collector, RunFacts};
use crate::facts::vouched::{self, Vouched};
use crate::git::{self, Compared, Reader};
use crate::policy::RefRules;
use crate::record::commit::Commit;
use crate::record::contract::CeilingTerms;
use crate::record::{Coded, Findings, ObjectId, OverrideUse, Report, Subject, Timestamp, Verdict};
use crate::rules::{self, Step};
use history::History;

use super::{Error, rollback};

pub use history::changes_of;

/// A branch and the commits to judge on it.
pub struct Branch<'a> {
    /// What the policy says about it.
    pub rules: RefRules<'a>,
    /// The commits, parents before children.
    pub commits: Vec<ObjectId>,
    /// Who vouches for some of them.
    pub vouched: &'a Vouched,
    /// What was taken back in its history.
    pub taken_back: &'a TakenBack,
    /// The time by which keys are judged.
    pub time: Timestamp,
    /// Where the branch was before, if that is known.
    pub old: Option<ObjectId>,
    /// Whether they arrive now, or as if now. What the receive log tells of was accepted before, maybe by
    /// an older program, and stays so.
    pub arriving: bool,
    /// The entry of the receive log that tells of them.
    pub logged: Option<ObjectId>,
}

impl Branch<'_> {
    fn when(&self) -> When {
        When {
            time: self.time,
            arriving: self.arriving,
        }
    }

    fn history<'r>(&self, reader: &'r Reader) -> History<'r> {
        match self.arriving {
            true => History::of_arriving(reader, &self.rules),
            false => History::new(reader, &self.rules),
        }
    }

    fn artefacts(
        &self,
        reader: &Reader,
        commit: &Commit,
        found: &Compared,
    ) -> Result<Artefacts, git::Error> {
        let (policy, changes) = (self.rules.policy(), &found.changes);
        artefacts::of_commit(reader, policy, commit, changes, self.taken_back)
    }
}

/// Judges every commit of a branch. Direct commits are spread over two threads.
pub fn judge(
    reader: &Reader,
    branch: &Branch<'_>,
    collector: &Collector<'_>,
    uses: &Uses<'_>,
    max_paths: usize,
) -> Result<Report, Error> {
    let mut report = Report::default();
    report.count("commits", branch.commits.len());
    let paths = AtomicUsize::new(0);
    let one = |reader: &Reader, chunk: &[ObjectId]| -> Result<(Findings, Vec<ObjectId>), Error> {
        let mut findings = Findings::new();
        let mut governed = Vec::new();
        let mut history = branch.history(reader);
        // The youngest first: git stores it whole, and older trees as deltas of younger ones.
        for id in chunk.iter().rev() {
            judge_plain(
                &mut history,
                branch,
                *id,
                max_paths,
                &paths,
                &mut findings,
                &mut governed,
            )?;
        }
        governed.reverse();
        Ok((findings, governed))
    };
    let (findings, governed) = if branch.commits.len() < 32 {
        one(reader, &branch.commits)?
    } else {
        // Neighbours share trees, so each thread takes one run of the history.
        let (first, second) = branch.commits.split_at(branch.commits.len() / 2);
        let other = reader.fork();
        std::thread::scope(|scope| {
            let one = &one;
            let second = scope.spawn(move || one(&other, second));
            let (mut findings, mut governed) = one(reader, first)?;
            let (more, rest) = second
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            findings.extend(more);
            governed.extend(rest);
            Ok::<_, Error>((findings, governed))
        })?
    };
    report.count("paths", paths.load(Ordering::Relaxed));
    report.findings.extend(findings);
    let left = (&*governed, &[][..]);
    judge_left(reader, branch, collector, uses, left, &|_| {}, &mut report)?;
    Ok(report)
}

/// Judges commits one after the other, parents before children: those that need more than their own objects.
pub(super) fn judge_left(
    reader: &Reader,
    branch: &Branch<'_>,
    collector: &Collector<'_>,
    uses: &Uses<'_>,
    (commits, receipt): (&[ObjectId], &[OverrideUse]),
    watch: &dyn Fn(Seen<'_>),
    report: &mut Report,
) -> Result<(), Error> {
    for id in commits {
        let (commit, found) = branch.history(reader).gather(*id)?;
        let policy = branch.rules.policy();
        let of = (Some(&*commit), &*found.changes);
        let lifting = collector.lifting(policy, uses, of, branch.when())?;
        let artefacts = match branch.artefacts(reader, &commit, &found) {
            Ok(artefacts) => artefacts,
            Err(error) => {
                report.findings.extend(denied(branch, *id, error)?);
                continue;
            }
        };
        let it = Claim {
            commit: &commit,
            found: &found,
            artefacts,
            claim: CommitKind::of(&commit),
            lifting: &lifting,
        };
        let mut judged = Report::default();
        judge_claim(reader, branch, collector, it, watch, &mut judged)?;
        if judged.verdict() == Verdict::Allowed {
            use_up(branch, commit.id, (&lifting, receipt), uses, &mut judged);
        }
        report.absorb(judged);
    }
    Ok(())
}

/// Notes the overrides that a commit uses, so that no other commit does.
fn use_up(
    branch: &Branch<'_>,
    commit: ObjectId,
    (lifting, receipt): (&[Lifting], &[OverrideUse]),
    uses: &Uses<'_>,
    report: &mut Report,
) {
    for it in lifting {
        if !it.used_before {
            report.notes.push(rules::protection::used_by(it));
            let told = it.told().map_or(receipt, std::slice::from_ref);
            uses.add(it.used_by(commit), told);
        }
        // Of two branches of one push, the first may not move after all.
        let Some(used) = uses.made_by(commit, &it.protection.path) else {
            continue;
        };
        let reference = branch.rules.reference().clone();
        report.overrides.entry(reference).or_default().push(used);
    }
}

/// What is read while commits are judged, for whoever needs it as well.
pub(super) enum Seen<'a> {
    /// A commit, and what it changes.
    Commit(&'a Reader, &'a Commit, &'a Compared),
    /// A commit whose objects are malformed.
    Malformed,
    /// A run.
    Run(&'a Collector<'a>, &'a RunFacts),
}

/// Judges every commit of a branch in one pass and one thread, each object read once. Those are left over,
/// parents before children, whose verdict depends on what other commits have used.
pub(super) fn judge_once(
    reader: &Reader,
    branch: &Branch<'_>,
    collector: &Collector<'_>,
    watch: &dyn Fn(Seen<'_>),
) -> Result<(Report, Vec<ObjectId>), Error> {
    let mut left = Vec::new();
    let mut report = Report::default();
    report.count("commits", branch.commits.len());
    let mut history = branch.history(reader);
    for id in branch.commits.iter().rev() {
        let (commit, found) = match history.gather(*id) {
            Ok(gathered) => gathered,
            Err(error) => {
                watch(Seen::Malformed);
                report.findings.extend(denied(branch, *id, error)?);
                continue;
            }
        };
        report.count("paths", found.changes.len());
        watch(Seen::Commit(reader, &commit, &found));
        if lifting::may_be_lifted(branch.rules.policy(), &found.changes) {
            left.push(*id);
            continue;
        }
        let artefacts = match branch.artefacts(reader, &commit, &found) {
            Ok(artefacts) => artefacts,
            Err(error) => {
                report.findings.extend(denied(branch, *id, error)?);
                continue;
            }
        };
        match CommitKind::of(&commit) {
            CommitKind::Direct => {
                report
                    .findings
                    .extend(judge_direct(branch, &commit, &found, artefacts, &[]))
            }
            claim => {
                let it = Claim {
                    commit: &commit,
                    found: &found,
                    artefacts,
                    claim,
                    lifting: &[],
                };
                judge_claim(reader, branch, collector, it, watch, &mut report)?;
            }
        }
    }
    left.reverse();
    Ok((report, left))
}

/// Returns the findings on a commit of which something is malformed; nothing else may keep a commit from being judged.
fn denied(branch: &Branch<'_>, id: ObjectId, error: git::Error) -> Result<Findings, git::Error> {
    let subject = Subject::of_ref(branch.rules.reference()).at(id);
    match error.is_out_of_work() {
        // Not this commit's fault, and the next one would say it again.
        true => Err(error),
        false => error.denies(subject).ok_or(error),
    }
}

fn judge_direct(
    branch: &Branch<'_>,
    commit: &Commit,
    found: &Compared,
    artefacts: Artefacts,
    lifting: &[Lifting],
) -> Findings {
    let case = case(
        &branch.rules,
        branch.time,
        commit,
        found,
        (artefacts, lifting),
    );
    let mut findings = Findings::new();
    if branch.arriving {
        rules::one_reading(&case, &mut findings);
    }
    rules::entries(&case, &mut findings);
    rules::merge(&case, &mut findings);
    rules::direct(&case, &mut findings);
    or_vouched(branch, &case, findings)
}

/// Returns what was found about a commit by itself, or less if somebody vouches for it. Whoever does
/// names the whole commit by its id, so that it matters neither who signed it nor what a signature
/// would cover.
fn or_vouched(branch: &Branch<'_>, case: &CommitCase<'_>, itself: Findings) -> Findings {
    if itself.is_empty() {
        return itself;
    }
    let mut least = None;
    for person in branch.vouched.by(case.commit.id) {
        let mut findings = Findings::new();
        rules::entries(case, &mut findings);
        rules::merge(case, &mut findings);
        rules::vouch::vouched(case, person, &mut findings);
        if findings.is_empty() {
            return findings;
        }
        least.get_or_insert(findings);
    }
    least.unwrap_or(itself)
}

/// Says of refused commits for which branches somebody vouches for them, where that does not count on
/// this one: of all that came to it at once, since a vouch is found by the last of its range.
pub(super) fn name_vouches(
    branch: &RefRules<'_>,
    commits: &[ObjectId],
    collector: &Collector<'_>,
    report: &mut Report,
) -> Result<(), Error> {
    if report.findings.is_empty() {
        return Ok(());
    }
    let elsewhere = vouched::elsewhere(collector, branch, commits)?;
    let elsewhere: BTreeMap<_, _> = elsewhere
        .into_iter()
        .map(|(id, branches)| (id.to_string(), branches))
        .collect();
    let findings = std::mem::take(&mut report.findings).into_iter();
    let named = findings.map(|mut finding| {
        let commit = finding.subject.commit.as_ref();
        if let Some(branches) = commit.and_then(|id| elsewhere.get(id)) {
            rules::vouch::elsewhere(branch, branches, &mut finding);
        }
        finding
    });
    report.findings = named.collect();
    Ok(())
}

/// Judges names, modes and merges of any commit, and direct commits whole; others are left over.
fn judge_plain(
    history: &mut History<'_>,
    branch: &Branch<'_>,
    id: ObjectId,
    max_paths: usize,
    paths: &AtomicUsize,
    findings: &mut Findings,
    governed: &mut Vec<ObjectId>,
) -> Result<(), Error> {
    // The finding is there already: looking at more costs time and tells nothing.
    if paths.load(Ordering::Relaxed) > max_paths {
        return Ok(());
    }
    let (commit, found) = match history.gather(id) {
        Ok(found) => found,
        // A malformed object is a finding on this commit; the others are judged all the same.
        Err(error) => {
            findings.extend(denied(branch, id, error)?);
            return Ok(());
        }
    };
    let changed = found.changes.len();
    let before = paths.fetch_add(changed, Ordering::Relaxed);
    if before.saturating_add(changed) > max_paths {
        findings.push(rules::limits::paths(max_paths, branch.rules.reference()));
        return Ok(());
    }
    let may_be_lifted = lifting::may_be_lifted(branch.rules.policy(), &found.changes);
    if may_be_lifted || CommitKind::of(&commit) != CommitKind::Direct {
        governed.push(id);
        return Ok(());
    }
    match branch.artefacts(history.reader(), &commit, &found) {
        Ok(artefacts) => findings.extend(judge_direct(branch, &commit, &found, artefacts, &[])),
        Err(error) => findings.extend(denied(branch, id, error)?),
    }
    Ok(())
}

/// Judges the commit of a run with its whole chain, or with the part of it on which a step of the
/// run builds, whatever its trailers claim.
pub fn judge_run(
    collector: &Collector<'_>,
    uses: &Uses<'_>,
    rules: &RefRules<'_>,
    facts: &RunFacts,
    (id, time, when): (ObjectId, Timestamp, When),
    before: Option<Step>,
) -> Result<Findings, Error> {
    let reader = collector.records.reader();
    let (commit, found) = History::new(reader, rules).gather(id)?;
    let (policy, taken_back) = (rules.policy(), TakenBack::default());
    let artefacts = artefacts::of_commit(reader, policy, &commit, &found.changes, &taken_back)?;
    let of = (Some(&*commit), &*found.changes);
    let lifting = collector.lifting(policy, uses, of, when)?;
    let case = case(rules, time, &commit, &found, (artefacts, &lifting));
    let mut findings = Findings::new();
    rules::entries(&case, &mut findings);
    rules::merge(&case, &mut findings);
    rules::chain_before(before, &case, facts, &mut findings);
    Ok(findings)
}

/// A commit that claims to be governed or a roll-back.
struct Claim<'a> {
    commit: &'a Commit,
    found: &'a Compared,
    artefacts: Artefacts,
    claim: CommitKind,
    lifting: &'a [Lifting],
}

fn judge_claim(
    reader: &Reader,
    branch: &Branch<'_>,
    collector: &Collector<'_>,
    it: Claim<'_>,
    watch: &dyn Fn(Seen<'_>),
    report: &mut Report,
) -> Result<(), Error> {
    if it.claim == CommitKind::Direct {
        let found = judge_direct(branch, it.commit, it.found, it.artefacts, it.lifting);
        report.findings.extend(found);
        return Ok(());
    }
    let case = case(
        &branch.rules,
        branch.time,
        it.commit,
        it.found,
        (it.artefacts, it.lifting),
    );
    let mut findings = Findings::new();
    if branch.arriving {
        rules::one_reading(&case, &mut findings);
    }
    rules::merge(&case, &mut findings);
    let mut may_be_vouched = false;
    match it.claim {
        CommitKind::Governed(run) => {
            report.count("runs", 1);
            rules::entries(&case, &mut findings);
            let facts = collector.run(&run)?;
            watch(Seen::Run(collector, &facts));
            rules::chain(&case, &facts, &mut findings);
            if let (Some(plan), Some(old)) = (facts.planned(), branch.old)
                && reader.contains(old)
            {
                let there = post_work::landed_on(reader, plan, old)?;
                let subject = case.subject().run(&run);
                findings.extend(rules::post_work::landed(plan, &there, &subject));
            }
            ceilings(branch, collector, &facts, &case, &mut findings, report)?;
            // What has landed once stays: only where it arrives does the state of the run count.
            if collector.judging().at_a_door() && facts.held().is_some() {
                let policy = case.rules.policy();
                let subject = case.subject().run(&run);
                findings.extend(rules::life::lands(&facts, policy, subject));
            }
        }
        CommitKind::Rollback(claim) => {
            report.count("rollbacks", 1);
            rollback::judge(reader, &case, collector, &claim, &mut findings)?;
            // What takes back a commit that no run made is a change like any other.
            may_be_vouched = !rollback::concerns_a_run(reader, &claim)?;
        }
        CommitKind::Confused(why) => {
            rules::entries(&case, &mut findings);
            findings.push(rules::confused(&case, &why));
        }
        CommitKind::Direct => {}
    }
    report.findings.extend(match may_be_vouched {
        true => or_vouched(branch, &case, findings),
        false => findings,
    });
    Ok(())
}

/// Judges a run that lands by its ceiling, together with all that has landed by then and lands with it. The ceiling that is
/// built in is asked of what comes now; one that a policy or a contract sets, of what the log tells of too.
fn ceilings(
    branch: &Branch<'_>,
    collector: &Collector<'_>,
    facts: &RunFacts,
    case: &CommitCase<'_>,
    findings: &mut Findings,
    report: &mut Report,
) -> Result<(), Error> {
    let (Some(run), Some(contract)) = (facts.held(), facts.contract_says()) else {
        // The chain does not hold without them.
        return Ok(());
    };
    let (policy, says) = (branch.rules.policy(), run.says());
    let is_set = policy.has_ceilings() || contract.ceiling != CeilingTerms::default();
    if says.commit != case.commit.id || !(is_set || collector.judging().at_a_door()) {
        return Ok(());
    }
    let landing = Landing {
        logged: branch.logged,
        time: branch.time,
    };
    let reader = collector.records.reader();
    let base = reader.tree_of(says.base)?;
    let of = (run.orchestrator(), policy);
    let what = (&facts.id, (Some(base), case.commit.tree));
    let measured = collector.ceiling(of, contract, what, landing)?;
    let subject = case.subject().run(&facts.id);
    let (found, undecided) = rules::ceiling::measured(&measured, contract, policy, &subject);
    findings.extend(found);
    report.undecided.extend(undecided);
    let decided = collector.landing(run, policy, landing)?;
    let found = rules::ceiling::decided(run, &measured, &decided, policy, &subject);
    findings.extend(found);
    Ok(())
}

fn case<'a>(
    rules: &'a RefRules<'a>,
    time: Timestamp,
    commit: &'a Commit,
    found: &'a Compared,
    (artefacts, lifting): (Artefacts, &'a [Lifting]),
) -> CommitCase<'a> {
    CommitCase {
        rules,
        commit,
        changes: &found.changes,
        faults: &found.faults,
        artefacts,
        lifting,
        signer: rules.policy().keyring().signer_of(commit, time),
    }
}
