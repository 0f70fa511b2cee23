//! `git awo push`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, push};

/// Push branch, ledger, evidence and notes in one atomic push
///
/// Everything that is ahead of the remote goes at once: the records, the current branch, and the
/// governed branches; a changed policy goes before the branches. If others pushed meanwhile, their
/// records are merged and the push is tried again.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// The remote
    #[arg(default_value = "origin")]
    remote: String,
    /// Push these branches only (and the records)
    #[arg(long = "branch", value_name = "BRANCH")]
    branches: Vec<String>,
    /// Push the records only
    #[arg(long, conflicts_with = "branches")]
    records_only: bool,
}

pub fn run(context: &Context, args: &PushArgs) -> Result<Answer, Error> {
    let request = push::Request {
        remote: args.remote.clone(),
        branches: args.branches.clone(),
        records_only: args.records_only,
    };
    let pushed = push::push(&context.session()?, &request)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for (reference, id) in &pushed {
        text.push_str(&format!("{reference} -> {}\n", id.short()));
        rows.push(json!({ "ref": reference, "id": id }));
    }
    if rows.is_empty() {
        text.push_str("nothing to push\n");
    }
    let value = json!({ "remote": request.remote, "pushed": rows });
    Ok(Answer::new("push", value, text))
}
