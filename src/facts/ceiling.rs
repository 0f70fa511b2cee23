//! What bears on the ceiling of a run: what its base task and its orchestrator have landed, counted from objects, and who has
//! decided on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{Ceiling, Policy, Verified};
use crate::record::ceiling::{Deed, Figures};
use crate::record::contract::Contract;
use crate::record::{
    Choice, Gate, IdentityName, ObjectId, RefName, RepoPath, RunId, TaskId, Timestamp, Token,
};
use crate::records::{ActorKind, Kind, RunPredicate, Target};
use crate::store::layout::{self, LedgerPath, Place};

use super::Error;
use super::case::CommitKind;
use super::log;
use super::measures::{Measure, Sum, Trees};
use super::opening::Opening;
use super::run::{Collector, Held};
use super::tips;

/// So many versions of a task are looked for one by one.
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
    /// The figures. Lines are not counted where there are too many files already.
    pub figures: Figures,
    /// How many runs.
    pub runs: usize,
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
        let measure = self.measures.of(reader, trees)?;
        let deeds = measure.deeds();
        let deeds = deeds.filter(|(path, _)| !policy.is_index_page(path));
        let deeds = deeds.map(|(path, it)| (path.clone(), it)).collect();
        let own = policy.ceiling(person);
        let limits = own.as_ref().map(|it| it.under(&contract.ceiling).limits);
        let limits = limits.unwrap_or_default();
        let mut landed = BTreeMap::from([(run.clone(), measure.clone())]);
        for other in self.family(contract)? {
            if other != *run
                && let Some(it) = self.landed(&other, landing)?
            {
                landed.insert(other, it);
            }
        }
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
        let mut landed = BTreeMap::new();
        for run in self.family(contract)? {
            if let Some(it) = self.landed(&run, landing)? {
                landed.insert(run, it);
            }
        }
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
        // What is refused for its paths is not read.
        if paths.files <= limits.files && paths.directories <= limits.directories {
            for measure in all {
                sum.add_lines(self.records.reader(), measure)?;
            }
        }
        Ok(Counted {
            figures: sum.figures(),
            runs,
        })
    }

    /// Returns the runs of all versions of a contract's task.
    fn family(&self, contract: &Contract) -> Result<BTreeSet<RunId>, Error> {
        let mut runs = BTreeSet::new();
        for task in self.versions(&contract.id)? {
            runs.extend(self.runs_of(&task)?);
        }
        Ok(runs)
    }

    /// Returns the versions of a task that the ledger has, with the task itself.
    fn versions(&self, task: &TaskId) -> Result<Vec<TaskId>, Error> {
        let (base, own) = task.versioned();
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
        let numbers = (1..=MOST_VERSIONS).chain(own.filter(|it| *it > MOST_VERSIONS));
        let numbered = numbers.filter_map(|it| TaskId::new(format!("{base}-v{it}")).ok());
        let mut found = Vec::new();
        for id in [base.clone()].into_iter().chain(numbered) {
            if id == *task || self.records.contract_blob(&id)?.is_some() {
                found.push(id);
            }
        }
        Ok(found)
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
    fn landed(&self, run: &RunId, landing: Landing) -> Result<Option<std::rc::Rc<Measure>>, Error> {
        let record = self.run_record(run)?;
        let Some(says) = record.valid().map(Verified::predicate) else {
            return Ok(None);
        };
        let has_landed = match landing.logged {
            Some(entry) => self.had_landed(entry, &says.reference, says.commit)?,
            None => {
                let finalized = self.records.blob_of(&Kind::Finalization.of(run))?;
                finalized.is_some() && self.has_landed(&says.reference, says.commit)?
            }
        };
        has_landed.then(|| self.measured(says)).transpose()
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

    fn measured(&self, says: &RunPredicate) -> Result<std::rc::Rc<Measure>, Error> {
        let reader = self.records.reader();
        let trees = (
            Some(reader.tree_of(says.base)?),
            reader.tree_of(says.commit)?,
        );
        Ok(self.measures.of(reader, trees)?)
    }

    /// Returns the runs of a person whose commits came to a branch in the days before, by the receive log, which tells where
    /// every branch was; nothing without a log.
    fn landed_by(
        &self,
        person: &IdentityName,
        days: u32,
        landing: Landing,
    ) -> Result<Option<BTreeMap<RunId, std::rc::Rc<Measure>>>, Error> {
        let reader = self.records.reader();
        let last = landing
            .logged
            .or(self.records.refs().get(&layout::log()).copied());
        let Some(last) = last else {
            return Ok(None);
        };
        let mut branches: BTreeSet<ObjectId> = BTreeSet::new();
        let tips_of = |entry: ObjectId| {
            let state = log::state_at(reader, entry).unwrap_or_default().refs;
            let branches = state
                .into_iter()
                .filter(|(name, _)| Place::of(name).is_none());
            branches.map(|(_, id)| id).collect::<Vec<_>>()
        };
        // Where a branch may be rewound, what it had is not behind what it has.
        let grants = self.history.current().policy.document().refs.iter();
        let rewinds = grants.into_iter().any(|it| it.rewind);
        let mut next = Some(last);
        let mut before = None;
        while let Some(entry) = next {
            let commit = reader.commit(entry)?;
            let time = Timestamp::from_seconds(commit.committer.time);
            if time.is_none_or(|it| it.plus_days(days) <= landing.time) {
                before = Some(entry);
                break;
            }
            if rewinds {
                branches.extend(tips_of(entry));
            }
            next = commit.parents.first().copied();
        }
        match landing.logged {
            Some(entry) => branches.extend(tips_of(entry)),
            None => {
                let tips = tips::tips(reader, self.records.refs());
                let tips = tips.into_iter().filter(|(name, _)| name.branch().is_some());
                branches.extend(tips.map(|(_, id)| id));
            }
        }
        branches.retain(|it| reader.contains(*it));
        let mut hidden = before.map(tips_of).unwrap_or_default();
        hidden.retain(|it| reader.contains(*it));
        let tips: Vec<_> = branches.into_iter().collect();
        let mut landed = BTreeMap::new();
        for id in reader.new_commits(&tips, &hidden)? {
            // What lies before adoption may be malformed.
            let Ok(commit) = reader.commit(id) else {
                continue;
            };
            let CommitKind::Governed(run) = CommitKind::of(&commit) else {
                continue;
            };
            let record = self.run_record(&run)?;
            let own = record.valid().filter(|it| it.signer() == person);
            if let Some(says) = own.map(Verified::predicate)
                && says.commit == id
            {
                landed.insert(run, self.measured(says)?);
            }
        }
        Ok(Some(landed))
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
