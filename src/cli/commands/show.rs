//! `git awo show`

use clap::Args;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::cli::context::revision;
use crate::cli::{Answer, CliError, Context};
use crate::facts::case::CommitKind;
use crate::record::envelope::Envelope;
use crate::record::path::escape;
use crate::record::{Rule, RunId, Subject, TaskId};
use crate::render::one_line;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

/// Show a task, a run or a commit with everything recorded about it
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A task, a run or a commit
    id: String,
}

/// Runs the command.
pub fn run(context: &Context, args: &ShowArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let mut found = Vec::new();
    if let Ok(task) = TaskId::new(args.id.as_str()) {
        of_task(&records, &task, &mut found)?;
    }
    if let Ok(run) = RunId::new(args.id.as_str()) {
        of_run(&records, &run, &mut found)?;
    }
    if found.is_empty() {
        of_commit(&actor, &records, &args.id, &mut found)?;
    }
    if found.is_empty() {
        return Err(CliError::denied(
            format!("nothing is recorded about {}", args.id),
            [Rule::RecordPresent
                .finding(Subject::of_record(&args.id))
                .found("nothing of that name")
                .expected("a task, a run or a governed commit")
                .remedy("git awo fetch; git awo log")],
        ));
    }
    let mut text = String::new();
    let mut rows = Vec::new();
    for (place, envelope) in &found {
        let statement = statement(envelope);
        let keys: Vec<_> = envelope
            .signatures()
            .iter()
            .map(|it| it.keyid.clone())
            .collect();
        text.push_str(&format!(
            "{place}  {}  signed by {}\n",
            envelope.digest(),
            one_line(&keys.join(", "))
        ));
        text.push_str(&String::from_utf8_lossy(envelope.payload()));
        text.push_str("\n\n");
        rows.push(json!({ "record": place, "digest": envelope.digest(), "signed_by": keys, "statement": statement }));
    }
    text.push_str("(shown as stored, not verified; git awo chain RUN or git awo verify judges)\n");
    Ok(Answer::new(
        "show",
        json!({ "id": args.id, "records": rows }),
        escape(text.as_bytes()),
    ))
}

fn statement(envelope: &Envelope) -> Value {
    serde_json::from_slice(envelope.payload()).unwrap_or(Value::Null)
}

type Found = Vec<(String, Envelope)>;

fn add(records: &Records<'_>, path: &LedgerPath, found: &mut Found) -> Result<(), CliError> {
    if let Some(envelope) = records.envelope(path)? {
        found.push((path.to_path().to_string(), envelope));
    }
    Ok(())
}

fn of_task(records: &Records<'_>, task: &TaskId, found: &mut Found) -> Result<(), CliError> {
    add(records, &LedgerPath::Contract(task.clone()), found)?;
    if let Some(blob) = records.contract_blob(task)? {
        let approvals = records.approvals_of(blob)?;
        found.extend(
            approvals
                .into_iter()
                .map(|envelope| (format!("approval of {task}"), envelope)),
        );
    }
    Ok(())
}

fn of_run(records: &Records<'_>, run: &RunId, found: &mut Found) -> Result<(), CliError> {
    add(records, &LedgerPath::Run(run.clone()), found)?;
    for (path, envelope) in records.run_records(run)? {
        found.push((path.to_path().to_string(), envelope));
    }
    add(records, &LedgerPath::Finalization(run.clone()), found)?;
    add(records, &LedgerPath::Outcome(run.clone()), found)
}

fn of_commit(
    actor: &Actor,
    records: &Records<'_>,
    text: &str,
    found: &mut Found,
) -> Result<(), CliError> {
    // No revision either: then nothing of that name is known at all.
    let Ok(id) = revision(actor, text) else {
        return Ok(());
    };
    if let CommitKind::Governed(run) = CommitKind::of(&*actor.repo.commit(id)?) {
        of_run(records, &run, found)?;
    }
    let approvals = records.approvals_of(id)?;
    found.extend(
        approvals
            .into_iter()
            .map(|envelope| (format!("approval of {id}"), envelope)),
    );
    let attestations = records.attestations_of(id)?;
    found.extend(
        attestations
            .into_iter()
            .map(|envelope| (format!("attestation of {id}"), envelope)),
    );
    Ok(())
}
