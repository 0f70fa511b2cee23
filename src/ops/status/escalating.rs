//! Escalations that are under way, and tasks for which one is offered.

use std::collections::BTreeMap;

use crate::facts::run::Collector;
use crate::ops::Error;
use crate::ops::escalate::State;
use crate::policy::Policy;
use crate::record::{EscalationId, Subject, TaskId, Timestamp, Token};
use crate::rules::escalation;

use super::left::Left;

/// So many failed runs of a task offer an escalation, and so many more another one.
const FAILED: usize = 2;

/// An escalation that is under way.
pub struct Escalating {
    /// Its name.
    pub id: EscalationId,
    /// The task that it is for.
    pub task: TaskId,
    /// The model that is to get the content.
    pub model: Token,
    /// How it stands.
    pub state: State,
    /// The next command.
    pub next: String,
}

/// A task for which an escalation is offered.
pub struct Offered {
    /// The task.
    pub task: TaskId,
    /// How many of its runs have failed.
    pub failed: usize,
    /// The command that asks for one.
    pub next: String,
}

/// Returns the escalations that are under way. Those that have ended are left out of what is left to be
/// done, and counted for their tasks.
pub(super) fn under_way(
    collector: &Collector<'_>,
    left: &mut Left,
    now: Timestamp,
) -> Result<Vec<Escalating>, Error> {
    let mut all = Vec::new();
    for id in std::mem::take(&mut left.escalations) {
        let Some(it) = collector.escalation(&id)? else {
            // It may hold when more of the policy's history is here.
            left.escalations.insert(id);
            continue;
        };
        let request = &it.request.predicate().request;
        let state = State::of(&it, now);
        let next = match state {
            State::Requested => format!("git awo escalate plan {id} FILE --max-bytes N"),
            State::Planned => format!("git awo escalate consent {id} --yes"),
            State::Consented => format!("git awo escalate send {id} FILE"),
            State::Refused | State::Withdrawn | State::Expired | State::Used => {
                if let (State::Expired, Some(consent)) = (state, &it.consent) {
                    left.expired = left.expired.max(Some(consent.predicate().expires));
                }
                let ended = left.escalated.entry(request.wp_id.clone()).or_default();
                *ended = ended.saturating_add(1);
                continue;
            }
        };
        all.push(Escalating {
            task: request.wp_id.clone(),
            model: request.requested_model_id.clone(),
            state,
            next,
            id: id.clone(),
        });
        left.escalations.insert(id);
    }
    Ok(all)
}

/// Returns the tasks for which an escalation is offered: two of their runs have failed since the last one,
/// and the policy allows it. Nothing is asked for by itself.
pub(super) fn offered(
    policy: &Policy,
    under_way: &[Escalating],
    left: &Left,
    failed: BTreeMap<TaskId, usize>,
) -> Vec<Offered> {
    if escalation::closed(policy, &Subject::none()).is_some() {
        return Vec::new();
    }
    let is_offered = |(task, failed): &(TaskId, usize)| {
        let ended = left.escalated.get(task).copied().unwrap_or_default();
        let asked = under_way.iter().any(|it| it.task == *task);
        !asked
            && !left.settled.contains(task)
            && *failed >= FAILED.saturating_mul(ended.saturating_add(1))
    };
    let offered = failed.into_iter().filter(is_offered);
    let offered = offered.map(|(task, failed)| Offered {
        next: format!("git awo escalate request --task {task} --model NAME --reason CODE"),
        task,
        failed,
    });
    offered.collect()
}
