//! `git awo log`

use clap::Args;
use serde_json::json;

use crate::check::branch::signer_of;
use crate::cli::context::revision;
use crate::cli::{Answer, CliError, Context};
use crate::facts::case::{CommitKind, RollbackTarget};
use crate::record::RefName;
use crate::record::path::escape;
use crate::store::ledger::Records;

/// Show the history with its governance: what each commit claims to be, and who signed it
///
/// It shows claims; `git awo verify` judges them.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Where to start
    #[arg(default_value = "HEAD")]
    rev: String,
    /// How many commits
    #[arg(short = 'n', long, default_value_t = 20)]
    number: usize,
}

#[allow(clippy::expect_used, reason = "the name is written here")]
fn detached() -> RefName {
    RefName::new("refs/heads/HEAD").expect("a ref name")
}

/// Runs the command.
pub fn run(context: &Context, args: &LogArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let history = actor.history()?;
    let branch = actor.repo.head()?.unwrap_or_else(detached);
    let mut next = Some(revision(&actor, &args.rev)?);
    let mut rows = Vec::new();
    let mut text = String::new();
    while let Some(id) = next.filter(|_| rows.len() < args.number) {
        let commit = actor.repo.commit(id)?;
        let (kind, run) = match CommitKind::of(&commit) {
            CommitKind::Direct => ("direct", None),
            CommitKind::Governed(run) => ("governed", Some(run.to_string())),
            CommitKind::Rollback(RollbackTarget::Run(run)) => ("rollback", Some(run.to_string())),
            CommitKind::Rollback(RollbackTarget::Commit(commit)) => {
                ("rollback", Some(commit.short()))
            }
            CommitKind::Rollback(RollbackTarget::Unclear(_)) => ("rollback", None),
            CommitKind::Confused(_) => ("confused", None),
        };
        let signer = signer_of(&history.current().policy, &branch, &commit, actor.now());
        let signer = signer.map_or("nobody".to_owned(), |signer| signer.person.to_string());
        let attested = records.attestations_of(id)?.len();
        let title = String::from_utf8_lossy(commit.title()).into_owned();
        text.push_str(&format!("{}  {kind:<8} {signer:<12} {title}", id.short()));
        if let Some(run) = &run {
            text.push_str(&format!(
                "  [{run}{}]",
                if attested > 0 { ", attested" } else { "" }
            ));
        }
        text.push('\n');
        rows.push(json!({ "commit": id, "kind": kind, "run": run, "signer": signer, "attestations": attested, "title": title }));
        next = commit.parents.first().copied();
    }
    Ok(Answer::new(
        "log",
        json!({ "commits": rows }),
        escape(text.as_bytes()),
    ))
}
