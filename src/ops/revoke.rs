//! Withdraws an own approval before it is used.

use std::collections::BTreeMap;

use crate::facts::approvals::Withdrawal;
use crate::policy::Role;
use crate::record::{DigestPrefix, Reason, Rule, RunId, Sha256, TaskId};
use crate::records::{Kind, Notes, RevocationPredicate, Scope, Statement};
use crate::rules::revocation;
use crate::store::batch::Batch;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::Records;

use super::{Error, Session};

/// What is to be withdrawn.
pub struct Request {
    /// The digest of the approval, or how it begins.
    pub record: String,
    /// Why.
    pub reason: Reason,
}

/// A recorded revocation.
pub struct Revoked {
    /// The approval.
    pub approval: Sha256,
    /// The revocation.
    pub record: Sha256,
}

/// Returns what has this name, a task or a run.
fn kind_of(records: &Records<'_>, name: &str) -> Result<Option<&'static str>, Error> {
    if let Ok(task) = TaskId::new(name)
        && records.contract_blob(&task)?.is_some()
    {
        return Ok(Some("task"));
    }
    let Ok(run) = RunId::new(name) else {
        return Ok(None);
    };
    let record = records.file(&Kind::Run.of(run))?;
    Ok(record.map(|_| "run"))
}

/// Withdraws an approval.
pub fn revoke(session: &Session, request: Request) -> Result<Revoked, Error> {
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let context = session.context(&[Role::Operator, Role::Reviewer])?;
    let refuse = |why| Error::denied(format!("{} cannot be withdrawn", request.record), why);
    let name = request.record.as_str();
    let prefix = name.parse::<DigestPrefix>();
    let mut found = BTreeMap::new();
    for (_, envelope) in records.all_noted(Notes::APPROVALS)? {
        if prefix
            .as_ref()
            .is_ok_and(|it| it.matches(&envelope.digest()))
        {
            found.insert(envelope.digest(), envelope);
        }
    }
    if found.len() > 1 {
        let all: Vec<_> = found.keys().map(Sha256::to_string).collect();
        let message = format!("several approvals begin with {name}: {}", all.join(" "));
        return Err(Error::usage(message).hint("git awo revoke RECORD, with more digits"));
    }
    let Some((_, envelope)) = found.first_key_value() else {
        let list = "git awo show TASK or RUN lists approvals and their digests";
        return Err(match (kind_of(&records, name)?, prefix) {
            (Some(kind), _) => {
                let message = format!("{name} is a {kind}, not the digest of an approval");
                let list = format!("git awo show {name} lists its approvals and their digests");
                Error::denied(message, revocation::unknown(name)).hint(list)
            }
            (None, Ok(_)) => refuse(revocation::unknown(name)).hint(list),
            (None, Err(bad)) => Error::from(bad).hint(list),
        });
    };
    let digest = envelope.digest();
    let approval = collector.verify(envelope).map_err(refuse)?;
    let used_by = collector.uses(&approval)?;
    let says = approval.predicate().clone();
    let withdrawal = Withdrawal {
        record: digest,
        by: context.identity.clone(),
        used_by,
        approval: Some(approval),
    };
    if let Some(why) = revocation::withdrawn(&withdrawal) {
        return Err(refuse(why));
    }
    let path = Kind::Revocation.of(Scope::Record(digest));
    if let Some(earlier) = records.envelope(&path)?
        && let Ok(earlier) = Statement::<RevocationPredicate>::parse(earlier.payload())
        && earlier.predicate.reason != request.reason.as_str()
    {
        let why = revocation::again(digest, &earlier.predicate);
        return Err(Error::denied(format!("{name} is withdrawn already"), why));
    }
    let envelope = session.sign(RevocationPredicate {
        context,
        reason: request.reason.into(),
        record: digest,
        run: says.run,
        task: says.task,
    })?;
    // Neither a run nor an attestation may use it between the judgement and now.
    let attestations = layout::attestations();
    let seen = session.refs()?.get(&attestations).copied();
    let batch = Batch::new(format!("withdraw an approval of {}", withdrawal.by))
        .record(&path, &envelope)
        .unless(&LedgerPath::Spent(digest), Rule::RevocationBeforeUse)
        .while_at(attestations, seen);
    session.commit(&batch)?;
    Ok(Revoked {
        approval: digest,
        record: envelope.digest(),
    })
}
