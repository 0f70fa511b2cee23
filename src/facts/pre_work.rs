//! Pre-works, and what bears on them: the contract, what the base has, and the run that follows one.

use crate::evidence::Inventory;
use crate::evidence::inventory::SUMS;
use crate::policy::{Policy, Verified};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, Sha256, TaskId, Timestamp};
use crate::records::{ContractPredicate, Kind, PreWorkPredicate, RunPredicate};

use super::Error;
use super::groundwork::{AdmissionFacts, Skeleton, WorkFacts};
use super::leases::Live;
use super::opening::UsedBy;
use super::post_work::{PostWorkFacts, Standing, change, spec_target, standing};
use super::run::{Collector, Lookup};

/// So many bytes of planned files are looked at.
const MOST_BYTES: u64 = 256 << 20;

/// A pre-work, and what bears on it.
pub struct PreWorkFacts<'a> {
    pub record: &'a Verified<PreWorkPredicate>,
    pub contract: Lookup<Verified<ContractPredicate>>,
    /// Whether its base is in the history of the contract's branch.
    pub in_history: bool,
    /// The policy and the time by which it is judged.
    pub judged_by: (&'a Policy, Timestamp),
    /// The leases that were live when it came.
    pub live: Vec<Live>,
    /// What bears on the admission of the repository that the contract names.
    pub admission: Option<AdmissionFacts>,
    /// What bears on the packet, if the contract is one.
    pub work: Option<WorkFacts>,
    /// The skeletons of the contract that somebody approved, if it asks for one.
    pub skeletons: Vec<Skeleton>,
    /// What the base has at each of its paths, in their order.
    pub there: Vec<Option<Standing>>,
}

impl Collector<'_> {
    /// Returns what a run is to be held to as that of a work packet. Nothing of a run that is not asked for
    /// it: of another contract, one that makes a skeleton, and one that was accepted without before such
    /// were asked.
    pub(super) fn post_work(
        &self,
        run: &Verified<RunPredicate>,
        contract: &ContractPredicate,
        limit: u64,
    ) -> Result<Option<PostWorkFacts>, Error> {
        let (says, judging, reader) = (run.predicate(), self.judging(), self.records.reader());
        let named = says.work.as_ref().and_then(|it| it.pre_work);
        let judged = named.is_some() || judging.comes_now(run.digest());
        if !judged || !says.needs_post_work(&contract.contract) {
            return Ok(None);
        }
        if !reader.contains(says.base) || !reader.contains(says.tree) {
            // Found as absent where the record arrives.
            return Ok(None);
        }
        let plan = match named {
            Some(digest) => Some(self.pre_work(&says.task, digest)?),
            None => None,
        };
        let came_before = named.is_some_and(|it| judging.came_in_time(it, run.digest()));
        let planned = plan.as_ref().and_then(|it| it.valid());
        let change = change(
            reader,
            (says.base, says.tree),
            planned.map(Verified::predicate),
        )?;
        let path = says.work.as_ref().and_then(|it| it.manifest.as_deref());
        let (manifest, listed) = match path {
            Some(path) => self.manifest(says, &RepoPath::from(path), limit)?,
            None => (None, false),
        };
        Ok(Some(PostWorkFacts {
            plan,
            came_before,
            change,
            spec: spec_target(reader, &contract.contract, says.tree)?,
            manifest,
            listed,
        }))
    }

    /// Looks up the pre-work of a task with this digest.
    pub fn pre_work(
        &self,
        task: &TaskId,
        digest: Sha256,
    ) -> Result<Lookup<Verified<PreWorkPredicate>>, Error> {
        let path = Kind::PreWork.one_of(task, digest);
        Ok(match self.records.envelope(&path)? {
            None => Lookup::Missing,
            Some(envelope) => match self.verify(&envelope) {
                Ok(found) => Lookup::Valid(found),
                Err(finding) => Lookup::Invalid(finding),
            },
        })
    }

    /// Returns the file at a path of a run's evidence, and whether its inventory lists that.
    fn manifest(
        &self,
        run: &RunPredicate,
        path: &RepoPath,
        limit: u64,
    ) -> Result<(Option<Vec<u8>>, bool), Error> {
        let files = self.records.evidence_files(&run.evidence, &run.run)?;
        let files = files.unwrap_or_default();
        let read = |wanted: &RepoPath| {
            let mut files = files.iter();
            let found = files.find(|(path, mode, _)| path == wanted && *mode == Mode::File);
            let read = found.map(|(.., id)| self.records.reader().blob_limited(*id, limit));
            read.transpose()
        };
        let (manifest, sums) = (read(path)?, read(&RepoPath::from(SUMS))?);
        let listed = manifest.as_ref().zip(sums).is_some_and(|(bytes, sums)| {
            let inventory = Inventory::parse_unsorted(&sums).ok();
            let digest = Sha256::of(bytes);
            inventory.is_some_and(|it| it.iter().any(|it| it == (path, digest)))
        });
        Ok((manifest, listed))
    }

    /// Returns what bears on a pre-work that comes now; nothing of one that was accepted before.
    pub fn planned<'a>(
        &'a self,
        record: &'a Verified<PreWorkPredicate>,
    ) -> Result<Option<PreWorkFacts<'a>>, Error> {
        match self.judging().comes_now(record.digest()) {
            true => self.planning(record, Some(record.digest())).map(Some),
            false => Ok(None),
        }
    }

    /// Returns what bears on a pre-work that arrives, or is to be recorded.
    pub fn planning<'a>(
        &'a self,
        record: &'a Verified<PreWorkPredicate>,
        arriving: Option<Sha256>,
    ) -> Result<PreWorkFacts<'a>, Error> {
        let (says, reader) = (record.predicate(), self.records.reader());
        let contract: Lookup<Verified<ContractPredicate>> = self.the(&says.task)?;
        let target = contract
            .valid()
            .map(|it| &it.predicate().contract.target_ref);
        let in_history = match target {
            Some(target) => self.has_been_at(target, says.base)?,
            None => false,
        };
        let mut there = Vec::new();
        if in_history {
            let (tree, mut left) = (reader.tree_of(says.base)?, MOST_BYTES);
            for file in &says.files {
                let entry = reader.entry(tree, &file.repo_path())?;
                let found = entry.map(|at| standing(reader, at, &mut left));
                there.push(found.transpose()?);
            }
        }
        let (digest, judging) = (record.digest(), self.judging());
        let time = judging.arrival(digest).unwrap_or(self.time);
        let used = UsedBy {
            record: digest,
            policy: says.context.policy,
            time,
        };
        let (mut work, mut skeletons, mut admission) = (None, Vec::new(), None);
        if let Some(contract) = contract.valid() {
            let used_by = arriving.map(|it| (it, says.context.policy));
            admission = self.admission(&contract.predicate().contract, used_by)?;
            work = self.work(contract, &[says.base], Some(used))?;
            if contract.predicate().contract.skeleton {
                skeletons = self.skeletons(contract.digest())?;
            }
        }
        Ok(PreWorkFacts {
            judged_by: (&self.history.current().policy, time),
            live: self.live_leases(time, arriving.map(|it| (it, None)))?,
            admission,
            work,
            skeletons,
            record,
            contract,
            in_history,
            there,
        })
    }

    /// Tells whether a commit is in the history of a branch: as it is here, or as it was seen of a remote.
    fn has_been_at(&self, branch: &RefName, commit: ObjectId) -> Result<bool, Error> {
        let (reader, refs) = (self.records.reader(), self.records.refs());
        if !reader.contains(commit) {
            return Ok(false);
        }
        let name = branch.branch().unwrap_or_default();
        let remotes = reader.remotes().into_iter();
        let tracking = remotes.map(|remote| RefName::new(format!("refs/remotes/{remote}/{name}")));
        for reference in tracking.flatten().chain([branch.clone()]) {
            if let Some(tip) = refs.get(&reference)
                && reader.contains(*tip)
                && reader.is_ancestor(commit, *tip)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns every pre-work of a task that holds by itself, the newest last, by the dates of the commits
    /// that brought them to the ledger.
    pub fn pre_works(&self, task: &TaskId) -> Result<Vec<Verified<PreWorkPredicate>>, Error> {
        let mut found = Vec::new();
        for (path, envelope) in self.records.of_task(task, Kind::PreWork)? {
            if let Ok(it) = self.verify::<PreWorkPredicate>(&envelope) {
                let date = self.records.ledger().date_of(&path)?;
                found.push((date, it));
            }
        }
        found.sort_by_key(|(date, it)| (*date, it.digest()));
        Ok(found.into_iter().map(|(_, it)| it).collect())
    }
}
