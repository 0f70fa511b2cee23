//! `git awo claim`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, claim};
use crate::record::TaskId;

/// Claim a task, so that nobody else claims or plans work on its paths meanwhile
///
/// A claim counts once the server has it, and ends by itself. Only an approved task can be claimed. No two
/// claims are for the same paths.
#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// The task
    task: String,
    /// For so many hours [default: 8, or as many as the policy allows]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    hours: Option<u32>,
    /// Prolong your claim, once
    #[arg(long)]
    renew: bool,
}

pub fn run(context: &Context, args: &ClaimArgs) -> Result<Answer, Error> {
    let request = claim::ClaimRequest {
        task: TaskId::new(args.task.as_str())?,
        hours: args.hours,
        renew: args.renew,
    };
    let done = claim::claim(&context.session()?, request)?;
    let (task, until) = (&args.task, done.expires);
    let text =
        format!("{task} is yours until {until}, once the server has it\nnext: git awo push\n");
    let value = json!({"task": task, "record": done.record, "expires": until});
    Ok(Answer::new("claim", value, text))
}
