//! Judges the provenance index: beside the finalization of each run stands the entry that it implies,
//! byte for byte, and nowhere else stands one.

use std::collections::BTreeMap;

use crate::record::envelope::{Envelope, MAX_ENVELOPE};
use crate::record::json;
use crate::record::tree::Mode;
use crate::record::{Coded, Diagnosis, Findings, Rule, RunId, Sha256, Subject};
use crate::records::{FinalizationPredicate, Kind, Scope, Statement};
use crate::store;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;
use crate::store::provenance::{Entry, Index};

use super::Error;

#[cfg(test)]
mod tests;

/// The stored index is not what the finalizations imply.
#[derive(Debug, thiserror::Error)]
pub(super) enum Differs {
    #[error("a finalization without an entry in the provenance index")]
    NoEntry,
    #[error("an entry without a finalization")]
    NoFinalization,
    #[error("{found}")]
    Other { found: String, expected: String },
    #[error(transparent)]
    Unreadable(store::Error),
    #[error("no note on the commit holds the attestation")]
    NoAttestation(Sha256),
}

impl Differs {
    fn other(found: impl ToString, expected: impl ToString) -> Self {
        Self::Other {
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }

    /// Returns how an entry differs from what a finalization of its run implies, if it does.
    pub(super) fn from(entry: &Entry, finalization: &FinalizationPredicate) -> Option<Self> {
        let implied = Entry::of(finalization);
        (*entry != implied).then(|| Self::between(entry, &implied))
    }

    fn between(found: &Entry, implied: &Entry) -> Self {
        let fields = |it: &Entry| {
            let gate1 = it.gate1.as_ref().map(json::canonical).unwrap_or_default();
            let gate1 = String::from_utf8_lossy(&gate1).into_owned();
            let persons: Vec<_> = it.approved_by.iter().map(|it| it.as_str()).collect();
            [
                ("approved_by", persons.join(", ")),
                ("attestation_path", it.attestation_path.clone()),
                ("commit", it.commit.to_string()),
                ("gate1", gate1),
                ("run_id", it.run_id.to_string()),
                ("workflow_run_url", it.workflow_run_url.clone()),
            ]
        };
        let (mut is, mut should) = (Vec::new(), Vec::new());
        for ((field, a), (_, b)) in fields(found).iter().zip(fields(implied)) {
            if *a != b {
                is.push(format!("{field} {a:?}"));
                should.push(format!("{field} {b:?}"));
            }
        }
        Self::other(is.join(", "), should.join(", "))
    }
}

impl Coded for Differs {
    fn diagnosis(&self) -> Diagnosis {
        // A missing entry can be added; one that is there never changes, as no record does.
        let other = "git awo fetch --theirs, if it was never pushed";
        let (rule, expected, remedy) = match self {
            Self::NoEntry => (Rule::ProvenanceIndex, "both", "git awo provenance rebuild"),
            Self::NoFinalization => (
                Rule::ProvenanceIndex,
                "entries of finalized runs only",
                other,
            ),
            Self::Other { expected, .. } => (Rule::IndexDerived, expected.as_str(), other),
            Self::Unreadable(_) => (Rule::IndexDerived, "what the finalization implies", other),
            Self::NoAttestation(bound) => {
                return Diagnosis::against(self, Rule::IndexAttestation, bound, "git awo fetch");
            }
        };
        Diagnosis::against(self, rule, expected, remedy)
    }
}

/// What the ledger has of a finalized run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Has {
    pub finalization: bool,
    /// An entry of the provenance index.
    pub entry: bool,
}

/// Returns the runs that have a finalization or an entry of the index, sorted.
pub fn runs(records: &Records<'_>) -> Result<BTreeMap<RunId, Has>, Error> {
    let mut runs = BTreeMap::<RunId, Has>::new();
    records.ledger().each(|path, _| match path {
        LedgerPath::Record(Scope::Run(run), Kind::Finalization, _) => {
            runs.entry(run).or_default().finalization = true;
        }
        LedgerPath::Provenance(run) => runs.entry(run).or_default().entry = true,
        _ => {}
    })?;
    Ok(runs)
}

/// Returns the entry that the finalization of a run implies, if there is one. A file that is no
/// finalization of its run implies nothing; it is judged, and refused, as a record.
pub fn implied(records: &Records<'_>, run: &RunId) -> Result<Option<Entry>, Error> {
    Ok(finalization(records, run)?.map(|says| Entry::of(&says)))
}

fn finalization(
    records: &Records<'_>,
    run: &RunId,
) -> Result<Option<FinalizationPredicate>, Error> {
    let found = records.ledger().find(&Kind::Finalization.of(run))?;
    let Some((Mode::File, id)) = found else {
        return Ok(None);
    };
    let bytes = records.reader().blob_limited(id, MAX_ENVELOPE as u64)?;
    let statement = Envelope::parse(&bytes)
        .ok()
        .and_then(|envelope| Statement::<FinalizationPredicate>::parse(envelope.payload()).ok());
    let says = statement.map(|it| it.predicate);
    Ok(says.filter(|says| says.run == *run))
}

/// Judges the entries of all runs, and that each attestation is noted on its commit. Returns the
/// index as it should be.
pub fn judge_all(records: &Records<'_>, findings: &mut Findings) -> Result<Index, Error> {
    let runs = runs(records)?.into_keys();
    Ok(Index::of(judge_some(records, runs, findings)?))
}

/// Judges the entries of some runs as [`judge_all`] does; returns them as they should be.
pub fn judge_some(
    records: &Records<'_>,
    runs: impl IntoIterator<Item = RunId>,
    findings: &mut Findings,
) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for run in runs {
        let says = finalization(records, &run)?;
        judge(records, &run, says.as_ref(), findings)?;
        if let Some(says) = says {
            judge_attestation(records, &says, findings)?;
            entries.push(Entry::of(&says));
        }
    }
    Ok(entries)
}

/// Judges the entry of a run. STR-001 where the entry or the finalization has no counterpart,
/// INT-008 where the entry is not what the finalization implies.
pub fn judge_entry(
    records: &Records<'_>,
    run: &RunId,
    findings: &mut Findings,
) -> Result<(), Error> {
    judge(records, run, finalization(records, run)?.as_ref(), findings)
}

fn judge(
    records: &Records<'_>,
    run: &RunId,
    finalization: Option<&FinalizationPredicate>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let path = LedgerPath::Provenance(run.clone());
    let subject = || Subject::of_record(path.to_path()).run(run);
    let stored = match records.ledger().find(&path) {
        Ok(None) => None,
        Ok(Some((Mode::File, id))) => {
            match records.reader().blob_limited(id, MAX_ENVELOPE as u64) {
                Ok(bytes) => Some(bytes),
                Err(error) => {
                    findings.extend(error.denies(subject()).ok_or(error)?);
                    return Ok(());
                }
            }
        }
        Ok(Some((mode, _))) => {
            let differs = Differs::other(format!("an entry of mode {mode}"), "a plain file");
            findings.push(differs.to_finding(subject()));
            return Ok(());
        }
        Err(error) => {
            findings.extend(error.denies(subject()).ok_or(error)?);
            return Ok(());
        }
    };
    let implied = finalization.map(Entry::of);
    let differs = compare(stored.as_deref(), implied.as_ref());
    findings.extend(differs.map(|it| it.to_finding(subject())));
    Ok(())
}

/// Says how what is stored differs from what a finalization implies, if it does.
fn compare(stored: Option<&[u8]>, implied: Option<&Entry>) -> Option<Differs> {
    match (stored, implied) {
        (None, None) => None,
        (None, Some(_)) => Some(Differs::NoEntry),
        (Some(_), None) => Some(Differs::NoFinalization),
        (Some(bytes), Some(implied)) if bytes == implied.to_bytes() => None,
        (Some(bytes), Some(implied)) => Some(match Entry::parse(bytes) {
            Ok(entry) => Differs::between(&entry, implied),
            Err(bad) => {
                let found = format!("bytes that are no entry in canonical form: {bad}");
                Differs::other(found, "canonical JSON")
            }
        }),
    }
}

/// Judges that the attestation which the finalization binds is noted on the commit.
fn judge_attestation(
    records: &Records<'_>,
    says: &FinalizationPredicate,
    findings: &mut Findings,
) -> Result<(), Error> {
    let noted = records.attestations_of(says.commit)?;
    if !noted.iter().any(|it| it.digest() == says.attestation) {
        let subject = Subject::of_run(&says.run).at(says.commit);
        findings.push(Differs::NoAttestation(says.attestation).to_finding(subject));
    }
    Ok(())
}
