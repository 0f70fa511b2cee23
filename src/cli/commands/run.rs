//! `git awo run`

use std::ffi::OsString;

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, CliError, Context};
use crate::harness::{self, RunEnvironment, RunRequest};
use crate::record::{RunId, TaskId};

/// Execute an approved task and record what it did
///
/// The command runs in a separate work tree at the approved base. What it did is measured, the
/// validation command runs, and one signed commit and its evidence are recorded. Nothing is
/// pushed, and the branch does not move before `git awo finalize`. Needs `AWO_ALLOW_RUN=1`, and
/// `AWO_RUN_STAGE` where the contract has a stage.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The task
    task: String,
    /// The run's id [default: run_ and the time]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// The command that does the work
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Runs the command.
pub fn run(context: &Context, args: &RunArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let usage = |error: crate::record::name::BadName| CliError::usage(error.to_string());
    let request = RunRequest {
        task: TaskId::new(args.task.as_str()).map_err(usage)?,
        run: args
            .run_id
            .as_deref()
            .map(RunId::new)
            .transpose()
            .map_err(usage)?,
        command: args.command.clone(),
        environment: RunEnvironment::from_process(),
    };
    let done = harness::run(&actor, &request)?;
    let mut text = format!(
        "{} made {} with root {}\n",
        done.run,
        done.commit.short(),
        done.root
    );
    for path in &done.changed {
        text.push_str(&format!("  {path}\n"));
    }
    text.push_str(&format!(
        "next: git awo push, then a reviewer: git awo gate {}\n",
        done.run
    ));
    let value = json!({
        "run": done.run, "commit": done.commit, "root": done.root, "ref": done.reference,
        "evidence": done.evidence, "changed": done.changed,
    });
    Ok(Answer::new("run", value, text))
}
