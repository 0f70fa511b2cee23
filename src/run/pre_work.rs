//! The pre-work that a run follows.

use crate::actor::Actor;
use crate::facts::log;
use crate::facts::run::Collector;
use crate::policy::Verified;
use crate::record::{Findings, IdentityName, ObjectId, Sha256, Subject};
use crate::records::{ContractPredicate, Kind, PreWorkPredicate};
use crate::rules::post_work as rules;
use crate::store::layout::LedgerPath;

use super::error::Error;

/// Returns the pre-work that a run is to follow: the newest of the contract, on the base, by whoever runs it, or
/// the one that was asked for. Why there is none is a finding.
pub(super) fn choose(
    actor: &Actor,
    collector: &Collector<'_>,
    contract: &Verified<ContractPredicate>,
    (base, person): (Option<ObjectId>, Option<&IdentityName>),
    asked: Option<Sha256>,
    findings: &mut Findings,
) -> Result<Option<Verified<PreWorkPredicate>>, Error> {
    let task = &contract.predicate().contract.id;
    let subject = Subject::of_record(Kind::Contract.of(task).to_path());
    let mut found = collector.pre_works(task)?;
    let all = found.len();
    found.retain(|it| {
        let says = it.predicate();
        says.contract == contract.digest()
            && base.is_none_or(|base| says.base == base)
            && person.is_none_or(|person| it.signer() == person)
            && asked.is_none_or(|asked| it.digest() == asked)
    });
    let Some(plan) = found.pop() else {
        let base = base.map_or(String::new(), |it| format!(" on {it}"));
        let what = match (asked, all) {
            (Some(asked), _) => format!("{asked} is no pre-work of yours for this contract{base}"),
            (None, 0) => "no pre-work".to_owned(),
            (None, _) => format!("no pre-work of yours for this contract{base}"),
        };
        findings.push(rules::unplanned(&what, task, subject));
        return Ok(None);
    };
    let path = Kind::PreWork.one_of(task, plan.digest());
    if !is_published(actor, collector, &path)? {
        let what = format!(
            "the server is not known to have the pre-work {}",
            plan.digest()
        );
        findings.push(rules::unplanned(&what, task, subject));
        return Ok(None);
    }
    Ok(Some(plan))
}

/// Tells whether the receive log of this clone tells that the server has a file of the ledger. Where the clone has
/// no log, nothing is known here, and the server judges.
pub(super) fn is_published(
    actor: &Actor,
    collector: &Collector<'_>,
    path: &LedgerPath,
) -> Result<bool, Error> {
    match log::published(&actor.repo, collector.records.refs()) {
        None => Ok(true),
        Some(ledger) => Ok(ledger.find(path)?.is_some()),
    }
}
