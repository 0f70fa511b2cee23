//! `git awo status`

use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use crate::actor::Actor;
use crate::check::rollback::earlier_rollback;
use crate::cli::commands::fetch::tracking;
use crate::cli::{Answer, CliError, Context};
use crate::facts::run::Collector;
use crate::facts::summary::RunSummary;
use crate::record::predicate::{RunPredicate, Verdict};
use crate::record::{Findings, TaskId};
use crate::rules;
use crate::store::layout::Place;
use crate::store::ledger::Records;
use crate::store::ledger::Refs;

/// Show where things stand and the next command
///
/// Accepted runs are only counted: nothing is left to be done with them.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Show accepted runs too
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub fn run(context: &Context, args: &StatusArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let collector = actor.collector(&records, &history);
    let policy = &history.current().policy;
    let me = actor
        .person(&history)
        .map(|person| format!("{person} ({})", policy.roles_of(&person)));
    let me = me.unwrap_or_else(|_| "nobody whom the policy knows".to_owned());
    let anchor = actor.anchor()?.map(|anchor| anchor.to_string());
    let mut text = format!(
        "policy {} (version {}), level {}\n",
        history.current().commit.short(),
        policy.version(),
        policy.level().word()
    );
    text.push_str(&format!("you are {me}\n"));
    if anchor.is_none() {
        text.push_str("nothing is trusted here; next: git awo trust FINGERPRINT\n");
    }
    let mut started: BTreeSet<TaskId> = BTreeSet::new();
    let mut rows = Vec::new();
    let mut accepted = 0_usize;
    for summary in collector.summaries()? {
        started.extend(summary.run.as_ref().map(|run| run.task.clone()));
        let (state, next) = stands(&actor, &refs, &collector, &summary)?;
        let done = summary.run.is_some() && summary.outcome == Some(Verdict::Accepted);
        accepted = accepted.saturating_add(usize::from(done));
        if done && !args.all {
            continue;
        }
        let id = &summary.id;
        text.push_str(&format!("run  {id:<32} {state:<14} {next}\n"));
        rows.push(json!({ "run": id, "state": state, "next": next }));
    }
    match accepted {
        0 => {}
        1 => text.push_str("1 run accepted\n"),
        _ => text.push_str(&format!("{accepted} runs accepted\n")),
    }
    let mut tasks = Vec::new();
    for id in records.tasks()? {
        if started.contains(&id) {
            continue;
        }
        let blob = records.contract_blob(&id)?;
        let approvals = blob
            .map(|blob| records.approvals_of(blob))
            .transpose()?
            .unwrap_or_default()
            .len();
        let state = if approvals > 0 {
            "approved"
        } else {
            "imported"
        };
        let next = if approvals > 0 {
            format!("git awo run {id} -- COMMAND")
        } else {
            format!("git awo approve {id}")
        };
        text.push_str(&format!("task {id:<32} {state:<14} {next}\n"));
        tasks.push(json!({ "task": id, "state": state, "next": next }));
    }
    let unpushed = unpushed(&refs);
    if unpushed > 0 {
        text.push_str(&format!(
            "{unpushed} governance refs differ from origin; next: git awo push\n"
        ));
    }
    let value = json!({
        "policy": history.current().commit, "version": policy.version(), "level": policy.level().word(),
        "you": me, "anchor": anchor, "runs": rows, "accepted_runs": accepted, "tasks": tasks, "unpushed_refs": unpushed,
    });
    Ok(Answer::new(
        "status",
        value,
        crate::record::path::escape(text.as_bytes()),
    ))
}

/// Returns how far a run has come, and the next command.
fn stands(
    actor: &Actor,
    refs: &Refs,
    collector: &Collector<'_>,
    summary: &RunSummary,
) -> Result<(&'static str, String), CliError> {
    let id = &summary.id;
    let Some(run) = &summary.run else {
        return Ok(("broken", format!("git awo chain {id}")));
    };
    match summary.outcome {
        Some(Verdict::Accepted) => return Ok(("accepted", String::new())),
        Some(Verdict::Rejected) if rolled_back(actor, refs, run)? => {
            return Ok(("rolled back", String::new()));
        }
        Some(Verdict::Rejected) => return Ok(("rejected", format!("git awo rollback {id}"))),
        None => {}
    }
    if summary.finalized {
        let next = format!("git awo outcome {id} accepted --reason TEXT");
        return Ok(("finalized", next));
    }
    // Only what is under review needs the evidence and the notes.
    let facts = collector.run(id)?;
    let policy = &collector.history.current().policy;
    let reviews = rules::reviews(&facts, policy, None, &mut Findings::new());
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

fn unpushed(refs: &crate::store::ledger::Refs) -> usize {
    let theirs = tracking(refs, "origin");
    if theirs.is_empty() {
        return 0;
    }
    refs.iter()
        .filter(|(name, _)| matches!(Place::of(name), Some(place) if !matches!(place, Place::Unknown | Place::Log)))
        .filter(|(name, id)| theirs.get(name) != Some(id))
        .count()
}

/// Tells whether a branch, here or at a remote, holds the roll-back of the run.
fn rolled_back(actor: &Actor, refs: &Refs, run: &RunPredicate) -> Result<bool, CliError> {
    let branch = run.reference.branch().unwrap_or_default();
    let tips = refs.iter().filter(|(name, _)| {
        *name == &run.reference
            || (name.as_str().starts_with("refs/remotes/")
                && name.as_str().ends_with(&format!("/{branch}")))
    });
    for (_, tip) in tips {
        if actor.repo.is_ancestor(run.commit, *tip)?
            && earlier_rollback(&actor.repo, &[*tip], run.commit, &run.run)?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
