//! Withdraws an own approval before it is used.

use crate::facts::approvals::Withdrawal;
use crate::policy::Role;
use crate::record::{Rule, Sha256};
use crate::records::{Kind, Notes, RevocationPredicate, Scope};
use crate::rules::revocation;
use crate::store::batch::Batch;
use crate::store::layout::{self, LedgerPath};

use super::{Error, Session};

/// What is to be withdrawn.
pub struct Request {
    /// The digest of the approval, or how it begins.
    pub record: String,
    /// Why.
    pub reason: String,
}

/// A recorded revocation.
pub struct Revoked {
    /// The approval.
    pub approval: Sha256,
    /// The revocation.
    pub record: Sha256,
}

/// Withdraws an approval.
pub fn revoke(session: &Session, request: Request) -> Result<Revoked, Error> {
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let context = session.context(&[Role::Operator, Role::Reviewer])?;
    let refuse = |why| Error::denied(format!("{} cannot be withdrawn", request.record), why);
    let mut found = Vec::new();
    for (_, envelope) in records.all_noted(Notes::APPROVALS)? {
        let named = !request.record.is_empty()
            && envelope.digest().to_string().starts_with(&request.record);
        if named && !found.contains(&envelope) {
            found.push(envelope);
        }
    }
    let envelope = match found.as_slice() {
        [envelope] => envelope,
        [] => return Err(refuse(revocation::unknown(&request.record))),
        [..] => {
            let message = format!("{} approvals begin with {}", found.len(), request.record);
            return Err(Error::usage(message));
        }
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
    let envelope = session.sign(RevocationPredicate {
        context,
        reason: request.reason,
        record: digest,
        run: says.run,
        task: says.task,
    })?;
    let path = Kind::Revocation.of(Scope::Record(digest));
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
