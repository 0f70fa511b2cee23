//! `git awo task`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{Answer, CliError, Context};
use crate::packet::{self, ImportOptions};
use crate::policy::Role;
use crate::record::contract::Contract;
use crate::record::predicate::ContractPredicate;
use crate::record::statement::Statement;
use crate::record::{RefName, Refusal, Rule, Subject, TaskId};
use crate::store::batch::Batch;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

/// Import, write and show task contracts
#[derive(Debug, Args)]
pub struct TaskArgs {
    #[command(subcommand)]
    command: TaskCommand,
}

#[derive(Debug, Subcommand)]
enum TaskCommand {
    /// Import a task packet as a contract
    ///
    /// Reads a Markdown approval packet, a Markdown work packet or a TOML packet
    /// (`schema = "awo.packet/1"`), signs the contract and keeps the packet beside it, byte for byte.
    /// What was not understood is listed.
    Import {
        /// The packet
        file: PathBuf,
        /// The branch that gets the commit, if the packet names none
        #[arg(long = "ref", value_name = "REF", default_value = "refs/heads/main")]
        reference: String,
        /// The target repository, if the packet names none
        #[arg(long, default_value = ".")]
        locator: String,
        /// Show the contract without storing it
        #[arg(long)]
        dry_run: bool,
    },
    /// Write a new contract from the command line
    New(NewArgs),
    /// Show a contract
    Show {
        /// The task
        id: String,
    },
    /// List the contracts
    List,
}

#[derive(Debug, Args)]
struct NewArgs {
    /// The task's id
    id: String,
    /// What is to be done
    #[arg(long)]
    task: String,
    /// A path that may be changed (repeatable): `src/a.py`, `src/`, `docs/*.md`
    #[arg(long = "allow", value_name = "PATTERN", required = true)]
    allowed: Vec<String>,
    /// A path that must not be changed, at any depth (repeatable)
    #[arg(long = "forbid", value_name = "PATTERN")]
    forbidden: Vec<String>,
    /// An action that is forbidden (repeatable): push, merge, deploy …
    #[arg(long = "forbid-action", value_name = "ACTION", default_values_t = ["push".to_owned(), "merge".to_owned()])]
    forbidden_actions: Vec<String>,
    /// The command that must succeed afterwards
    #[arg(long, value_name = "COMMAND")]
    validate: Option<String>,
    /// A criterion of success (repeatable)
    #[arg(long = "success", value_name = "TEXT")]
    success: Vec<String>,
    /// The branch that gets the commit
    #[arg(long = "ref", value_name = "REF", default_value = "refs/heads/main")]
    reference: String,
}

/// Runs the command.
pub fn run(context: &Context, args: &TaskArgs) -> Result<Answer, CliError> {
    match &args.command {
        TaskCommand::Import {
            file,
            reference,
            locator,
            dry_run,
        } => {
            let bytes = std::fs::read(context.directory().join(file)).map_err(|error| {
                CliError::usage(format!("cannot read {}: {error}", file.display()))
            })?;
            import(context, bytes, reference, locator, *dry_run)
        }
        TaskCommand::New(new) => import(
            context,
            packet(new).into_bytes(),
            &new.reference,
            ".",
            false,
        ),
        TaskCommand::Show { id } => show(context, id),
        TaskCommand::List => list(context),
    }
}

/// Writes a TOML packet, so that a contract from the command line has its source too.
fn packet(new: &NewArgs) -> String {
    let strings = |items: &[String]| Value::from(items.to_vec());
    // JSON strings and arrays of them are TOML as well.
    let mut text = format!("schema = \"{}\"\n", packet::TOML_SCHEMA);
    let mut line = |key: &str, value: Value| text.push_str(&format!("{key} = {value}\n"));
    line("id", json!(new.id));
    line("task", json!(new.task));
    line("target_ref", json!(new.reference));
    line("allowed_paths", strings(&new.allowed));
    line("forbidden_paths", strings(&new.forbidden));
    line("forbidden_actions", strings(&new.forbidden_actions));
    line("success_criteria", strings(&new.success));
    if let Some(command) = &new.validate {
        line("validation_command", json!(command));
    }
    line("rollback", json!(["git awo rollback RUN"]));
    // Who may sign a contract may admit the repository that it is signed in.
    text.push_str("[target]\nlocator = \".\"\n[target.admission]\nstatus = \"admitted\"\n");
    text
}

fn import(
    context: &Context,
    bytes: Vec<u8>,
    reference: &str,
    locator: &str,
    dry_run: bool,
) -> Result<Answer, CliError> {
    let target_ref = RefName::new(reference).map_err(|error| CliError::usage(error.to_string()))?;
    let options = ImportOptions {
        target_ref,
        locator: Some(locator.to_owned()),
    };
    let draft = packet::import(&bytes, &options).map_err(|errors| {
        let findings = errors.0.iter().map(|complaint| {
            let place = complaint
                .line
                .map_or("packet".to_owned(), |line| format!("line {line}"));
            Rule::Packet
                .finding(Subject::of_record(&place))
                .found(&complaint.problem)
                .expected("a complete, unambiguous packet")
                .remedy("mend the packet and import it again")
        });
        let nothing = Rule::Packet
            .finding(Subject::none())
            .found("a packet that cannot be understood")
            .expected("a complete, unambiguous packet")
            .remedy("mend the packet and import it again");
        let why = Refusal::or(findings, nothing);
        CliError::denied("the packet cannot be imported", why)
    })?;
    let contract = draft.check().map_err(|problems| {
        CliError::usage(
            problems
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        )
    })?;
    if dry_run {
        return Ok(answer(&contract, "would become a contract"));
    }
    let actor = context.actor()?;
    let history = actor.history()?;
    let id = contract.id.clone();
    let predicate = ContractPredicate {
        context: actor.context(&history, &[Role::Operator])?,
        contract: contract.clone(),
    };
    let envelope = actor.sign(predicate)?;
    Batch::new(format!("contract {id}"))
        .record(&LedgerPath::Contract(id.clone()), &envelope)
        .file(&LedgerPath::Packet(id), bytes)
        .commit(&actor.repo, &actor.author())?;
    Ok(answer(&contract, "is now a contract"))
}

fn show(context: &Context, id: &str) -> Result<Answer, CliError> {
    Ok(answer(&load(context, id)?, "is a contract"))
}

/// Returns a contract from the ledger, its signature checked.
pub fn load(context: &Context, id: &str) -> Result<Contract, CliError> {
    let task = TaskId::new(id).map_err(|error| CliError::usage(error.to_string()))?;
    let actor = context.actor()?;
    let refs = actor.refs()?;
    let history = actor.history()?;
    let records = Records::open(&actor.repo, &refs)?;
    let envelope = records.envelope(&LedgerPath::Contract(task.clone()))?;
    let Some(envelope) = envelope else {
        return Err(CliError::denied(
            format!("there is no task {task} in this clone"),
            [Rule::ContractPresent
                .finding(Subject::of_record(&task))
                .found("no contract")
                .expected("a contract in the ledger")
                .remedy("git awo task list; git awo fetch")],
        ));
    };
    let verified = actor
        .collector(&records, &history)
        .verify::<ContractPredicate>(&envelope)
        .map_err(|finding| {
            CliError::denied(format!("the contract {task} does not hold"), [finding])
        })?;
    Ok(verified.predicate().contract.clone())
}

fn answer(contract: &Contract, what: &str) -> Answer {
    let value = serde_json::to_value(contract).unwrap_or_default();
    let mut text = format!("{} {what}\n", contract.id);
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            // A label stands at the third column, and so nothing of a value may.
            let value = value.replace('\n', &format!("\n{:23}", ""));
            text.push_str(&format!("  {label:<20} {value}\n"));
        }
    };
    line("task", &contract.task);
    line("target", &contract.target.locator);
    line("branch", contract.target_ref.as_str());
    for path in &contract.allowed_paths {
        line("allowed path", path);
    }
    for path in &contract.forbidden_paths {
        line("forbidden path", path);
    }
    let actions: Vec<_> = contract
        .forbidden_actions
        .iter()
        .map(|action| action.as_str())
        .collect();
    line("forbidden actions", &actions.join(" "));
    line(
        "validation",
        contract.validation_command.as_deref().unwrap_or_default(),
    );
    for line_of in &contract.rollback {
        line("roll-back", line_of);
    }
    line("evidence", &contract.evidence.join(", "));
    line("approval sentence", &contract.approval_sentence);
    for missed in &contract.not_understood {
        line("not understood", missed);
    }
    text.push_str(&format!("next: git awo approve {}\n", contract.id));
    Answer::new(
        "contract",
        value,
        crate::record::path::escape(text.as_bytes()),
    )
}

fn list(context: &Context) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let mut rows = Vec::new();
    let mut text = String::new();
    for id in records.tasks()? {
        let envelope = records.envelope(&LedgerPath::Contract(id.clone()))?;
        let title = envelope
            .and_then(|envelope| Statement::<ContractPredicate>::parse(envelope.payload()).ok())
            .map(|it| {
                it.predicate
                    .contract
                    .task
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .unwrap_or_default();
        text.push_str(&format!("{id}  {title}\n"));
        rows.push(json!({ "id": id, "task": title }));
    }
    if rows.is_empty() {
        text.push_str("no tasks; next: git awo task import FILE\n");
    }
    Ok(Answer::new(
        "tasks",
        json!({ "tasks": rows }),
        crate::record::path::escape(text.as_bytes()),
    ))
}
