//! Judges the provenance index: each shard must be, byte for byte, what the finalizations of its
//! runs imply. It is derived, so what differs is written again: `git awo provenance rebuild`.

use std::collections::BTreeSet;

use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{Coded, Diagnosis, Findings, Rule, RuleName, Sha256, Subject};
use crate::records::{FinalizationPredicate, Kind, Statement};
use crate::store;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;
use crate::store::provenance::{self, Entry, Index};

use super::Error;

#[cfg(test)]
mod tests;

/// Tells whether a rule is one of those on the index, which [`crate::store::rebuild`] mends.
pub fn is_rule(rule: &RuleName) -> bool {
    *rule == Rule::ProvenanceIndex || *rule == Rule::IndexDerived
}

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
            let persons: Vec<_> = it.approved_by.iter().map(|it| it.as_str()).collect();
            [
                ("approved_by", persons.join(", ")),
                ("attestation_path", it.attestation_path.clone()),
                ("commit", it.commit.to_string()),
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
        let (rule, expected) = match self {
            Self::NoEntry => (Rule::ProvenanceIndex, "both"),
            Self::NoFinalization => (Rule::ProvenanceIndex, "entries of finalized runs only"),
            Self::Other { expected, .. } => (Rule::IndexDerived, expected.as_str()),
            Self::Unreadable(_) => (Rule::IndexDerived, "what the finalizations imply"),
            Self::NoAttestation(bound) => {
                return Diagnosis::against(self, Rule::IndexAttestation, bound, "git awo fetch");
            }
        };
        Diagnosis::against(self, rule, expected, REBUILD)
    }
}

/// The largest shard that is read, in bytes.
const MAX_SHARD: u64 = 16 * 1024 * 1024;

const REBUILD: &str = "git awo provenance rebuild";

/// Judges these shards by recomputation. STR-001 where an entry or a finalization has no
/// counterpart, INT-008 where the shard is not what it should be in another way.
pub fn judge(
    records: &Records<'_>,
    shards: &BTreeSet<LedgerPath>,
    findings: &mut Findings,
) -> Result<(), Error> {
    for (shard, implied) in provenance::implied(records.reader(), records.ledger_tree(), shards)? {
        judge_shard(records, &shard, &implied, findings)?;
    }
    Ok(())
}

/// Judges every shard there is or should be, and that each entry's attestation is noted on its
/// commit. Returns the index as it should be.
pub fn judge_all(records: &Records<'_>, findings: &mut Findings) -> Result<Index, Error> {
    let (reader, ledger) = (records.reader(), records.ledger_tree());
    let mut shards = provenance::implied_by_all(reader, ledger)?;
    for stray in provenance::stored(reader, ledger)?.into_keys() {
        shards.entry(stray).or_default();
    }
    for (shard, implied) in &shards {
        judge_shard(records, shard, implied, findings)?;
    }
    let whole = Index::of(shards.into_values().flat_map(|shard| shard.entries));
    for entry in &whole.entries {
        judge_attestation(records, entry, findings)?;
    }
    Ok(whole)
}

fn judge_shard(
    records: &Records<'_>,
    shard: &LedgerPath,
    implied: &Index,
    findings: &mut Findings,
) -> Result<(), Error> {
    let path = shard.to_path();
    let subject = Subject::of_record(&path);
    let reader = records.reader();
    let there = match records.ledger_tree() {
        Some(tree) => reader.entry(tree, &path)?,
        None => None,
    };
    match there {
        None => {
            let missing = |it: &Entry| Differs::NoEntry.to_finding(subject.clone().run(&it.run_id));
            findings.extend(implied.entries.iter().map(missing));
        }
        Some((Mode::File, id)) => match reader.blob_limited(id, MAX_SHARD) {
            Ok(bytes) => compare(shard, &bytes, implied, findings),
            Err(error) => findings.extend(error.denies(subject).ok_or(error)?),
        },
        Some((mode, _)) => {
            let differs = Differs::other(format!("an entry of mode {mode}"), "a plain file");
            findings.push(differs.to_finding(subject));
        }
    }
    Ok(())
}

/// Says how the bytes of a shard differ from what the finalizations imply.
fn compare(shard: &LedgerPath, bytes: &[u8], implied: &Index, findings: &mut Findings) {
    let expected = (!implied.entries.is_empty()).then(|| implied.to_bytes());
    if expected.as_deref() == Some(bytes) {
        return;
    }
    let subject = Subject::of_record(shard.to_path());
    let before = findings.len();
    let mut tell = |it: Differs, of: Option<&Entry>| {
        let run = of.map(|it| &it.run_id);
        findings.push(it.to_finding(run.map_or(subject.clone(), |it| subject.clone().run(it))));
    };
    if let Err(bad) = Index::parse(bytes) {
        let found = format!("bytes that are no index in canonical form: {bad}");
        tell(Differs::other(found, "canonical JSON"), None);
    }
    let Some(stored) = Index::parse_leniently(bytes) else {
        return;
    };
    let sorted = |pair: &[Entry]| matches!(pair, [a, b] if a.run_id < b.run_id);
    if !stored.entries.windows(2).all(sorted) {
        let expected = "entries sorted by run id, each once";
        tell(
            Differs::other("entries out of order or twice", expected),
            None,
        );
    }
    for entry in &stored.entries {
        let belongs = LedgerPath::shard_of(&entry.run_id);
        if belongs != *shard {
            let found = "an entry in the wrong shard";
            tell(Differs::other(found, belongs.to_path()), Some(entry));
            continue;
        }
        match implied.get(&entry.run_id) {
            None => tell(Differs::NoFinalization, Some(entry)),
            Some(it) if it != entry => tell(Differs::between(entry, it), Some(entry)),
            Some(_) => {}
        }
    }
    for entry in &implied.entries {
        if stored.get(&entry.run_id).is_none() {
            tell(Differs::NoEntry, Some(entry));
        }
    }
    if findings.len() == before {
        let found = "an empty shard, or one with more in it";
        let expected = "what the finalizations imply, or no shard";
        findings.push(Differs::other(found, expected).to_finding(subject));
    }
}

/// Judges that the attestation which the finalization binds is noted on the commit.
fn judge_attestation(
    records: &Records<'_>,
    entry: &Entry,
    findings: &mut Findings,
) -> Result<(), Error> {
    let path = Kind::Finalization.of(&entry.run_id);
    let Some(bound) = records.envelope(&path)?.and_then(|it| attestation_of(&it)) else {
        return Ok(());
    };
    let noted = records.attestations_of(entry.commit)?;
    if !noted.iter().any(|it| it.digest() == bound) {
        let subject = Subject::of_run(&entry.run_id).at(entry.commit);
        findings.push(Differs::NoAttestation(bound).to_finding(subject));
    }
    Ok(())
}

fn attestation_of(envelope: &Envelope) -> Option<Sha256> {
    let statement = Statement::<FinalizationPredicate>::parse(envelope.payload()).ok()?;
    Some(statement.predicate.attestation)
}
