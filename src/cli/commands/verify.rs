//! `git awo verify`

use std::path::PathBuf;

use clap::Args;

use crate::actor::Actor;
use crate::check::verify::{Clone, Scope, verify};
use crate::cli::context::{answer_of, revision};
use crate::cli::{Answer, CliError, Context};
use crate::record::{RefName, RunId};
use crate::records::Kind;
use crate::store::ledger::{self, Records};

/// Verify everything again, from objects, offline
///
/// Without an argument or with --all: every branch and every record. Exits 0 if all holds, 1 with
/// findings, 3 if it cannot be decided, as without a trust anchor.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A commit, a range A..B, or a run
    what: Option<String>,
    /// Verify everything
    #[arg(long, conflicts_with = "what")]
    all: bool,
    /// The branch by whose rules commits are judged [default: the one checked out]
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// A saved receipt of a push, which the receive log must contain (repeatable)
    #[arg(long = "receipt", value_name = "FILE")]
    receipts: Vec<PathBuf>,
}

/// Runs the command.
pub fn run(context: &Context, args: &VerifyArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let scope = scope(&actor, args)?;
    let mut receipts = Vec::new();
    for file in &args.receipts {
        let bytes = std::fs::read(context.directory().join(file))
            .map_err(|error| CliError::usage(format!("cannot read {}: {error}", file.display())))?;
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        receipts.push(ledger::parse(file.display(), line)?);
    }
    let anchor = actor.anchor()?;
    let seen: Vec<_> = actor
        .settings
        .high_water()?
        .remotes
        .into_values()
        .flatten()
        .collect();
    let report = verify(
        &Clone {
            reader: &actor.repo,
            anchor: anchor.as_ref(),
            high_water: &seen,
            receipts: &receipts,
            time: actor.now(),
        },
        &scope,
    );
    Ok(answer_of(&report))
}

fn scope(actor: &Actor, args: &VerifyArgs) -> Result<Scope, CliError> {
    let Some(what) = &args.what else {
        return Ok(Scope::All);
    };
    if let Ok(run) = RunId::new(what.as_str()) {
        let refs = actor.refs()?;
        let records = Records::open(&actor.repo, &refs)?;
        if records.file(&Kind::Run.of(&run))?.is_some() {
            return Ok(Scope::Run(run));
        }
    }
    let reference = match &args.reference {
        Some(text) => {
            let full = if text.starts_with("refs/") {
                text.clone()
            } else {
                format!("refs/heads/{text}")
            };
            RefName::new(full).map_err(|error| CliError::usage(error.to_string()))?
        }
        None => actor
            .repo
            .head()?
            .ok_or_else(|| CliError::usage("HEAD is detached; name the branch with --ref"))?,
    };
    let (tips, hidden) = match what.split_once("..") {
        Some((from, to)) => (vec![revision(actor, to)?], vec![revision(actor, from)?]),
        None => {
            let tip = revision(actor, what)?;
            (vec![tip], actor.repo.commit(tip)?.parents.clone())
        }
    };
    Ok(Scope::Commits {
        reference,
        tips,
        hidden,
    })
}
