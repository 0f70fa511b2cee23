//! Waives gates of post-work for runs of a task.

use std::collections::BTreeSet;

use crate::record::{DecisionId, Reason, Sha256, TaskId, WorkGate};
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
    let target = format!("task/{}", request.task);
    let asked = Request::of_violation(target, "waiver", request.reason, request.days)?;
    let scope = WaiverScope {
        gates: request.gates.into_iter().collect(),
        paths: request.paths,
        uses: request.uses,
    };
    let waiver = Some(scope);
    let done = decide::open(session, Request { waiver, ..asked }, "a waiver")?;
    Ok(Waived {
        id: done.id,
        record: done.record,
    })
}
