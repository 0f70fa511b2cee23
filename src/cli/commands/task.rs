//! `git awo task`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{Answer, Context};
use crate::ops::board::{self, Card, Claim};
use crate::ops::task::{self, Packet};
use crate::ops::{Error, Session};
use crate::packet;
use crate::record::ceiling::Figure;
use crate::record::contract::{Contract, Gate1, WorkPacket};
use crate::record::path::{LONGEST, cut};
use crate::record::{Gate, RefName, TaskId};
use crate::render::one_line;
use crate::sys::shell;

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
        /// The packet of the version before, if that has no contract here
        #[arg(long, value_name = "FILE")]
        predecessor: Option<PathBuf>,
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
    /// Show every contract with how far it has come, who claims it, its runs and their commits
    ///
    /// The board is made from records each time; nothing reads it.
    Board {
        /// As Markdown
        #[arg(long)]
        md: bool,
    },
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
    /// How often a reviewer has to run the command again, with the same result (2 to 16)
    #[arg(long, value_name = "RUNS")]
    determinism: Option<u32>,
    /// A criterion of success (repeatable)
    #[arg(long = "success", value_name = "TEXT")]
    success: Vec<String>,
    /// The branch that gets the commit
    #[arg(long = "ref", value_name = "REF", default_value = "refs/heads/main")]
    reference: String,
    /// The owner of the repository, as an admission names them
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// The class of risk under which the repository is admitted
    #[arg(long, value_name = "CLASS")]
    risk: Option<String>,
    /// What opens gate 1: sentence (exactly typed), operator (who types none) or decision
    #[arg(long, value_name = "WHAT", default_value_t = Gate1::Sentence, value_parser = gate1)]
    gate1: Gate1,
}

fn gate1(word: &str) -> Result<Gate1, String> {
    Gate1::of_word(word).ok_or_else(|| "it is sentence, operator or decision".to_owned())
}

pub fn run(context: &Context, args: &TaskArgs) -> Result<Answer, Error> {
    match &args.command {
        TaskCommand::Import {
            file,
            reference,
            locator,
            predecessor,
            dry_run,
        } => {
            let packet = Packet {
                bytes: context.read(file)?,
                target_ref: RefName::new(reference.as_str())?,
                locator: locator.clone(),
                predecessor: predecessor
                    .as_ref()
                    .map(|it| context.read(it))
                    .transpose()?,
            };
            match dry_run {
                true => tried(context, &packet),
                false => import(context, packet),
            }
        }
        TaskCommand::New(new) => {
            let packet = Packet {
                bytes: packet(new).into_bytes(),
                target_ref: RefName::new(new.reference.as_str())?,
                locator: ".".to_owned(),
                predecessor: None,
            };
            import(context, packet)
        }
        TaskCommand::Show { id } => {
            let task = TaskId::new(id.as_str())?;
            let contract = task::contract(&context.session()?, &task)?;
            Ok(answer(&contract, "is a contract"))
        }
        TaskCommand::List => list(&context.session()?),
        TaskCommand::Board { md } => {
            let cards = board::board(&context.session()?)?;
            Ok(shown_board(&cards, *md))
        }
    }
}

/// Without a repository, too, a packet can be tried.
fn tried(context: &Context, packet: &Packet) -> Result<Answer, Error> {
    packet.read()?;
    let session = context.session().ok();
    let (contract, looked_up) = packet.tried(session.as_ref())?;
    if !looked_up {
        context.say("no records here: no version before it and no user signature were looked up");
    }
    Ok(answer(&contract, "would become a contract"))
}

fn import(context: &Context, packet: Packet) -> Result<Answer, Error> {
    // What is wrong with a packet is said without a repository too.
    packet.read()?;
    let contract = packet.import(&context.session()?)?;
    Ok(answer(&contract, "is now a contract"))
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
    if new.gate1 != Gate1::Sentence {
        line("gate1", json!(new.gate1));
    }
    line("allowed_paths", strings(&new.allowed));
    line("forbidden_paths", strings(&new.forbidden));
    line("forbidden_actions", strings(&new.forbidden_actions));
    line("success_criteria", strings(&new.success));
    if let Some(command) = &new.validate {
        line("validation_command", json!(command));
    }
    if let Some(runs) = new.determinism {
        line("determinism", json!(runs));
    }
    line("rollback", json!(["git awo rollback RUN"]));
    // Who may sign a contract may admit the repository that it is signed in.
    text.push_str("[target]\nlocator = \".\"\n[target.admission]\nstatus = \"admitted\"\n");
    let said = [("owner", &new.owner), ("risk", &new.risk)];
    for (key, value) in said
        .iter()
        .filter_map(|(key, it)| Some((key, it.as_ref()?)))
    {
        text.push_str(&format!("{key} = {}\n", json!(value)));
    }
    text
}

fn answer(contract: &Contract, what: &str) -> Answer {
    let value = serde_json::to_value(contract).unwrap_or_default();
    let mut text = format!("{} {what}\n", contract.id);
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            // A label stands at the third column, and so nothing of a value may.
            let value = cut(value, LONGEST).replace('\n', &format!("\n{:23}", ""));
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
    for step in &contract.validation_steps {
        line("validation step", step);
    }
    for line_of in &contract.rollback {
        line("roll-back", line_of);
    }
    line("evidence", &contract.evidence.join(", "));
    line("approval sentence", &contract.approval_sentence);
    let admission = &contract.target.admission;
    line("owner", admission.owner.as_deref().unwrap_or_default());
    line("risk class", admission.risk.as_deref().unwrap_or_default());
    if contract.gate1 != Gate1::Sentence {
        line("gate 1", contract.gate1.word());
    }
    if contract.skeleton {
        line("skeleton first", "documents first, approved by a reviewer");
    }
    if contract.post_work {
        line("post-work", "computed by the server");
    }
    for path in &contract.cell.read {
        line("cell reads", path);
    }
    if contract.cell.network {
        line("cell", "has the network, where the policy permits it");
    }
    line("cell limits", &contract.cell.limits.to_string());
    let ceiling = &contract.ceiling;
    line(
        "ceiling level",
        ceiling.level.as_deref().unwrap_or_default(),
    );
    for figure in Figure::ALL {
        let said = ceiling.figure(*figure);
        line(
            "ceiling",
            &said.map_or(String::new(), |it| format!("{it} {figure}")),
        );
    }
    for path in &ceiling.paths {
        line("ceiling path", path);
    }
    line("ceiling actions", &ceiling.actions.join(" "));
    if let Some(runs) = contract.determinism {
        line("determinism", &format!("a reviewer runs it {runs} times"));
    }
    if let Some(packet) = &contract.packet {
        shown(contract, packet, &mut line);
    }
    if let Some(gate) = &contract.execution_gate {
        line("switch", gate.switch.as_deref().unwrap_or_default());
        line("stage", gate.stage.as_deref().unwrap_or_default());
        line(
            "admission file",
            gate.admission_file.as_deref().unwrap_or_default(),
        );
        if gate.outcome_required {
            line("outcome", "recorded afterwards");
        }
    }
    for notice in &contract.notices {
        let above = notice.section.as_ref().map(|it| format!("{it}: "));
        let above = above.unwrap_or_default();
        line("notice", &format!("{above}{}", notice.text));
    }
    for supplied in &contract.supplied {
        line("supplied", supplied);
    }
    for missed in &contract.not_understood {
        line("not understood", missed);
    }
    let task = &contract.id;
    if contract.lacks_predecessor() {
        text.push_str(
            "note: it names no version before it, and cannot be approved: import the packet as another version with \
             --predecessor FILE\n",
        );
    }
    let refinement = contract
        .packet
        .as_ref()
        .and_then(|it| it.refinement_file.as_ref());
    if let Some(file) = refinement {
        let (gate, on) = (Gate::RefinementSign, format!("refinement/{task}"));
        let file = shell::quote(&format!("HEAD:{file}"));
        text.push_str(&format!(
            "next: git awo decide {gate} {on} approve --file {file} --rationale CODE\n"
        ));
    }
    text.push_str(&match contract.gate1 {
        Gate1::Sentence | Gate1::Operator => format!("next: git awo approve {task}\n"),
        Gate1::Decision => {
            let (gate, on) = (Gate::SpecApproval, format!("task/{task}"));
            format!("next: git awo decide {gate} {on} approve --rationale CODE\n")
        }
    });
    Answer::new("contract", value, text)
}

/// Shows what a work packet says beyond the fields that every contract has.
fn shown(contract: &Contract, packet: &WorkPacket, line: &mut impl FnMut(&str, &str)) {
    let named = |field: &str| {
        let name = field.rsplit('.').next().unwrap_or(field);
        name.replace('_', " ")
    };
    let texts = [
        ("requestor", &contract.requestor),
        ("risk tier", &contract.risk_tier),
        ("user signature", &contract.user_signature),
    ];
    for (label, text) in texts {
        line(label, text.as_deref().unwrap_or_default());
    }
    if let Some(base) = contract.base {
        line("base", &base.to_string());
    }
    if let Some(version) = packet.lineage.version {
        let base = contract.base_task_id.as_ref().unwrap_or(&contract.id);
        line("version", &format!("{version} of {base}"));
    }
    if let Some(it) = &packet.lineage.predecessor {
        let words = [
            it.path.clone(),
            it.sha256.map(|it| format!("SHA-256 {it}")),
            it.contract.map(|it| format!("contract {it}")),
            it.external.then(|| "external".to_owned()),
        ];
        let words: Vec<_> = words.into_iter().flatten().collect();
        line("predecessor", &words.join(", "));
    }
    line(
        "agentic mode",
        if packet.actors.agentic_mode {
            "YES"
        } else {
            "NO"
        },
    );
    let allowed = packet.delegation.as_ref().is_some_and(|it| it.allowed);
    let delegation = if allowed { "ALLOWED" } else { "DISALLOWED" };
    line("delegation", delegation);
    for (field, text) in packet.texts() {
        if !field.starts_with("packet.lineage.") {
            line(&named(field), text);
        }
    }
    let blobs = [
        ("refinement blob", packet.refinement_blob),
        ("spec target blob", packet.authority.spec_target_blob),
    ];
    for (label, blob) in blobs {
        if let Some(blob) = blob {
            line(label, &blob.to_string());
        }
    }
    for criterion in &contract.success_criteria {
        line("success criterion", criterion);
    }
    for scope in &contract.out_of_scope {
        line("out of scope", scope);
    }
    for (field, entries) in packet.lists() {
        for entry in entries {
            line(&named(field), entry);
        }
    }
    for risk in &packet.bootstrap.risk_map {
        line("risk", &risk.to_string());
    }
    for text in &contract.lineage {
        line("lineage", text);
    }
    for text in &contract.waivers {
        line("waiver, as text", text);
    }
}

fn list(session: &Session) -> Result<Answer, Error> {
    let tasks = task::list(session)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for (id, title) in &tasks {
        text.push_str(&format!("{id}  {}\n", one_line(title)));
        rows.push(json!({ "id": id, "task": title }));
    }
    if rows.is_empty() {
        text.push_str("no tasks; next: git awo task import FILE\n");
    }
    let value = json!({ "tasks": rows });
    Ok(Answer::new("tasks", value, text))
}

/// The columns of the board.
const COLUMNS: [&str; 9] = [
    "task",
    "base",
    "version",
    "superseded by",
    "claimed by",
    "state",
    "run",
    "commit",
    "what",
];

/// Shows the board: a row a run, and one for a contract without a run.
fn shown_board(cards: &[Card], markdown: bool) -> Answer {
    let mut rows = Vec::new();
    let mut values = Vec::new();
    for card in cards {
        let row = |state: String, run: String, commit: String| {
            let version = card.version.map(|it| it.to_string());
            let later = card.superseded_by.as_ref().map(ToString::to_string);
            [
                card.task.to_string(),
                card.base.to_string(),
                version.unwrap_or_default(),
                later.unwrap_or_default(),
                card.claim.as_ref().map(claimed).unwrap_or_default(),
                state,
                run,
                commit,
                one_line(&card.title),
            ]
        };
        if card.runs.is_empty() {
            let state = card.state.words().to_owned();
            rows.push(row(state, String::new(), String::new()));
        }
        let mut runs = Vec::new();
        for it in &card.runs {
            let landed = if it.landed { ", landed" } else { "" };
            let state = format!("{}{landed}", it.state.words());
            rows.push(row(state, it.run.to_string(), it.commit.to_string()));
            runs.push(json!({
                "run": it.run, "state": it.state.words(), "commit": it.commit, "landed": it.landed,
            }));
        }
        let claim = card
            .claim
            .as_ref()
            .map(|it| json!({"holder": it.holder, "expires": it.expires, "received": it.received}));
        values.push(json!({
            "task": card.task, "base": card.base, "version": card.version, "claim": claim,
            "superseded_by": card.superseded_by, "state": card.state.words(), "title": card.title,
            "runs": runs,
        }));
    }
    let text = match (rows.is_empty(), markdown) {
        (true, false) => "no tasks; next: git awo task import FILE\n".to_owned(),
        (_, true) => table(&rows),
        (false, false) => rows
            .iter()
            .map(|row| {
                let said = COLUMNS.iter().zip(row).filter(|(_, it)| !it.is_empty());
                let said = said.map(|(name, it)| match *name {
                    "task" | "state" | "what" => it.clone(),
                    name => format!("{name} {it}"),
                });
                format!("{}\n", said.collect::<Vec<_>>().join("  "))
            })
            .collect(),
    };
    Answer::new("board", json!({ "tasks": values }), text)
}

/// Says who claims a task, and until when.
fn claimed(claim: &Claim) -> String {
    let received = match claim.received {
        true => "",
        false => ", not at the server yet",
    };
    format!("{} until {}{received}", claim.holder, claim.expires)
}

/// Returns a table in Markdown in which nothing of a cell is markup.
fn table(rows: &[[String; 9]]) -> String {
    let mut text = format!("| {} |\n", COLUMNS.join(" | "));
    text.push_str(&format!("|{}\n", "---|".repeat(COLUMNS.len())));
    for row in rows {
        let cells: Vec<_> = row.iter().map(|it| plain(it)).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// Returns text that Markdown shows as it is.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for it in text.chars() {
        if "\\|`*_<>[]&#~!".contains(it) {
            plain.push('\\');
        }
        plain.push(it);
    }
    plain
}
