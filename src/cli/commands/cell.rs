//! `git awo cell`

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use clap::Args;
use serde_json::json;

use crate::cell::{self, Cell, Demand};
use crate::cli::{Answer, Context};
use crate::ops::Error;
use crate::ops::cell::{FailedCall, Request, attempt};
use crate::record::contract::CellLimits;

/// Most calls that are told as text.
const MOST_TOLD: usize = 200;

/// Try what a command may do in a run that is confined
///
/// Runs COMMAND in a temporary repository with the files of REV, confined as a run's command is where
/// the policy says so: it reads the system, its work tree and nothing of yours, writes its work tree,
/// a home and a temporary directory of its own, and has no sockets. What it makes is thrown away.
/// Then says which layers held, and exits as COMMAND did. With --explain, strace watches the cell from outside, and the
/// calls that failed are printed as well: those by which a cell denies something.
#[derive(Debug, Args)]
pub struct CellArgs {
    /// The commit whose files it gets
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    rev: String,
    /// Confine this very process and become the command
    #[arg(long, hide = true, requires_all = ["home", "temporary"])]
    inside: bool,
    /// Give the command a root of its own too, where that can be had
    #[arg(long)]
    own_root: bool,
    /// Run it under strace and print the calls that failed
    #[arg(long, conflicts_with = "inside")]
    explain: bool,
    /// Tell a tracer where the command begins
    #[arg(long, hide = true, requires = "inside")]
    marked: bool,
    /// Leave it the network
    #[arg(long)]
    network: bool,
    /// Confine this very process, the first one of namespaces of its own, and start the command
    #[arg(long, hide = true, requires_all = ["inside", "root"])]
    first: bool,
    /// Where a root of its own is made
    #[arg(long, hide = true, requires = "inside")]
    root: Option<PathBuf>,
    /// Start the command whatever held
    #[arg(long, hide = true, requires = "inside")]
    best_effort: bool,
    /// The command's home
    #[arg(long, hide = true, requires = "inside")]
    home: Option<PathBuf>,
    /// The directory for temporary files
    #[arg(long, hide = true, requires = "inside")]
    temporary: Option<PathBuf>,
    /// What may be read
    #[arg(long, hide = true, requires = "inside")]
    read: Vec<PathBuf>,
    /// What may be written
    #[arg(long, hide = true, requires = "inside")]
    write: Vec<PathBuf>,
    /// A limit: NAME=NUMBER
    #[arg(long, hide = true, requires = "inside", value_parser = limit)]
    limit: Vec<(String, u64)>,
    /// What nothing that is granted may contain
    #[arg(long, hide = true, requires = "inside")]
    closed: Vec<PathBuf>,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl CellArgs {
    /// Tells whether this process is to become the command.
    pub fn is_inside(&self) -> bool {
        self.inside
    }
}

fn limit(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text.split_once('=').ok_or("it is NAME=NUMBER")?;
    let value = value.parse().map_err(|_| "it is NAME=NUMBER")?;
    Ok((name.to_owned(), value))
}

/// Becomes the command, or starts it; comes back with an exit code.
pub fn enter(args: &CellArgs) -> u8 {
    let (Some(home), Some(temporary)) = (&args.home, &args.temporary) else {
        return 2;
    };
    let mut limits = CellLimits::default();
    for (name, value) in &args.limit {
        if !limits.set(name, *value) {
            return 2;
        }
    }
    let cell = Cell {
        demand: match (args.best_effort, &args.root) {
            (true, _) => Demand::BestEffort,
            (false, None) => Demand::Required,
            (false, Some(_)) => Demand::OwnRoot,
        },
        read: args.read.clone(),
        write: args.write.clone(),
        closed: args.closed.clone(),
        home: home.clone(),
        temporary: temporary.clone(),
        root: args.root.clone(),
        network: args.network,
        limits,
        marked: args.marked,
    };
    let ended = match args.first {
        true => cell::enter(&cell, &args.command),
        false => cell::begin(&cell, &args.command),
    };
    // Whoever opened the cell is told why.
    ended.unwrap_or(3)
}

/// Returns the calls that failed, one a line.
fn told(failed: &[FailedCall]) -> String {
    if failed.is_empty() {
        return "calls that failed: none by which a cell denies something".to_owned();
    }
    let mut text = "calls that failed:".to_owned();
    for it in failed.iter().take(MOST_TOLD) {
        let path = it
            .path
            .as_ref()
            .map_or(String::new(), |it| format!(" {it}"));
        let times = match it.times {
            1 => String::new(),
            times => format!(", {times} times"),
        };
        text.push_str(&format!("\n  {}{path}: {}{times}", it.call, it.error));
    }
    let more = failed.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        text.push_str(&format!("\n  and {more} more: --json has all"));
    }
    text
}

pub fn run(context: &Context, args: &CellArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    // Standard output belongs to the answer where that is JSON.
    let stdout = match context.json() {
        true => Stdio::from(std::io::stderr()),
        false => Stdio::inherit(),
    };
    let request = Request {
        commit: &args.rev,
        command: &args.command,
        own_root: args.own_root,
        network: args.network,
        explain: args.explain,
        stdout,
    };
    let tried = attempt(&session, request)?;
    let network = match args.network {
        true => "; the network is open",
        false => "",
    };
    context.say(format!("cell: {}{network}", tried.held));
    let mut value = json!({
        "exit_code": tried.code,
        "cell": tried.held,
        "network": args.network,
    });
    if let (Some(failed), Some(value)) = (&tried.failed, value.as_object_mut()) {
        context.say(told(failed));
        let rows = failed.iter().map(
            |it| json!({"call": it.call, "path": it.path, "error": it.error, "times": it.times}),
        );
        value.insert("failed".to_owned(), rows.collect());
    }
    Ok(Answer::new("cell", value, "").ending(tried.code))
}
