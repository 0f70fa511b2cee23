//! `git awo outcome`

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, outcome};
use crate::record::{Reason, RunId};

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

pub fn run(context: &Context, args: &OutcomeArgs) -> Result<Answer, Error> {
    let run = RunId::new(args.run.as_str())?;
    let accepted = matches!(args.outcome, Choice::Accepted);
    let request = outcome::Request {
        run: run.clone(),
        accepted,
        reason: Reason::new(args.reason.as_str())?,
    };
    let done = outcome::outcome(&context.session()?, request)?;
    let (word, next) = match (accepted, done.landed) {
        (true, _) => ("accepted", "git awo push".to_owned()),
        (false, true) => (
            "rejected",
            format!("git awo rollback {run}, then git awo push"),
        ),
        (false, false) => ("rejected", "git awo push; it can no longer land".to_owned()),
    };
    let value = json!({
        "run": run, "outcome": word, "commit": done.commit, "record": done.record,
    });
    let text = format!("{run} is {word}\nnext: {next}\n");
    Ok(Answer::new("outcome", value, text))
}
