//! The provenance index: shows it, compares it with what the finalizations imply, rebuilds it.

use std::path::Path;

use crate::export;
use crate::facts::provenance::judge_all;
use crate::record::Report;
use crate::record::{Findings, Refusal, RepoPath, RunId};
use crate::rules::absent;
use crate::store;
use crate::store::provenance::{Change, rebuild};
use crate::store::provenance::{Entry, Index, implied_by_all, stored};

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
    for path in stored(session.repo(), records.ledger_tree())?.into_keys() {
        let bytes = records.file(&path)?.unwrap_or_default();
        let shard = Index::parse(&bytes).map_err(|source| store::Error::Malformed {
            path: path.to_path(),
            source,
        })?;
        entries.extend(shard.entries);
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
    if records.ledger_tree().is_none() {
        report.findings.push(absent::ledger());
        return Ok(report);
    }
    let index = judge_all(&records, &mut report.findings)?;
    report.count("finalizations", index.entries.len());
    let shards = stored(session.repo(), records.ledger_tree())?;
    report.count("shards", shards.len());
    Ok(report)
}

/// What was rebuilt.
pub struct Rebuilt {
    /// The files that differed, and what was done to them.
    pub changes: Vec<(RepoPath, Change)>,
    /// How many finalized runs the index holds now.
    pub runs: usize,
}

/// Computes the index from the finalizations and writes what differs.
pub fn mend(session: &Session) -> Result<Rebuilt, Error> {
    session.require_known_policy()?;
    let changes = rebuild(session.repo(), &session.actor().author())?;
    // Read after the rebuild.
    let records = session.records()?;
    let shards = implied_by_all(session.repo(), records.ledger_tree())?;
    Ok(Rebuilt {
        changes: changes.into_iter().collect(),
        runs: shards.values().map(|it| it.entries.len()).sum(),
    })
}
