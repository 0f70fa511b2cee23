//! `git awo vouch`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, vouch};
use crate::record::Reason;
use crate::record::path::cut;
use crate::render::one_line;

/// The longest title that is shown, in characters.
const LONGEST_TITLE: usize = 100;

/// Vouch for commits by others, so that they may go to a branch
///
/// Review them first: you answer for these commits as if you had signed them yourself. The policy
/// says who may vouch, and for which paths. The record goes with `git awo push`, before the commits or
/// with them.
#[derive(Debug, Args)]
pub struct VouchArgs {
    /// A..B, or the last commit: then all that the branch does not have yet
    #[arg(value_name = "RANGE")]
    range: String,
    /// The branch to which they may go
    #[arg(long = "ref", value_name = "BRANCH")]
    reference: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub fn run(context: &Context, args: &VouchArgs) -> Result<Answer, Error> {
    let request = vouch::Request {
        range: args.range.clone(),
        reference: args.reference.clone(),
        reason: Reason::new(args.reason.as_str())?,
    };
    let done = vouch::vouch(&context.session()?, request)?;
    let (reference, commits) = (&done.reference, done.commits);
    let mut text = format!("you vouch for {commits} commits on {reference}:\n");
    for it in &done.listed {
        let title = one_line(&cut(&it.title, LONGEST_TITLE));
        let author = one_line(&it.author);
        text.push_str(&format!("  {}  {author}  {title}\n", it.commit.short()));
    }
    let others = commits.saturating_sub(done.listed.len());
    if others > 0 {
        text.push_str(&format!("  and {others} before\n"));
    }
    let branch = reference.branch().unwrap_or("BRANCH");
    text.push_str(&format!(
        "next: git merge {} on {branch}, then git awo push\n",
        done.tip.short()
    ));
    let value = json!({
        "record": done.record, "ref": reference, "tip": done.tip, "commits": commits,
    });
    Ok(Answer::new("vouch", value, text))
}
