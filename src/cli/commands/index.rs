//! `git awo index`

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::Error;
use crate::ops::index::{self, Change, Merge};
use crate::run::gateway::VARIABLE;

/// Keep the INDEX.md of directories of artefacts
#[derive(Debug, Args)]
pub struct IndexArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make INDEX.md anew for every directory to which the policy gives one, from the work tree
    ///
    /// Listed are the files that git tracks, if they are there, and new ones that it does not ignore. What a commit
    /// holds is judged: git add what was written. A second call changes nothing.
    ///
    /// With --staged the files that are staged are listed, and the pages are staged. This helps where files are in the
    /// work tree that the next commit does not get.
    Reconcile {
        /// Make them from what is staged, and stage them
        #[arg(long)]
        staged: bool,
        /// Change nothing, and say how the pages differ
        #[arg(long)]
        check: bool,
    },
    /// Called by git, to merge an INDEX.md
    #[command(hide = true)]
    Merge {
        /// The common ancestor
        base: OsString,
        /// Ours, which is to hold the result
        ours: OsString,
        /// Theirs
        theirs: OsString,
        /// The length of the markers of conflicts
        marker: u32,
        /// The path in the repository
        path: OsString,
    },
}

pub fn run(context: &Context, args: &IndexArgs) -> Result<Answer, Error> {
    match &args.action {
        Action::Reconcile { staged, check } => reconcile(context, *staged, *check),
        Action::Merge {
            base,
            ours,
            theirs,
            marker,
            path,
        } => {
            let code = index::merge(&Merge {
                directory: context.directory(),
                base,
                ours,
                theirs,
                marker: *marker,
                path,
            })?;
            Ok(Answer::new("index-merge", json!({ "conflicts": code }), "").ending(code))
        }
    }
}

fn reconcile(context: &Context, staged: bool, check: bool) -> Result<Answer, Error> {
    let session = context.session()?;
    let told = context.environment().given(VARIABLE).map(Path::new);
    if told.is_none() {
        session.require_known_policy()?;
    }
    let (pages, report) = index::reconcile(&session, told, staged, check)?;
    if check {
        return Ok(Answer::of(&report));
    }
    let mut text = String::new();
    let mut rows = Vec::new();
    let mut add = Vec::new();
    for page in &pages {
        if page.change != Change::None {
            text.push_str(&format!("{:9} {}\n", page.change.word(), page.path));
            add.push(&page.path);
        }
        rows.push(json!({ "path": page.path, "change": page.change.word() }));
    }
    text.push_str(&match (pages.as_slice(), add.as_slice()) {
        ([], _) => "the policy gives no directory an index\n".to_owned(),
        (_, []) if staged => "every page is what the staged files make\n".to_owned(),
        (_, []) => "every page is what the work tree makes\n".to_owned(),
        (_, _) if staged => "next: git commit\n".to_owned(),
        (_, add) => next(add),
    });
    Ok(Answer::new("index", json!({ "pages": rows }), text))
}

/// Returns what makes the pages part of the next commit.
fn next(pages: &[&crate::record::RepoPath]) -> String {
    let shown = |it: &&crate::record::RepoPath| crate::sys::shell::shown(it.as_bytes());
    let pages: Vec<_> = pages.iter().map(shown).collect();
    format!("next: git add -- {}\n", pages.join(" "))
}
