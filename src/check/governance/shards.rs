//! Judges shards of the provenance index.

use super::*;

/// A shard is a function of the finalizations: what it gains must be what they imply.
pub(super) fn judge_shard(
    gatherer: &Gatherer<'_>,
    path: &LedgerPath,
    before: Option<ObjectId>,
    after: ObjectId,
    findings: &mut Findings,
) -> Result<(), Error> {
    let reader = gatherer.records.reader();
    let read = |id: ObjectId| -> Result<Index, Error> {
        let bytes = reader.blob_limited(id, MAX_NOTE)?;
        Index::parse(&bytes).map_err(|source| {
            store::Error::Malformed {
                path: path.to_path(),
                source,
            }
            .into()
        })
    };
    let before = before.map(read).transpose()?.unwrap_or_default();
    let after = read(after)?;
    let subject = |run: &RunId| Subject::of_run(run).record(path.to_path());
    let differs = |run: &RunId, found: &str| {
        Finding::new(Code::Int008, "index-recomputed", subject(run))
            .found(found)
            .expected("the entries that the finalizations imply")
            .remedy("git awo fetch, then git awo finalize RUN")
    };
    if Index::of(after.entries.clone()) != after {
        findings.push(
            Finding::new(
                Code::Int008,
                "index-recomputed",
                Subject::of_record(path.to_path()),
            )
            .found("entries out of order or twice")
            .expected("entries sorted by run id")
            .remedy("git awo fetch, then git awo finalize RUN"),
        );
    }
    for entry in before
        .entries
        .iter()
        .filter(|entry| !after.entries.contains(entry))
    {
        findings.push(Finding {
            code: Code::Rep002,
            rule: "index-grows".to_owned(),
            ..differs(&entry.run_id, "an entry was removed or changed")
        });
    }
    for entry in after
        .entries
        .iter()
        .filter(|entry| !before.entries.contains(entry))
    {
        let finalization = gatherer
            .records
            .envelope(&LedgerPath::Finalization(entry.run_id.clone()))?;
        let implied = finalization
            .and_then(|envelope| Statement::<FinalizationPredicate>::parse(envelope.payload()).ok())
            .map(|statement| Entry::of(&statement.predicate));
        match implied {
            None => findings.push(Finding {
                code: Code::Str001,
                rule: "index-orphan".to_owned(),
                ..differs(&entry.run_id, "an entry without a finalization")
            }),
            Some(implied) if implied != *entry || LedgerPath::shard_of(&entry.run_id) != *path => {
                findings.push(differs(
                    &entry.run_id,
                    "an entry that differs from its finalization",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
