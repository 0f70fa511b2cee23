//! Claims a task, and gives it up.

use crate::facts::leases::Live;
use crate::policy::Role;
use crate::record::{Reason, Sha256, TaskId, Timestamp};
use crate::records::{Kind, LeasePredicate, RevocationPredicate, Scope};
use crate::rules::claim as rules;
use crate::store::batch::Batch;

use super::{Error, Session};

/// So many hours a claim holds, where nobody says how many and the policy allows it.
pub const HOURS: u32 = 8;

/// What is to be claimed.
pub struct ClaimRequest {
    /// The task.
    pub task: TaskId,
    /// For how many hours; none for [`HOURS`], or as many as the policy allows.
    pub hours: Option<u32>,
    /// Prolong the lease that one holds.
    pub renew: bool,
}

/// A recorded lease.
pub struct Claimed {
    /// The record.
    pub record: Sha256,
    /// When it ends.
    pub expires: Timestamp,
}

/// Records a lease on a task. It counts once the server has it.
pub fn claim(session: &Session, request: ClaimRequest) -> Result<Claimed, Error> {
    session.history()?;
    let records = session.records()?;
    let context = session.context(&[Role::Orchestrator])?;
    let (contract, _) = super::task::signed(session, &records, &request.task)?;
    let now = session.now();
    let most = session.policy()?.document().claims.max_hours;
    let expires = now.plus_hours(request.hours.unwrap_or(HOURS.min(most)));
    let collector = session.collector(&records)?;
    let live = collector.live_leases(now, None)?;
    // What is prolonged already is not prolonged again: that would be a lease beside the one that does.
    let is_last = |it: &Live| !live.iter().any(|other| other.renews == Some(it.record));
    let own = live
        .iter()
        .filter(|it| it.task == request.task && it.holder == context.identity && is_last(it));
    let renews = match request.renew {
        true => Some(
            own.max_by_key(|it| it.expires)
                .map(|it| it.record)
                .ok_or_else(|| {
                    let message = format!(
                        "you hold no lease on {} that could be prolonged",
                        request.task
                    );
                    Error::usage(message).hint(format!("git awo claim {}", request.task))
                })?,
        ),
        false => None,
    };
    let mut says = LeasePredicate {
        context,
        contract,
        expires,
        renews,
        task: request.task.clone(),
    };
    let (envelope, record) = loop {
        let envelope = session.sign(says.clone())?;
        let record = envelope.digest();
        // What was given up in this very second is over: the same lease would be that one.
        let ended = Kind::Revocation.of(Scope::Record(record));
        if records.file(&ended)?.is_none() {
            break (envelope, record);
        }
        let next = says.expires.seconds().saturating_add(1);
        says.expires = Timestamp::from_seconds(next).unwrap_or(says.expires);
    };
    let expires = says.expires;
    let path = Kind::Lease.one_of(Scope::Day(expires.day()), record);
    let batch = Batch::new(format!("claim {}", request.task)).record(&path, &envelope);
    session.commit(&batch)?;
    Ok(Claimed { record, expires })
}

/// Ends the leases on a task: one's own, or as an operator anybody's. Returns how many.
pub fn unclaim(
    session: &Session,
    task: &TaskId,
    reason: Option<Reason>,
) -> Result<Vec<Sha256>, Error> {
    let history = session.history()?;
    let records = session.records()?;
    let policy = session.policy()?;
    let person = session.actor().person(history)?;
    let operator = policy.holds(&person, Role::Operator);
    let now = session.now();
    let live = session.collector(&records)?.live_leases(now, None)?;
    let live: Vec<_> = live.into_iter().filter(|it| it.task == *task).collect();
    if let Some(other) = live.iter().find(|it| it.holder != person && !operator) {
        let why = rules::of_another(other, &person);
        return Err(session.refused(format!("{task} is not yours to give up"), why));
    }
    if live.is_empty() {
        let message = format!("nobody holds a lease on {task}");
        return Err(Error::usage(message).hint(format!("git awo claim {task}")));
    }
    let others = live.iter().any(|it| it.holder != person);
    if others && reason.is_none() {
        return Err(Error::usage(
            "an operator who ends somebody's lease says why: --reason TEXT",
        ));
    }
    let reason = reason.map_or("done".to_owned(), String::from);
    let mut batch = Batch::new(format!("give up {task}"));
    let mut ended = Vec::new();
    for lease in live {
        let role = match lease.holder == person {
            true => Role::Orchestrator,
            false => Role::Operator,
        };
        let envelope = session.sign(RevocationPredicate {
            lease: Some(lease.expires),
            ..RevocationPredicate::of(session.context(&[role])?, lease.record, reason.clone())
        })?;
        let path = Kind::Revocation.of(Scope::Record(lease.record));
        batch = batch.record(&path, &envelope);
        ended.push(lease.record);
    }
    session.commit(&batch)?;
    Ok(ended)
}
