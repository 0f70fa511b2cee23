//! Everything recorded about a task, a run or a commit, as it is stored and not verified.

use crate::facts::case::CommitKind;
use crate::record::envelope::Envelope;
use crate::record::{RunId, TaskId};
use crate::rules::absent;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

use super::revision::revision;
use super::{Error, Session};

/// Records: where each stands, and its envelope.
pub type Found = Vec<(String, Envelope)>;

/// Returns what is recorded about whatever has this name.
pub fn show(session: &Session, name: &str) -> Result<Found, Error> {
    let records = session.records()?;
    let mut found = Vec::new();
    if let Ok(task) = TaskId::new(name) {
        of_task(&records, &task, &mut found)?;
    }
    if let Ok(run) = RunId::new(name) {
        of_run(&records, &run, &mut found)?;
    }
    if found.is_empty() {
        of_commit(session, &records, name, &mut found)?;
    }
    if found.is_empty() {
        let expected = "a task, a run or a governed commit";
        return Err(Error::denied(
            format!("nothing is recorded about {name}"),
            absent::named(name, expected, "git awo fetch; git awo log"),
        ));
    }
    Ok(found)
}

fn add(records: &Records<'_>, path: &LedgerPath, found: &mut Found) -> Result<(), Error> {
    if let Some(envelope) = records.envelope(path)? {
        found.push((path.to_path().to_string(), envelope));
    }
    Ok(())
}

fn of_task(records: &Records<'_>, task: &TaskId, found: &mut Found) -> Result<(), Error> {
    add(records, &LedgerPath::Contract(task.clone()), found)?;
    if let Some(blob) = records.contract_blob(task)? {
        let approvals = records.approvals_of(blob)?.into_iter();
        found.extend(approvals.map(|envelope| (format!("approval of {task}"), envelope)));
    }
    Ok(())
}

fn of_run(records: &Records<'_>, run: &RunId, found: &mut Found) -> Result<(), Error> {
    add(records, &LedgerPath::Run(run.clone()), found)?;
    for (path, envelope) in records.run_records(run)? {
        found.push((path.to_path().to_string(), envelope));
    }
    add(records, &LedgerPath::Finalization(run.clone()), found)?;
    add(records, &LedgerPath::Outcome(run.clone()), found)
}

fn of_commit(
    session: &Session,
    records: &Records<'_>,
    text: &str,
    found: &mut Found,
) -> Result<(), Error> {
    // If it is no revision either, nothing is known by that name.
    let Ok(id) = revision(session.actor(), text) else {
        return Ok(());
    };
    if let CommitKind::Governed(run) = CommitKind::of(&*session.repo().commit(id)?) {
        of_run(records, &run, found)?;
    }
    let approvals = records.approvals_of(id)?.into_iter();
    found.extend(approvals.map(|envelope| (format!("approval of {id}"), envelope)));
    let attestations = records.attestations_of(id)?.into_iter();
    found.extend(attestations.map(|envelope| (format!("attestation of {id}"), envelope)));
    Ok(())
}
