//! The approvals that a run spends.

use std::collections::BTreeMap;

use crate::facts::run::Collector;
use crate::facts::upstream::ahead;
use crate::policy::Verified;
use crate::record::contract::Gate1;
use crate::record::{
    Choice, Findings, Gate, IdentityName, ObjectId, RunId, Sha256, Subject, Timestamp, Token,
};
use crate::records::{ApprovalPredicate, ContractPredicate, DecisionPredicate, OpenedBy, Target};
use crate::rules::execution::{self as rules, Spendable};
use crate::rules::life::{self, State, Whose};
use crate::rules::opening as opens;
use crate::store::layout::LedgerPath;
use crate::store::ledger::parse_spent;

use super::error::Error;

/// What a run spends.
#[derive(Default)]
pub(super) struct Chosen {
    /// The digests of approvals and of the decision, sorted.
    pub(super) approvals: Vec<Sha256>,
    /// The decision that opens gate 1, if one does.
    pub(super) gate1: Option<OpenedBy>,
}

/// Returns approvals by as many distinct operators as the policy demands, sorted.
///
/// Where the contract says so, one decision counts as one of them. Approvals of other runs may stand
/// on the same contract: why one does not count is reported only if there are too few that do. This run
/// cannot be recorded then.
pub(super) fn choose(
    collector: &Collector<'_>,
    contract: &Verified<ContractPredicate>,
    blob: ObjectId,
    base: Option<ObjectId>,
    run: Option<&RunId>,
    now: Timestamp,
    findings: &mut Findings,
) -> Result<Chosen, Error> {
    let policy = &collector.history.current().policy;
    // Never none, whatever a policy says: a contract by itself authorises nothing.
    let needed = (policy.document().gates.task_approvals as usize).max(1);
    let mut valid: BTreeMap<IdentityName, (Timestamp, Sha256)> = BTreeMap::new();
    let mut refused = Findings::new();
    let decision = decision(collector, contract, base, &mut refused)?;
    // One that opens nothing says why: nobody needs to be told that an approval is missing.
    let closed = usize::from(!refused.is_empty());
    let reader = collector.records.reader();
    let target = &contract.predicate().contract.target_ref;
    let behind = base.map(|tip| ahead(reader, target, tip)).transpose()?;
    let behind = behind.flatten();
    for envelope in collector.records.approvals_of(blob)? {
        let approval = match collector.verify::<ApprovalPredicate>(&envelope) {
            Ok(approval) => approval,
            Err(finding) => {
                refused.push(finding);
                continue;
            }
        };
        let facts = Spendable {
            approval: &approval,
            contract,
            base,
            behind: behind.as_ref(),
            policy,
            now,
            revoked: collector.revoked(&approval, || Ok(Vec::new()))?,
            spent_by: spender(collector, approval.digest())?,
        };
        let before = refused.len();
        rules::spendable(&facts, &mut refused);
        if refused.len() == before {
            // Of a person who approved twice, the one that is valid longest: the run may arrive late.
            let until = (approval.predicate().expires, approval.digest());
            let last = valid.entry(approval.signer().clone()).or_insert(until);
            *last = until.max(*last);
        }
    }
    // Whoever decided counts once.
    if let Some(decision) = &decision {
        valid.remove(decision.signer());
    }
    let count = valid.len().saturating_add(usize::from(decision.is_some()));
    if count < needed {
        findings.extend(refused);
        if count.saturating_add(closed) < needed {
            let lacks = rules::too_few(contract, (count, needed), behind.as_ref());
            let task = Some(&contract.predicate().contract.id);
            let turn = run.and_then(|run| {
                let (of, subject) = (Whose { run, task }, Subject::of_run(run));
                life::may(State::Contracted, State::Recorded, of, subject)
            });
            let turn = turn.map(|it| it.remedy(lacks.remedy.clone()));
            findings.push(lacks);
            findings.extend(turn);
        }
        return Ok(Chosen::default());
    }
    let own = decision.iter().map(Verified::digest);
    let of_persons = valid.into_values().map(|(_, digest)| digest);
    let mut approvals: Vec<_> = own.chain(of_persons).take(needed).collect();
    approvals.sort();
    Ok(Chosen {
        approvals,
        gate1: decision.map(|it| OpenedBy::of(it.predicate())),
    })
}

/// Returns who has spent an approval or a decision, if anybody has.
fn spender(collector: &Collector<'_>, spent: Sha256) -> Result<Option<String>, Error> {
    let marker = collector.records.file(&LedgerPath::Spent(spent))?;
    let spender = |bytes: Vec<u8>| match parse_spent(&bytes) {
        Some(run) => run.to_string(),
        None => "a run".to_owned(),
    };
    Ok(marker.map(spender))
}

/// Returns the decision that opens gate 1, if the contract leaves it to one, and one does.
fn decision(
    collector: &Collector<'_>,
    contract: &Verified<ContractPredicate>,
    base: Option<ObjectId>,
    refused: &mut Findings,
) -> Result<Option<Verified<DecisionPredicate>>, Error> {
    if contract.predicate().contract.gate1 != Gate1::Decision {
        return Ok(None);
    }
    let Ok(gate) = Token::new(Gate::SpecApproval.name()) else {
        return Ok(None);
    };
    let target = Target::Record(contract.digest());
    for decision in collector.decisions_on(target.key(&gate))? {
        if decision.predicate().decision.decision != Choice::Approve {
            continue;
        }
        let subject = Subject::of_record(decision.digest());
        let opening = collector.opening(decision, None)?;
        let spent = spender(collector, opening.decision.digest())?;
        let mut counts = opens::gate_1(&opening, contract, base, &subject, refused);
        if let Some(run) = spent {
            refused.push(rules::decision_spent(&opening.decision, &run));
            counts = false;
        }
        if counts {
            return Ok(Some(opening.decision));
        }
    }
    Ok(None)
}
