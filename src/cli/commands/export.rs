//! `git awo export`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, export};
use crate::record::RunId;
use crate::render::one_line;

/// Export a run in AWO's directory layout, the same bytes from every clone
///
/// Writes runs/, governance/ and provenance/ into DIR: the evidence, attestations, logs, approvals,
/// every signed record, and the provenance index. DIR may be absent, empty or an earlier export;
/// what is there is compared and never changed, but for provenance/index.json. Refused, with
/// nothing written, if evidence, records or index do not hold.
#[derive(Debug, Args)]
#[command(
    override_usage = "git awo export [--json] <RUN> <DIR>\n       git awo export [--json] --all <DIR>"
)]
pub struct ExportArgs {
    /// The run, and the directory
    #[arg(value_names = ["RUN", "DIR"], num_args = 1..=2, required = true)]
    words: Vec<PathBuf>,
    /// Export every run
    #[arg(long)]
    all: bool,
}

pub fn run(context: &Context, args: &ExportArgs) -> Result<Answer, Error> {
    let (run, directory) = match (args.all, args.words.as_slice()) {
        (false, [run, directory]) => (Some(run_id(run)?), directory),
        (true, [directory]) => (None, directory),
        _ => {
            return Err(Error::usage(
                "name a run and a directory, or --all and a directory",
            ));
        }
    };
    let place = context.directory().join(directory);
    let done = export::export(&context.session()?, run, &place)?;
    let name = directory.display().to_string();
    let text = format!(
        "{} runs in {}: {} files written, {} there already\n",
        done.runs.len(),
        one_line(&name),
        done.written,
        done.unchanged
    );
    let value = json!({
        "directory": name, "runs": done.runs, "unchanged": done.unchanged, "written": done.written,
    });
    Ok(Answer::new("export", value, text))
}

fn run_id(word: &Path) -> Result<RunId, Error> {
    Ok(RunId::new(word.to_str().unwrap_or_default())?)
}
