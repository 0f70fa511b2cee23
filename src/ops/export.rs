//! Exports runs in AWO's directory layout, the same bytes from every clone.

use std::path::Path;

use crate::export::{self, Destination, Files, files, gather, index_file};
use crate::facts::provenance::judge_all;
use crate::facts::received::Received;
use crate::facts::run::Collector;
use crate::record::{Coded as _, Findings, Refusal, RunId, Subject};

use super::{Error, Session};

/// What was exported.
pub struct Exported {
    /// The runs.
    pub runs: Vec<RunId>,
    /// How many files were written.
    pub written: usize,
    /// How many were there already, with the same bytes.
    pub unchanged: usize,
}

/// Exports one run, or all. Nothing is written unless all of it holds and fits to what is there.
pub fn export(session: &Session, run: Option<RunId>, place: &Path) -> Result<Exported, Error> {
    session.repo().require_whole_view()?;
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let runs = match run {
        Some(run) => vec![run],
        None => records.runs()?,
    };
    let destination = Destination::open(place)?;
    let mut findings = Findings::new();
    let received = Received::load(
        session.repo(),
        session.refs()?,
        session.history()?,
        &mut findings,
    )?;
    let index = Files::from([index_file(&judge_all(&records, &mut findings)?)]);
    findings.extend(destination.check(&index)?);
    // Run by run, and gathered twice, since evidence is large.
    for run in &runs {
        findings.extend(against(&collector, received.as_ref(), &destination, run)?);
    }
    if let Some(why) = Refusal::of(findings) {
        return Err(Error::denied("nothing was exported", why).or_fetch(false));
    }
    let (mut written, mut unchanged) = (0_usize, 0_usize);
    let mut write = |files: &Files| -> Result<(), Error> {
        let new = destination.write(files)?;
        written = written.saturating_add(new);
        unchanged = unchanged.saturating_add(files.len().saturating_sub(new));
        Ok(())
    };
    for run in &runs {
        write(&files_of(&collector, received.as_ref(), run)?)?;
    }
    write(&index)?;
    Ok(Exported {
        runs,
        written,
        unchanged,
    })
}

fn files_of(
    collector: &Collector<'_>,
    received: Option<&Received<'_>>,
    run: &RunId,
) -> Result<Files, export::Error> {
    files(&gather(collector, received, run)?)
}

/// Returns what stands against the export of a run.
fn against(
    collector: &Collector<'_>,
    received: Option<&Received<'_>>,
    destination: &Destination,
    run: &RunId,
) -> Result<Findings, Error> {
    let error = match files_of(collector, received, run) {
        Ok(files) => return Ok(destination.check(&files)?.into_iter().collect()),
        Err(export::Error::Refused(found)) => return Ok(found.findings()),
        Err(error) => error,
    };
    let found = match &error {
        export::Error::Check(error) => error.denies(Subject::of_run(run)),
        _ => None,
    };
    found.ok_or_else(|| error.into())
}
