//! `git awo provenance`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, Session, provenance};
use crate::record::{RunId, Sha256};
use crate::render;

/// Look at the provenance index, verify it against the finalizations, or rebuild it
#[derive(Debug, Args)]
pub struct ProvenanceArgs {
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
    Verify {
        /// Compare also what this clone has compared before, and remember nothing
        #[arg(long)]
        no_cache: bool,
    },
    /// Recompute the index from the finalizations and add the entries that are missing
    Rebuild,
}

pub fn run(context: &Context, args: &ProvenanceArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    match &args.action {
        Action::Show { run: Some(run) } => {
            let entry = provenance::entry(&session, &RunId::new(run.as_str())?)?;
            let text = render::provenance::entry(&entry);
            Ok(Answer::new("index-entry", json!(entry), text))
        }
        Action::Show { run: None } => show(&session),
        Action::Export { file } => export(context, &session, file),
        Action::Verify { no_cache } => Ok(Answer::of(&provenance::verify(&session, !no_cache)?)),
        Action::Rebuild => rebuild(&session),
    }
}

fn show(session: &Session) -> Result<Answer, Error> {
    let index = provenance::as_stored(session)?;
    let text = match index.entries.as_slice() {
        [] => "no run is finalized here; git awo fetch brings the records\n".to_owned(),
        entries => render::provenance::table(entries),
    };
    Ok(Answer::new("provenance-index", json!(index), text))
}

fn export(context: &Context, session: &Session, file: &Path) -> Result<Answer, Error> {
    if file.as_os_str() == "-" {
        let index = provenance::whole(session)?;
        let text = String::from_utf8_lossy(&index.to_bytes()).into_owned();
        return Ok(Answer::new("provenance-index", json!(index), text).document());
    }
    let index = provenance::export(session, &context.directory().join(file))?;
    let name = file.display().to_string();
    let text = render::one_line(&format!("{name}: {} entries", index.entries.len()));
    let value = json!({
        "entries": index.entries.len(),
        "file": name,
        "sha256": Sha256::of(&index.to_bytes()),
    });
    Ok(Answer::new("index-export", value, text + "\n"))
}

fn rebuild(session: &Session) -> Result<Answer, Error> {
    let done = provenance::mend(session)?;
    let runs = done.runs;
    let mut text = String::new();
    let mut rows = Vec::new();
    for run in &done.added {
        text.push_str(&format!("added  {run}\n"));
        rows.push(json!(run));
    }
    text.push_str(&match rows.as_slice() {
        [] => format!("nothing to do: the index holds the {runs} finalized runs\n"),
        _ => format!("the index holds the {runs} finalized runs\nnext: git awo push\n"),
    });
    let value = json!({ "added": rows, "runs": runs });
    Ok(Answer::new("index-rebuild", value, text))
}
