//! Records whether the result of a run is accepted or rejected.

use crate::policy::{Role, Verified};
use crate::record::{ObjectId, Reason, RunId, Sha256, Subject};
use crate::records::{Kind, OutcomePredicate, Statement, Verdict};
use crate::rules::life::{self, State, Whose};
use crate::rules::step;
use crate::store::batch::Batch;

use super::{Error, Session};

/// The outcome that is to be recorded.
pub struct Request {
    /// The run.
    pub run: RunId,
    /// Whether its result is accepted; otherwise it is rejected.
    pub accepted: bool,
    /// Why.
    pub reason: Reason,
}

/// A recorded outcome.
pub struct Recorded {
    /// The commit of the run.
    pub commit: ObjectId,
    /// Whether it has landed, so that it can be rolled back.
    pub landed: bool,
    /// The record.
    pub record: Sha256,
}

/// Records the outcome of a run.
pub fn outcome(session: &Session, request: Request) -> Result<Recorded, Error> {
    let run = request.run;
    let facts = session.run(&run)?;
    let Some(record) = facts.run.valid() else {
        return Err(session.refused(
            format!("{run} can have no outcome: its record does not hold"),
            step::unheld(&facts, session.policy()?),
        ));
    };
    let says = record.predicate();
    let to = match request.accepted {
        true => State::Accepted,
        false => State::Rejected,
    };
    let context = session.context(&[Role::Operator])?;
    let outcome = OutcomePredicate {
        commit: says.commit,
        context,
        outcome: match request.accepted {
            true => Verdict::Accepted,
            false => Verdict::Rejected,
        },
        reason: request.reason.into(),
        root: says.root,
        run: run.clone(),
    };
    // What was recorded like this already, as by a command that was killed, is recorded once.
    let digest = Sha256::of(&Statement::new(outcome.clone()).to_payload());
    let said = facts.outcome.valid().map(Verified::digest) == Some(digest);
    let life = session.life(&facts)?;
    let (of, subject) = (Whose::facts(&facts), Subject::of_run(&run));
    let turn = life::may(life.state(), to, of, subject);
    if let Some(turn) = turn.filter(|_| !said) {
        return Err(session.refused(format!("{run} can have no such outcome"), turn));
    }
    let envelope = session.sign(outcome)?;
    let batch = Batch::new(format!("outcome of {run}"));
    session.commit(&batch.record(&Kind::Outcome.of(run), &envelope))?;
    Ok(Recorded {
        commit: says.commit,
        landed: session.has_landed(says)?,
        record: envelope.digest(),
    })
}
