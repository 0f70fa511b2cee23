//! What a work packet asks for before it is approved and executed: the version before it, the decisions on
//! its refinement and on what it changes, and whether a later version has taken its place.

use crate::git;
use crate::policy::Verified;
use crate::record::contract::Contract;
use crate::record::{Choice, DecisionId, Gate, ObjectId, RepoPath, Sha256, TaskId, Token};
use crate::records::{ActorKind, ContractPredicate, Kind, RunPredicate, Target};

use super::Error;
use super::groundwork::{Before, Pinned, RunWorkFacts, WaiverFacts, WorkFacts};
use super::opening::{Opening, UsedBy};
use super::run::{Collector, Lookup, RunFacts};

/// Returns the `target_ref` under which the refinement of a task is signed.
pub fn refinement_of(task: &TaskId) -> String {
    format!("refinement/{task}")
}

impl Collector<'_> {
    /// Returns what bears on a run, if its contract is a work packet.
    pub(super) fn work_of_run(&self, facts: &RunFacts) -> Result<Option<RunWorkFacts>, Error> {
        let (Some(record), Some(contract)) = (facts.run.valid(), facts.contract.valid()) else {
            return Ok(None);
        };
        let used = facts.used_by(record);
        let says = record.predicate();
        if !contract.predicate().contract.asks_for_work() {
            return Ok(None);
        }
        let packet = self.work(contract, &[says.base, says.commit], Some(used))?;
        let asks = contract.predicate().contract.skeleton;
        let skeleton = asks.then(|| self.skeleton(says, used)).transpose()?;
        let comes_now = self.judging().comes_now(record.digest());
        let (mut models, mut notes) = (Vec::new(), Vec::new());
        if comes_now {
            models = self.assisted(says.commit)?;
            notes = self.notes_on(contract.digest(), Some(used))?;
        }
        let named = says.work.clone().unwrap_or_default();
        let mut unmarked = Vec::new();
        for id in named.decisions() {
            let decision = self.decision_of(id)?.map(|it| it.digest());
            let marked = match decision {
                Some(it) => self.users_of(it)?.contains(&says.run),
                None => true,
            };
            if !marked {
                unmarked.push(id.clone());
            }
        }
        let waivers = named.waivers.iter();
        let waivers = waivers.map(|id| self.waiver(id, says, used));
        Ok(Some(RunWorkFacts {
            packet,
            skeleton,
            makers: self.makers(record)?,
            models,
            notes,
            waivers: waivers.collect::<Result<_, _>>()?,
            unmarked,
            comes_now,
        }))
    }

    /// Returns what bears on a work packet where a record uses it; without one, where an approval or a run is
    /// to come. Nothing is asked of a contract that is no work packet.
    pub fn work(
        &self,
        contract: &Verified<ContractPredicate>,
        at: &[ObjectId],
        used: Option<UsedBy>,
    ) -> Result<Option<WorkFacts>, Error> {
        let says = &contract.predicate().contract;
        let Some(packet) = &says.packet else {
            return Ok(None);
        };
        let digest = contract.digest();
        let pinned = |path: &Option<String>, blob: Option<ObjectId>| {
            let path = path.as_ref().map(|it| RepoPath::from(it.as_str()));
            path.map(|path| self.pinned(path, blob, at)).transpose()
        };
        let refinement = pinned(&packet.refinement_file, packet.refinement_blob)?;
        let authority = &packet.authority;
        let spec_target = pinned(&authority.spec_target, authority.spec_target_blob)?;
        let signed = packet.refinement_blob.map(Target::Object);
        let signed = signed.map(|it| self.approvals_on(Gate::RefinementSign, it, used));
        let mut signed = signed.transpose()?.unwrap_or_default();
        // The same file may be signed for other tasks as well; they speak only where nobody signed it for this one.
        let on = refinement_of(&says.id);
        let own = |it: &Opening| it.decision.predicate().decision.target_ref.as_str() == on;
        if signed.iter().any(own) {
            signed.retain(own);
        }
        let target = Target::Record(digest);
        let mut policies = self.used_under(used);
        Ok(Some(WorkFacts {
            digest,
            may_delegate: policies.all(|it| it.tier(Some(says)).delegation),
            before: self.version_before(says)?,
            superseded_by: self.superseded_by(contract, used)?,
            refinement,
            signed,
            spec_target,
            scope_changes: self.approvals_on(Gate::ScopeChange, target, used)?,
        }))
    }

    /// Returns the version before a contract.
    pub fn version_before(&self, contract: &Contract) -> Result<Before, Error> {
        let earlier = contract.id.earlier();
        let Some(packet) = contract.packet.as_ref().filter(|_| !earlier.is_empty()) else {
            return Ok(Before::None);
        };
        let named = packet.lineage.predecessor.clone().unwrap_or_default();
        let mut there = None;
        for id in &earlier {
            let Some(envelope) = self.records.envelope(&Kind::Contract.of(id))? else {
                continue;
            };
            if named.contract == Some(envelope.digest())
                && let Ok(before) = self.verify::<ContractPredicate>(&envelope)
            {
                let before = before.into_predicate().contract;
                return Ok(Before::Contract(Box::new(before)));
            }
            there = Some(id.clone());
        }
        // A packet outside stands for a contract only where there is none.
        let unnamed = there.is_some() || named.contract.is_some();
        Ok(match named.path.is_some() || named.external {
            true if !unnamed => Before::External(named.sha256.filter(|_| named.external)),
            _ => Before::Unnamed(there),
        })
    }

    /// Returns the version before a contract that arrives. A packet outside of the ledger stands for it only
    /// where the ledger has no earlier version: otherwise a number left out would leave out what a version owes
    /// to the one before.
    pub fn version_before_new(&self, contract: &Contract) -> Result<Before, Error> {
        let before = self.version_before(contract)?;
        let lacks = match &before {
            Before::Contract(_) | Before::Unnamed(Some(_)) | Before::Skipped(_) => false,
            Before::None => contract.packet.is_some() && contract.id.versioned().1.is_some(),
            Before::Unnamed(None) | Before::External(_) => true,
        };
        let earlier = match lacks {
            true => self.earlier_version(&contract.id)?,
            false => None,
        };
        Ok(earlier.map_or(before, Before::Skipped))
    }

    /// Returns the last version in the ledger that comes before a version. The base id counts as the first.
    fn earlier_version(&self, id: &TaskId) -> Result<Option<TaskId>, Error> {
        let number = |version: Option<u32>| version.unwrap_or(1);
        let (base, version) = id.versioned();
        let mut last = None;
        for other in self.records.tasks()? {
            let (its_base, its_version) = other.versioned();
            // An id that differs in case only is no way round.
            let same = its_base.as_str().eq_ignore_ascii_case(base.as_str());
            let its = number(its_version);
            if same && other != id && its <= number(version) {
                last = last.max(Some((its, other)));
            }
        }
        Ok(last.map(|(_, other)| other.clone()))
    }

    /// Returns the later version that names a contract as the one before, and was there when a record came
    /// that uses it.
    pub fn superseded_by(
        &self,
        contract: &Verified<ContractPredicate>,
        used: Option<UsedBy>,
    ) -> Result<Option<TaskId>, Error> {
        let says = &contract.predicate().contract;
        let later = says.packet.as_ref().and_then(|_| says.id.later());
        let Some(later) = later else {
            return Ok(None);
        };
        let found: Lookup<Verified<ContractPredicate>> = self.the(&later)?;
        let Some(found) = found.valid() else {
            return Ok(None);
        };
        let packet = found.predicate().contract.packet.as_ref();
        let before = packet.and_then(|it| it.lineage.predecessor.as_ref()?.contract);
        let judging = self.judging();
        let came = used.is_none_or(|it| judging.stands_against(found.digest(), it.record));
        Ok((before == Some(contract.digest()) && came).then_some(later))
    }

    /// Returns the decisions that approve of a gate on a target, as they stand to a use.
    pub fn approvals_on(
        &self,
        gate: Gate,
        target: Target,
        used: Option<UsedBy>,
    ) -> Result<Vec<Opening>, Error> {
        let Ok(gate) = Token::new(gate.name()) else {
            return Ok(Vec::new());
        };
        let judging = self.judging();
        let mut openings = Vec::new();
        for decision in self.decisions_on(target.key(&gate))? {
            let came = used.is_none_or(|it| judging.came_with(decision.digest(), it.record));
            if came && decision.predicate().decision.decision == Choice::Approve {
                openings.push(self.opening(decision, used)?);
            }
        }
        Ok(openings)
    }

    /// Compares a file that a contract names with what commits have.
    fn pinned(
        &self,
        path: RepoPath,
        blob: Option<ObjectId>,
        at: &[ObjectId],
    ) -> Result<Pinned, Error> {
        let mut others = Vec::new();
        for commit in at {
            let found = self.blob_at(*commit, &path)?;
            if found != blob {
                others.push((*commit, found));
            }
        }
        Ok(Pinned { path, blob, others })
    }

    /// Returns the blob of a file in a commit; nothing if the commit is not here, or has no such file.
    pub fn blob_at(&self, commit: ObjectId, path: &RepoPath) -> Result<Option<ObjectId>, Error> {
        let reader = self.records.reader();
        let is = |id, kind| matches!(reader.header(id), Ok(Some((found, _))) if found == kind);
        if !is(commit, git::Kind::Commit) {
            return Ok(None);
        }
        let entry = reader.entry(reader.tree_of(commit)?, path)?;
        Ok(entry
            .map(|(_, id)| id)
            .filter(|id| is(*id, git::Kind::Blob)))
    }

    /// Returns a waiver that a run names.
    fn waiver(
        &self,
        id: &DecisionId,
        says: &RunPredicate,
        used: UsedBy,
    ) -> Result<WaiverFacts, Error> {
        let judging = self.judging();
        let Some(decision) = self.decision_of(id)? else {
            return Ok(WaiverFacts {
                id: id.clone(),
                opening: None,
                in_time: false,
                used: 0,
            });
        };
        let mut before = 0_usize;
        for run in self.users_of(decision.digest())? {
            let other = self.run_record(&run)?.into_valid();
            let other = other.filter(|it| it.predicate().run != says.run);
            // Also one that comes with it: a waiver is for so many runs.
            if other.is_some_and(|it| judging.came_with(it.digest(), used.record)) {
                before = before.saturating_add(1);
            }
        }
        Ok(WaiverFacts {
            id: id.clone(),
            in_time: judging.came_in_time(decision.digest(), used.record),
            opening: Some(self.opening(decision, Some(used))?),
            used: before,
        })
    }

    /// Returns the waivers of a contract as they stand now.
    pub fn waivers(&self, contract: Sha256) -> Result<Vec<WaiverFacts>, Error> {
        let mut found = Vec::new();
        let target = Target::Record(contract);
        for opening in self.approvals_on(Gate::PolicyViolation, target, None)? {
            if opening.decision.predicate().waiver.is_some() {
                found.push(WaiverFacts {
                    id: opening.decision.predicate().id().clone(),
                    used: self.users_of(opening.decision.digest())?.len(),
                    in_time: true,
                    opening: Some(opening),
                });
            }
        }
        Ok(found)
    }

    /// Returns the models that a commit names as having assisted.
    fn assisted(&self, commit: ObjectId) -> Result<Vec<String>, Error> {
        let reader = self.records.reader();
        Ok(match reader.contains(commit) {
            true => reader.commit(commit)?.assisted_by(),
            false => Vec::new(),
        })
    }

    /// Returns the notes of the persons who approved a contract by a decision.
    pub fn notes_on(&self, contract: Sha256, used: Option<UsedBy>) -> Result<Vec<String>, Error> {
        let target = Target::Record(contract);
        let mut notes = Vec::new();
        for it in self.approvals_on(Gate::SpecApproval, target, used)? {
            let says = it.decision.predicate();
            let by_person = says.decision.actor.kind == ActorKind::Human;
            if by_person && !it.withdrawn && it.superseded_by.is_none() && it.time < says.expires {
                notes.extend(says.note.as_ref().map(ToString::to_string));
            }
        }
        Ok(notes)
    }
}
