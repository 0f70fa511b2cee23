//! `git awo events`

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{Answer, Context};
use crate::ops::integrity::shown;
use crate::ops::{Error, events};
use crate::record::event::Event;

/// Show the events of decisions, and check those that other programs tell of
#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Debug, Subcommand)]
enum EventsCommand {
    /// List the events of the decisions here
    ///
    /// Events are a view of the records, not records: every clone with the same records lists the same.
    List,
    /// Write the events of the decisions here to standard output, one JSON object a line
    Export,
    /// Check a file of events: one JSON object a line, in the order in which things happened
    ///
    /// Each line must have the form of an event, and the events of each decision must follow each
    /// other as git-awo itself could derive them. No repository is needed. Exits 0 if all holds, 1
    /// with findings.
    Check {
        /// The file; - is standard input
        #[arg(value_name = "FILE")]
        file: OsString,
    },
}

pub fn run(context: &Context, args: &EventsArgs) -> Result<Answer, Error> {
    let file = match &args.command {
        EventsCommand::List => return list(context),
        EventsCommand::Export => return export(context),
        EventsCommand::Check { file } => file,
    };
    let name = shown(file);
    let report = match file == "-" {
        true => events::check(&name, std::io::stdin().lock())?,
        false => events::check(&name, context.open(Path::new(file))?)?,
    };
    Ok(Answer::of(&report))
}

fn list(context: &Context) -> Result<Answer, Error> {
    let events = events::derived(&context.session()?)?;
    let mut text = String::new();
    for it in &events {
        let payload = &it.payload;
        text.push_str(&format!(
            "{}  {}  {} {} {}\n",
            it.timestamp, it.kind, payload.decision_id, payload.gate_type, payload.target_ref
        ));
    }
    if events.is_empty() {
        text.push_str("no decisions\n");
    }
    Ok(Answer::new("events", value(&events)?, text))
}

fn export(context: &Context) -> Result<Answer, Error> {
    let events = events::derived(&context.session()?)?;
    let lines: String = events.iter().map(Event::to_line).collect();
    Ok(Answer::new("events", value(&events)?, lines).document())
}

fn value(events: &[Event]) -> Result<Value, Error> {
    Ok(json!({ "events": values(events)? }))
}

/// Returns events as JSON.
pub(super) fn values(events: &[Event]) -> Result<Vec<Value>, Error> {
    let lines = events.iter().map(|it| serde_json::from_str(&it.to_line()));
    let lines: Result<_, _> = lines.collect();
    lines.map_err(|error: serde_json::Error| Error::usage(error.to_string()))
}
