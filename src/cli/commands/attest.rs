//! `git awo attest`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, attest};
use crate::record::RunId;

/// Attest a run: only after integrity, gate 2 and approval
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// The run
    run: String,
    /// Where the forge ran the audit
    #[arg(long, value_name = "URL")]
    workflow_run_url: Option<String>,
}

pub fn run(context: &Context, args: &AttestArgs) -> Result<Answer, Error> {
    let run = RunId::new(args.run.as_str())?;
    let session = context.session()?;
    let request = attest::Request {
        run: run.clone(),
        workflow_run_url: args.workflow_run_url.clone(),
    };
    let done = attest::attest(&session, request)?;
    let (commit, root, digest) = (done.commit, done.root, done.noted.digest);
    let effective = done.noted.effective;
    let said = match effective {
        true => format!("attested {run}: {} with root {root}", commit.short()),
        false => format!("{run} was attested by you before, as {digest}: nothing was added"),
    };
    let text = format!("{said}\nnext: git awo push, then git awo finalize {run}\n");
    let value = json!({
        "run": run, "commit": commit, "root": root, "attestation": digest, "effective": effective,
    });
    Ok(Answer::new("attestation", value, text))
}
