//! `git awo write`

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Read};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::Error;
use crate::ops::write::{self, Request, Within};
use crate::record::TaskId;
use crate::run::gateway::VARIABLE;

/// Write a file as the server will take it, or say why it will not
///
/// The content comes from FILE or standard input. The path is judged by the rules of the doors: what the policy
/// protects and restricts, names, versions and archives of artefacts; in the command of a run by its contract too. A
/// file is written whole or not at all, with the INDEX.md of its directories. What is written otherwise is judged all
/// the same, when the run is measured, when it is committed and when it is pushed.
#[derive(Debug, Args)]
pub struct WriteArgs {
    /// Where to write it, from the top of the repository
    path: OsString,
    /// The file with the content [default: standard input]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Judge it by the contract of this task; in the command of a run that is known
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// Write nothing, and say what would be refused
    #[arg(long)]
    check: bool,
}

pub fn run(context: &Context, args: &WriteArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    let given = |name: &str| context.environment().given(name);
    let is_within = ["AWO_RUN_ID", "AWO_TASK_ID", VARIABLE]
        .iter()
        .any(|it| given(it).is_some());
    let within = is_within.then(|| Within {
        task: context
            .environment()
            .text("AWO_TASK_ID")
            .filter(|it| !it.is_empty()),
        terms: given(VARIABLE).map(PathBuf::from),
    });
    if within.is_none() {
        session.require_known_policy()?;
    }
    let mut content: Box<dyn Read> = match &args.from {
        Some(file) => Box::new(context.open(file)?),
        None if io::stdin().is_terminal() => {
            return Err(
                Error::usage("the content is wanted, from a file or from standard input")
                    .hint("git awo write PATH --from FILE"),
            );
        }
        None => Box::new(io::stdin().lock()),
    };
    let done = write::write(
        &session,
        Request {
            path: args.path.clone(),
            content: &mut content,
            task: args.task.as_deref().map(TaskId::new).transpose()?,
            within,
            check: args.check,
        },
    )?;
    if args.check {
        return Ok(Answer::of(&done.report));
    }
    let how = match done.is_new {
        true => "new",
        false => "written",
    };
    let mut text = format!("{how:9} {}  {} bytes\n", done.path, done.bytes);
    let mut pages = Vec::new();
    for page in &done.pages {
        text.push_str(&format!("{:9} {}\n", page.change.word(), page.path));
        pages.push(&page.path);
    }
    let value = json!({
        "path": done.path, "bytes": done.bytes, "new": done.is_new, "pages": pages,
    });
    Ok(Answer::new("written", value, text))
}
