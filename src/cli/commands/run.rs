//! `git awo run`

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::context::{answer_of, revision};
use crate::cli::{Answer, CliError, Context};
use crate::record::{Report, RunId, TaskId};
use crate::run::{self, Import, ImportRequest, RunDone, RunEnvironment, RunRequest};

/// Execute an approved task and record what it did
///
/// The command runs in a separate work tree at the approved base. What it did is measured, the
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
/// the trailers of this run, one of the same tree is made.
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
    /// Only check; without --task and --commit only the directory, which needs no repository
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub fn run(context: &Context, args: &RunArgs) -> Result<Answer, CliError> {
    if let Some(Elsewhere::Import(args)) = &args.elsewhere {
        return import(context, args);
    }
    let Some(task) = &args.task else {
        return Err(CliError::usage("a task is needed"));
    };
    let actor = context.actor()?;
    let request = RunRequest {
        task: TaskId::new(task.as_str()).map_err(usage)?,
        run: args
            .run_id
            .as_deref()
            .map(RunId::new)
            .transpose()
            .map_err(usage)?,
        command: args.command.clone(),
        environment: RunEnvironment::from_process(),
    };
    Ok(answer(run::run(&actor, &request)?))
}

fn usage(error: crate::record::name::BadName) -> CliError {
    CliError::usage(error.to_string())
}

fn import(context: &Context, args: &ImportArgs) -> Result<Answer, CliError> {
    let directory = context.directory().join(&args.made);
    let run = match &args.run_id {
        Some(id) => RunId::new(id.as_str()).map_err(usage)?,
        None => {
            let name = directory.file_name().unwrap_or_default().to_string_lossy();
            RunId::new(name).map_err(|error| usage(error).hint("give the run's id: --run-id ID"))?
        }
    };
    let (Some(task), Some(commit)) = (&args.task, &args.commit) else {
        let found = run::inspect(&directory, &run)?;
        let note = found.root.map(|root| format!("{run} has the root {root}"));
        return Ok(checked(found.files, found.findings, note));
    };
    let actor = context.actor()?;
    let request = ImportRequest {
        directory,
        task: TaskId::new(task.as_str()).map_err(usage)?,
        run,
        commit: revision(&actor, commit)?,
    };
    let import = match Import::check(&actor, &request) {
        Ok(import) => import,
        Err(run::Error::Refused(findings)) if args.dry_run => {
            return Ok(checked(0, findings, None));
        }
        Err(error) => return Err(error.into()),
    };
    if args.dry_run {
        let how = match import.takes_commit() {
            true => "its commit is recorded as it is",
            false => "a commit of the same tree is made and signed",
        };
        let note = format!("{} has the root {}; {how}", request.run, import.root());
        return Ok(checked(import.files(), Default::default(), Some(note)));
    }
    Ok(answer(import.store()?))
}

/// Returns the verdict on a run that is only checked.
fn checked(files: usize, findings: crate::record::Findings, note: Option<String>) -> Answer {
    let mut report = Report {
        findings,
        notes: note.into_iter().collect(),
        ..Report::default()
    };
    if files > 0 {
        report.count("files", files);
    }
    answer_of(&report)
}

fn answer(done: RunDone) -> Answer {
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
    Answer::new("run", value, text)
}
