//! `git awo unclaim`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, claim};
use crate::record::{Reason, TaskId};

/// Give up your claim on a task; as an operator, end anybody's
#[derive(Debug, Args)]
pub struct UnclaimArgs {
    /// The task
    task: String,
    /// Why; an operator who ends somebody's claim says it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub fn run(context: &Context, args: &UnclaimArgs) -> Result<Answer, Error> {
    let reason = args.reason.as_deref().map(Reason::new).transpose()?;
    let task = TaskId::new(args.task.as_str())?;
    let ended = claim::unclaim(&context.session()?, &task, reason)?;
    let text = format!("{task} is given up, once the server has it\nnext: git awo push\n");
    Ok(Answer::new(
        "unclaim",
        json!({"task": task, "ended": ended}),
        text,
    ))
}
