//! `git awo status`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, status};

/// Show where things stand and the next command
///
/// Accepted runs are only counted: nothing is left to be done with them.
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
    let mut runs = Vec::new();
    for run in &it.runs {
        text.push_str(&line("run", run.id.as_str(), run.state.words(), &run.next));
        runs.push(json!({ "run": run.id, "state": run.state.words(), "next": run.next }));
    }
    match it.accepted {
        0 => {}
        1 => text.push_str("1 run accepted\n"),
        number => text.push_str(&format!("{number} runs accepted\n")),
    }
    let mut tasks = Vec::new();
    for task in &it.tasks {
        text.push_str(&line(
            "task",
            task.id.as_str(),
            task.state.words(),
            &task.next,
        ));
        tasks.push(json!({ "task": task.id, "state": task.state.words(), "next": task.next }));
    }
    if it.unpushed > 0 {
        text.push_str(&format!(
            "{} governance refs differ from origin; next: git awo push\n",
            it.unpushed
        ));
    }
    let value = json!({
        "policy": it.policy, "version": it.version, "level": it.level, "you": you,
        "anchor": it.anchor.map(|anchor| anchor.to_string()), "runs": runs,
        "accepted_runs": it.accepted, "tasks": tasks, "unpushed_refs": it.unpushed,
    });
    Ok(Answer::new("status", value, text))
}

fn line(what: &str, id: &str, state: &str, next: &str) -> String {
    format!("{what:<4} {id:<32} {state:<14} {next}\n")
}
