//! Where everything stands, and the next command.

use std::collections::BTreeSet;

use crate::check::Anchor;
use crate::check::rollback::earlier_rollback;
use crate::facts::run::{Collector, RunSummary};
use crate::record::{Findings, IdentityName, ObjectId, RefName, RunId, TaskId};
use crate::records::Verdict;
use crate::rules;
use crate::store::layout::Place;
use crate::store::ledger::Refs;

use super::remote::tracking;
use super::{Error, Session};

/// Where everything stands.
pub struct Status {
    /// The commit of the policy in force.
    pub policy: ObjectId,
    /// Its version.
    pub version: u32,
    /// Its level.
    pub level: &'static str,
    /// Who asks, with their roles; none if the policy does not know the key.
    pub you: Option<(IdentityName, String)>,
    /// What this clone trusts.
    pub anchor: Option<Anchor>,
    /// The runs; accepted ones too if they were asked for.
    pub runs: Vec<Standing<RunId>>,
    /// How many runs are accepted.
    pub accepted: usize,
    /// The tasks without a run.
    pub tasks: Vec<Standing<TaskId>>,
    /// How many governance refs differ from those of `origin`.
    pub unpushed: usize,
}

/// How far a run or a task has come.
pub struct Standing<T> {
    /// The run or the task.
    pub id: T,
    /// How far it has come.
    pub state: &'static str,
    /// The next command; empty if nothing is left to be done.
    pub next: String,
}

/// Looks at everything; at accepted runs only if they are asked for, since nothing is left to be
/// done with them.
pub fn status(session: &Session, with_accepted: bool) -> Result<Status, Error> {
    let history = session.history()?;
    let policy = session.policy()?;
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let you = session.actor().person(history).ok();
    let mut status = Status {
        policy: history.current().commit,
        version: policy.version(),
        level: policy.level().word(),
        you: you.map(|person| (person.clone(), policy.roles_of(&person))),
        anchor: session.actor().anchor()?,
        runs: Vec::new(),
        accepted: 0,
        tasks: Vec::new(),
        unpushed: unpushed(session.refs()?),
    };
    let mut started: BTreeSet<TaskId> = BTreeSet::new();
    for summary in collector.summaries()? {
        started.extend(summary.run.as_ref().map(|run| run.task.clone()));
        let (state, next) = run_stands(session, &collector, &summary)?;
        let done = summary.run.is_some() && summary.outcome == Some(Verdict::Accepted);
        status.accepted = status.accepted.saturating_add(usize::from(done));
        if !done || with_accepted {
            let id = summary.id;
            status.runs.push(Standing { id, state, next });
        }
    }
    for id in records.tasks()? {
        if started.contains(&id) {
            continue;
        }
        let approved = match records.contract_blob(&id)? {
            Some(blob) => !records.approvals_of(blob)?.is_empty(),
            None => false,
        };
        let (state, next) = match approved {
            true => ("approved", format!("git awo run {id} -- COMMAND")),
            false => ("imported", format!("git awo approve {id}")),
        };
        status.tasks.push(Standing { id, state, next });
    }
    Ok(status)
}

/// Returns how far a run has come, and the next command.
fn run_stands(
    session: &Session,
    collector: &Collector<'_>,
    summary: &RunSummary,
) -> Result<(&'static str, String), Error> {
    let id = &summary.id;
    let Some(run) = &summary.run else {
        return Ok(("broken", format!("git awo chain {id}")));
    };
    match summary.outcome {
        Some(Verdict::Accepted) => return Ok(("accepted", String::new())),
        Some(Verdict::Rejected) if rolled_back(session, id, &run.reference, run.commit)? => {
            return Ok(("rolled back", String::new()));
        }
        Some(Verdict::Rejected) => return Ok(("rejected", format!("git awo rollback {id}"))),
        None => {}
    }
    if summary.finalized {
        let next = format!("git awo outcome {id} accepted --reason TEXT");
        return Ok(("finalized", next));
    }
    // Only a run under review needs its evidence and notes read.
    let facts = collector.run(id)?;
    let reviews = rules::reviews(&facts, session.policy()?, None, &mut Findings::new());
    Ok(if !reviews.attested.is_empty() {
        ("attested", format!("git awo finalize {id}"))
    } else if !reviews.approved.is_empty() {
        ("approved", format!("git awo attest {id}"))
    } else if !reviews.passed.is_empty() {
        ("gate 2 passed", format!("git awo approve {id}"))
    } else {
        ("executed", format!("git awo gate {id}"))
    })
}

fn unpushed(refs: &Refs) -> usize {
    let theirs = tracking(refs, "origin");
    if theirs.is_empty() {
        return 0;
    }
    let pushed = refs.iter().filter(|(name, _)| {
        let place = Place::of(name);
        !matches!(place, None | Some(Place::Unknown | Place::Log))
    });
    let differ = pushed.filter(|(name, id)| theirs.get(*name) != Some(*id));
    differ.count()
}

/// Tells whether a branch, here or at a remote, holds the roll-back of the run.
fn rolled_back(
    session: &Session,
    run: &RunId,
    reference: &RefName,
    commit: ObjectId,
) -> Result<bool, Error> {
    let repo = session.repo();
    let branch = reference.branch().unwrap_or_default();
    let end = format!("/{branch}");
    let tips = session.refs()?.iter().filter(|(name, _)| {
        *name == reference
            || (name.as_str().starts_with("refs/remotes/") && name.as_str().ends_with(&end))
    });
    for (_, tip) in tips {
        if repo.is_ancestor(commit, *tip)?
            && earlier_rollback(repo, &[*tip], commit, run)?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
