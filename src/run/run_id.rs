//! The name of a run: one that no run has had.

use crate::record::{Findings, RepoPath, Rule, RunId, Subject, Timestamp};
use crate::store::layout;
use crate::store::ledger::Records;

use super::Error;

/// So many runs of one second get names of their own.
const MOST_NAMESAKES: u32 = 10_000;

/// Returns the run asked for, with a finding if there is one of that name, or a name made of
/// the clock.
pub(super) fn choose(
    records: &Records<'_>,
    asked: Option<&RunId>,
    now: Timestamp,
    findings: &mut Findings,
) -> Result<Option<RunId>, Error> {
    if let Some(run) = asked {
        if exists(records, run)? {
            findings.push(
                Rule::RunId
                    .finding(Subject::of_run(run))
                    .found("a run of this name")
                    .expected("a name that no run has had")
                    .remedy("git awo log, then another --run-id"),
            );
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
    findings.push(
        Rule::RunId
            .finding(Subject::none())
            .found(format!("{MOST_NAMESAKES} runs named {stem}"))
            .expected("a name that no run has had")
            .remedy("git awo run, with --run-id"),
    );
    Ok(None)
}

fn exists(records: &Records<'_>, run: &RunId) -> Result<bool, Error> {
    let directory = layout::run_directory(run);
    if records.knows_run(run)? {
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
