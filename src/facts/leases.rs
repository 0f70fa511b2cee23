//! Leases: which of them are live, and what bears on one that arrives.

use crate::policy::{Policy, Verified};
use crate::record::contract::Gate1;
use crate::record::{Gate, IdentityName, RunId, Sha256, TaskId, Timestamp};
use crate::records::{
    ApprovalPredicate, ContractPredicate, Kind, LeasePredicate, LedgerPath, Target,
};

use super::Error;
use super::opening::Opening;
use super::run::{Collector, Lookup};

/// A lease that arrived, and what bears on it.
pub struct LeaseFacts<'a> {
    pub lease: &'a Verified<LeasePredicate>,
    /// By which policy it is judged, and when it came; nothing where it was accepted before.
    pub accepted: Option<(&'a Policy, Timestamp)>,
    /// Whether it is judged as if it came now.
    pub comes_now: bool,
    /// The contract of its task.
    pub contract: Lookup<Verified<ContractPredicate>>,
    /// The version that follows its task.
    pub superseded_by: Option<TaskId>,
    /// What may open gate 1 of the task, if it comes now.
    pub opened: Opened,
    /// Whether it was ended with the push that brought it, or before anybody judged it.
    pub has_ended: bool,
    /// The other leases that were live when it came.
    pub live: Vec<Live>,
    /// The lease that it says it prolongs, if that was live.
    pub renewed: Option<Live>,
}

/// What may open gate 1 of a task.
#[derive(Default)]
pub struct Opened {
    /// The approvals, whether each was withdrawn, and the run that spent it.
    pub approvals: Vec<(Verified<ApprovalPredicate>, bool, Option<RunId>)>,
    /// The decisions as they stand, and the run that spent each.
    pub decisions: Vec<(Opening, Option<RunId>)>,
}

/// A lease that is live at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its record.
    pub record: Sha256,
    /// Who holds it.
    pub holder: IdentityName,
    /// The task.
    pub task: TaskId,
    /// When it ends.
    pub expires: Timestamp,
    /// The lease that it prolongs.
    pub renews: Option<Sha256>,
    /// The paths that the contract of its task allows; nothing if that cannot be read.
    pub paths: Option<Vec<String>>,
}

impl Collector<'_> {
    /// Returns what is known of a lease that arrived.
    pub fn lease<'a>(
        &'a self,
        lease: &'a Verified<LeasePredicate>,
    ) -> Result<LeaseFacts<'a>, Error> {
        let (says, digest, judging) = (lease.predicate(), lease.digest(), self.judging());
        let accepted = judging.accepted_by(digest, says.context.policy);
        let comes_now = judging.comes_now(digest);
        let time = accepted.map_or(self.time, |it| it.1);
        let contract = self.contract(&says.task)?;
        let mut live = match accepted {
            Some(_) => self.live_leases(time, Some((digest, says.renews)))?,
            None => Vec::new(),
        };
        let renewed = says.renews;
        let renewed = live.iter().position(|it| Some(it.record) == renewed);
        let renewed = renewed.map(|at| live.remove(at));
        let (mut opened, mut superseded_by) = (Opened::default(), None);
        if let Some(contract) = contract.valid().filter(|_| comes_now) {
            opened = self.opened(contract)?;
            superseded_by = self.superseded_by(contract, None)?;
        }
        Ok(LeaseFacts {
            lease,
            accepted,
            comes_now,
            contract,
            superseded_by,
            opened,
            has_ended: self.has_ended(lease, |it| judging.came_with(it, digest))?,
            live,
            renewed,
        })
    }

    /// Returns the leases that are live at a time; those that were live when this record came, if it is given,
    /// with the lease that it prolongs. A lease stands under the day on which it ends, so that of all leases
    /// only those of three days are read.
    pub fn live_leases(
        &self,
        time: Timestamp,
        arriving: Option<(Sha256, Option<Sha256>)>,
    ) -> Result<Vec<Live>, Error> {
        let (arriving, renews) = (arriving.map(|it| it.0), arriving.and_then(|it| it.1));
        let judging = self.judging();
        let there = |it: Sha256| arriving.is_none_or(|digest| judging.came_with(it, digest));
        // The log tells of pushes of one second as of one: of what it knows, the door alone knew which lease
        // came first.
        let before = |it: Sha256| arriving.is_none_or(|digest| judging.stands_against(it, digest));
        let mut live = Vec::new();
        let last = time.plus_days(2);
        let mut day = time;
        while day <= last {
            let files = self.records.ledger().about(&day.day().to_string())?;
            for (path, ..) in files.iter() {
                if path.kind() != Some(Kind::Lease) {
                    continue;
                }
                let Some(lease) = self.lease_at(path)? else {
                    continue;
                };
                let (says, digest) = (lease.predicate(), lease.digest());
                // What prolongs a lease comes after it.
                let prolongs = arriving.is_some() && says.renews == arriving;
                let prolonged = renews == Some(digest) && there(digest);
                let other = arriving != Some(digest) && !prolongs;
                let other = other && (prolonged || before(digest));
                if other && says.expires > time && !self.has_ended(&lease, there)? {
                    let contract = self.contract(&says.task)?;
                    let contract = contract.valid().filter(|it| it.digest() == says.contract);
                    live.push(Live {
                        record: digest,
                        holder: lease.signer().clone(),
                        task: says.task.clone(),
                        expires: says.expires,
                        renews: says.renews,
                        paths: contract.map(|it| it.predicate().contract.allowed_paths.clone()),
                    });
                }
            }
            day = day.plus_days(1);
        }
        live.sort_by_key(|it| (it.expires, it.record));
        Ok(live)
    }

    /// Returns the lease at a path, if it holds by itself.
    pub fn lease_at(&self, path: &LedgerPath) -> Result<Option<Verified<LeasePredicate>>, Error> {
        let envelope = self.records.envelope(path)?;
        Ok(envelope.and_then(|it| self.verify(&it).ok()))
    }

    /// Tells whether a lease was ended, by its holder or by an operator, with a revocation for which this holds.
    fn has_ended(
        &self,
        lease: &Verified<LeasePredicate>,
        there: impl Fn(Sha256) -> bool,
    ) -> Result<bool, Error> {
        let revocation = self.revocation_of(lease.digest())?;
        let may =
            revocation.filter(|it| it.signer() == lease.signer() || it.predicate().by_operator());
        Ok(may.is_some_and(|it| there(it.digest())))
    }

    /// Returns the approvals noted on a contract, and the decisions that may open its gate 1.
    pub(super) fn opened(&self, contract: &Verified<ContractPredicate>) -> Result<Opened, Error> {
        let says = &contract.predicate().contract;
        let mut opened = Opened::default();
        let noted = match self.records.contract_blob(&says.id)? {
            Some(blob) => self.records.approvals_of(blob)?,
            None => Vec::new(),
        };
        for envelope in noted {
            // One that does not hold approves nothing.
            if let Ok(approval) = self.verify::<ApprovalPredicate>(&envelope) {
                let revoked = self.revoked(&approval, || Ok(Vec::new()))?;
                let spent = self.records.spender(&approval.digest())?;
                opened.approvals.push((approval, revoked, spent));
            }
        }
        if says.gate1 == Gate1::Decision {
            let target = Target::Record(contract.digest());
            for it in self.approvals_on(Gate::SpecApproval, target, None)? {
                let spent = self.records.spender(&it.decision.digest())?;
                opened.decisions.push((it, spent));
            }
        }
        Ok(opened)
    }
}
