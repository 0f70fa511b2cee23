//! The approvals that a run spends.

use std::collections::BTreeMap;

use crate::facts::run::Collector;
use crate::facts::upstream::ahead;
use crate::policy::Verified;
use crate::record::{Findings, IdentityName, ObjectId, Sha256, Timestamp};
use crate::records::{ApprovalPredicate, ContractPredicate};
use crate::rules::execution::{self as rules, Spendable};
use crate::store::layout::LedgerPath;
use crate::store::ledger::parse_spent;

use super::error::Error;

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
    let policy = &collector.history.current().policy;
    // Never none, whatever a policy says: a contract by itself authorises nothing.
    let needed = (policy.document().gates.task_approvals as usize).max(1);
    let mut valid: BTreeMap<IdentityName, (Timestamp, Sha256)> = BTreeMap::new();
    let mut refused = Findings::new();
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
        let marker = LedgerPath::Spent(approval.digest());
        let spent = collector.records.file(&marker)?;
        let spender = |bytes: Vec<u8>| parse_spent(&bytes).map(|run| run.to_string());
        let facts = Spendable {
            approval: &approval,
            contract,
            base,
            behind: behind.as_ref(),
            policy,
            now,
            revoked: collector.revoked(&approval, || Ok(Vec::new()))?,
            spent_by: spent.map(|it| spender(it).unwrap_or_else(|| "a run".to_owned())),
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
    if valid.len() < needed {
        findings.extend(refused);
        findings.push(rules::too_few(
            contract,
            (valid.len(), needed),
            behind.as_ref(),
        ));
        return Ok(Vec::new());
    }
    let valid = valid.into_values().take(needed);
    let mut digests: Vec<_> = valid.map(|(_, digest)| digest).collect();
    digests.sort();
    Ok(digests)
}
