//! `git awo fetch`

use clap::Args;
use serde_json::json;

use super::hooks::program;
use crate::cli::{Answer, Context};
use crate::ops::fetch::{self, Request};
use crate::ops::{Error, hooks};

/// Fetch branches and records, verify the records, then merge them
///
/// What the server has lost since the last fetch is refused, and nothing is merged then. The branches that
/// have moved are named: git awo verify judges their commits.
///
/// git fetch brings neither the policy nor the records of a branch, or does not verify and merge
/// them; where only they are missing, this is what helps. Every branch of the remote comes, also to
/// a clone of a single branch.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// The remote
    #[arg(default_value = "origin")]
    remote: String,
    /// Where a record here conflicts with one of the same name there, take their records; the tip
    /// here is kept as refs/awo-displaced/…
    #[arg(long)]
    theirs: bool,
    /// Make a shallow or partial clone whole: bring the commits and objects that it left out, and the
    /// tags as the remote has them, over those of the same names here. For a partial one git must be of
    /// version 2.36 or later
    #[arg(long)]
    whole: bool,
}

pub fn run(context: &Context, args: &FetchArgs) -> Result<Answer, Error> {
    let request = Request {
        remote: args.remote.clone(),
        theirs: args.theirs,
        whole: args.whole,
    };
    let done = fetch::fetch(&context.session()?, &request)?;
    // The records are there, whatever comes of this; git awo doctor finds what is missing.
    let _ = hooks::keep_merge_driver(&context.session()?, &program()?);
    let mut text = String::new();
    let mut rows = Vec::new();
    for (reference, id) in &done.moved {
        text.push_str(&format!("{reference} is at {}\n", id.short()));
        rows.push(json!({ "ref": reference, "id": id }));
    }
    let mut branches = Vec::new();
    for (name, id) in &done.branches {
        let branch = name.branch().unwrap_or(name.as_str());
        text.push_str(&format!("{}/{branch} is at {}\n", args.remote, id.short()));
        branches.push(json!({ "ref": name, "id": id }));
    }
    if !branches.is_empty() {
        text.push_str("next: git awo verify judges what came to the branches\n");
    }
    if rows.is_empty() && branches.is_empty() {
        text.push_str("nothing new\n");
    }
    if !done.trusted {
        text.push_str("nothing is trusted yet; next: git awo trust FINGERPRINT\n");
    }
    let value = json!({ "remote": args.remote, "moved": rows, "branches": branches, "trusted": done.trusted });
    Ok(Answer::new("fetch", value, text))
}
