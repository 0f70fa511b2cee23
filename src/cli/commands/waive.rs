//! `git awo waive`

use clap::Args;
use serde_json::json;

use super::decide::days;
use crate::cli::{Answer, Context};
use crate::ops::{Error, waive};
use crate::record::{Reason, TaskId, WorkGate};

/// Waive gates of post-work for runs of a task, as an operator
///
/// A waiver covers the named gates for the named paths, in so many runs, until it expires. It counts for runs
/// that are pushed after the server has it, and not for runs that whoever signs it has made.
#[derive(Debug, Args)]
pub struct WaiveArgs {
    /// The task
    #[arg(long, value_name = "TASK")]
    task: String,
    /// window_matches_plan, rails_untouched_outside_window, line_delta_equals_expected or all_links_resolvable
    #[arg(long, value_name = "GATE", value_delimiter = ',', required = true)]
    gates: Vec<String>,
    /// The paths, in gitignore syntax
    #[arg(long, value_name = "GLOB", value_delimiter = ',', required = true)]
    paths: Vec<String>,
    /// So long it holds, in days: 7d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    expires: Option<u32>,
    /// How many runs may use it
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    uses: u32,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub fn run(context: &Context, args: &WaiveArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    let gate = |name: &String| {
        WorkGate::of_name(name).ok_or_else(|| {
            let names: Vec<_> = WorkGate::ALL.iter().map(|it| it.name()).collect();
            Error::usage(format!(
                "{name:?} is no gate of post-work: {}",
                names.join(", ")
            ))
        })
    };
    let request = waive::WaiveRequest {
        task: TaskId::new(args.task.as_str())?,
        gates: args.gates.iter().map(gate).collect::<Result<_, _>>()?,
        paths: args.paths.clone(),
        days: args.expires,
        uses: args.uses,
        reason: Reason::new(&args.reason)?,
    };
    let done = waive::waive(&session, request)?;
    let id = &done.id;
    let text = format!("waived as {id}\nnext: git awo push, before the run that needs it\n");
    let value = json!({"waiver": id, "record": done.record});
    Ok(Answer::new("waiver", value, text))
}
