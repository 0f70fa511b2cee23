//! `git awo override`

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use clap::Args;
use serde_json::json;

use super::decide::days;
use crate::cli::{Answer, Context};
use crate::ops::{Error, lift};
use crate::record::tree::Mode;
use crate::record::{DecisionId, ObjectId, Reason, RepoPath};

/// Let one commit change a protected artefact, as an operator
///
/// An override is for one change of one path, from exactly one object and mode to exactly one other. It
/// counts once as many operators have signed as the policy asks for, none of whom has a part in the commit;
/// it lifts nothing but the protection, and the push that lands the commit uses it up.
#[derive(Debug, Args)]
pub struct OverrideArgs {
    /// The protected path, from the top of the repository
    path: OsString,
    /// The object that it holds now; zeros if it does not exist
    #[arg(long, value_name = "ID", value_parser = object)]
    from: Side,
    /// The object that it will hold; zeros if it is deleted
    #[arg(long, value_name = "ID", value_parser = object)]
    to: Side,
    /// The mode of what it holds now [default: that which a branch here has]
    #[arg(long, value_name = "MODE", value_parser = mode)]
    from_mode: Option<Mode>,
    /// The mode of what it will hold [default: that of what it holds, or 100644]
    #[arg(long, value_name = "MODE", value_parser = mode)]
    mode: Option<Mode>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// So long it holds, in days: 7d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    expires: Option<u32>,
    /// The decision whose place this one takes
    #[arg(long, value_name = "DECISION")]
    supersedes: Option<String>,
}

/// An object, or nothing.
#[derive(Clone, Copy, Debug)]
struct Side(Option<ObjectId>);

fn object(text: &str) -> Result<Side, String> {
    if matches!(text.len(), 40 | 64) && text.bytes().all(|b| b == b'0') {
        return Ok(Side(None));
    }
    let id = text
        .parse()
        .map_err(|_| "the whole id of an object, or zeros".to_owned())?;
    Ok(Side(Some(id)))
}

fn mode(text: &str) -> Result<Mode, String> {
    let mode = Mode::from_octal(text.as_bytes()).filter(|it| *it != Mode::Tree);
    mode.ok_or_else(|| "100644, 100755, 120000 or 160000".to_owned())
}

pub fn run(context: &Context, args: &OverrideArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    let supersedes = args.supersedes.as_deref();
    let done = lift::lift(
        &session,
        lift::LiftRequest {
            path: RepoPath::new(args.path.clone().into_vec()),
            from: args.from.0,
            to: args.to.0,
            from_mode: args.from_mode,
            mode: args.mode,
            days: args.expires,
            supersedes: supersedes.map(DecisionId::new).transpose()?,
            reason: Reason::new(&args.reason)?,
        },
    )?;
    let (id, path) = (&done.id, &done.protection.path);
    let mut text = format!("signed as {id}: one commit may change {path} so\n");
    if done.needed > 1 {
        text.push_str(&format!("the policy asks for {} operators\n", done.needed));
    }
    text.push_str("next: git awo push\n");
    let value = json!({
        "override": id, "record": done.record, "protection": done.protection,
        "operators": done.needed,
    });
    Ok(Answer::new("override", value, text))
}
