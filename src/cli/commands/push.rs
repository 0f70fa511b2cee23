//! `git awo push`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, push};
use crate::record::Report;
use crate::render::{self, one_line};

/// Push branch, ledger, evidence and notes in one atomic push
///
/// Everything that is ahead of the remote, or that it has lost, goes at once: the records, the current
/// branch, and the governed branches; a changed policy goes before the branches. If others pushed
/// meanwhile, their records are merged and the push is tried again.
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
    /// Set aside whatever the server refuses, and push the rest
    ///
    /// What it can never take, such as an approval that has expired, is set aside in any case:
    /// taken out of the records here, and kept under refs/awo-displaced/.
    #[arg(long)]
    set_aside: bool,
}

pub fn run(context: &Context, args: &PushArgs) -> Result<Answer, Error> {
    let request = push::Request {
        remote: args.remote.clone(),
        branches: args.branches.clone(),
        records_only: args.records_only,
        set_aside: args.set_aside,
    };
    let pushed = push::push(&context.session()?, &request)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for (reference, id) in &pushed.refs {
        text.push_str(&format!("{reference} -> {}\n", id.short()));
        rows.push(json!({ "ref": reference, "id": id }));
    }
    let aside = &pushed.aside;
    if rows.is_empty() && aside.is_empty() {
        text.push_str("nothing to push\n");
    }
    for piece in &aside.pieces {
        text.push_str(&format!("set aside: {piece}\n"));
    }
    for branch in &aside.branches {
        text.push_str(&format!("not pushed: {branch}\n"));
    }
    for (reference, _) in &pushed.kept {
        text.push_str(&format!("kept: {reference}\n"));
    }
    for note in &pushed.notes {
        text.push_str(&format!("{}\n", one_line(note)));
    }
    let names = |pieces: &mut dyn Iterator<Item = String>| pieces.collect::<Vec<_>>();
    let value = json!({
        "remote": request.remote, "pushed": rows,
        "set_aside": names(&mut aside.pieces.iter().map(ToString::to_string)),
        "not_pushed": names(&mut aside.branches.iter().map(ToString::to_string)),
        "notes": pushed.notes,
        "kept": names(&mut pushed.kept.iter().map(|(name, _)| name.to_string())),
    });
    let report = Report::of(aside.why.clone());
    text.push_str(&render::report::lines(&report.findings));
    Ok(Answer::new("push", value, text).with_findings(&report))
}
