//! `git awo gc`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, gc};

/// Make the index of the records anew
///
/// The index, awo-index in the git directory, finds records fast. It is continued by itself, it can
/// be deleted, and nothing that it says is believed; git awo doctor compares it with the records.
#[derive(Debug, Args)]
pub struct GcArgs {}

pub fn run(context: &Context, _: &GcArgs) -> Result<Answer, Error> {
    let gc::Known { commits, notes } = gc::gc(&context.session()?)?;
    let text = format!("the index knows the {commits} commits of the ledger and {notes} notes\n");
    let fields = json!({ "commits": commits, "notes": notes });
    Ok(Answer::new("gc", fields, text))
}
