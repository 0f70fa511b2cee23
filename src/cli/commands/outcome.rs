//! `git awo outcome`

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::context::{facts_of, unheld};
use crate::cli::{Answer, CliError, Context};
use crate::policy::Role;
use crate::record::RunId;
use crate::record::predicate::{OutcomePredicate, Verdict};
use crate::store::batch::Batch;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

/// Record whether the result of a run is accepted or rejected
#[derive(Debug, Args)]
pub struct OutcomeArgs {
    /// The run
    run: String,
    /// The verdict
    outcome: Choice,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    Accepted,
    Rejected,
}

/// Runs the command.
pub fn run(context: &Context, args: &OutcomeArgs) -> Result<Answer, CliError> {
    let run = RunId::new(args.run.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let facts = facts_of(&actor.collector(&records, &history), &run)?;
    let Some(record) = facts.run.valid() else {
        return Err(CliError::denied(
            format!("{run} can have no outcome: its record does not hold"),
            unheld(&facts, &history),
        ));
    };
    let outcome = match args.outcome {
        Choice::Accepted => Verdict::Accepted,
        Choice::Rejected => Verdict::Rejected,
    };
    let predicate = OutcomePredicate {
        commit: record.predicate().commit,
        context: actor.context(&history, &[Role::Operator])?,
        outcome,
        reason: args.reason.clone(),
        root: record.predicate().root,
        run: run.clone(),
    };
    let envelope = actor.sign(predicate)?;
    Batch::new(format!("outcome of {run}"))
        .record(&LedgerPath::Outcome(run.clone()), &envelope)
        .commit(&actor.repo, &actor.author())?;
    let (word, next) = match outcome {
        Verdict::Accepted => ("accepted", "git awo push".to_owned()),
        Verdict::Rejected => (
            "rejected",
            format!("git awo rollback {run}, then git awo push"),
        ),
    };
    let value = json!({ "run": run, "outcome": word, "commit": record.predicate().commit, "record": envelope.digest() });
    Ok(Answer::new(
        "outcome",
        value,
        format!("{run} is {word}\nnext: {next}\n"),
    ))
}
