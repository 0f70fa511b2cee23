//! Approvals that arrive, and what has been withdrawn: by whom, and whether it was used before.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::Verified;
use crate::record::envelope::Envelope;
use crate::record::{EscalationId, IdentityName, ObjectId, RunId, Sha256, TaskId, Timestamp};
use crate::records::{
    ApprovalPredicate, Approves, ConsentReceiptPredicate, ContractPredicate, DecisionPredicate,
    Kind, LedgerPath, Predicate, Record as _, RevocationPredicate, RunPredicate, RunWork, Scope,
    Statement,
};

use super::Error;
use super::groundwork::WorkFacts;
use super::lookup::Lookup;
use super::opening::UsedBy;
use super::run::Collector;
use super::uses::Use;

/// An approval that arrived.
pub struct ApprovalFacts<'a> {
    pub approval: &'a Verified<ApprovalPredicate>,
    /// The digest of the contract of its task, and what that says if it can be read; nothing if
    /// there is no contract.
    pub contract: Option<(Sha256, Option<ContractPredicate>)>,
    /// When it arrived, if that is known.
    pub arrival: Option<Timestamp>,
    /// Whether it had expired then, and was withdrawn before anything used it.
    pub revoked: bool,
    /// Whether nobody has accepted it yet, as far as is known.
    pub is_new: bool,
    /// The task of the run that it approves, if there is such a run.
    pub run_task: Option<TaskId>,
    /// So many days it may be valid, and until when at most; nothing if it is not known when it was
    /// accepted.
    pub lifetime: Option<(u32, Timestamp)>,
    /// What its task asks for before it is approved, if that is a work packet and the approval comes now.
    pub work: Option<(Verified<ContractPredicate>, WorkFacts)>,
    /// Another approval of the same person on the same object with the same nonce that was there when
    /// it came.
    pub twin: Option<Sha256>,
}

/// The approvals on an object by person and nonce.
pub struct Nonces(BTreeMap<(IdentityName, String), Vec<Sha256>>);

/// An approval, a decision or a consent that somebody withdraws.
pub struct Withdrawal {
    /// Its digest.
    pub record: Sha256,
    /// Who withdraws it.
    pub by: IdentityName,
    /// Who made it, if it is there and holds.
    pub made_by: Option<IdentityName>,
    /// The records that used it before.
    pub used_by: Vec<Use>,
}

impl Withdrawal {
    /// Lets an operator withdraw what anybody has made, if it is there.
    fn by_operator(mut self) -> Self {
        self.made_by = self.made_by.map(|_| self.by.clone());
        self
    }
}

impl Collector<'_> {
    /// Returns the approvals on an object by person and nonce. Who judges many of them asks once.
    pub fn nonces(&self, object: ObjectId) -> Result<Nonces, Error> {
        let mut nonces: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for noted in self.records.approvals_of(object)? {
            if let Ok(it) = Statement::<ApprovalPredicate>::parse(noted.payload()) {
                let says = it.predicate;
                let of_person = (says.context.identity, says.nonce);
                nonces.entry(of_person).or_default().push(noted.digest());
            }
        }
        Ok(Nonces(nonces))
    }

    /// Returns what is known of an approval that arrived beside these.
    pub fn approval<'a>(
        &self,
        approval: &'a Verified<ApprovalPredicate>,
        nonces: &Nonces,
    ) -> Result<ApprovalFacts<'a>, Error> {
        let path = Kind::Contract.of(&approval.predicate().task);
        let contract = self.records.envelope(&path)?;
        let contract = contract.filter(|it| Kind::of_payload(it.payload()) == Some(Kind::Contract));
        let judging = self.judging();
        let says = approval.predicate();
        let accepted = judging.accepted_by(approval.digest(), says.context.policy);
        let of_person = (says.context.identity.clone(), says.nonce.clone());
        let same = nonces.0.get(&of_person).filter(|_| accepted.is_some());
        let mut twins = same.into_iter().flatten().copied();
        let twin = twins.find(|it| {
            let other = *it != approval.digest();
            other && judging.precedes(*it, approval.digest())
        });
        let lifetime = accepted.map(|(policy, time)| {
            let days = policy.document().gates.approval_days;
            (days, time.plus_days(days.saturating_add(1)))
        });
        let run = says.run.as_ref().map(|run| Kind::Run.of(run));
        let run = run.map(|path| self.stated(&path)).transpose()?;
        let arrival = judging.arrival(approval.digest());
        let expired = arrival.is_some_and(|time| approval.predicate().expires <= time);
        let revoked = expired && self.revoked(approval, || self.uses(approval))?;
        let work = match says.approves {
            Approves::Task if judging.comes_now(approval.digest()) => self.approving(
                &says.task,
                says.base,
                approval.digest(),
                says.context.policy,
            )?,
            _ => None,
        };
        Ok(ApprovalFacts {
            approval,
            work,
            contract: contract.map(|it| {
                let statement = Statement::parse(it.payload()).ok();
                (it.digest(), statement.map(|it| it.predicate))
            }),
            arrival,
            revoked,
            is_new: judging.is_new(approval.digest()),
            run_task: run.flatten().and_then(|it| it.task()),
            lifetime,
            twin,
        })
    }

    /// Returns what a task asks for before a record approves its execution on a base commit, if it is a work
    /// packet.
    pub(super) fn approving(
        &self,
        task: &TaskId,
        base: Option<ObjectId>,
        record: Sha256,
        policy: ObjectId,
    ) -> Result<Option<(Verified<ContractPredicate>, WorkFacts)>, Error> {
        let contract: Lookup<Verified<ContractPredicate>> = self.the(task)?;
        let Some(contract) = contract.into_valid() else {
            return Ok(None);
        };
        let time = self.judging().arrival(record).unwrap_or(self.time);
        let used = UsedBy {
            record,
            policy,
            time,
        };
        let facts = self.work(&contract, base.as_slice(), Some(used))?;
        Ok(facts.map(|facts| (contract, facts)))
    }

    /// Tells whether an approval counts for nothing any more: its maker has withdrawn it, and none
    /// of these records used it then.
    pub fn revoked(
        &self,
        approval: &Verified<ApprovalPredicate>,
        uses: impl FnOnce() -> Result<Vec<Use>, Error>,
    ) -> Result<bool, Error> {
        Ok(self.withdrawn(approval, uses)?.is_some())
    }

    /// Returns the revocation of a record. One that does not hold withdraws nothing; it is judged where it
    /// arrives.
    pub(super) fn revocation_of(
        &self,
        record: Sha256,
    ) -> Result<Option<Verified<RevocationPredicate>>, Error> {
        let envelope = self
            .records
            .envelope(&Kind::Revocation.of(Scope::Record(record)))?;
        let revocation = envelope.and_then(|it| self.verify::<RevocationPredicate>(&it).ok());
        Ok(revocation.filter(|it| it.predicate().record == record))
    }

    /// Returns which of these records used an approval before it was withdrawn, if that was in order:
    /// they had expired, and what they said then stays said.
    pub(super) fn withdrawn(
        &self,
        approval: &Verified<ApprovalPredicate>,
        uses: impl FnOnce() -> Result<Vec<Use>, Error>,
    ) -> Result<Option<BTreeSet<Sha256>>, Error> {
        let Some(revocation) = self.revocation_of(approval.digest())? else {
            return Ok(None);
        };
        let own = revocation.signer() == approval.signer();
        let before = self.used_before(uses()?, &revocation);
        let held = self.holding(before.clone(), &revocation);
        let before = before.into_iter().map(|it| it.digest);
        Ok((own && held.is_empty()).then(|| before.collect()))
    }

    /// Returns which of these records were there when a revocation came.
    fn used_before(
        &self,
        mut uses: Vec<Use>,
        revocation: &Verified<RevocationPredicate>,
    ) -> Vec<Use> {
        let judging = self.judging();
        uses.retain(|it| judging.precedes(it.digest, revocation.digest()));
        uses
    }

    /// Returns which of these records had not expired when a revocation came. Of one that was accepted
    /// at some time before, an attestation that has expired by now did not stand in the way.
    fn holding(&self, mut uses: Vec<Use>, revocation: &Verified<RevocationPredicate>) -> Vec<Use> {
        let arrival = self.judging().arrival(revocation.digest());
        let time = arrival.unwrap_or(self.time);
        uses.retain(|it| it.holds_at(time));
        uses
    }

    /// Returns whether there is a revocation of an approval of the task or of the run. Whether it
    /// came in time, and from whoever made the approval, is not judged.
    pub fn may_be_withdrawn(&self, run: &RunPredicate) -> Result<bool, Error> {
        let noted = self.records.approvals_of(run.commit)?;
        let noted = noted.iter().map(Envelope::digest);
        for approval in run.approvals.iter().copied().chain(noted) {
            let path = Kind::Revocation.of(Scope::Record(approval));
            if self.records.ledger().find(&path)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns what is known of a revocation that arrived.
    pub fn withdrawal(
        &self,
        revocation: &Verified<RevocationPredicate>,
    ) -> Result<Withdrawal, Error> {
        let says = revocation.predicate();
        if let Some(id) = &says.decision {
            let decision = self.decision_of(id)?;
            return self.withdrawal_of(revocation, decision, Self::uses_of_decision);
        }
        if let Some(id) = &says.escalation {
            let consent: Option<Verified<ConsentReceiptPredicate>> = self.the(id)?.into_valid();
            let uses = |collector: &Self, it: &Verified<_>| collector.use_of(id, it.digest());
            return self.withdrawal_of(revocation, consent, uses);
        }
        if let Some(key) = says.admission {
            let path = Kind::Admission.one_of(Scope::Locator(key), says.record);
            let admission = self.admission_at(&path)?;
            // What was admitted meanwhile stays admitted.
            let withdrawal = self.withdrawal_of(revocation, admission, |_, _| Ok(Vec::new()))?;
            return Ok(withdrawal.by_operator());
        }
        if let Some(expires) = says.lease {
            let path = Kind::Lease.one_of(Scope::Day(expires.day()), says.record);
            let lease = self.lease_at(&path)?;
            let withdrawal = self.withdrawal_of(revocation, lease, |_, _| Ok(Vec::new()))?;
            return Ok(match says.by_operator() {
                true => withdrawal.by_operator(),
                false => withdrawal,
            });
        }
        let object = match (&says.run, &says.task) {
            (None, None) => None,
            (None, Some(task)) => self.records.contract_blob(task)?,
            (Some(run), _) => self.stated(&Kind::Run.of(run))?.and_then(|it| it.commit()),
        };
        let mut approval = None;
        if let Some(object) = object {
            let noted = self.records.approvals_of(object)?.into_iter();
            let envelope = noted.into_iter().find(|it| it.digest() == says.record);
            approval = envelope.and_then(|it| self.verify::<ApprovalPredicate>(&it).ok());
        }
        let approval = approval.filter(|it| {
            let approved = it.predicate();
            says.task.as_ref() == Some(&approved.task) && approved.run == says.run
        });
        let used_by = match &approval {
            Some(approval) => {
                let before = self.used_before(self.uses(approval)?, revocation);
                self.holding(before, revocation)
            }
            None => Vec::new(),
        };
        Ok(Withdrawal {
            record: says.record,
            by: revocation.signer().clone(),
            made_by: approval.map(|it| it.signer().clone()),
            used_by,
        })
    }

    /// Returns what is known of the revocation of a decision or a consent, if this is what it names.
    fn withdrawal_of<P: Predicate>(
        &self,
        revocation: &Verified<RevocationPredicate>,
        named: Option<Verified<P>>,
        uses: impl FnOnce(&Self, &Verified<P>) -> Result<Vec<Use>, Error>,
    ) -> Result<Withdrawal, Error> {
        let record = revocation.predicate().record;
        let named = named.filter(|it| it.digest() == record);
        let used_by = match &named {
            Some(it) => self.holding(self.used_before(uses(self, it)?, revocation), revocation),
            None => Vec::new(),
        };
        Ok(Withdrawal {
            record,
            by: revocation.signer().clone(),
            made_by: named.map(|it| it.signer().clone()),
            used_by,
        })
    }

    /// Returns the records that use a decision: the run that spends it, or what an escalation handed over.
    pub fn uses_of_decision(
        &self,
        decision: &Verified<DecisionPredicate>,
    ) -> Result<Vec<Use>, Error> {
        match decision.predicate().escalation() {
            Some(id) => self.use_of(&id, decision.digest()),
            None => self.spending(decision.digest()),
        }
    }

    /// Returns the runs that the ledger lists as users of a decision, whether or not their records hold.
    pub fn users_of(&self, decision: Sha256) -> Result<Vec<RunId>, Error> {
        let files = self.records.ledger().about(&decision.to_string())?;
        let mut users = Vec::new();
        for (path, ..) in files.iter() {
            if let LedgerPath::Used(_, run) = path {
                users.push(run.clone());
            }
        }
        users.sort();
        Ok(users)
    }

    /// Tells whether the record of a run names the decision of this digest as one that it uses.
    pub(super) fn uses_decision(&self, run: &RunId, decision: Sha256) -> Result<bool, Error> {
        let Some(record) = self.run_record(run)?.into_valid() else {
            return Ok(false);
        };
        for id in record.predicate().work.iter().flat_map(RunWork::decisions) {
            if self
                .decision_of(id)?
                .is_some_and(|it| it.digest() == decision)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the use of a consent, if it uses this record.
    pub fn use_of(&self, id: &EscalationId, record: Sha256) -> Result<Vec<Use>, Error> {
        let envelope = self.records.envelope(&Kind::EscalationUse.of(id))?;
        let used = envelope.and_then(|it| self.verify_as(Kind::EscalationUse, &it).ok());
        let used = used.and_then(|it| Use::of(record, it.digest(), &**it.predicate()));
        Ok(used.into_iter().collect())
    }

    /// Returns the run that spends an approval or a decision, if there is one.
    pub fn spending(&self, record: Sha256) -> Result<Vec<Use>, Error> {
        let Some(run) = self.records.spender(&record)? else {
            return Ok(Vec::new());
        };
        let envelope = self.records.envelope(&Kind::Run.of(run))?;
        let verified = envelope.and_then(|it| self.verify_as(Kind::Run, &it).ok());
        let spends = verified.map(|it| Use::of(record, it.digest(), &**it.predicate()));
        Ok(spends.flatten().into_iter().collect())
    }

    /// Returns the records that use an approval: the run that spends it, or the attestations and the
    /// finalization that count it. One that does not hold uses nothing.
    pub fn uses(&self, approval: &Verified<ApprovalPredicate>) -> Result<Vec<Use>, Error> {
        let records = self.records;
        let says = approval.predicate();
        let mut candidates = Vec::new();
        match says.approves {
            Approves::Task => {
                if let Some(run) = records.spender(&approval.digest())? {
                    candidates.extend(records.envelope(&Kind::Run.of(run))?);
                }
            }
            Approves::Audit => {
                if let Some(commit) = says.commit {
                    candidates.extend(records.attestations_of(commit)?);
                }
                if let Some(run) = &says.run {
                    candidates.extend(records.envelope(&Kind::Finalization.of(run))?);
                }
            }
        }
        let mut uses = Vec::new();
        for envelope in candidates {
            let Some(kind) = Kind::of_payload(envelope.payload()) else {
                continue;
            };
            if let Ok(it) = self.verify_as(kind, &envelope) {
                uses.extend(Use::of(approval.digest(), it.digest(), &**it.predicate()));
            }
        }
        Ok(uses)
    }
}
