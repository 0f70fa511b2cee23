//! `git awo amu0`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{Answer, Context};
use crate::ops::amu0::{self, Created, Differs, Listed, Restored, Sides};
use crate::ops::{Error, Session};
use crate::record::baseline::{Difference, Scope};
use crate::record::path::escape;
use crate::record::{BaselineName, PlanId, RepoPath, RunId, TaskId};
use crate::sys::shell::quote;

/// Freeze the state that the policy names, put it back byte for byte, or promote the result of a run
///
/// A baseline (AMU₀) is a signed commit at refs/awo/amu0/TASK/NAME, or refs/awo/amu0/-/NAME. It holds the
/// directory that the policy names in [state], and nothing else is read or written. NAME may be TASK/NAME or
/// the id of the commit where a name alone says too little.
#[derive(Debug, Args)]
pub struct Amu0Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Freeze what stands in the work tree, ignored and untracked files too
    ///
    /// By an operator or orchestrator. The bytes are taken as they are: no filter and no line ending is
    /// converted. Sockets, devices, pipes and repositories of their own are refused by name.
    Create {
        /// The name, which stays
        name: String,
        /// The task that it is of
        #[arg(long, conflicts_with = "plan")]
        task: Option<String>,
        /// The plan that it is of
        #[arg(long)]
        plan: Option<String>,
    },
    /// Put a baseline back into the work tree: content, executable bits, symlinks, and no file too many
    ///
    /// The state is written beside the directory, hashed, and takes its place in one step. What neither a
    /// baseline nor the commit at HEAD has is lost only with --force.
    Restore {
        /// The baseline
        name: String,
        /// Lose what is saved nowhere
        #[arg(long)]
        force: bool,
    },
    /// Make the result of a finalized run the next baseline of its task
    ///
    /// By an operator or orchestrator. It holds what the commit of the run has, and follows the newest baseline
    /// of the task. Another one that follows the same is refused by the server.
    Promote {
        /// The run
        run: String,
        /// The name
        name: String,
    },
    /// Prove baselines: signer, content against manifest, line, promoted run
    ///
    /// git awo verify does the same for all of them, and verifies the rest of the clone too.
    Verify {
        /// The baseline; all of them if it is not given
        name: Option<String>,
    },
    /// Name the baselines of this clone, each line from its first to its newest
    List,
    /// Name the paths that differ between a baseline and the work tree, or between two baselines
    Diff {
        /// The baseline; may be left out where there is one line of baselines
        name: Option<String>,
        /// Another baseline, in place of the work tree
        other: Option<String>,
    },
}

pub fn run(context: &Context, args: &Amu0Args) -> Result<Answer, Error> {
    let session = context.session()?;
    session.require_known_policy()?;
    match &args.action {
        Action::Create { name, task, plan } => {
            let scope = match (task, plan) {
                (Some(task), _) => Scope::Task(TaskId::new(task.as_str())?),
                (None, Some(plan)) => Scope::Plan(PlanId::new(plan.as_str())?),
                (None, None) => Scope::None,
            };
            let name = BaselineName::new(name.as_str())?;
            Ok(created(&amu0::create(&session, scope, name)?))
        }
        Action::Promote { run, name } => {
            let (run, name) = (RunId::new(run.as_str())?, BaselineName::new(name.as_str())?);
            Ok(created(&amu0::promote(&session, &run, name)?))
        }
        Action::Restore { name, force } => Ok(restored(&amu0::restore(&session, name, *force)?)),
        Action::Verify { name } => Ok(Answer::of(&amu0::verify(&session, name.as_deref())?)),
        Action::List => list(&session),
        Action::Diff { name, other } => {
            let sides = match (name, other) {
                (None, _) => Sides::Newest,
                (Some(one), None) => Sides::One(one.clone()),
                (Some(one), Some(other)) => Sides::Two(one.clone(), other.clone()),
            };
            Ok(diff(&amu0::diff(&session, &sides)?))
        }
    }
}

fn created(done: &Created) -> Answer {
    let before = done.before.as_ref().map(|it| it.place.to_string());
    let follows = match &before {
        Some(before) => format!("follows {before}"),
        None => "the first of its line".to_owned(),
    };
    let text = format!(
        "{}  {}\n{} paths, {} bytes; {follows}\nnext: git awo push\n",
        done.reference,
        done.id.short(),
        done.paths,
        done.bytes
    );
    let value = json!({
        "ref": done.reference, "commit": done.id, "paths": done.paths, "bytes": done.bytes,
        "predecessor": before,
    });
    Answer::new("baseline-created", value, text)
}

fn restored(done: &Restored) -> Answer {
    let mut text = match done.changed.as_slice() {
        [] => format!("{} stands there already\n", done.name),
        _ => changes(&done.changed),
    };
    if !done.changed.is_empty() {
        text.push_str(&format!(
            "{} is restored, and hashes to what it holds\n",
            done.name
        ));
    }
    for path in &done.lost {
        text.push_str(&format!("lost: {}\n", escape(path.as_bytes())));
    }
    for left in &done.left {
        let left = quote(&escape(left.as_os_str().as_encoded_bytes()));
        text.push_str(&format!(
            "left of a restore, and not removed: whoever may remove it types rm -r {left}\n"
        ));
    }
    let value = json!({
        "name": done.name, "commit": done.id, "changes": listed_changes(&done.changed),
        "lost": done.lost,
        "left": done.left.iter().map(|it| escape(it.as_os_str().as_encoded_bytes())).collect::<Vec<_>>(),
    });
    Answer::new("baseline-restored", value, text)
}

fn list(session: &Session) -> Result<Answer, Error> {
    let all = amu0::list(session)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for it in &all {
        text.push_str(&line(it));
        let manifest = it.manifest.as_ref();
        rows.push(json!({
            "name": it.standing.place.to_string(), "commit": it.standing.id,
            "predecessor": it.before,
            "run": manifest.and_then(|it| it.run.as_ref()),
            "paths": manifest.map(|it| it.items.len()),
            "root": manifest.map(|it| &it.root),
        }));
    }
    if all.is_empty() {
        text.push_str("there is no baseline here; git awo fetch brings those of the server\n");
    }
    Ok(Answer::new("baselines", json!({ "baselines": rows }), text))
}

fn line(it: &Listed) -> String {
    let mut text = format!("{}  {}", it.standing.id.short(), it.standing.place);
    match &it.manifest {
        Some(manifest) => {
            text.push_str(&format!("  {} paths", manifest.items.len()));
            if let Some(run) = &manifest.run {
                text.push_str(&format!("  of {run}"));
            }
        }
        None => text.push_str("  cannot be read: git awo amu0 verify"),
    }
    if let Some(before) = &it.before {
        text.push_str(&format!("  after {before}"));
    }
    text.push('\n');
    text
}

fn diff(done: &Differs) -> Answer {
    let mut text = changes(&done.paths);
    let mut odd = Vec::new();
    for (path, why) in &done.odd {
        text.push_str(&format!(
            "odd      {}: {why}\n",
            escape(path.to_string().as_bytes())
        ));
        odd.push(json!({ "path": path, "what": why }));
    }
    if text.is_empty() {
        text.push_str(&format!("{} and {} are the same\n", done.from, done.to));
    }
    let value = json!({
        "from": done.from, "to": done.to, "changes": listed_changes(&done.paths), "odd": odd,
    });
    Answer::new("baseline-diff", value, text)
}

fn changes(paths: &[(RepoPath, Difference)]) -> String {
    let line = |(path, how): &(RepoPath, Difference)| {
        format!("{:8} {}\n", how.word(), escape(path.to_string().as_bytes()))
    };
    paths.iter().map(line).collect()
}

fn listed_changes(paths: &[(RepoPath, Difference)]) -> Vec<Value> {
    let row = |(path, how): &(RepoPath, Difference)| json!({ "path": path, "change": how.word() });
    paths.iter().map(row).collect()
}
