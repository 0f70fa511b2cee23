//! `git awo index`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::context::answer_of;
use crate::cli::{Answer, CliError, Context};
use crate::export;
use crate::facts::index::judge_all;
use crate::record::Report;
use crate::record::{Refusal, Rule, RunId, Sha256, Subject};
use crate::render;
use crate::store::index::{Index, implied_by_all};
use crate::store::ledger::Records;
use crate::store::rebuild::{Change, rebuild};

/// Look at the provenance index, verify it against the finalizations, or rebuild it
#[derive(Debug, Args)]
pub struct IndexArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the entries of finalized runs, or one entry
    Show {
        /// The run
        run: Option<String>,
    },
    /// Write the whole index as one file, AWO's provenance/index.json
    ///
    /// Canonical JSON, sorted by run id, the same bytes in whatever order the runs were finalized.
    /// Refused if the stored index is not what the finalizations imply.
    Export {
        /// The file; - is the standard output
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// Recompute the index from the finalizations and compare, in both directions
    ///
    /// The attestation of each entry must be noted on its commit. Whether finalizations and
    /// attestations themselves hold, git awo verify says.
    Verify,
    /// Recompute the index from the finalizations and write what differs
    Rebuild,
}

/// Runs the command.
pub fn run(context: &Context, args: &IndexArgs) -> Result<Answer, CliError> {
    match &args.action {
        Action::Show { run } => show(context, run.as_deref()),
        Action::Export { file } if file.as_os_str() == "-" => {
            let index = whole(context)?;
            let text = String::from_utf8_lossy(&index.to_bytes()).into_owned();
            Ok(Answer::new("provenance-index", json!(index), text))
        }
        Action::Export { file } => {
            let index = whole(context)?;
            let bytes = index.to_bytes();
            export::write_file(&context.directory().join(file), &bytes)?;
            let value = json!({
                "entries": index.entries.len(),
                "file": file.display().to_string(),
                "sha256": Sha256::of(&bytes),
            });
            let text = format!("{}: {} entries\n", file.display(), index.entries.len());
            Ok(Answer::new(
                "index-export",
                value,
                render::one_line(text.trim_end()) + "\n",
            ))
        }
        Action::Verify => verify(context),
        Action::Rebuild => mend(context),
    }
}

fn show(context: &Context, run: Option<&str>) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    if let Some(text) = run {
        let run = RunId::new(text).map_err(|error| CliError::usage(error.to_string()))?;
        let Some(entry) = records.indexed(&run)? else {
            return Err(CliError::denied(
                format!("the provenance index has no run {run}"),
                [Rule::IndexEntry
                    .finding(Subject::of_run(&run))
                    .found("no entry")
                    .expected("the entry of a finalized run")
                    .remedy("git awo fetch; git awo index verify")],
            ));
        };
        let text = render::index::entry(&entry);
        return Ok(Answer::new("index-entry", json!(entry), text));
    }
    let mut entries = Vec::new();
    for shard in crate::store::index::stored(&actor.repo, records.ledger_tree())?.into_keys() {
        let bytes = records.file(&shard)?.unwrap_or_default();
        let shard = Index::parse(&bytes).map_err(|source| crate::store::Error::Malformed {
            path: shard.to_path(),
            source,
        })?;
        entries.extend(shard.entries);
    }
    let index = Index::of(entries);
    let text = match index.entries.as_slice() {
        [] => "no run is finalized here; git awo fetch brings the records\n".to_owned(),
        entries => render::index::table(entries),
    };
    Ok(Answer::new("provenance-index", json!(index), text))
}

/// Returns the whole index, if the stored one is what the finalizations imply.
fn whole(context: &Context) -> Result<Index, CliError> {
    let actor = context.actor()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let mut findings = crate::record::Findings::new();
    let index = judge_all(&records, &mut findings)?;
    match Refusal::of(findings) {
        None => Ok(index),
        Some(why) => Err(CliError::denied(
            "the provenance index is not what the finalizations imply",
            why,
        )),
    }
}

fn verify(context: &Context) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let mut report = Report::default();
    actor.repo.require_whole_view()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    if records.ledger_tree().is_none() {
        let ledger = crate::store::layout::ledger();
        report.findings.push(
            Rule::LedgerPresent
                .finding(Subject::of_ref(&ledger))
                .found("no refs/awo/ledger in this clone")
                .expected("the records")
                .remedy("git awo fetch"),
        );
        return Ok(answer_of(&report));
    }
    let index = judge_all(&records, &mut report.findings)?;
    report.count("finalizations", index.entries.len());
    let shards = crate::store::index::stored(&actor.repo, records.ledger_tree())?;
    report.count("shards", shards.len());
    Ok(answer_of(&report))
}

fn mend(context: &Context) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let changes = rebuild(&actor.repo, &actor.author())?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let shards = implied_by_all(&actor.repo, records.ledger_tree())?;
    let runs: usize = shards.values().map(|it| it.entries.len()).sum();
    let word = |change: &Change| match change {
        Change::Added => "added",
        Change::Replaced => "replaced",
        Change::Removed => "removed",
    };
    let mut text = String::new();
    for (path, change) in &changes {
        text.push_str(&format!("{:<8}  {path}\n", word(change)));
    }
    text.push_str(&if changes.is_empty() {
        format!("nothing to do: the index holds the {runs} finalized runs\n")
    } else {
        format!("the index holds the {runs} finalized runs\nnext: git awo push\n")
    });
    let rows: Vec<_> = changes
        .iter()
        .map(|(path, change)| json!({ "change": word(change), "shard": path }))
        .collect();
    let value = json!({ "changed": rows, "runs": runs });
    Ok(Answer::new("index-rebuild", value, text))
}
