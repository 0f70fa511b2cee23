//! `git awo gate`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, gate};
use crate::record::{Reason, RunId};
use crate::render;

/// Review a run by machine: gate 2
///
/// Recomputes every hash, checks the invariants and what the run binds, and that the reviewer is
/// another person than the orchestrator. Writes the independence log, also when the gate fails.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// The run
    run: String,
    /// Record an override: only for whom the policy's gates.self_approval_override names
    #[arg(long)]
    allow_self_approval: bool,
    /// Why the override is needed
    #[arg(long, value_name = "TEXT", requires = "allow_self_approval")]
    reason: Option<String>,
}

pub fn run(context: &Context, args: &GateArgs) -> Result<Answer, Error> {
    let run = RunId::new(args.run.as_str())?;
    let request = gate::Request {
        run: run.clone(),
        allow_self_approval: args.allow_self_approval,
        reason: args.reason.as_deref().map(Reason::new).transpose()?,
    };
    let done = gate::gate(&context.session()?, &request)?;
    let findings = &done.report.findings;
    let (word, message) = (done.status.word(), done.message);
    let mut text = render::report::lines(findings);
    text.push_str(&format!("{run}: {word}: {message}\n"));
    if done.status.passed() {
        text.push_str(&format!("next: git awo approve {run}\n"));
    }
    let value = json!({
        "run": run, "status": word, "findings": findings.iter().collect::<Vec<_>>(),
    });
    Ok(Answer::new("gate", value, text).judged(&done.report))
}
