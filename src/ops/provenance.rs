//! The provenance index: shows it, compares it with what the finalizations imply, rebuilds it.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::export;
use crate::facts::arrivals::{Arrivals, Gained};
use crate::facts::provenance::{self, judge_all, judge_some};
use crate::git::{ObjectFiles, Repo};
use crate::record::{Findings, RefName, Refusal, Report, RunId};
use crate::records::{Kind, Notes};
use crate::rules::absent;
use crate::store::additions::Additions;
use crate::store::batch::Batch;
use crate::store::beside;
use crate::store::layout::{LedgerPath, Place};
use crate::store::ledger::{Records, Refs};
use crate::store::provenance::{Entry, Index};
use crate::sys::process::program;

use super::{Error, Session};

/// Returns the entry of a run.
pub fn entry(session: &Session, run: &RunId) -> Result<Entry, Error> {
    let entry = session.stored()?.indexed(run)?;
    entry.ok_or_else(|| {
        let message = format!("the provenance index has no run {run}");
        session.refused(message, absent::index_entry(run))
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

/// Compares the stored index with what the finalizations imply, in both directions. What was compared
/// before is left out if `cache` says so.
pub fn verify(session: &Session, cache: bool) -> Result<Report, Error> {
    let repo = session.repo();
    repo.require_whole_view()?;
    let known: Option<Compared> = match cache {
        true => beside::read(repo, COMPARED),
        false => None,
    };
    let objects = match cache {
        true => repo.object_files(known.as_ref().map(|known| &known.objects)),
        false => None,
    };
    let records = session.records()?;
    let mut report = Report::default();
    if records.ledger().tip().is_none() {
        report.undecided.push(absent::ledger());
        return Ok(report);
    }
    let known = match known {
        Some(known) => known.continued(repo, &records)?,
        None => None,
    };
    let finalizations = match known {
        Some(finalizations) => finalizations,
        None => judge_all(&records, &mut report.findings)?.entries.len(),
    };
    report.count("finalizations", finalizations);
    if let Some(objects) = objects.filter(|_| report.findings.is_empty()) {
        Compared::keep(repo, &records, objects, finalizations);
    }
    Ok(report)
}

/// What was compared, and in order: an entry, its finalization and its attestation never change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compared {
    /// The program.
    program: String,
    /// The ledger and the attestations.
    refs: Refs,
    /// Where the objects stood.
    objects: ObjectFiles,
    finalizations: usize,
}

/// Its file beside the repository.
const COMPARED: &str = "provenance.json";

impl Compared {
    /// Compares what has come since; returns how many finalizations there are. Nothing if all must be
    /// compared: as whenever something else has come than added records, or something is found.
    fn continued(self, repo: &Repo, records: &Records<'_>) -> Result<Option<usize>, Error> {
        if self.program != program() || !repo.still_has(&self.objects) {
            return Ok(None);
        }
        let now = Self::refs(records);
        let mut arrivals = Arrivals::default();
        for (name, was) in &self.refs {
            match now.get(name) {
                Some(is) if repo.contains(*was) && repo.is_ancestor(*was, *is)? => {}
                _ => return Ok(None),
            }
        }
        for (name, is) in &now {
            let was = self.refs.get(name).copied();
            if was != Some(*is) {
                let before = Additions::at(repo, was);
                let gained = Gained::accepted(name, was, *is);
                arrivals.collect(repo, &gained, Some(&before))?;
            }
        }
        if !arrivals.irregular.is_empty() {
            return Ok(None);
        }
        let (mut finalized, mut indexed) = (BTreeSet::new(), BTreeSet::new());
        for (path, _) in &arrivals.ledger {
            if path.kind() == Some(Kind::Finalization) {
                finalized.extend(path.run().cloned());
            } else if matches!(path, LedgerPath::Provenance(_)) {
                indexed.extend(path.run().cloned());
            }
        }
        indexed.retain(|run| !finalized.contains(run));
        let mut findings = Findings::new();
        let new = judge_some(records, finalized, &mut findings)?.len();
        judge_some(records, indexed, &mut findings)?;
        let finalizations = self.finalizations.saturating_add(new);
        Ok(findings.is_empty().then_some(finalizations))
    }

    fn refs(records: &Records<'_>) -> Refs {
        let concerned = |name: &RefName| match Place::of(name) {
            Some(Place::Ledger) => true,
            Some(Place::Notes(segment)) => segment.notes == Notes::ATTESTATIONS,
            _ => false,
        };
        let refs = records.refs().iter().filter(|(name, _)| concerned(name));
        refs.map(|(name, id)| (name.clone(), *id)).collect()
    }

    fn keep(repo: &Repo, records: &Records<'_>, objects: ObjectFiles, finalizations: usize) {
        if repo.still_has(&objects) {
            let compared = Self {
                program: program(),
                refs: Self::refs(records),
                objects,
                finalizations,
            };
            beside::keep(repo, COMPARED, &compared);
        }
    }
}

/// What was rebuilt.
pub struct Rebuilt {
    /// The runs whose entries were missing, sorted.
    pub added: Vec<RunId>,
    /// How many finalized runs the index holds now.
    pub runs: usize,
}

/// Computes the entries from the finalizations and adds those that are missing. One that is there
/// never changes; if it is wrong, that is said after the others were added.
pub fn mend(session: &Session) -> Result<Rebuilt, Error> {
    session.require_known_policy()?;
    let records = session.records()?;
    let mut batch = Batch::new("rebuild the provenance index");
    let mut rebuilt = Rebuilt {
        added: Vec::new(),
        runs: 0,
    };
    let mut kept = Vec::new();
    for (run, has) in provenance::runs(&records)? {
        if has.entry {
            kept.push(run.clone());
        }
        if !has.entry
            && let Some(entry) = provenance::implied(&records, &run)?
        {
            batch = batch.file(&LedgerPath::Provenance(run.clone()), entry.to_bytes());
            rebuilt.added.push(run);
        }
        rebuilt.runs = rebuilt.runs.saturating_add(usize::from(has.finalization));
    }
    session.commit(&batch)?;
    let mut findings = Findings::new();
    judge_some(&session.again()?.records()?, kept, &mut findings)?;
    match Refusal::of(findings) {
        None => Ok(rebuilt),
        Some(why) => Err(Error::denied(
            "an entry of the provenance index does not hold, and none is ever changed",
            why,
        )),
    }
}
