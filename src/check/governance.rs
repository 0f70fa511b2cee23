//! Judges what arrived on governance refs: how they grew, every record by itself and against what
//! it binds, and every run that some of them are about.

use std::collections::BTreeSet;

use crate::facts::arrivals::Arrivals;
use crate::facts::arrived::Arrived;
use crate::facts::provenance;
use crate::facts::run::Collector;
use crate::record::{Findings, RunId, Subject};
use crate::rules::{approval, arrival, growth, revocation};

use super::Error;

/// Judges everything that arrived.
pub fn judge(
    arrivals: &Arrivals,
    collector: &Collector<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    growth::irregular(arrivals, findings);
    let mut runs: BTreeSet<RunId> = BTreeSet::new();
    for (path, id) in &arrivals.ledger {
        let arrived = collector.arrived(path, *id)?;
        if let Arrived::Record(it) = &arrived
            && let Some(it) = it.record.downcast()
        {
            findings.extend(revocation::withdrawn(&collector.withdrawal(&it)?));
        }
        arrival::file(path, arrived, findings);
        runs.extend(path.run().cloned());
    }
    provenance::judge(collector.records, &arrivals.shards, findings)?;
    for (notes, object, envelope) in &arrivals.notes {
        let noted = match collector.noted_line(*notes, *object, envelope)? {
            Ok(noted) => noted,
            Err(finding) => {
                findings.push(arrival::refused_note(finding, envelope.digest(), *object));
                continue;
            }
        };
        runs.extend(arrival::note(&noted, findings));
        if let Some(it) = noted.record.downcast() {
            let subject = Subject::of_record(it.digest()).at(*object);
            approval::arrives(&collector.approval(*object, &it)?, &subject, findings);
        }
    }
    for (reference, run) in &arrivals.evidence {
        let claimed = collector.claims_evidence(reference, run);
        findings.extend(arrival::evidence(reference, run, claimed));
    }
    for run in runs {
        let facts = collector.run(&run)?;
        let judging = collector.judging();
        arrival::run(
            &facts,
            arrivals.digests(),
            |it| judging.policy_of(it),
            findings,
        );
    }
    Ok(())
}
