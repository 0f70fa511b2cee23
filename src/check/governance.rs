//! Judges what arrived on governance refs: how they grew, every record by itself and against what
//! it binds, and every run that some of them are about.

use std::collections::BTreeSet;

use crate::facts::arrivals::{Arrivals, Line};
use crate::facts::arrived::Arrived;
use crate::facts::position::How;
use crate::facts::provenance;
use crate::facts::run::{Collector, RunFacts};
use crate::facts::vouched;
use crate::policy::Verified;
use crate::record::{Findings, ObjectId, RefName, RunId, Sha256, Subject};
use crate::records::{
    AutoSignaturePredicate, ContractPredicate, DecisionPredicate, EscalationUsePredicate, Kind,
    PreWorkPredicate, Record, VouchPredicate,
};
use crate::rules::{
    approval, arrival, automation, cancellation, ceiling, cell, claim, contract, escalation,
    growth, life, opening, pre_work, revocation, vouch, work,
};
use crate::store::layout::LedgerPath;

use super::Error;

/// Judges everything that arrived.
pub fn judge(
    arrivals: &Arrivals,
    collector: &Collector<'_>,
    findings: &mut Findings,
) -> Result<(), Error> {
    growth::irregular(&arrivals.irregular, findings);
    let mut runs: BTreeSet<RunId> = BTreeSet::new();
    for it in pieces(arrivals) {
        judge_piece(collector, it, &mut runs, findings)?;
    }
    for run in runs {
        let facts = collector.run(&run)?;
        judge_run(collector, &facts, arrivals.digests(), findings)?;
    }
    Ok(())
}

/// One thing that arrived.
#[derive(Clone, Copy)]
pub(super) enum Piece<'a> {
    File(&'a LedgerPath, ObjectId),
    /// Lines that were added to one note.
    Note(&'a [Line]),
    Evidence(&'a RefName, &'a RunId),
}

pub(super) fn pieces(arrivals: &Arrivals) -> impl Iterator<Item = Piece<'_>> {
    let files = arrivals.ledger.iter();
    let files = files.map(|(path, id)| Piece::File(path, *id));
    let notes = arrivals.notes.chunk_by(Line::is_beside);
    let notes = notes.map(Piece::Note);
    let evidence = arrivals.evidence.iter();
    let evidence = evidence.map(|(reference, run)| Piece::Evidence(reference, run));
    files.chain(notes).chain(evidence)
}

/// Judges one thing that arrived, and tells which run it is about.
pub(super) fn judge_piece(
    collector: &Collector<'_>,
    piece: Piece<'_>,
    runs: &mut BTreeSet<RunId>,
    findings: &mut Findings,
) -> Result<(), Error> {
    match piece {
        Piece::File(path, id) => {
            let arrived = collector.arrived(path, id)?;
            if let Arrived::Record(it) = &arrived {
                if let Some(it) = it.record.downcast() {
                    findings.extend(revocation::withdrawn(&collector.withdrawal(&it)?));
                }
                if let Some(it) = it.record.downcast::<ContractPredicate>()
                    && collector.judging().arrives(it.digest())
                {
                    let subject = Subject::of_record(path.to_path());
                    findings.extend(contract::extra(&it.predicate().contract, subject));
                }
                if let Some(it) = it.record.downcast::<ContractPredicate>()
                    && collector.judging().comes_now(it.digest())
                {
                    let (subject, says) =
                        (Subject::of_record(path.to_path()), &it.predicate().contract);
                    let before = collector.version_before_new(says)?;
                    work::version(says, &before, &subject, findings);
                    let cells = collector.history.current().policy.cells();
                    findings.extend(cell::terms(says, cells, &subject));
                    let policy = &collector.history.current().policy;
                    findings.extend(ceiling::terms(says, policy, &subject));
                }
                if let Some(it) = it.record.downcast::<DecisionPredicate>() {
                    let facts = collector.decision(&it)?;
                    let subject = Subject::of_record(path.to_path());
                    findings.extend(automation::decision(&facts, &subject));
                }
                if let Some(it) = it.record.downcast::<AutoSignaturePredicate>() {
                    let decision = collector.decision_of(&it.predicate().signature.decision_id)?;
                    let subject = Subject::of_record(path.to_path());
                    let finding = opening::auto_signature(&it, decision.as_ref(), &subject);
                    findings.extend(finding);
                }
                if let Some(it) = it.record.downcast() {
                    let subject = Subject::of_record(path.to_path());
                    findings.extend(claim::lease(&collector.lease(&it)?, &subject));
                }
                if let Some(it) = it.record.downcast::<PreWorkPredicate>()
                    && let Some(facts) = collector.planned(&it)?
                {
                    let subject = Subject::of_record(path.to_path());
                    findings.extend(pre_work::pre_work(&facts, &subject));
                }
                judge_escalation(collector, path, &it.record, findings)?;
                if let Some(it) = it.record.downcast::<VouchPredicate>()
                    && collector.judging().arrives(it.digest())
                    // It may come before the commits; then it counts if it holds once they come.
                    && let Some(range) = vouched::range(collector.records.reader(), it.predicate())?
                {
                    let subject = Subject::of_record(path.to_path());
                    findings.extend(vouch::range(it.predicate(), &range, subject));
                }
            }
            arrival::file(path, arrived, findings);
            runs.extend(path.run().cloned());
            let indexed = matches!(path, LedgerPath::Provenance(_));
            if let Some(run) = path.run()
                && (indexed || path.kind() == Some(Kind::Finalization))
            {
                provenance::judge_entry(collector.records, run, findings)?;
            }
        }
        Piece::Note(lines) => judge_note(collector, lines, runs, findings)?,
        Piece::Evidence(reference, run) => {
            let claimed = collector.claims_evidence(reference, run);
            findings.extend(arrival::evidence(reference, run, claimed));
        }
    }
    Ok(())
}

/// Judges a record of an escalation, if it is one.
fn judge_escalation(
    collector: &Collector<'_>,
    path: &LedgerPath,
    record: &Verified<Box<dyn Record>>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let subject = || Subject::of_record(path.to_path());
    if let Some(it) = record.downcast() {
        findings.extend(escalation::request(&collector.request(&it)?, &subject()));
    }
    if let Some(it) = record.downcast() {
        findings.extend(escalation::plan(&collector.plan(&it)?, &subject()));
    }
    if let Some(it) = record.downcast() {
        findings.extend(escalation::consent(&collector.consent(&it)?, &subject()));
    }
    if let Some(it) = record.downcast::<EscalationUsePredicate>()
        && let Some(facts) = collector.sent(&it)?
    {
        findings.extend(escalation::used(it.predicate(), &facts, &subject()));
    }
    Ok(())
}

/// Judges lines of one note, which is read once, as are the approvals beside them.
fn judge_note(
    collector: &Collector<'_>,
    lines: &[Line],
    runs: &mut BTreeSet<RunId>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let Some(first) = lines.first() else {
        return Ok(());
    };
    let object = first.object;
    let note = first.note(collector.records.reader())?;
    let mut nonces = None;
    for line in lines {
        let envelope = line.envelope(&note)?;
        let noted = match collector.noted_line(line.segment, object, &envelope)? {
            Ok(noted) => noted,
            Err(finding) => {
                let digest = envelope.digest();
                findings.push(arrival::refused_note(finding, digest, object));
                continue;
            }
        };
        runs.extend(arrival::note(&noted, findings));
        if let Some(it) = noted.record.downcast() {
            let subject = Subject::of_record(it.digest()).at(object);
            let nonces = match &nonces {
                Some(nonces) => nonces,
                None => nonces.insert(collector.nonces(object)?),
            };
            approval::arrives(&collector.approval(&it, nonces)?, &subject, findings);
        }
    }
    Ok(())
}

/// Judges a run of which something arrived.
pub(super) fn judge_run(
    collector: &Collector<'_>,
    facts: &RunFacts,
    arrived: &BTreeSet<Sha256>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let last = facts.finalization.valid().map(|it| it.digest());
    if let Some(last) = last.filter(|_| facts.reviews().any(|it| arrived.contains(&it))) {
        // Approvals are judged by when it came.
        collector.judging().ask(last);
    }
    let policy = &collector.history.current().policy;
    let only_cancelled = collector.is_only_cancelled(facts)?;
    let unrecorded = match only_cancelled {
        true => collector.unrecorded(facts)?,
        false => None,
    };
    for it in &facts.cancellations {
        if arrived.contains(&it.digest()) {
            let contract = match &unrecorded {
                Some(task) => &task.contract,
                None => &facts.contract,
            };
            cancellation::arrives(it, facts, contract, findings);
        }
    }
    if only_cancelled {
        let now = collector.time;
        let life = life::unrecorded(facts, unrecorded.as_ref(), policy, now);
        findings.extend(life.findings);
        return Ok(());
    }
    let reviews = arrival::run(facts, arrived, policy, findings);
    let Some(run) = facts.held().map(|it| it.says()) else {
        return Ok(());
    };
    let (branch, commit) = (&run.reference, run.commit);
    let finalized = facts.finalization.valid().is_some();
    // Asked only where it matters: it takes a walk over the branch.
    let comes = facts.came.values().any(|it| it.how == How::Now);
    let landed = finalized && (!comes || collector.has_landed(branch, commit)?);
    let life = life::life(facts, policy, &reviews, landed);
    if let Some(landing) = life::stays_cancelled(facts, &life)
        && !collector.judging().at_a_door()
        && collector.on_branch(branch, commit)? == Some(true)
    {
        findings.push(landing);
    }
    findings.extend(life.findings);
    Ok(())
}
