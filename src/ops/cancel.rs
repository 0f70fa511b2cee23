//! Cancels a run that nobody has reviewed, or the id of one that nobody has recorded.

use crate::facts::run::{Collector, Lookup, RunFacts};
use crate::policy::{Role, Verified};
use crate::record::{Reason, Refusal, RunId, Sha256, Subject, TaskId};
use crate::records::{CancellationPredicate, Kind, Statement};
use crate::rules::life::{self, State, Whose};
use crate::rules::{absent, cancellation, step};
use crate::store::batch::Batch;

use super::{Error, Session};

/// What is to be cancelled.
pub struct Request {
    /// The run.
    pub run: RunId,
    /// The task, where there is no record of the run.
    pub task: Option<TaskId>,
    /// Why.
    pub reason: Reason,
}

/// A cancelled run.
pub struct Cancelled {
    /// Its task.
    pub task: TaskId,
    /// Whether there is a record of it, so that its approval is spent.
    pub recorded: bool,
    /// The record of the cancellation.
    pub record: Sha256,
}

/// Cancels a run.
pub fn cancel(session: &Session, request: Request) -> Result<Cancelled, Error> {
    let run = request.run;
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let facts = collector.run(&run)?;
    let policy = session.policy()?;
    let refuse = |why: Refusal| session.refused(format!("{run} cannot be cancelled"), why);
    if facts.run.is_invalid() {
        return Err(refuse(step::unheld(&facts, policy)));
    }
    let recorded = facts.run.valid();
    let named = facts.cancellations.first().map(|it| &it.predicate().task);
    let known = recorded.map(|it| &it.predicate().task).or(named);
    // Whoever names another task means another run.
    let wrong = match (known, &request.task) {
        (Some(task), Some(given)) => cancellation::named(&run, task, given),
        _ => None,
    };
    let task = match (known, request.task) {
        (Some(task), _) => task.clone(),
        (None, Some(task)) => task,
        (None, None) => {
            let why = absent::run_record(&run);
            let hint = format!(
                "git awo cancel {run} --task TASK --reason TEXT, where nobody has recorded it"
            );
            return Err(refuse(why.into()).hint(hint));
        }
    };
    let context = session.context(&[Role::Operator, Role::Orchestrator])?;
    let contract = collector.contract(&task)?;
    let contract = match contract {
        Lookup::Valid(contract) => contract,
        Lookup::Invalid(finding) => return Err(refuse(finding.into())),
        Lookup::Missing => return Err(refuse(absent::contract(&task).into())),
    };
    let says = CancellationPredicate {
        context,
        contract: contract.digest(),
        reason: request.reason.into(),
        run: run.clone(),
        run_record: recorded.map(Verified::digest),
        task: task.clone(),
    };
    // What was recorded like this already, as by a command that was killed, is recorded once.
    let digest = Sha256::of(&Statement::new(says.clone()).to_payload());
    let said = facts.cancellations.iter().any(|it| it.digest() == digest);
    let of = Whose {
        run: &run,
        task: Some(&task),
    };
    let from = state(session, &collector, (&facts, &task))?;
    let turn = life::may(from, State::Cancelled, of, Subject::of_run(&run));
    if let Some(turn) = turn.filter(|_| !said) {
        return Err(refuse(Refusal::from(turn).and(wrong)));
    }
    if let Some(wrong) = wrong {
        return Err(refuse(wrong.into()));
    }
    let envelope = session.sign(says)?;
    let path = Kind::Cancellation.one_of(&run, envelope.digest());
    let batch = Batch::new(format!("cancel {run}"));
    session.commit(&batch.record(&path, &envelope))?;
    Ok(Cancelled {
        task,
        recorded: recorded.is_some(),
        record: envelope.digest(),
    })
}

/// Returns where a run is, also one that nobody has recorded.
fn state(
    session: &Session,
    collector: &Collector<'_>,
    (facts, task): (&RunFacts, &TaskId),
) -> Result<State, Error> {
    if facts.held().is_some() {
        return Ok(session.life(facts)?.state());
    }
    if !facts.cancellations.is_empty() {
        return Ok(State::Cancelled);
    }
    let unrecorded = collector.unrecorded_of(task)?;
    Ok(life::open(&unrecorded, session.policy()?, session.now()))
}
