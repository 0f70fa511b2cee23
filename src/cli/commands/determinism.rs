//! `git awo determinism`

use std::ffi::OsString;

use clap::{Args, Subcommand};

use crate::cli::{Answer, Context};
use crate::ops::{Error, determinism as ops};
use crate::record::{Findings, Report, RunId};
use crate::render;

/// Show that a command makes the same each time
#[derive(Debug, Args)]
pub struct DeterminismArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(CheckArgs),
}

/// Run a command several times with the same files, and compare what it makes
///
/// Each run gets the files of REV anew, in a cell of its own, and an environment that differs from that of
/// the others: hash seeds, the lengths of paths, the order in which files are made, processors, the time.
/// Says which path differs first and from which byte on (INT-007); with --run, also whether they made the tree of the
/// run's commit (GOV-002). With --json, the report has the same
/// bytes wherever the check is made. What stays the same over the check, such as today's date, is not found.
#[derive(Debug, Args)]
struct CheckArgs {
    /// How many runs, 2 to 16 [default: 3, or what the contract of RUN asks for]
    #[arg(long, value_name = "N")]
    runs: Option<u32>,
    /// The commit whose files it gets
    #[arg(long = "tree", value_name = "REV", default_value = "HEAD")]
    revision: String,
    /// What is compared, in gitignore syntax (repeatable) [default: all that a commit would hold]
    #[arg(long = "output", value_name = "PATTERN")]
    outputs: Vec<String>,
    /// Compare standard output and standard error too
    #[arg(long)]
    streams: bool,
    /// Sign the report and record it
    #[arg(long)]
    sign: bool,
    /// Run the command of this run again, on its base
    #[arg(long, value_name = "RUN", conflicts_with_all = ["revision", "outputs", "command"])]
    run: Option<String>,
    /// The command
    #[arg(last = true, required_unless_present = "run", value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub fn run(context: &Context, args: &DeterminismArgs) -> Result<Answer, Error> {
    let Command::Check(args) = &args.command;
    let what = match &args.run {
        Some(run) => ops::What::OfRun(RunId::new(run.as_str())?),
        None => ops::What::Command {
            revision: args.revision.clone(),
            command: args.command.clone(),
            outputs: args.outputs.clone(),
        },
    };
    let request = ops::Request {
        what,
        runs: args.runs,
        streams: args.streams,
        sign: args.sign,
    };
    let session = context.session()?;
    let prepared = ops::prepare(&session, &request)?;
    if let Some(run) = &args.run {
        // Somebody else has written it.
        let (times, command) = (prepared.runs(), prepared.command());
        context.say(format!(
            "runs {times} times what the evidence of {run} names: {command}"
        ));
    }
    let done = ops::check(prepared)?;
    let report = &done.report;
    let findings: Findings = done.finding.clone().into_iter().collect();
    let mut text = render::report::lines(&findings);
    let held: Vec<_> = report.cell.held.iter().map(String::as_str).collect();
    let held = match held.is_empty() {
        true => "no layer of the cell held".to_owned(),
        false => format!("the cell held: {}", held.join(", ")),
    };
    let compared = match done.as_committed {
        Some(true) => ", and as the commit of the run",
        Some(false) => ", and not as the commit of the run",
        None => "",
    };
    text.push_str(&format!(
        "{} runs of {}: {}{compared}; {held}\n",
        report.runs.len(),
        done.command(),
        report.verdict,
    ));
    for (run, number) in report.runs.iter().zip(1..) {
        let (code, tree) = (run.exit_code, run.output.tree);
        text.push_str(&format!(
            "  run {number}: exit code {code}, outputs {tree}\n"
        ));
    }
    if let Some(record) = done.record {
        context.say(format!("signed: {record}\nnext: git awo push"));
    }
    let value = serde_json::to_value(report).unwrap_or_default();
    let answer = Answer::new("determinism", value, text);
    Ok(answer.with_findings(&Report::of(findings)))
}
