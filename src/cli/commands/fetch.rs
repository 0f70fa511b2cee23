//! `git awo fetch`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, fetch};

/// Fetch branches and records, verify them, then merge the records
///
/// What the server has lost since the last fetch is refused, and nothing is merged then.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// The remote
    #[arg(default_value = "origin")]
    remote: String,
    /// Where a record here conflicts with one of the same name there, take their records; the tip
    /// here is kept as refs/awo-displaced/…
    #[arg(long)]
    theirs: bool,
}

pub fn run(context: &Context, args: &FetchArgs) -> Result<Answer, Error> {
    let done = fetch::fetch(&context.session()?, &args.remote, args.theirs)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for (reference, id) in &done.moved {
        text.push_str(&format!("{reference} is at {}\n", id.short()));
        rows.push(json!({ "ref": reference, "id": id }));
    }
    if rows.is_empty() {
        text.push_str("nothing new\n");
    }
    if !done.trusted {
        text.push_str("nothing is trusted yet; next: git awo trust FINGERPRINT\n");
    }
    let value = json!({ "remote": args.remote, "moved": rows, "trusted": done.trusted });
    Ok(Answer::new("fetch", value, text))
}
