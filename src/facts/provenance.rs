//! Judges the provenance index: each shard must be, byte for byte, what the finalizations of its
//! runs imply. It is derived, so what differs is written again: `git awo provenance rebuild`.

use std::collections::BTreeSet;

use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{Coded, Finding, Findings, Rule, RuleName, RunId, Sha256, Subject};
use crate::records::{FinalizationPredicate, Kind, Statement};
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;
use crate::store::provenance::{self, Entry, Index};

use super::Error;

#[cfg(test)]
mod tests;

/// The rule that finalizations and entries come together (STR-001).
const PRESENT: Rule = Rule::ProvenanceIndex;
/// The rule that a shard is what the finalizations imply (INT-008).
pub const DERIVED: Rule = Rule::IndexDerived;

/// Tells whether a rule is one of those on the index, which [`crate::store::rebuild`] mends.
pub fn is_rule(rule: &RuleName) -> bool {
    *rule == PRESENT || *rule == DERIVED
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
    let bytes = match there {
        None => {
            findings.extend(implied.entries.iter().map(|it| missing(shard, &it.run_id)));
            return Ok(());
        }
        Some((Mode::File, id)) => match reader.blob_limited(id, MAX_SHARD) {
            Ok(bytes) => bytes,
            Err(error) => {
                findings.extend(error.denies(subject).ok_or(error)?);
                return Ok(());
            }
        },
        Some((mode, _)) => {
            findings.push(differs(
                subject,
                format!("an entry of mode {mode}"),
                "a plain file",
            ));
            return Ok(());
        }
    };
    compare(shard, &bytes, implied, findings);
    Ok(())
}

/// Says how the bytes of a shard differ from what the finalizations imply.
fn compare(shard: &LedgerPath, bytes: &[u8], implied: &Index, findings: &mut Findings) {
    let expected = (!implied.entries.is_empty()).then(|| implied.to_bytes());
    if expected.as_deref() == Some(bytes) {
        return;
    }
    let subject = || Subject::of_record(shard.to_path());
    let before = findings.len();
    if let Err(bad) = Index::parse(bytes) {
        let found = format!("bytes that are no index in canonical form: {bad}");
        findings.push(differs(subject(), found, "canonical JSON"));
    }
    let Some(stored) = Index::parse_leniently(bytes) else {
        return;
    };
    let sorted = |pair: &[Entry]| matches!(pair, [a, b] if a.run_id < b.run_id);
    if !stored.entries.windows(2).all(sorted) {
        let found = "entries out of order or twice";
        findings.push(differs(
            subject(),
            found,
            "entries sorted by run id, each once",
        ));
    }
    for entry in &stored.entries {
        let subject = subject().run(&entry.run_id);
        if LedgerPath::shard_of(&entry.run_id) != *shard {
            let found = "an entry in the wrong shard";
            let expected = LedgerPath::shard_of(&entry.run_id).to_path();
            findings.push(differs(subject, found, expected));
            continue;
        }
        match implied.get(&entry.run_id) {
            None => findings.push(
                PRESENT
                    .finding(subject)
                    .found("an entry without a finalization")
                    .expected("entries of finalized runs only")
                    .remedy(REBUILD),
            ),
            Some(it) if it != entry => findings.push(difference(subject, entry, it)),
            Some(_) => {}
        }
    }
    for entry in &implied.entries {
        if stored.get(&entry.run_id).is_none() {
            findings.push(missing(shard, &entry.run_id));
        }
    }
    if findings.len() == before {
        let found = "an empty shard, or one with more in it";
        findings.push(differs(
            subject(),
            found,
            "what the finalizations imply, or no shard",
        ));
    }
}

/// Returns the finding on a finalized run that its shard lacks.
fn missing(shard: &LedgerPath, run: &RunId) -> Finding {
    let subject = Subject::of_run(run).record(shard.to_path());
    PRESENT
        .finding(subject)
        .found("a finalization without an entry in the provenance index")
        .expected("both")
        .remedy(REBUILD)
}

/// Returns the finding on an entry that differs from what its finalization implies.
pub(super) fn difference(subject: Subject, found: &Entry, implied: &Entry) -> Finding {
    let persons = |entry: &Entry| {
        let names: Vec<_> = entry.approved_by.iter().map(|it| it.as_str()).collect();
        names.join(", ")
    };
    let fields = [
        ("approved_by", persons(found), persons(implied)),
        (
            "attestation_path",
            found.attestation_path.clone(),
            implied.attestation_path.clone(),
        ),
        (
            "commit",
            found.commit.to_string(),
            implied.commit.to_string(),
        ),
        (
            "workflow_run_url",
            found.workflow_run_url.clone(),
            implied.workflow_run_url.clone(),
        ),
    ];
    let (mut is, mut should) = (Vec::new(), Vec::new());
    for (field, a, b) in fields.iter().filter(|(_, a, b)| a != b) {
        is.push(format!("{field} {a:?}"));
        should.push(format!("{field} {b:?}"));
    }
    differs(subject, is.join(", "), should.join(", "))
}

fn differs(subject: Subject, found: impl ToString, expected: impl ToString) -> Finding {
    DERIVED
        .finding(subject)
        .found(found.to_string())
        .expected(expected.to_string())
        .remedy(REBUILD)
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
        findings.push(
            Rule::IndexAttestation
                .finding(Subject::of_run(&entry.run_id).at(entry.commit))
                .found("no note on the commit holds the attestation")
                .expected(bound)
                .remedy("git awo fetch"),
        );
    }
    Ok(())
}

fn attestation_of(envelope: &Envelope) -> Option<Sha256> {
    let statement = Statement::<FinalizationPredicate>::parse(envelope.payload()).ok()?;
    Some(statement.predicate.attestation)
}
