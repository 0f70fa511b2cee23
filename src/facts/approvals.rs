//! What has been withdrawn, by whom, and whether it was used before.

use crate::policy::Verified;
use crate::record::{IdentityName, Sha256};
use crate::records::{ApprovalPredicate, Approves, Binding, Kind, RevocationPredicate, Scope};

use super::Error;
use super::run::Collector;

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

    /// Returns what is known of a revocation that arrived.
    pub fn withdrawal(
        &self,
        revocation: &Verified<RevocationPredicate>,
    ) -> Result<Withdrawal, Error> {
        let says = revocation.predicate();
        let object = match &says.run {
            None => self.records.contract_blob(&says.task)?,
            Some(run) => self.stated_run(run)?.map(|it| it.commit),
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
        let mut used_by = match &approval {
            Some(approval) => self.uses(approval)?,
            None => Vec::new(),
        };
        let judging = self.judging();
        used_by.retain(|(_, it)| judging.precedes(*it, revocation.digest()));
        Ok(Withdrawal {
            record: says.record,
            by: revocation.signer().clone(),
            approval,
            used_by,
        })
    }

    /// Returns the records that use an approval: the run that spends it, or the attestations and the
    /// finalization that count it. One that does not hold uses nothing.
    pub fn uses(
        &self,
        approval: &Verified<ApprovalPredicate>,
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
            if let Ok(it) = self.verify_as(kind, &envelope)
                && it.predicate().binds().contains(&counted)
            {
                uses.push((kind, it.digest()));
            }
        }
        Ok(uses)
    }
}
