//! Approvals that arrive, and what has been withdrawn: by whom, and whether it was used before.

use crate::policy::Verified;
use crate::record::envelope::Envelope;
use crate::record::{IdentityName, ObjectId, Sha256, TaskId, Timestamp};
use crate::records::{
    ApprovalPredicate, Approves, Binding, ContractPredicate, Kind, Record, RevocationPredicate,
    RunPredicate, Scope, Statement,
};

use super::Error;
use super::run::Collector;

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
    /// The other approvals on the same object that were there when it came: digest, person, nonce.
    pub others: Vec<(Sha256, IdentityName, String)>,
}

/// An approval that somebody withdraws.
pub struct Withdrawal {
    /// The digest of the approval.
    pub record: Sha256,
    /// Who withdraws it.
    pub by: IdentityName,
    /// The approval, if it is there and holds.
    pub approval: Option<Verified<ApprovalPredicate>>,
    /// The records that used it before.
    pub used_by: Vec<(Kind, Sha256)>,
}

impl Collector<'_> {
    /// Returns what is known of an approval that arrived on an object.
    pub fn approval<'a>(
        &self,
        object: ObjectId,
        approval: &'a Verified<ApprovalPredicate>,
    ) -> Result<ApprovalFacts<'a>, Error> {
        let path = Kind::Contract.of(&approval.predicate().task);
        let contract = self.records.envelope(&path)?;
        let contract = contract.filter(|it| Kind::of_payload(it.payload()) == Some(Kind::Contract));
        let judging = self.judging();
        let says = approval.predicate();
        let accepted = judging.accepted_by(approval.digest(), says.context.policy);
        let mut others = Vec::new();
        if accepted.is_some() {
            for other in self.records.approvals_of(object)? {
                let digest = other.digest();
                if let Ok(it) = Statement::<ApprovalPredicate>::parse(other.payload())
                    && digest != approval.digest()
                    && judging.precedes(digest, approval.digest())
                {
                    let it = it.predicate;
                    others.push((digest, it.context.identity, it.nonce));
                }
            }
        }
        let lifetime = accepted.map(|(policy, time)| {
            let days = policy.document().gates.approval_days;
            (days, time.plus_days(days.saturating_add(1)))
        });
        let run = says.run.as_ref().map(|run| Kind::Run.of(run));
        let run = run.map(|path| self.stated(&path)).transpose()?;
        let arrival = judging.arrival(approval.digest());
        let expired = arrival.is_some_and(|time| approval.predicate().expires <= time);
        let revoked = expired && {
            let uses = self.uses(approval, None)?;
            let uses: Vec<_> = uses.into_iter().map(|(_, digest)| digest).collect();
            self.revoked(approval, &uses)?
        };
        Ok(ApprovalFacts {
            approval,
            contract: contract.map(|it| {
                let statement = Statement::parse(it.payload()).ok();
                (it.digest(), statement.map(|it| it.predicate))
            }),
            arrival,
            revoked,
            is_new: judging.is_new(approval.digest()),
            run_task: run.flatten().and_then(|it| it.task()),
            lifetime,
            others,
        })
    }

    /// Tells whether an approval counts for nothing any more: its maker has withdrawn it, and none
    /// of these records had used it before.
    pub fn revoked(
        &self,
        approval: &Verified<ApprovalPredicate>,
        uses: &[Sha256],
    ) -> Result<bool, Error> {
        let path = Kind::Revocation.of(Scope::Record(approval.digest()));
        let Some(envelope) = self.records.envelope(&path)? else {
            return Ok(false);
        };
        // One that does not hold withdraws nothing; it is judged where it arrives.
        let Ok(revocation) = self.verify::<RevocationPredicate>(&envelope) else {
            return Ok(false);
        };
        let says = revocation.predicate();
        let own = says.record == approval.digest() && revocation.signer() == approval.signer();
        let judging = self.judging();
        let before = |it: &Sha256| judging.precedes(*it, revocation.digest());
        Ok(own && !uses.iter().any(before))
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
        let object = match &says.run {
            None => self.records.contract_blob(&says.task)?,
            Some(run) => self.stated(&Kind::Run.of(run))?.and_then(|it| it.commit()),
        };
        let mut approval = None;
        if let Some(object) = object {
            let noted = self.records.approvals_of(object)?.into_iter();
            let envelope = noted.into_iter().find(|it| it.digest() == says.record);
            approval = envelope.and_then(|it| self.verify::<ApprovalPredicate>(&it).ok());
        }
        let approval = approval.filter(|it| {
            let approved = it.predicate();
            approved.task == says.task && approved.run == says.run
        });
        let judging = self.judging();
        let time = judging.arrival(revocation.digest()).unwrap_or(self.time);
        let mut used_by = match &approval {
            Some(approval) => self.uses(approval, Some(time))?,
            None => Vec::new(),
        };
        used_by.retain(|(_, it)| judging.precedes(*it, revocation.digest()));
        Ok(Withdrawal {
            record: says.record,
            by: revocation.signer().clone(),
            approval,
            used_by,
        })
    }

    /// Returns the records that use an approval: the run that spends it, or the attestations and the
    /// finalization that count it. One that does not hold uses nothing, nor does one that has expired
    /// at a time, if one is given.
    pub fn uses(
        &self,
        approval: &Verified<ApprovalPredicate>,
        at: Option<Timestamp>,
    ) -> Result<Vec<(Kind, Sha256)>, Error> {
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
            let counted = Binding::Approval(approval.digest());
            let expired = |it: &dyn Record| it.expires().zip(at).is_some_and(|(end, at)| end <= at);
            if let Ok(it) = self.verify_as(kind, &envelope)
                && it.predicate().binds().contains(&counted)
                && !expired(&**it.predicate())
            {
                uses.push((kind, it.digest()));
            }
        }
        Ok(uses)
    }
}
