//! The approvals that a run spends.

use std::collections::BTreeMap;

use crate::facts::run::Collector;
use crate::policy::{Role, Verified};
use crate::record::{Findings, IdentityName, ObjectId, Rule, Sha256, Subject, Timestamp, sentence};
use crate::records::{ApprovalPredicate, Approves, ContractPredicate};
use crate::rules::revocation;
use crate::store::layout::LedgerPath;
use crate::store::ledger::parse_spent;

use super::Error;

struct Judge<'a> {
    collector: &'a Collector<'a>,
    contract: &'a Verified<ContractPredicate>,
    base: Option<ObjectId>,
    now: Timestamp,
}

/// Returns approvals by as many distinct operators as the policy demands, sorted.
///
/// Approvals of other runs may stand on the same contract: why one does not count is reported
/// only if there are too few that do.
pub(super) fn choose(
    collector: &Collector<'_>,
    contract: &Verified<ContractPredicate>,
    blob: ObjectId,
    base: Option<ObjectId>,
    now: Timestamp,
    findings: &mut Findings,
) -> Result<Vec<Sha256>, Error> {
    let judge = Judge {
        collector,
        contract,
        base,
        now,
    };
    let policy = &collector.history.current().policy;
    // Never none, whatever a policy says: a contract by itself authorises nothing.
    let needed = (policy.document().gates.task_approvals as usize).max(1);
    let mut valid: BTreeMap<IdentityName, Sha256> = BTreeMap::new();
    let mut refused = Findings::new();
    for envelope in collector.records.approvals_of(blob)? {
        let approval = match collector.verify::<ApprovalPredicate>(&envelope) {
            Ok(approval) => approval,
            Err(finding) => {
                refused.push(finding);
                continue;
            }
        };
        let before = refused.len();
        judge.approval(&approval, &mut refused)?;
        if refused.len() == before {
            // The same one each time, if a person approved twice.
            let slot = valid
                .entry(approval.signer().clone())
                .or_insert(approval.digest());
            *slot = (*slot).min(approval.digest());
        }
    }
    if valid.len() < needed {
        let task = &contract.predicate().contract.id;
        findings.extend(refused);
        findings.push(
            Rule::TaskApproved
                .finding(Subject::of_record(contract.digest()))
                .found(format!(
                    "approved by {} operators for this base",
                    valid.len()
                ))
                .expected(format!("{needed} distinct operators"))
                .remedy(format!("git awo approve {task}")),
        );
        return Ok(Vec::new());
    }
    let mut digests: Vec<_> = valid.into_values().take(needed).collect();
    digests.sort();
    Ok(digests)
}

impl Judge<'_> {
    fn approval(
        &self,
        approval: &Verified<ApprovalPredicate>,
        refused: &mut Findings,
    ) -> Result<(), Error> {
        let says = approval.predicate();
        let contract = &self.contract.predicate().contract;
        let again = format!("git awo approve {}", contract.id);
        if self.collector.revoked(approval, &[])? {
            refused.push(revocation::used(approval.digest(), &again));
        }
        let mut refuse = |rule: Rule, found: String, expected: String| {
            let subject = Subject::of_record(approval.digest());
            let finding = rule.finding(subject).found(found);
            refused.push(finding.expected(expected).remedy(&again));
        };
        if says.approves != Approves::Task {
            refuse(
                Rule::ApprovesTask,
                "approves a run".to_owned(),
                "approves a task".to_owned(),
            );
        }
        if says.contract != self.contract.digest() || says.task != contract.id {
            refuse(
                Rule::BindsContract,
                format!("the approval binds {} of {}", says.contract, says.task),
                format!("{}, the contract as it is now", self.contract.digest()),
            );
        }
        if let Some(base) = self.base
            && says.base != Some(base)
        {
            let bound = says
                .base
                .map_or("no base commit".to_owned(), |it| it.to_string());
            refuse(
                Rule::BindsBase,
                format!("the approval binds {bound}"),
                format!("{base}, where the branch is"),
            );
        }
        let given = says.sentence.as_deref().unwrap_or_default();
        if let Err(mismatch) = sentence::compare(&contract.approval_sentence, given.as_bytes()) {
            refuse(
                Rule::ExactSentence,
                mismatch.to_string(),
                format!("{:?}", contract.approval_sentence),
            );
        }
        if says.expires <= self.now {
            refuse(
                Rule::ApprovalUnexpired,
                format!(
                    "the approval of {} expired at {}",
                    approval.signer(),
                    says.expires
                ),
                format!("one valid at {}", self.now),
            );
        }
        // The record holds by the policy that it names; executing needs the one in force.
        let policy = &self.collector.history.current().policy;
        if !policy.holds(approval.signer(), Role::Operator) {
            refuse(
                Rule::ApprovedByOperator,
                format!(
                    "{} holds {}",
                    approval.signer(),
                    policy.roles_of(approval.signer())
                ),
                "an approval by one who is an operator now".to_owned(),
            );
        }
        let records = self.collector.records;
        let marker = LedgerPath::Spent(approval.digest());
        if let Some(bytes) = records.file(&marker)? {
            let spender = parse_spent(&bytes).map_or("a run".to_owned(), |run| run.to_string());
            refuse(
                Rule::OneApprovalOneRun,
                format!("the approval was spent by {spender}"),
                "an unused approval".to_owned(),
            );
        }
        Ok(())
    }
}
