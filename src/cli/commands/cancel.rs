//! `git awo cancel`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, cancel};
use crate::record::{Reason, RunId, TaskId};

/// Cancel a run that nobody has reviewed
///
/// Nothing is recorded of it any more, and it never lands. With --task, an id is cancelled that no run
/// has yet: none will have it. A run that was recorded has spent its approval.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The run
    run: String,
    /// The task, where there is no record of the run
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub fn run(context: &Context, args: &CancelArgs) -> Result<Answer, Error> {
    let run = RunId::new(args.run.as_str())?;
    let request = cancel::Request {
        run: run.clone(),
        task: args.task.as_deref().map(TaskId::new).transpose()?,
        reason: Reason::new(args.reason.as_str())?,
    };
    let done = cancel::cancel(&context.session()?, request)?;
    let task = &done.task;
    let again = match done.recorded {
        true => format!("git awo approve {task} --again, for another run"),
        false => format!("its approval is not spent: git awo run {task} -- COMMAND"),
    };
    let value = json!({
        "run": run, "task": task, "state": "cancelled", "recorded": done.recorded, "record": done.record,
    });
    let text = format!("{run} is cancelled\nnext: git awo push; {again}\n");
    Ok(Answer::new("cancel", value, text))
}
