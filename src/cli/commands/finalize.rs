//! `git awo finalize`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, finalize};
use crate::record::RunId;

/// Finalize a run: validate its chain, index it, move the branch to its commit
#[derive(Debug, Args)]
pub struct FinalizeArgs {
    /// The run
    run: String,
}

pub fn run(context: &Context, args: &FinalizeArgs) -> Result<Answer, Error> {
    let run = RunId::new(args.run.as_str())?;
    let done = finalize::finalize(&context.session()?, &run)?;
    let (commit, reference) = (done.commit, &done.reference);
    let remark = done.remark.map_or_else(String::new, |it| it + "\n");
    let text = format!(
        "finalized {run}: {reference} is at {}\n{remark}next: git awo push\n",
        commit.short()
    );
    let value = json!({
        "run": run, "commit": commit, "ref": reference, "attestation": done.attestation,
    });
    Ok(Answer::new("finalization", value, text))
}
