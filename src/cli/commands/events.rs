//! `git awo events`

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, Subcommand};

use crate::cli::{Answer, Context};
use crate::ops::integrity::shown;
use crate::ops::{Error, events};

/// Check the events that other programs tell of decisions
#[derive(Debug, Args)]
pub struct EventsArgs {
    #[command(subcommand)]
    command: EventsCommand,
}

#[derive(Debug, Subcommand)]
enum EventsCommand {
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
    let EventsCommand::Check { file } = &args.command;
    let name = shown(file);
    let report = match file == "-" {
        true => events::check(&name, std::io::stdin().lock())?,
        false => events::check(&name, context.open(Path::new(file))?)?,
    };
    Ok(Answer::of(&report))
}
