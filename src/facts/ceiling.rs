//! What bears on the ceiling of a run: what its base task and its orchestrator have landed, counted from objects, and who has
//! decided on it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::policy::{Ceiling, Policy, Verified};
use crate::record::ceiling::{Deed, Figure, Figures};
use crate::record::contract::Contract;
use crate::record::{
    Choice, Gate, IdentityName, ObjectId, RefName, RepoPath, RunId, TaskId, Timestamp, Token,
};
use crate::records::{ActorKind, Kind, Target};
use crate::store::layout::{self, LedgerPath};

use super::Error;
use super::case::CommitKind;
use super::log;
use super::measures::{Measure, Sum, Trees};
use super::opening::Opening;
use super::run::{Collector, Held};
use super::span::{self, OfRun, Span};
use super::tips;

/// The highest number of a version.
pub const MOST_VERSIONS: u32 = 1_000;

/// The moment for which it is counted what has landed.
#[derive(Clone, Copy, Debug)]
pub struct Landing {
    /// The entry of the receive log that tells of the push; none of what happens now.
    pub logged: Option<ObjectId>,
    /// When.
    pub time: Timestamp,
}

/// A run that is measured against its ceiling.
pub struct CeilingFacts {
    /// Who orchestrates it.
    pub person: IdentityName,
    /// The ceiling of that person; nothing where the policy has ceilings, and none is for them.
    pub own: Option<Ceiling>,
    /// What the run itself does to each path, but for generated pages, which follow from it. The figures count those too.
    pub deeds: BTreeMap<RepoPath, BTreeSet<Deed>>,
    /// All that has landed of its base task, with the run.
    pub task: Counted,
    /// All that its orchestrator has landed in the days of the ceiling, with the run.
    pub window: Window,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// The figures. Lines are not counted where there are too many files already, nor any more once they are too many.
    pub figures: Figures,
    /// Whether there are more lines, which were not counted.
    pub has_more: bool,
    /// How many runs.
    pub runs: usize,
}

impl Counted {
    /// Returns a figure as it was found, for a message.
    pub fn found(&self, figure: Figure) -> String {
        let found = self.figures.of(figure);
        match figure == Figure::Lines && self.has_more {
            true => format!("at least {found}"),
            false => found.to_string(),
        }
    }
}

/// What somebody has landed in some days.
pub enum Window {
    /// No ceiling asks for it.
    NotAsked,
    /// Nothing tells when something landed: there is no receive log.
    Unknown,
    /// It was counted.
    Counted(Counted),
}

/// A run that is about to land, and who has decided on it.
pub struct LandingFacts {
    /// Operators' decisions on it that permit something.
    pub permits: Vec<Opening>,
    /// The commit on which they decide.
    pub target: Target,
}

impl Collector<'_> {
    /// Returns what bears on the ceiling of a run that lands, or is to: of a person, under a contract, from one tree to
    /// another.
    pub fn ceiling(
        &self,
        (person, policy): (&IdentityName, &Policy),
        contract: &Contract,
        (run, trees): (&RunId, Trees),
        landing: Landing,
    ) -> Result<CeilingFacts, Error> {
        let reader = self.records.reader();
        let measure = self.measures.measures.of(reader, trees)?;
        let deeds = measure.deeds();
        let deeds = deeds.filter(|(path, _)| !policy.is_index_page(path));
        let deeds = deeds.map(|(path, it)| (path.clone(), it)).collect();
        let own = policy.ceiling(person);
        let limits = own.as_ref().map(|it| it.under(&contract.ceiling).limits);
        let limits = limits.unwrap_or_default();
        let mut landed = self.landed_runs(contract, policy, landing, Some(run))?;
        landed.insert(run.clone(), measure.clone());
        let task = self.count(landed.values().map(AsRef::as_ref), limits)?;
        let window = match own
            .as_ref()
            .and_then(|it| Some((it.window_days?, it.window_limits)))
        {
            None => Window::NotAsked,
            Some((days, limits)) => match self.landed_by(person, days, landing)? {
                None => Window::Unknown,
                Some(mut landed) => {
                    landed.insert(run.clone(), measure);
                    Window::Counted(self.count(landed.values().map(AsRef::as_ref), limits)?)
                }
            },
        };
        Ok(CeilingFacts {
            person: person.clone(),
            own,
            deeds,
            task,
            window,
        })
    }

    /// Returns what a base task has landed so far.
    pub fn landed_of_task(&self, contract: &Contract) -> Result<Counted, Error> {
        let landing = Landing {
            logged: None,
            time: self.time,
        };
        let policy = &self.history.current().policy;
        let landed = self.landed_runs(contract, policy, landing, None)?;
        let all = Figures {
            files: u64::MAX,
            directories: u64::MAX,
            lines: u64::MAX,
        };
        self.count(landed.values().map(AsRef::as_ref), all)
    }

    fn count<'m>(
        &self,
        all: impl Iterator<Item = &'m Measure> + Clone,
        limits: Figures,
    ) -> Result<Counted, Error> {
        let mut sum = Sum::default();
        let mut runs = 0_usize;
        for measure in all.clone() {
            sum.add_paths(measure);
            runs = runs.saturating_add(1);
        }
        let paths = sum.figures();
        let mut has_more = false;
        // What is refused for its paths is not read.
        if paths.files <= limits.files && paths.directories <= limits.directories {
            for measure in all {
                has_more |= !sum.add_lines(self.records.reader(), measure, limits.lines)?;
            }
        }
        Ok(Counted {
            figures: sum.figures(),
            has_more,
            runs,
        })
    }

    /// Returns what the runs of all versions of a contract's task have changed that have landed by then, but for one.
    fn landed_runs(
        &self,
        contract: &Contract,
        policy: &Policy,
        landing: Landing,
        but: Option<&RunId>,
    ) -> Result<BTreeMap<RunId, Rc<Measure>>, Error> {
        let mut runs = BTreeSet::new();
        for task in self.versions(&contract.id)? {
            runs.extend(self.runs_of(&task)?);
        }
        let mut landed = BTreeMap::new();
        for run in runs.into_iter().filter(|it| Some(it) != but) {
            if let Some(it) = self.landed(&run, policy, landing)? {
                landed.insert(run, it);
            }
        }
        Ok(landed)
    }

    /// Returns the versions of a task that the ledger has, with the task itself.
    fn versions(&self, task: &TaskId) -> Result<Vec<TaskId>, Error> {
        let base = task.versioned().0;
        if self.judging().by_the_log() {
            // All of them, once, and without an index, which could leave something out.
            let all = self.records.tasks()?.iter();
            let same = |it: &&TaskId| {
                it.versioned()
                    .0
                    .as_str()
                    .eq_ignore_ascii_case(base.as_str())
            };
            return Ok(all.filter(same).cloned().collect());
        }
        let mut found = self.records.versions(&base)?;
        found.insert(task.clone());
        Ok(found.into_iter().collect())
    }

    /// Returns the runs that have spent what approved a task: every run has spent something.
    fn runs_of(&self, task: &TaskId) -> Result<BTreeSet<RunId>, Error> {
        let path = Kind::Contract.of(task);
        let (Some(blob), Some(envelope)) =
            (self.records.blob_of(&path)?, self.records.envelope(&path)?)
        else {
            return Ok(BTreeSet::new());
        };
        let approvals = self.records.approvals_of(blob)?;
        let mut spent: BTreeSet<_> = approvals.iter().map(|it| it.digest()).collect();
        if let Ok(gate) = Token::new(Gate::SpecApproval.name()) {
            let key = Target::Record(envelope.digest()).key(&gate);
            for (path, ..) in self.records.ledger().about(&key.to_string())?.iter() {
                if let LedgerPath::Decided(_, id) = path
                    && let Some(decision) = self.records.envelope(&Kind::Decision.of(id))?
                {
                    spent.insert(decision.digest());
                }
            }
        }
        let mut runs = BTreeSet::new();
        for digest in &spent {
            runs.extend(self.records.spender(digest)?);
        }
        Ok(runs)
    }

    /// Returns what a run has changed, if it has landed by then.
    fn landed(
        &self,
        run: &RunId,
        policy: &Policy,
        landing: Landing,
    ) -> Result<Option<Rc<Measure>>, Error> {
        let record = self.run_record(run)?;
        let Some(says) = record.valid().map(Verified::predicate) else {
            return Ok(None);
        };
        let finalization = Kind::Finalization.of(run);
        let has_landed = match landing.logged {
            // As at the door: what a branch had that may be rewound, it may have no more.
            Some(entry) => {
                self.had_landed(entry, &says.reference, says.commit)?
                    || policy
                        .ref_rules(&says.reference)
                        .is_none_or(|it| it.accepts_rewind())
                        && self.was_finalized(entry, &finalization)?
            }
            None => {
                let finalized = self.records.blob_of(&finalization)?;
                finalized.is_some() && self.has_landed(&says.reference, says.commit)?
            }
        };
        has_landed
            .then(|| self.measured(says.base, says.commit))
            .transpose()
    }

    /// Tells whether the ledger had a finalization after an entry of the receive log.
    fn was_finalized(&self, entry: ObjectId, path: &LedgerPath) -> Result<bool, Error> {
        let state = log::state_at(self.records.reader(), entry).unwrap_or_default();
        match state.refs.get(&layout::ledger()) {
            Some(tip) => Ok(self.records.ledger().had(path, *tip)?),
            None => Ok(false),
        }
    }

    /// Tells whether a branch had a commit after an entry of the receive log.
    fn had_landed(
        &self,
        entry: ObjectId,
        reference: &RefName,
        commit: ObjectId,
    ) -> Result<bool, Error> {
        let reader = self.records.reader();
        let state = log::state_at(reader, entry).unwrap_or_default();
        let Some(tip) = state.refs.get(reference) else {
            return Ok(false);
        };
        let here = reader.contains(*tip) && reader.contains(commit);
        Ok(here && reader.is_ancestor(commit, *tip)?)
    }

    fn measured(&self, base: ObjectId, commit: ObjectId) -> Result<Rc<Measure>, Error> {
        let reader = self.records.reader();
        let trees = (Some(reader.tree_of(base)?), reader.tree_of(commit)?);
        Ok(self.measures.measures.of(reader, trees)?)
    }

    /// Returns the entry of the receive log with which a branch came to have a commit at this time.
    pub fn landed_with(
        &self,
        (reference, commit): (&RefName, ObjectId),
        time: Timestamp,
    ) -> Result<Option<ObjectId>, Error> {
        let reader = self.records.reader();
        let mut next = self.records.refs().get(&layout::log()).copied();
        while let Some(entry) = next {
            let written = reader.commit(entry)?;
            let at = Timestamp::from_seconds(written.committer.time);
            if at.is_none_or(|at| at < time) {
                break;
            }
            next = written.parents.first().copied();
            if at == Some(time) && self.had_landed(entry, reference, commit)? {
                let before = match next {
                    Some(before) => self.had_landed(before, reference, commit)?,
                    None => false,
                };
                if !before {
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// Returns the runs of a person whose commits came to a branch in the days before, by the receive log, which tells where
    /// every branch was; nothing without a log.
    fn landed_by(
        &self,
        person: &IdentityName,
        days: u32,
        landing: Landing,
    ) -> Result<Option<BTreeMap<RunId, Rc<Measure>>>, Error> {
        let reader = self.records.reader();
        let log = self.records.refs().get(&layout::log()).copied();
        let Some(last) = landing.logged.or(log) else {
            return Ok(None);
        };
        // Where a branch may be rewound, what it had is not behind what it has.
        let grants = self.history.current().policy.document().refs.iter();
        let rewinds = grants.into_iter().any(|it| it.rewind);
        let mut landed = BTreeMap::new();
        let mut add = |commit: ObjectId| -> Result<(), Error> {
            let of_run = self.run_of(commit)?.filter(|it| it.person == *person);
            if let Some(it) = of_run {
                let measure = self.measure_of(&it)?;
                landed.insert(it.run.clone(), measure);
            }
            Ok(())
        };
        match landing.logged.filter(|_| !rewinds) {
            Some(entry) => {
                let at = (entry, landing.time);
                let known = self.measures.spans.borrow_mut().remove(&days);
                let moved = known.map(|it| it.moved(reader, at)).transpose()?;
                let span = match moved.flatten() {
                    Some(span) => span,
                    None => Span::read(reader, at, days)?,
                };
                for commit in &span.commits {
                    add(*commit)?;
                }
                self.measures.spans.borrow_mut().insert(days, span);
            }
            None => {
                let (within, before) = span::entries(reader, (last, landing.time), days)?;
                let mut tips: BTreeSet<ObjectId> = BTreeSet::new();
                for entry in within.iter().filter(|_| rewinds) {
                    tips.extend(span::told(reader, *entry));
                }
                match landing.logged {
                    Some(entry) => tips.extend(span::told(reader, entry)),
                    None => {
                        let now = tips::tips(reader, self.records.refs());
                        let now = now.into_iter().filter(|(name, _)| name.branch().is_some());
                        tips.extend(now.map(|(_, id)| id));
                    }
                }
                tips.retain(|it| reader.contains(*it));
                let hidden = before.map(|it| span::told(reader, it)).unwrap_or_default();
                let here = hidden.into_iter().filter(|it| reader.contains(*it));
                let hidden: Vec<_> = here.collect();
                let tips: Vec<_> = tips.into_iter().collect();
                for commit in reader.new_commits(&tips, &hidden)? {
                    add(commit)?;
                }
            }
        }
        Ok(Some(landed))
    }

    /// Returns of which run a commit is, and whose; nothing of one that no run made.
    fn run_of(&self, id: ObjectId) -> Result<Option<Rc<OfRun>>, Error> {
        if let Some(known) = self.measures.runs.borrow().get(&id) {
            return Ok(known.clone());
        }
        // What lies before adoption may be malformed.
        let commit = self.records.reader().commit(id).ok();
        let found = match commit.map(|it| CommitKind::of(&it)) {
            Some(CommitKind::Governed(run)) => {
                let record = self.run_record(&run)?;
                let of_it = record.valid().filter(|it| it.predicate().commit == id);
                of_it.map(|it| {
                    Rc::new(OfRun {
                        run,
                        person: it.signer().clone(),
                        base: it.predicate().base,
                        commit: id,
                        measure: OnceCell::new(),
                    })
                })
            }
            _ => None,
        };
        self.measures.runs.borrow_mut().insert(id, found.clone());
        Ok(found)
    }

    fn measure_of(&self, it: &OfRun) -> Result<Rc<Measure>, Error> {
        if let Some(known) = it.measure.get() {
            return Ok(Rc::clone(known));
        }
        let measure = self.measured(it.base, it.commit)?;
        let _ = it.measure.set(Rc::clone(&measure));
        Ok(measure)
    }

    /// Returns who has decided on a run that lands.
    pub fn landing(
        &self,
        run: Held<'_>,
        policy: &Policy,
        landing: Landing,
    ) -> Result<LandingFacts, Error> {
        let judging = self.judging();
        let target = Target::Object(run.says().commit);
        // What came with the push came before the branch moved.
        let came = |it| judging.arrival(it).is_none_or(|time| time <= landing.time);
        let before = |it| match landing.logged {
            None => true,
            Some(_) => judging.arrival(it).is_some_and(|time| time < landing.time),
        };
        let mut permits = Vec::new();
        if let Ok(gate) = Token::new(Gate::PolicyViolation.name()) {
            for decision in self.decisions_on(target.key(&gate))? {
                let says = decision.predicate();
                let approves = says.decision.decision == Choice::Approve;
                let by_person = says.decision.actor.kind == ActorKind::Human;
                if approves && by_person && !says.permits.is_empty() && came(decision.digest()) {
                    let policies = vec![policy.clone()];
                    let when = (landing.time, policies);
                    permits.push(self.opening_when(decision, &before, when)?);
                }
            }
        }
        Ok(LandingFacts { permits, target })
    }
}
