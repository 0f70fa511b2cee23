//! The provenance index: shows it, compares it with what the finalizations imply, rebuilds it.

use std::path::Path;

use crate::export;
use crate::facts::provenance::{self, judge_all};
use crate::record::{Findings, Refusal, Report, RunId};
use crate::rules::absent;
use crate::store::batch::Batch;
use crate::store::layout::LedgerPath;
use crate::store::provenance::{Entry, Index};

use super::{Error, Session};

/// Returns the entry of a run.
pub fn entry(session: &Session, run: &RunId) -> Result<Entry, Error> {
    let entry = session.stored()?.indexed(run)?;
    entry.ok_or_else(|| {
        let message = format!("the provenance index has no run {run}");
        Error::denied(message, absent::index_entry(run))
    })
}

/// Returns the index as it is stored, not compared with anything.
pub fn as_stored(session: &Session) -> Result<Index, Error> {
    let records = session.stored()?;
    let mut entries = Vec::new();
    for run in provenance::runs(&records)?.into_keys() {
        entries.extend(records.indexed(&run)?);
    }
    Ok(Index::of(entries))
}

/// Returns the whole index, if the stored one is what the finalizations imply.
pub fn whole(session: &Session) -> Result<Index, Error> {
    let mut findings = Findings::new();
    let index = judge_all(&session.records()?, &mut findings)?;
    match Refusal::of(findings) {
        None => Ok(index),
        Some(why) => Err(Error::denied(
            "the provenance index is not what the finalizations imply",
            why,
        )),
    }
}

/// Writes the whole index as one file, AWO's `provenance/index.json`, and returns it.
pub fn export(session: &Session, file: &Path) -> Result<Index, Error> {
    let index = whole(session)?;
    export::write_file(file, &index.to_bytes())?;
    Ok(index)
}

/// Compares the stored index with what the finalizations imply, in both directions.
pub fn verify(session: &Session) -> Result<Report, Error> {
    session.repo().require_whole_view()?;
    let records = session.records()?;
    let mut report = Report::default();
    if records.ledger().tip().is_none() {
        report.findings.push(absent::ledger());
        return Ok(report);
    }
    let index = judge_all(&records, &mut report.findings)?;
    report.count("finalizations", index.entries.len());
    Ok(report)
}

/// What was rebuilt.
pub struct Rebuilt {
    /// The runs whose entries were missing, sorted.
    pub added: Vec<RunId>,
    /// How many finalized runs the index holds now.
    pub runs: usize,
}

/// Computes the entries from the finalizations and adds those that are missing. One that is there
/// never changes.
pub fn mend(session: &Session) -> Result<Rebuilt, Error> {
    session.require_known_policy()?;
    let records = session.records()?;
    let mut batch = Batch::new("rebuild the provenance index");
    let mut rebuilt = Rebuilt {
        added: Vec::new(),
        runs: 0,
    };
    for (run, has) in provenance::runs(&records)? {
        if !has.entry
            && let Some(entry) = provenance::implied(&records, &run)?
        {
            batch = batch.file(&LedgerPath::Provenance(run.clone()), entry.to_bytes());
            rebuilt.added.push(run);
        }
        rebuilt.runs = rebuilt.runs.saturating_add(usize::from(has.finalization));
    }
    session.commit(&batch)?;
    Ok(rebuilt)
}
