//! Waives gates of post-work for runs of a task.

use std::collections::BTreeSet;

use crate::record::{Choice, DecisionId, Gate, Reason, Sha256, TaskId, Token, WorkGate};
use crate::records::WaiverScope;

use super::decide::{self, Request};
use super::{Error, Session};

/// What is to be waived.
pub struct WaiveRequest {
    /// The task.
    pub task: TaskId,
    /// The gates.
    pub gates: BTreeSet<WorkGate>,
    /// The paths, in gitignore syntax.
    pub paths: Vec<String>,
    /// So many days it holds.
    pub days: Option<u32>,
    /// How many runs may use it.
    pub uses: u32,
    /// Why.
    pub reason: Reason,
}

/// A recorded waiver.
pub struct Waived {
    /// Its name.
    pub id: DecisionId,
    /// The record.
    pub record: Sha256,
}

/// Records a waiver, signed by an operator.
pub fn waive(session: &Session, request: WaiveRequest) -> Result<Waived, Error> {
    let gate = Token::new(Gate::PolicyViolation.name())?;
    let request = Request {
        gate,
        target: Token::new(format!("task/{}", request.task))?,
        choice: Choice::Approve,
        confidence: None,
        rationale: Token::new("waiver")?,
        note: Some(request.reason),
        evidence: Vec::new(),
        answers: None,
        supersedes: None,
        days: request.days,
        base: None,
        file: None,
        permits: BTreeSet::new(),
        protection: None,
        waiver: Some(WaiverScope {
            gates: request.gates.into_iter().collect(),
            paths: request.paths,
            uses: request.uses,
        }),
    };
    let done = decide::decide(session, request)?;
    if done.choice != Choice::Approve {
        let why = crate::record::Refusal::of(done.refused);
        let message = "the gate is not open for a waiver: it is recorded as deferred";
        return Err(match why {
            Some(why) => Error::denied(message, why),
            None => Error::usage(message),
        });
    }
    Ok(Waived {
        id: done.id,
        record: done.record,
    })
}
