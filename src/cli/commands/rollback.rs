//! `git awo rollback`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, rollback};
use crate::record::RunId;

/// Take back a rejected run: one commit, its exact inverse
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The run
    run: String,
}

pub fn run(context: &Context, args: &RollbackArgs) -> Result<Answer, Error> {
    let run = RunId::new(args.run.as_str())?;
    let done = rollback::rollback(&context.session()?, &run)?;
    let (commit, reference) = (done.commit, &done.reference);
    let text = format!(
        "rolled {run} back: {reference} is at {}\nnext: git awo push\n",
        commit.short()
    );
    let value = json!({ "run": run, "commit": commit, "ref": reference });
    Ok(Answer::new("rollback", value, text))
}
