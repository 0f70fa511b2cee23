//! Gathers everything known about a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::cell::Demand;
use crate::policy::{Cells, Keyring, Policy, Position, Unverified, Verified};
use crate::record::contract::Contract;
use crate::record::envelope::Envelope;
use crate::record::{
    Coded, Diagnosis, Finding, Findings, IdentityName, ObjectId, Rule, RunId, Sha256, Subject,
    TaskId, Timestamp,
};
use crate::records::{
    ApprovalPredicate, Approves, AttestationPredicate, CancellationPredicate, ContractPredicate,
    FinalizationPredicate, IndependencePredicate, Kind, OutcomePredicate, PreWorkPredicate,
    Predicate, Record, RunPredicate, Scope, SelfApprovalPredicate, Verdict,
};
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;
use crate::{evidence, git, store};

use super::contradictions::Around;
use super::demanded::Demanded;
use super::evidence::{Asked, EvidenceFacts};
use super::groundwork::{AdmissionFacts, RunWorkFacts};
use super::opening::{Opening, UsedBy};
use super::position::{Came, Judging, Positions};
use super::post_work::PostWorkFacts;
use super::provenance::Differs;
use super::reruns::Reruns;
use super::span::Tally;
use super::uses::Use;
use super::{Error, PolicyHistory, limits};

pub use super::lookup::Lookup;

/// Everything known about a run.
pub struct RunFacts {
    pub id: RunId,
    /// The run record.
    pub run: Lookup<Verified<RunPredicate>>,
    /// The contract that the run record names.
    pub contract: Lookup<Verified<ContractPredicate>>,
    /// The approvals noted on that contract.
    pub task_approvals: Vec<Verified<ApprovalPredicate>>,
    /// The decision that opened gate 1, if the run record names one.
    pub gate1: Option<Lookup<Opening>>,
    /// What bears on the admission of the repository that its contract names, where that is asked.
    pub admission: Option<AdmissionFacts>,
    /// What bears on it where its contract is a work packet.
    pub work: Option<RunWorkFacts>,
    /// For each approval spent: the run that the ledger says spent it.
    pub spent: BTreeMap<Sha256, Option<RunId>>,
    /// What it is to be held to as the run of a work packet, if it is to be.
    pub post_work: Option<PostWorkFacts>,
    /// What the policy demanded and permitted of the cells of its commands when its record came.
    pub cells: Option<Cells>,
    /// The root of the inventory in the ledger, if there is one.
    pub inventory: Option<Sha256>,
    pub evidence: Lookup<EvidenceFacts>,
    /// Who has run its command again, where that is asked.
    pub reruns: Option<Reruns>,
    /// The independence logs.
    pub independence: Vec<Verified<IndependencePredicate>>,
    pub overrides: Vec<Verified<SelfApprovalPredicate>>,
    /// The audit approvals noted on the harness commit.
    pub audit_approvals: Vec<Verified<ApprovalPredicate>>,
    /// Those of them that are by models, and whether the policy had models review when each came.
    pub by_models: BTreeMap<Sha256, bool>,
    /// The attestations noted on the harness commit.
    pub attestations: Vec<Verified<AttestationPredicate>>,
    /// Whom the commit of the run names as having made it or helped, folded for comparison.
    pub makers: BTreeSet<String>,
    /// The reviews that nobody has accepted yet, as far as is known.
    pub new_reviews: BTreeSet<Sha256>,
    /// When each attestation arrived, where that is known.
    pub attested: BTreeMap<Sha256, Timestamp>,
    /// The approvals, of the task and of the run, that were withdrawn when nothing used them, and
    /// which records had used each before that and had expired.
    pub revoked: BTreeMap<Sha256, BTreeSet<Sha256>>,
    pub finalization: Lookup<Verified<FinalizationPredicate>>,
    /// The run's entry in the provenance index; it must be the one that the finalization implies.
    pub indexed: Lookup<()>,
    pub outcome: Lookup<Verified<OutcomePredicate>>,
    pub cancellations: Vec<Verified<CancellationPredicate>>,
    /// What the record of a run names and the repository does not have, of a record that arrives:
    /// nothing can be compared with it.
    pub absent: Vec<ObjectId>,
    /// Records of this run that do not hold by themselves.
    pub bad: Findings,
    /// How many approvals the run record, each attestation and the finalization had to count.
    pub demanded: BTreeMap<Sha256, Demanded>,
    /// How each record of the run came.
    pub came: BTreeMap<Sha256, Came>,
    /// The time by which the task approvals are judged: when the run record arrived.
    pub time: Timestamp,
    /// The time by which the audit approvals are judged: when the finalization arrived.
    pub audited: Timestamp,
}

impl RunFacts {
    /// Returns the records of the run that use an approval.
    pub fn uses_of(&self, approval: Sha256) -> Vec<Use> {
        fn of<P: Record>(it: &Verified<P>) -> (Sha256, &dyn Record) {
            (it.digest(), it.predicate())
        }
        let attestations = self.attestations.iter().map(of);
        let users = self.run.valid().map(of).into_iter().chain(attestations);
        let users = users.chain(self.finalization.valid().map(of));
        users
            .filter_map(|(digest, says)| Use::of(approval, digest, says))
            .collect()
    }

    /// Returns what its contract says, if it can be read.
    pub fn contract_says(&self) -> Option<&Contract> {
        Some(&self.contract.valid()?.predicate().contract)
    }

    /// Returns what was planned for it, where it is to be held to that.
    pub fn planned(&self) -> Option<&PreWorkPredicate> {
        let plan = self.post_work.as_ref()?.plan.as_ref()?.valid()?;
        Some(plan.predicate())
    }

    /// Tells whether an approval was withdrawn, and counts for nothing any more.
    pub fn is_withdrawn(&self, approval: Sha256) -> bool {
        self.revoked.contains_key(&approval)
    }

    /// Tells whether an approval was withdrawn before this record came, which uses it.
    pub fn is_withdrawn_for(&self, approval: Sha256, record: Sha256) -> bool {
        let before = self.revoked.get(&approval);
        before.is_some_and(|before| !before.contains(&record))
    }

    /// Returns when the first of these audit approvals expires.
    pub fn first_expiry(&self, approvals: &[Sha256]) -> Option<Timestamp> {
        let approvals_of = self.audit_approvals.iter();
        let named = approvals_of.filter(|it| approvals.contains(&it.digest()));
        named.map(|it| it.predicate().expires).min()
    }

    /// Returns of these audit approvals the one of each person that is valid longest, sorted.
    pub fn newest(&self, approvals: &BTreeSet<(Sha256, IdentityName)>) -> Vec<Sha256> {
        let mut newest = BTreeMap::new();
        for (digest, person) in approvals {
            let until = (self.first_expiry(&[*digest]), *digest);
            let last = newest.entry(person).or_insert(until);
            *last = until.max(*last);
        }
        let newest: BTreeSet<_> = newest.into_values().map(|(_, digest)| digest).collect();
        newest.into_iter().collect()
    }

    /// Returns the digests of the reviews of the run, and of its finalization.
    pub fn reviews(&self) -> impl Iterator<Item = Sha256> {
        let finalization = self.finalization.valid().map(Verified::digest);
        let logs = self.independence.iter().map(Verified::digest);
        let permitted = self.overrides.iter().map(Verified::digest);
        let approvals = self.audit_approvals.iter().map(Verified::digest);
        let attestations = self.attestations.iter().map(Verified::digest);
        let reviews = logs.chain(permitted).chain(approvals).chain(attestations);
        reviews.chain(finalization)
    }

    /// Returns what had to hold of the cell of its commands when its record came.
    pub fn demand(&self) -> Option<Demand> {
        self.cells.and_then(|it| it.demand)
    }

    /// Returns the run record as what uses decisions.
    pub(super) fn used_by(&self, record: &Verified<RunPredicate>) -> UsedBy {
        UsedBy {
            record: record.digest(),
            policy: record.predicate().context.policy,
            time: self.time,
        }
    }

    /// Returns the run, if its record holds.
    pub fn held(&self) -> Option<Held<'_>> {
        let record = self.run.valid()?;
        Some(Held {
            facts: self,
            record,
        })
    }
}

/// A run whose record holds by itself.
#[derive(Clone, Copy)]
pub struct Held<'a> {
    /// Everything known about it.
    pub facts: &'a RunFacts,
    pub record: &'a Verified<RunPredicate>,
}

impl<'a> Held<'a> {
    /// Returns what the run record says.
    pub fn says(&self) -> &'a RunPredicate {
        self.record.predicate()
    }

    /// Returns who orchestrated it.
    pub fn orchestrator(&self) -> &'a IdentityName {
        self.record.signer()
    }

    /// Tells whether a person made the run, or a part of it: they orchestrated it, or its commit names
    /// them as author, committer or co-author, or as a model that assisted.
    pub fn made_by(&self, person: &IdentityName, policy: &Policy) -> bool {
        person == self.orchestrator() || policy.is_among(person, &self.facts.makers)
    }

    /// Tells whether a person may not speak for the run in a record, since it is their own: whoever made it or a
    /// part of it, of one that is `new`. Of one that was accepted before, only the orchestrator is asked.
    pub fn is_own(&self, person: &IdentityName, policy: &Policy, new: bool) -> bool {
        match new {
            true => self.made_by(person, policy),
            false => person == self.orchestrator(),
        }
    }

    /// Tells whether a recorded override lets the orchestrator review this run.
    pub fn overridden(&self) -> bool {
        let run = self.says();
        self.facts.overrides.iter().any(|it| {
            let says = it.predicate();
            says.allow_self_approval == "1"
                && says.run == self.facts.id
                && says.commit == run.commit
                && says.root == run.root
        })
    }
}

/// A run, as far as its records in the ledger tell, each checked by itself.
pub struct RunSummary {
    pub id: RunId,
    /// What its record says; none if that does not hold.
    pub run: Option<RunPredicate>,
    /// Whether there is a finalization that holds.
    pub finalized: bool,
    /// The outcome, if there is one that holds.
    pub outcome: Option<Verdict>,
    /// Whether it was cancelled.
    pub cancelled: bool,
    /// Whether there is a record, an outcome or a finalization that does not hold.
    pub broken: bool,
}

/// Looks records up and checks each by itself.
pub struct Collector<'a> {
    /// Where the records are.
    pub records: &'a Records<'a>,
    pub history: &'a PolicyHistory,
    /// By what each record is judged.
    pub positions: Positions<'a>,
    /// The time for records that are judged by the policy in force.
    pub time: Timestamp,
    /// The history with the versions that arrive in the same push, if some do. Proposals may
    /// follow one of those; nothing is judged by it.
    pub arriving_policies: Option<&'a PolicyHistory>,
    /// By how much commits change what they start from, as far as it was asked.
    pub measures: Tally,
}

impl Collector<'_> {
    /// Returns by what each record is judged.
    pub fn judging(&self) -> Judging<'_> {
        Judging {
            history: self.history,
            positions: &self.positions,
            now: self.time,
        }
    }

    /// Checks one record by itself.
    pub fn verify<P: Predicate>(&self, envelope: &Envelope) -> Result<Verified<P>, Finding> {
        self.verified(envelope, |position| Keyring::verify(envelope, position))
    }

    /// Checks one record of a kind that is known at run time only by itself.
    pub fn verify_as(
        &self,
        kind: Kind,
        it: &Envelope,
    ) -> Result<Verified<Box<dyn Record>>, Finding> {
        self.verified(it, |position| Keyring::verify_as(kind, it, position))
    }

    fn verified<T>(
        &self,
        envelope: &Envelope,
        verify: impl Fn(&Position<'_>) -> Result<T, Unverified>,
    ) -> Result<T, Finding> {
        let judging = self.judging();
        let check = |position: Position<'_>| {
            let subject = || Subject::of_record(envelope.digest());
            limits::record(envelope, &position.policy.document().limits)
                .map_err(|error| error.to_finding(subject()))?;
            verify(&position).map_err(|error| error.to_finding(subject()))
        };
        let verified = check(judging.position(envelope))?;
        if let Some(later) = judging.later(envelope) {
            // Later pushes will judge it by the policy that it names: it must hold by that too.
            check(later)?;
        }
        Ok(verified)
    }

    /// Looks up the one record of a kind about something.
    pub(super) fn the<P: Predicate>(
        &self,
        scope: impl Into<Scope>,
    ) -> Result<Lookup<Verified<P>>, Error> {
        let path = P::KIND.of(scope);
        Ok(match self.records.envelope(&path) {
            Ok(None) => Lookup::Missing,
            Ok(Some(envelope)) => match self.verify(&envelope) {
                Ok(verified) => Lookup::Valid(verified),
                Err(finding) => Lookup::Invalid(named(finding, &path)),
            },
            Err(error) => Lookup::Invalid(finding_or(error, &path)?),
        })
    }

    /// Looks up the contract of a task.
    pub fn contract(&self, task: &TaskId) -> Result<Lookup<Verified<ContractPredicate>>, Error> {
        self.the(task)
    }

    /// Looks up the record of a run.
    pub fn run_record(&self, run: &RunId) -> Result<Lookup<Verified<RunPredicate>>, Error> {
        self.the(run)
    }

    /// Returns the records of a kind that the ledger has of a run; those that do not hold are bad.
    fn all_of<P: Predicate>(
        &self,
        run: &RunId,
        bad: &mut Findings,
    ) -> Result<Vec<Verified<P>>, Error> {
        let mut found = Vec::new();
        for (path, envelope) in self.records.of_run(run, P::KIND)? {
            match self.verify(&envelope) {
                Ok(verified) => found.push(verified),
                Err(finding) => bad.push(named(finding, &path)),
            }
        }
        Ok(found)
    }

    /// Returns those of the records noted on an object that hold; the others are bad.
    fn noted<P: Predicate>(
        &self,
        envelopes: Vec<Envelope>,
        bad: &mut Findings,
    ) -> Vec<Verified<P>> {
        let mut found = Vec::new();
        for envelope in envelopes {
            match self.verify(&envelope) {
                Ok(verified) => found.push(verified),
                Err(finding) => bad.push(finding),
            }
        }
        found
    }

    /// Returns everything known about a run. A record that does not hold becomes a finding;
    /// only what keeps the repository from being read is an error.
    pub fn run(&self, id: &RunId) -> Result<RunFacts, Error> {
        let mut facts = RunFacts {
            id: id.clone(),
            run: self.the(id)?,
            contract: Lookup::Missing,
            task_approvals: Vec::new(),
            gate1: None,
            admission: None,
            work: None,
            spent: BTreeMap::new(),
            post_work: None,
            cells: None,
            inventory: None,
            evidence: Lookup::Missing,
            reruns: None,
            independence: Vec::new(),
            overrides: Vec::new(),
            audit_approvals: Vec::new(),
            by_models: BTreeMap::new(),
            attestations: Vec::new(),
            makers: BTreeSet::new(),
            new_reviews: BTreeSet::new(),
            attested: BTreeMap::new(),
            revoked: BTreeMap::new(),
            finalization: self.the(id)?,
            indexed: Lookup::Missing,
            outcome: self.the(id)?,
            absent: Vec::new(),
            bad: Findings::new(),
            demanded: BTreeMap::new(),
            cancellations: Vec::new(),
            came: BTreeMap::new(),
            time: self.time,
            audited: self.time,
        };
        facts.indexed = self.indexed(&facts)?;
        facts.cancellations = self.all_of(id, &mut facts.bad)?;
        let Some(run) = facts.run.valid().map(|run| run.predicate().clone()) else {
            self.add_order(&mut facts);
            return Ok(facts);
        };
        let judging = self.judging();
        let dated = || self.date_of(run.commit);
        facts.time = judging.expiry(facts.run.valid().map(Verified::digest), dated)?;
        let last = facts.finalization.valid().map(Verified::digest);
        facts.audited = judging.audited(last, dated)?;
        facts.contract = self.the(&run.task)?;
        facts.gate1 = self.gate1(&facts)?;
        if let (Some(record), Some(contract)) = (facts.run.valid(), facts.contract.valid()) {
            let used_by = Some((record.digest(), run.context.policy));
            facts.admission = self.admission(&contract.predicate().contract, used_by)?;
        }
        facts.work = self.work_of_run(&facts)?;
        for digest in &run.approvals {
            facts.spent.insert(*digest, self.records.spender(digest)?);
        }
        if let Some(blob) = self.records.contract_blob(&run.task)? {
            let mut noted = self.records.approvals_of(blob)?;
            // Others on the same contract are other runs' affair.
            noted.retain(|it| run.approvals.contains(&it.digest()));
            facts.task_approvals = self.noted(noted, &mut facts.bad);
        }
        self.inventory(&run, &mut facts)?;
        // Of a contract that cannot be read nobody knows what it demands: everything then.
        let contract = facts.contract.valid().map(|it| &it.predicate().contract);
        let skeleton = contract.is_some_and(|it| run.is_skeleton(it));
        let demands = contract.map_or(evidence::Demands::ALL, |it| {
            evidence::Demands::of(it, skeleton)
        });
        let record = facts.run.valid().map(Verified::digest);
        facts.cells = record.map(|it| judging.cells_of(it, run.context.policy));
        facts.independence = self.all_of(id, &mut facts.bad)?;
        let reviewed = !facts.independence.is_empty();
        if record.is_some_and(|it| judging.arrives(it)) {
            facts.absent = self.absent(&run)?;
        }
        let whole = judging.compares_evidence(record, run.context.policy, reviewed);
        let around = Around {
            reader: self.records.reader(),
            contract: facts.contract.valid().map(Verified::predicate),
            makes_skeleton: skeleton,
            history: self.history,
        };
        let limits = record.map(|it| judging.limits_of(it, run.context.policy));
        let most = limits.into_iter().flatten().map(|it| it.evidence_bytes);
        let most = most.min().unwrap_or_default();
        let asked = Asked {
            demands,
            cell: facts.demand(),
            around,
            whole,
            most,
        };
        facts.evidence = EvidenceFacts::read(self.records, &run, asked)?;
        facts.reruns = self.reruns_of(&facts)?;
        if let (Some(record), Some(contract)) = (facts.run.valid(), facts.contract.valid()) {
            facts.post_work = self.post_work(record, contract.predicate(), most)?;
        }
        facts.overrides = self.all_of(id, &mut facts.bad)?;
        let approvals = self.noted(self.records.approvals_of(run.commit)?, &mut facts.bad);
        for approval in approvals {
            let approval: Verified<ApprovalPredicate> = approval;
            match approval.predicate().approves {
                Approves::Audit => facts.audit_approvals.push(approval),
                Approves::Task => {
                    let subject = Subject::of_record(approval.digest());
                    facts.bad.push(Misplaced.to_finding(subject));
                }
            }
        }
        let attestations = self.records.attestations_of(run.commit)?;
        facts.attestations = self.noted(attestations, &mut facts.bad);
        let attested = facts.attestations.iter().map(Verified::digest);
        let arrived = |it| judging.arrival(it).map(|time| (it, time));
        facts.attested = attested.filter_map(arrived).collect();
        let reader = self.records.reader();
        if reader.contains(run.commit) {
            facts.makers = reader.commit(run.commit)?.makers();
        }
        facts.new_reviews = facts.reviews().filter(|it| judging.is_new(*it)).collect();
        for approval in facts.task_approvals.iter().chain(&facts.audit_approvals) {
            let digest = approval.digest();
            if let Some(before) = self.withdrawn(approval, || Ok(facts.uses_of(digest)))? {
                facts.revoked.insert(digest, before);
            }
        }
        facts.demanded = self.demanded(&facts);
        facts.by_models = self.by_models(&facts);
        self.add_order(&mut facts);
        Ok(facts)
    }

    /// Looks up the decision that opened gate 1 of a run.
    fn gate1(&self, facts: &RunFacts) -> Result<Option<Lookup<Opening>>, Error> {
        let Some(record) = facts.run.valid() else {
            return Ok(None);
        };
        let says = record.predicate();
        let Some(named) = &says.gate1 else {
            return Ok(None);
        };
        let used = facts.used_by(record);
        Ok(Some(match self.the(&named.decision_id)? {
            Lookup::Missing => Lookup::Missing,
            Lookup::Invalid(finding) => Lookup::Invalid(finding),
            Lookup::Valid(decision) => Lookup::Valid(self.opening(decision, Some(used))?),
        }))
    }

    /// Returns what each record of a run that counts approvals had to count.
    fn demanded(&self, facts: &RunFacts) -> BTreeMap<Sha256, Demanded> {
        fn of<P: Predicate>(it: &Verified<P>) -> (Sha256, Option<ObjectId>) {
            let context = it.predicate().context();
            (it.digest(), context.map(|it| it.policy))
        }
        let judging = self.judging();
        let counting = facts.run.valid().map(of).into_iter();
        let counting = counting.chain(facts.attestations.iter().map(of));
        let counting = counting.chain(facts.finalization.valid().map(of));
        let demanded = |(it, names)| (it, judging.demanded_of(it, names, facts.contract_says()));
        counting.map(demanded).collect()
    }

    /// Returns the audit approvals of a run by models, and whether models reviewed when each came.
    fn by_models(&self, facts: &RunFacts) -> BTreeMap<Sha256, bool> {
        let judging = self.judging();
        let mut by_models = BTreeMap::new();
        for approval in &facts.audit_approvals {
            let (digest, signer) = (approval.digest(), approval.signer());
            let names = approval.predicate().context.policy;
            let policies = || judging.policies_of(digest, names);
            if policies().any(|it| it.is_of_model(signer)) {
                let permits = |it: &Policy| it.tier(facts.contract_says()).model_reviewers;
                by_models.insert(digest, policies().all(permits));
            }
        }
        by_models
    }

    /// Looks at a run as far as its records in the ledger tell, at most four, whatever its evidence
    /// holds. Fails if the ledger cannot be read.
    pub fn summary(&self, id: &RunId) -> Result<RunSummary, Error> {
        let run = self.the::<RunPredicate>(id)?;
        let outcome = self.the::<OutcomePredicate>(id)?;
        let mut broken = run.is_invalid() || outcome.is_invalid();
        let outcome = outcome.into_valid();
        // An outcome says it all: nobody asks then whether it was finalized.
        let mut finalized = false;
        if outcome.is_none() {
            let finalization = self.the::<FinalizationPredicate>(id)?;
            finalized = finalization.valid().is_some();
            broken |= finalization.is_invalid();
        }
        Ok(RunSummary {
            id: id.clone(),
            run: run.into_valid().map(Verified::into_predicate),
            finalized,
            outcome: outcome.map(|it| it.predicate().outcome),
            cancelled: self.is_cancelled(id)?,
            broken,
        })
    }

    /// Returns which of commit, base and tree of a run are not in the repository.
    fn absent(&self, run: &RunPredicate) -> Result<Vec<ObjectId>, Error> {
        use git::Kind::{Commit, Tree};
        let mut absent = Vec::new();
        for (id, kind) in [(run.commit, Commit), (run.base, Commit), (run.tree, Tree)] {
            let header = self.records.reader().header(id)?;
            if header.is_none_or(|(found, _)| found != kind) {
                absent.push(id);
            }
        }
        Ok(absent)
    }

    /// Returns the date of a commit, by its own word, if the commit is here.
    pub(super) fn date_of(&self, commit: ObjectId) -> Result<Option<Timestamp>, Error> {
        let reader = self.records.reader();
        if !reader.contains(commit) {
            return Ok(None);
        }
        Ok(Timestamp::from_seconds(
            reader.commit(commit)?.committer.time,
        ))
    }

    /// The entry in the provenance index, compared with what the finalization implies.
    fn indexed(&self, facts: &RunFacts) -> Result<Lookup<()>, Error> {
        let subject = Subject::of_record(LedgerPath::Provenance(facts.id.clone()).to_path());
        let finalization = facts.finalization.valid().map(Verified::predicate);
        let differs = match self.records.indexed(&facts.id) {
            Ok(None) => return Ok(Lookup::Missing),
            Ok(Some(entry)) => finalization.and_then(|it| Differs::from(&entry, it)),
            // An entry is derived: whatever is wrong with it is that it differs.
            Err(error) if error.denies(Subject::none()).is_some() => {
                Some(Differs::Unreadable(error))
            }
            Err(error) => return Err(error.into()),
        };
        Ok(match differs {
            None => Lookup::Valid(()),
            Some(differs) => Lookup::Invalid(differs.to_finding(subject.run(&facts.id))),
        })
    }

    fn inventory(&self, run: &RunPredicate, facts: &mut RunFacts) -> Result<(), Error> {
        let path = LedgerPath::Inventory(run.run.clone());
        let bytes = self.records.file(&path)?;
        if let (Some(bytes), Some(record)) = (&bytes, facts.run.valid()) {
            let judging = self.judging();
            let mut limits = judging.limits_of(record.digest(), run.context.policy);
            let subject = Subject::of_record(path.to_path());
            let beyond = limits.find_map(|it| limits::inventory(bytes, it).err());
            facts.bad.extend(beyond.map(|it| it.to_finding(subject)));
        }
        facts.inventory = bytes.map(|bytes| Sha256::of(&bytes));
        Ok(())
    }
}

/// A note on something else than what it approves.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a task approval on a commit")]
struct Misplaced;

impl Coded for Misplaced {
    fn diagnosis(&self) -> Diagnosis {
        let expected = "a note on what it approves";
        Diagnosis::against(self, Rule::NoteObject, expected, "git awo approve TASK")
    }
}

fn named(mut finding: Finding, path: &LedgerPath) -> Finding {
    finding.subject.record = Some(path.to_path().to_string());
    finding
}

fn finding_or(error: store::Error, path: &LedgerPath) -> Result<Finding, Error> {
    let found = error.denies(Subject::of_record(path.to_path()));
    found.into_iter().flatten().next().ok_or(error.into())
}
