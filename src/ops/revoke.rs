//! Withdraws an own approval, decision or consent before it is used, or an admission.

use std::collections::BTreeMap;

use crate::facts::approvals::Withdrawal;
use crate::facts::uses::Use;
use crate::policy::Role;
use crate::record::envelope::Envelope;
use crate::record::{
    DecisionId, DigestPrefix, EscalationId, IdentityName, Reason, Refusal, Rule, RunId, Sha256,
    TaskId,
};
use crate::records::{
    AdmissionPredicate, ConsentReceiptPredicate, DecisionPredicate, Kind, Notes, Record as _,
    RevocationPredicate, Scope, Statement,
};
use crate::rules::revocation;
use crate::store::batch::Batch;
use crate::store::layout::{LedgerPath, Place};
use crate::store::ledger::Records;

use super::{Error, Session};

/// What is to be withdrawn.
pub struct Request {
    /// The digest of the approval or of the admission, or how it begins; or the name of a decision or of an escalation, whose
    /// consent is meant.
    pub record: String,
    /// Why.
    pub reason: Reason,
}

/// A recorded revocation.
pub struct Revoked {
    /// What was withdrawn, in a word: `approval` also of a decision or a consent, or `admission`.
    pub what: &'static str,
    /// Its digest.
    pub withdrawn: Sha256,
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

/// Returns the admissions whose digests begin so.
fn admissions(records: &Records<'_>, prefix: &DigestPrefix) -> Result<Vec<Envelope>, Error> {
    let mut paths = Vec::new();
    records.ledger().each(|path, _| {
        if let LedgerPath::Record(_, Kind::Admission, Some(digest)) = &path
            && prefix.matches(digest)
        {
            paths.push(path);
        }
    })?;
    let mut found = Vec::new();
    for path in paths {
        found.extend(records.envelope(&path)?);
    }
    Ok(found)
}

/// Returns the one record whose digest begins so, if there is one.
fn only(
    prefix: &DigestPrefix,
    records: impl Iterator<Item = Envelope>,
) -> Result<Option<Envelope>, Error> {
    // The same approval may be noted on several objects.
    let named = records.filter(|it| prefix.matches(&it.digest()));
    let mut named: BTreeMap<_, _> = named.map(|it| (it.digest(), it)).collect();
    if named.len() > 1 {
        let all: Vec<_> = named.keys().map(Sha256::to_string).collect();
        let message = format!("several records begin with {prefix}: {}", all.join(" "));
        return Err(
            Error::usage(message).hint("git awo revoke RECORD --reason TEXT, with more digits")
        );
    }
    Ok(named.pop_first().map(|(_, envelope)| envelope))
}

/// Withdraws an approval, a decision or a consent.
pub fn revoke(session: &Session, request: Request) -> Result<Revoked, Error> {
    let records = session.records()?;
    if let Ok(id) = DecisionId::new(request.record.as_str())
        && let Some(envelope) = records.envelope(&Kind::Decision.of(&id))?
    {
        return revoke_decision(session, &records, &request, (id, &envelope));
    }
    if let Ok(id) = EscalationId::new(request.record.as_str())
        && let Some(envelope) = records.envelope(&Kind::ConsentReceipt.of(&id))?
    {
        return revoke_consent(session, &records, &request, (id, &envelope));
    }
    let collector = session.collector(&records)?;
    let context = session.context(&[Role::Operator, Role::Reviewer])?;
    let refuse = |why| refused(session, &request, why);
    let name = request.record.as_str();
    let prefix = name.parse::<DigestPrefix>();
    let noted = records.all_noted(Notes::APPROVALS)?;
    let noted = noted.into_iter().map(|(_, envelope)| envelope);
    let find = |prefix| only(prefix, noted.chain(admissions(&records, prefix)?));
    let found = prefix.as_ref().ok().map(find).transpose()?;
    let Some(envelope) = &found.flatten() else {
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
    if Kind::of_payload(envelope.payload()) == Some(Kind::Admission) {
        return revoke_admission(session, &records, &request, envelope);
    }
    let digest = envelope.digest();
    let approval = collector.verify(envelope).map_err(refuse)?;
    let mut used_by = collector.uses(&approval)?;
    used_by.retain(|it| it.holds_at(session.now()));
    let says = approval.predicate().clone();
    let withdrawal = Withdrawal {
        record: digest,
        by: context.identity.clone(),
        used_by,
        made_by: Some(approval.signer().clone()),
    };
    if let Some(why) = revocation::withdrawn(&withdrawal) {
        return Err(refuse(why));
    }
    let path = Kind::Revocation.of(Scope::Record(digest));
    for_one_reason(&records, &path, &request, digest)?;
    let envelope = session.sign(RevocationPredicate {
        run: says.run,
        task: Some(says.task),
        ..RevocationPredicate::of(context, digest, request.reason.into())
    })?;
    // Neither a run nor an attestation may use it between the judgement and now. An attestation
    // that does expires no later than the approval, and not before now.
    let months = session.now().month()..=says.expires.month();
    let mut batch = Batch::new(format!("withdraw an approval of {}", withdrawal.by))
        .record(&path, &envelope)
        .unless(&LedgerPath::Spent(digest), Rule::RevocationBeforeUse);
    for (name, id) in session.refs()? {
        if let Some(Place::Notes(segment)) = Place::of(name)
            && segment.notes == Notes::ATTESTATIONS
            && months.contains(&segment.month)
        {
            batch = batch.while_at(name.clone(), *id);
        }
    }
    session.commit(&batch)?;
    Ok(Revoked {
        what: "approval",
        withdrawn: digest,
        record: envelope.digest(),
    })
}

/// Refuses if the same was withdrawn before, for another reason.
fn for_one_reason(
    records: &Records<'_>,
    path: &LedgerPath,
    request: &Request,
    digest: Sha256,
) -> Result<(), Error> {
    if let Some(earlier) = records.envelope(path)?
        && let Ok(earlier) = Statement::<RevocationPredicate>::parse(earlier.payload())
        && earlier.predicate.reason != request.reason.as_str()
    {
        let why = revocation::again(digest, &earlier.predicate);
        let message = format!("{} is withdrawn already", request.record);
        return Err(Error::denied(message, why));
    }
    Ok(())
}

fn revoke_decision(
    session: &Session,
    records: &Records<'_>,
    request: &Request,
    (id, envelope): (DecisionId, &Envelope),
) -> Result<Revoked, Error> {
    let collector = session.collector(records)?;
    let decision = collector.verify::<DecisionPredicate>(envelope);
    let decision = decision.map_err(|why| refused(session, request, why))?;
    let digest = decision.digest();
    let used = match decision.predicate().escalation() {
        Some(escalation) => Kind::EscalationUse.of(escalation),
        None => LedgerPath::Spent(digest),
    };
    let uses = collector.uses_of_decision(&decision)?;
    let own = Own {
        record: decision.digest(),
        by: decision.signer().clone(),
        uses,
        used,
    };
    let roles = [Role::Operator, Role::Reviewer, Role::Model];
    let revocation = RevocationPredicate {
        decision: Some(id),
        ..RevocationPredicate::of(session.context(&roles)?, digest, request.reason.to_string())
    };
    withdraw(session, records, request, own, revocation)
}

fn revoke_consent(
    session: &Session,
    records: &Records<'_>,
    request: &Request,
    (id, envelope): (EscalationId, &Envelope),
) -> Result<Revoked, Error> {
    let collector = session.collector(records)?;
    let consent = collector.verify::<ConsentReceiptPredicate>(envelope);
    let consent = consent.map_err(|why| refused(session, request, why))?;
    let own = Own {
        record: consent.digest(),
        by: consent.signer().clone(),
        uses: collector.use_of(&id, consent.digest())?,
        used: Kind::EscalationUse.of(&id),
    };
    let revocation = RevocationPredicate {
        escalation: Some(id),
        ..RevocationPredicate::of(
            session.context(&[Role::Operator])?,
            consent.digest(),
            request.reason.to_string(),
        )
    };
    withdraw(session, records, request, own, revocation)
}

fn revoke_admission(
    session: &Session,
    records: &Records<'_>,
    request: &Request,
    envelope: &Envelope,
) -> Result<Revoked, Error> {
    let collector = session.collector(records)?;
    let admission = collector.verify::<AdmissionPredicate>(envelope);
    let admission = admission.map_err(|why| refused(session, request, why))?;
    let (digest, locator) = (admission.digest(), &admission.predicate().locator);
    let path = Kind::Revocation.of(Scope::Record(digest));
    for_one_reason(records, &path, request, digest)?;
    let envelope = session.sign(RevocationPredicate {
        admission: Some(AdmissionPredicate::key_of(locator.as_str())),
        ..RevocationPredicate::of(
            session.context(&[Role::Operator])?,
            digest,
            request.reason.to_string(),
        )
    })?;
    session.commit(&Batch::new(format!("withdraw {digest}")).record(&path, &envelope))?;
    Ok(Revoked {
        what: "admission",
        withdrawn: digest,
        record: envelope.digest(),
    })
}

fn refused(session: &Session, request: &Request, why: impl Into<Refusal>) -> Error {
    session.refused(format!("{} cannot be withdrawn", request.record), why)
}

/// A decision or a consent that somebody withdraws.
struct Own {
    /// Its digest.
    record: Sha256,
    /// Who made it.
    by: IdentityName,
    /// What has used it.
    uses: Vec<Use>,
    /// What the ledger has once it is used.
    used: LedgerPath,
}

fn withdraw(
    session: &Session,
    records: &Records<'_>,
    request: &Request,
    own: Own,
    revocation: RevocationPredicate,
) -> Result<Revoked, Error> {
    let withdrawal = Withdrawal {
        record: own.record,
        by: revocation.context.identity.clone(),
        made_by: Some(own.by),
        used_by: own.uses,
    };
    if let Some(why) = revocation::withdrawn(&withdrawal) {
        return Err(refused(session, request, why));
    }
    let path = Kind::Revocation.of(Scope::Record(own.record));
    for_one_reason(records, &path, request, own.record)?;
    let envelope = session.sign(revocation)?;
    let batch = Batch::new(format!("withdraw {}", request.record))
        .record(&path, &envelope)
        .unless(&own.used, Rule::RevocationBeforeUse);
    session.commit(&batch)?;
    Ok(Revoked {
        what: "approval",
        withdrawn: own.record,
        record: envelope.digest(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_that_several_approvals_have_lists_them() {
        let envelope = |at: u32| Envelope::new(at.to_string().into_bytes(), Vec::new());
        // Of so many digests some begin alike.
        let all: Vec<_> = (0..2_000).map(envelope).collect();
        let four = |it: &Envelope| it.digest().to_string()[..4].to_owned();
        let same = |text: &str| all.iter().filter(|it| four(it) == text).collect::<Vec<_>>();
        let find = |text: &str| only(&text.parse().unwrap(), all.iter().cloned());
        let twin = all.iter().map(four).find(|it| same(it).len() > 1).unwrap();
        let error = find(&twin).unwrap_err();
        assert_eq!(error.verdict(), None, "a wrong use");
        for envelope in same(&twin) {
            let digest = envelope.digest().to_string();
            assert!(error.message().contains(&digest), "{}", error.message());
            assert_eq!(find(&digest).unwrap().as_ref(), Some(envelope));
        }
        // The same one twice is one.
        let twice = [envelope(1), envelope(1)].into_iter();
        let prefix = four(&envelope(1)).parse().unwrap();
        assert_eq!(only(&prefix, twice).unwrap(), Some(envelope(1)));
        assert_eq!(only(&prefix, std::iter::empty()).unwrap(), None);
    }
}
