//! `git awo clone`

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::commands::hooks::{lines, program, unlines};
use crate::cli::{Answer, Context};
use crate::ops::clone::{self, Request};
use crate::ops::{Error, trust};
use crate::render;

/// Clone a governed repository, verify it, and check it out
///
/// Does what git clone, git awo trust, git awo fetch and git awo init do, then git awo verify. No file
/// is checked out before everything is verified; if it does not verify, nothing of it is kept.
///
/// Without --anchor it trusts the first policy that the server shows, and prints it: compare it with
/// what somebody you trust says. A shallow, partial or bare clone cannot be made like this, since it
/// could not be verified; git clone makes them.
#[derive(Debug, Args)]
pub struct CloneArgs {
    /// The address or the path of the repository
    url: String,
    /// The new directory [default: the name of the repository]
    #[arg(value_name = "DIR")]
    to: Option<PathBuf>,
    /// The first policy commit, or the fingerprint of a key that signed it, got from somebody you
    /// trust
    #[arg(long, value_name = "FINGERPRINT")]
    anchor: Option<String>,
    /// The branch to check out [default: the one that the server names]
    #[arg(long, short, value_name = "BRANCH")]
    branch: Option<String>,
}

pub fn run(context: &Context, args: &CloneArgs) -> Result<Answer, Error> {
    let open = |directory: &Path| context.session_in(directory);
    let done = clone::clone(&Request {
        url: args.url.clone(),
        to: args.to.clone(),
        anchor: args.anchor.as_deref().map(trust::anchor).transpose()?,
        branch: args.branch.clone(),
        progress: std::io::stderr().is_terminal(),
        directory: context.directory(),
        program: &program()?,
        open: &open,
    })?;
    let (directory, anchor) = (done.directory.display(), &done.anchor);
    let hooks = lines(&done.changes);
    let mut text = format!("cloned into {directory}\n");
    text.push_str(&match done.first_use {
        true => format!(
            "trusted on first use: {anchor}\n  nobody but the server says so: compare it with what git awo \
             trust shows to somebody you trust\n"
        ),
        false => format!("trusted: {anchor}\n"),
    });
    text.push_str(&unlines(&hooks));
    text.push_str(&render::report::report(&done.report));
    let mut value = done.report.to_json();
    if let Some(map) = value.as_object_mut() {
        map.insert("schema".to_owned(), json!("awo.clone/1"));
        map.insert("directory".to_owned(), json!(directory.to_string()));
        map.insert("anchor".to_owned(), json!(anchor.to_string()));
        map.insert("first_use".to_owned(), json!(done.first_use));
        map.insert("repository".to_owned(), json!(done.repository));
        map.insert("hooks".to_owned(), json!(hooks));
    }
    Ok(Answer::new("clone", value, text))
}
