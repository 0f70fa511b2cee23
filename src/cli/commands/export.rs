//! `git awo export`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, CliError, Context};
use crate::export::{self, Destination, Files, files, gather, index_file};
use crate::facts::index::judge_all;
use crate::record::{Coded, Findings, Refusal, RunId, Subject};
use crate::render::one_line;
use crate::store::ledger::Records;

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

/// Runs the command.
pub fn run(context: &Context, args: &ExportArgs) -> Result<Answer, CliError> {
    let (run, directory) = match (args.all, args.words.as_slice()) {
        (false, [run, directory]) => (Some(run_id(run)?), directory),
        (true, [directory]) => (None, directory),
        _ => {
            return Err(CliError::usage(
                "name a run and a directory, or --all and a directory",
            ));
        }
    };
    let actor = context.actor()?;
    actor.repo.require_whole_view()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let collector = actor.collector(&records, &history);
    let runs = match run {
        Some(run) => vec![run],
        None => records.runs()?,
    };
    let destination = Destination::open(&context.directory().join(directory))?;
    let mut findings = Findings::new();
    let index = Files::from([index_file(&judge_all(&records, &mut findings)?)]);
    findings.extend(destination.check(&index)?);
    let files_of = |run: &RunId| -> Result<Files, export::Error> {
        let dossier = gather(&collector, run)?;
        files(&dossier).map_err(|finding| export::Error::Refused(finding.into()))
    };
    // Everything is looked at before anything is written; run by run, since evidence is large.
    for run in &runs {
        match files_of(run) {
            Ok(files) => findings.extend(destination.check(&files)?),
            Err(export::Error::Refused(found)) => findings.extend(found.findings()),
            Err(error) => match check_findings(&error, run) {
                Some(found) => findings.extend(found),
                None => return Err(error.into()),
            },
        }
    }
    if let Some(why) = Refusal::of(findings) {
        return Err(CliError::denied("nothing was exported", why));
    }
    let (mut written, mut there) = (0_usize, 0_usize);
    let mut write = |files: &Files| -> Result<(), export::Error> {
        let new = destination.write(files)?;
        written = written.saturating_add(new);
        there = there.saturating_add(files.len().saturating_sub(new));
        Ok(())
    };
    for run in &runs {
        write(&files_of(run)?)?;
    }
    write(&index)?;
    let place = one_line(&directory.display().to_string());
    let text = format!(
        "{} runs in {place}: {written} files written, {there} there already\n",
        runs.len()
    );
    let value = json!({
        "directory": directory.display().to_string(),
        "runs": runs,
        "unchanged": there,
        "written": written,
    });
    Ok(Answer::new("export", value, text))
}

fn run_id(word: &std::path::Path) -> Result<RunId, CliError> {
    let text = word.to_str().unwrap_or_default();
    RunId::new(text).map_err(|error| CliError::usage(error.to_string()))
}

fn check_findings(error: &export::Error, run: &RunId) -> Option<Findings> {
    match error {
        export::Error::Check(error) => error.denies(Subject::of_run(run)),
        _ => None,
    }
}
