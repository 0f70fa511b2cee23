//! The name of a run: one that no run has had.

use crate::record::{Findings, RepoPath, RunId, TaskId, Timestamp};
use crate::records::Kind;
use crate::rules::{execution as rules, life};
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::Records;

use super::error::Error;

/// Largest number of runs that one second gives names to.
const MOST_NAMESAKES: u32 = 10_000;

/// Returns the run asked for, with a finding if there is one of that name, or a name made of
/// the clock.
pub(super) fn choose(
    records: &Records<'_>,
    (task, asked): (&TaskId, Option<&RunId>),
    now: Timestamp,
    findings: &mut Findings,
) -> Result<Option<RunId>, Error> {
    if let Some(run) = asked {
        if !records.of_run(run, Kind::Cancellation)?.is_empty() {
            let task = Some(task);
            findings.push(life::never_recorded(life::Whose { run, task }));
        } else if exists(records, run)? {
            findings.push(rules::run_exists(run));
        }
        let first = LedgerPath::Inventory(run.clone());
        if let Some(other) = records.ledger().taken(&first)? {
            findings.push(rules::run_alike(run, &other));
        }
        return Ok(Some(run.clone()));
    }
    let stem = format!("run_{}", now.for_file_names());
    for number in 1..=MOST_NAMESAKES {
        let text = match number {
            1 => stem.clone(),
            _ => format!("{stem}-{number}"),
        };
        if let Ok(run) = RunId::new(text)
            && !exists(records, &run)?
        {
            return Ok(Some(run));
        }
    }
    findings.push(rules::no_name_left(&stem, MOST_NAMESAKES));
    Ok(None)
}

fn exists(records: &Records<'_>, run: &RunId) -> Result<bool, Error> {
    let directory = layout::run_directory(run);
    let files = records.ledger().about(run.as_str())?;
    if files.iter().any(|(path, ..)| path.run() == Some(run)) {
        return Ok(true);
    }
    let reader = records.reader();
    let path = RepoPath::from(directory.as_str());
    for (name, tip) in records.refs() {
        if name.as_str().starts_with(layout::EVIDENCE_PREFIX)
            && reader.entry(reader.commit(*tip)?.tree, &path)?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
