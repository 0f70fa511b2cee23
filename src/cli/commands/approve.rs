//! `git awo approve`

use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::approve::{Approved, Request, approve};
use crate::ops::{Error, Process};
use crate::record::contract::Contract;

/// Approve a task by its exact sentence, or a run (gate 3)
///
/// A task is approved for one execution on one base commit; as long as no run has spent the
/// approval, the same person's next one adds nothing. The sentence is compared byte for byte. On a
/// terminal it is asked for. A run is approved after gate 2, by a reviewer.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The task or run
    id: String,
    /// The sentence, exactly as the contract demands it
    #[arg(long, value_name = "TEXT")]
    sentence: Option<String>,
    /// The commit on which the task may be executed [default: the tip of its branch]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Add a further approval of the task, for another execution on the same commit
    #[arg(long)]
    again: bool,
    /// Where the forge ran the audit
    #[arg(long, value_name = "URL")]
    workflow_run_url: Option<String>,
}

pub fn run(context: &Context, args: &ApproveArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    let request = Request {
        name: args.id.clone(),
        sentence: args.sentence.clone(),
        base: args.base.clone(),
        again: args.again,
        workflow_run_url: args.workflow_run_url.clone(),
    };
    let approved = approve(&session, request, |contract| ask(context, args, contract))?;
    Ok(answer(&approved))
}

/// Asks for the sentence on a terminal; elsewhere it must be given.
fn ask(context: &Context, args: &ApproveArgs, contract: &Contract) -> Result<Vec<u8>, Error> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        let again = if args.again { " --again" } else { "" };
        let task = &contract.id;
        let hint = format!(
            "git awo approve {task}{again} --sentence TEXT; git awo task show {task} shows the sentence"
        );
        return Err(Error::usage("the sentence must be given").hint(hint));
    }
    context.say(format!(
        "{}\nTo approve, type this sentence exactly:\n{}",
        contract.task, contract.approval_sentence
    ));
    let mut line = Vec::new();
    let read = stdin.lock().read_until(b'\n', &mut line);
    read.map_err(Process::Terminal)?;
    Ok(line)
}

fn answer(approved: &Approved) -> Answer {
    let (value, text) = match approved {
        Approved::Task {
            task,
            base,
            expires,
            noted,
        } => {
            let (digest, on) = (noted.digest, base.short());
            let done = match noted.effective {
                true => format!(
                    "approved {task} for one execution on {on}, until {expires}, as {digest}"
                ),
                false => format!(
                    "{task} was approved by you before on {on}, as {digest}, and no run has spent \
                     it: nothing was added (--again approves another execution)"
                ),
            };
            let mut value = json!({
                "approves": "task", "task": task, "base": base, "approval": digest,
                "effective": noted.effective,
            });
            if let Some(object) = value.as_object_mut().filter(|_| noted.effective) {
                object.insert("expires".to_owned(), json!(expires));
            }
            let next = format!("git awo push, then AWO_ALLOW_RUN=1 git awo run {task} -- COMMAND");
            (value, format!("{done}\nnext: {next}\n"))
        }
        Approved::Run { run, commit, noted } => {
            let digest = noted.digest;
            let done = match noted.effective {
                true => format!("approved {run} ({}), gate 3, as {digest}", commit.short()),
                false => {
                    format!("{run} was approved by you before, as {digest}: nothing was added")
                }
            };
            let value = json!({
                "approves": "audit", "run": run, "commit": commit, "approval": digest,
                "effective": noted.effective,
            });
            (value, format!("{done}\nnext: git awo attest {run}\n"))
        }
    };
    Answer::new("approval", value, text)
}
