//! `git awo receipt`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, CliError, Context};
use crate::facts::log;
use crate::record::{Rule, Subject};
use crate::store::layout;

/// Print the newest entry of the receive log, to be saved and shown to `git awo verify --receipt`
#[derive(Debug, Args)]
pub struct ReceiptArgs {}

/// Runs the command.
pub fn run(context: &Context, _args: &ReceiptArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let reference = layout::log();
    let Some(tip) = actor.repo.reference(&reference)? else {
        return Err(CliError::denied(
            "there is no receive log in this clone",
            [Rule::LogPresent
                .finding(Subject::of_ref(&reference))
                .found("no refs/awo/log")
                .expected("the server's receive log")
                .remedy("git awo fetch")],
        ));
    };
    let (entry, _) = log::files(&actor.repo, tip)?;
    let text = String::from_utf8_lossy(&entry).into_owned();
    let value = json!({ "commit": tip, "receipt": text });
    Ok(Answer::new("receipt", value, format!("{text}\n")))
}
