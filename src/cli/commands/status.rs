//! `git awo status`

use clap::Args;
use serde_json::json;

use super::show;

use crate::cli::{Answer, Context};
use crate::ops::Error;
use crate::ops::status::{self, Standing, Waiting};
use crate::render;

/// Show where things stand and the next command
///
/// Decisions that wait for a person come first, and of these the ones that you may answer. Accepted
/// runs are only counted: nothing is left to be done with them.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Show accepted runs too
    #[arg(long)]
    all: bool,
}

pub fn run(context: &Context, args: &StatusArgs) -> Result<Answer, Error> {
    let it = status::status(&context.session()?, args.all)?;
    let you = match &it.you {
        Some((person, roles)) => format!("{person} ({roles})"),
        None => "nobody whom the policy knows".to_owned(),
    };
    let mut text = format!(
        "policy {} (version {}), level {}\nyou are {you}\n",
        it.policy.short(),
        it.version,
        it.level
    );
    if it.anchor.is_none() {
        text.push_str("nothing is trusted here; next: git awo trust FINGERPRINT\n");
    }
    if it.behind {
        // What is said below may be done already.
        text.push_str("origin has records that are not here; next: git awo fetch\n");
    }
    let mut decisions = Vec::new();
    for decision in &it.waiting {
        text.push_str(&asked(decision));
        decisions.push(json!({
            "decision": decision.id, "gate": decision.gate, "target": decision.target,
            "since": decision.since, "waits_seconds": decision.seconds,
            "asks": decision.persons, "yours": decision.yours, "next": decision.next,
        }));
    }
    let mut escalations = Vec::new();
    for it in &it.escalations {
        let (id, task, model, next) = (&it.id, &it.task, &it.model, &it.next);
        let state = it.state.word();
        text.push_str(&format!(
            "ask  {:<32} {state:<14} {task} for {model}  {next}\n",
            id.as_str()
        ));
        escalations.push(json!({
            "escalation": id, "task": task, "model": model, "state": state, "next": next,
        }));
    }
    let mut offered = Vec::new();
    for it in &it.offered {
        let (task, failed, next) = (&it.task, it.failed, &it.next);
        text.push_str(&format!(
            "{failed} runs of {task} have failed; a model elsewhere may help: {next}\n"
        ));
        offered.push(json!({ "task": task, "failed": failed, "next": next }));
    }
    let mut runs = Vec::new();
    for run in &it.runs {
        text.push_str(&line("run", run.id.as_str(), run));
        runs.push(json!({
            "run": run.id, "state": run.state.words(), "since": run.since, "next": run.next,
        }));
    }
    let mut ceilings = Vec::new();
    for (run, measured) in &it.ceilings {
        let (base, figures) = (
            &measured.base,
            show::figures(&measured.figures, &measured.limits),
        );
        text.push_str(&format!("ceil {:<32} {base}: {figures}\n", run.as_str()));
        ceilings.push(json!({ "run": run, "ceiling": show::ceiling(measured) }));
    }
    match it.accepted {
        0 => {}
        1 => text.push_str("1 run accepted\n"),
        number => text.push_str(&format!("{number} runs accepted\n")),
    }
    let mut tasks = Vec::new();
    for task in &it.tasks {
        text.push_str(&line("task", task.id.as_str(), task));
        tasks.push(json!({
            "task": task.id, "state": task.state.words(), "since": task.since, "next": task.next,
        }));
    }
    if it.unpushed > 0 && !it.behind {
        text.push_str(&format!(
            "{} governance refs differ from origin; next: git awo push\n",
            it.unpushed
        ));
    }
    let value = json!({
        "policy": it.policy, "version": it.version, "level": it.level, "you": you,
        "anchor": it.anchor.map(|anchor| anchor.to_string()), "decisions": decisions,
        "escalations": escalations, "escalation_offered": offered, "runs": runs,
        "accepted_runs": it.accepted, "tasks": tasks, "unpushed_refs": it.unpushed,
        "behind": it.behind, "ceilings": ceilings,
    });
    Ok(Answer::new("status", value, text))
}

fn line<T>(what: &str, id: &str, it: &Standing<T>) -> String {
    let (state, since, next) = (it.state.words(), render::date(it.since), &it.next);
    format!("{what:<4} {id:<32} {state:<14} {since:<20}  {next}\n")
}

fn asked(it: &Waiting) -> String {
    let persons: Vec<_> = it.persons.iter().map(|it| it.as_str()).collect();
    let (persons, waits) = (persons.join(", "), render::span(it.seconds));
    let who = match it.yours {
        true => format!("for you ({persons})"),
        false if it.persons.is_empty() => {
            "for nobody: the policy names no person for this gate".to_owned()
        }
        false => format!("for {persons}"),
    };
    format!(
        "gate {:<32} {:<14} {}  {}\n     {}, waiting {waits} {who}\n",
        it.id.as_str(),
        it.gate.as_str(),
        it.since,
        it.next,
        it.target,
    )
}
