//! `git awo run`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::Error;
use crate::ops::run::{self, Elsewhere as Made, Request};
use crate::record::{IdentityName, RunId, Sha256, TaskId};
use crate::run::RunDone;

/// Execute an approved task and record what it did
///
/// The command runs in a temporary repository at the approved base. What it did is measured, the
/// validation command runs, and one signed commit and its evidence are recorded. Nothing is
/// pushed, and the branch does not move before `git awo finalize`. Needs `AWO_ALLOW_RUN=1`, and
/// `AWO_RUN_STAGE` where the contract has a stage.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(disable_help_subcommand = true)]
pub struct RunArgs {
    #[command(subcommand)]
    elsewhere: Option<Elsewhere>,
    /// The task
    #[arg(required = true)]
    task: Option<String>,
    /// The run's id [default: run_ and the time]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// The pre-work that it follows, of a work packet [default: your newest]
    #[arg(long, value_name = "DIGEST")]
    pre_work: Option<String>,
    /// Who assists, by name: an identity of the policy that is a model
    #[arg(long, value_name = "NAME")]
    assisted_by: Vec<String>,
    /// The command that does the work
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Elsewhere {
    Import(ImportArgs),
}

/// Record a run that took place elsewhere, such as in CI
///
/// The directory's integrity and invariants, the execution gate and the commit are checked, and
/// everything that stands against the run is listed. Nothing is executed, so `AWO_ALLOW_RUN` and a
/// clean work tree are not needed; test.log must show that the validation command ran. The commit
/// must be the only one on the tip of the contract's branch. If it is not yet signed by you with
/// the trailers of this run, one of the same tree is made, which names who assisted and who made it.
#[derive(Debug, Args)]
struct ImportArgs {
    /// The run directory
    // Not `directory`: that is the global -C.
    #[arg(value_name = "DIR")]
    made: PathBuf,
    /// The task that was executed
    #[arg(long, value_name = "ID", requires = "commit")]
    #[arg(required_unless_present = "dry_run")]
    task: Option<String>,
    /// The commit that the run made
    #[arg(long, value_name = "REV", requires = "task")]
    #[arg(required_unless_present = "dry_run")]
    commit: Option<String>,
    /// The run's id [default: the name of the directory]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// The pre-work that it follows, of a work packet [default: your newest]
    #[arg(long, value_name = "DIGEST", requires = "task")]
    pre_work: Option<String>,
    /// Only check; without --task and --commit only the directory, which needs no repository
    #[arg(long)]
    dry_run: bool,
}

pub fn run(context: &Context, args: &RunArgs) -> Result<Answer, Error> {
    if let Some(Elsewhere::Import(args)) = &args.elsewhere {
        return import(context, args);
    }
    let Some(task) = &args.task else {
        return Err(Error::usage("a task is needed"));
    };
    let session = context.session()?;
    let request = Request {
        task: TaskId::new(task.as_str())?,
        run: args.run_id.as_deref().map(RunId::new).transpose()?,
        assisted_by: args
            .assisted_by
            .iter()
            .map(|it| IdentityName::new(it.as_str()))
            .collect::<Result<_, _>>()?,
        command: args.command.clone(),
        pre_work: digest(&args.pre_work)?,
        allow_run: context.environment().text("AWO_ALLOW_RUN"),
        stage: context.environment().text("AWO_RUN_STAGE"),
    };
    Ok(answer(&run::execute(&session, request)?))
}

fn import(context: &Context, args: &ImportArgs) -> Result<Answer, Error> {
    let directory = context.directory().join(&args.made);
    let run = match &args.run_id {
        Some(id) => RunId::new(id.as_str())?,
        None => {
            let name = directory.file_name().unwrap_or_default().to_string_lossy();
            RunId::new(name)
                .map_err(|error| Error::from(error).hint("give the run's id: --run-id ID"))?
        }
    };
    let (Some(task), Some(commit)) = (&args.task, &args.commit) else {
        return Ok(Answer::of(&run::inspect(&directory, &run)?));
    };
    let session = context.session()?;
    let made = Made {
        directory,
        run,
        task: TaskId::new(task.as_str())?,
        commit,
        pre_work: digest(&args.pre_work)?,
    };
    if args.dry_run {
        return Ok(Answer::of(&run::check(&session, made)?));
    }
    Ok(answer(&run::import(&session, made)?))
}

fn digest(text: &Option<String>) -> Result<Option<Sha256>, Error> {
    let parse = |text: &String| {
        text.parse::<Sha256>().map_err(|error| {
            Error::usage(error.to_string())
                .hint("git awo packet pre-work TASK --plan FILE --json, which prints it as record")
        })
    };
    text.as_ref().map(parse).transpose()
}

fn answer(done: &RunDone) -> Answer {
    let mut text = format!(
        "{} made {} with root {}\n",
        done.run,
        done.commit.short(),
        done.root
    );
    for path in &done.changed {
        text.push_str(&format!("  {path}\n"));
    }
    text.push_str(&format!("next: git awo push, then {}\n", done.review));
    let value = json!({
        "run": done.run, "commit": done.commit, "root": done.root, "ref": done.reference,
        "evidence": done.evidence, "changed": done.changed,
    });
    Answer::new("run", value, text)
}
