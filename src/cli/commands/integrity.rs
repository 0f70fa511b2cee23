//! `git awo integrity`

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::evidence::Inventory;
use crate::evidence::inventory::SUMS;
use crate::ops::integrity::{self, Place, shown};
use crate::ops::{Error, Process};
use crate::render;

/// Make or verify the inventory of a run's files
#[derive(Debug, Args)]
pub struct IntegrityArgs {
    #[command(subcommand)]
    command: IntegrityCommand,
}

#[derive(Debug, Subcommand)]
enum IntegrityCommand {
    /// Make SHA256SUMS.txt in a directory, and print the SHA256 root
    ///
    /// It lists every file but itself and timestamps/, as sha256sum writes it. One that is there
    /// and differs is kept, and the command says how it differs.
    Sums {
        /// The directory
        #[arg(value_name = "DIR")]
        place: PathBuf,
        /// Replace an inventory that differs
        #[arg(long)]
        replace: bool,
        /// Print the inventory and write nothing
        #[arg(long, conflicts_with = "replace")]
        print: bool,
    },
    /// Compare files with their inventory: of a directory, or of a recorded run
    ///
    /// A name with a slash, . and .. are directories, and so is the name of one that exists here;
    /// no repository is needed for them. Exits 0 if all holds, 1 with findings, 3 if something
    /// cannot be read.
    Verify {
        /// A directory or a run
        #[arg(value_name = "DIR|RUN")]
        what: OsString,
    },
}

pub fn run(context: &Context, args: &IntegrityArgs) -> Result<Answer, Error> {
    match &args.command {
        IntegrityCommand::Sums {
            place, print: true, ..
        } => {
            let inventory = integrity::inventory(&context.directory().join(place), place)?;
            print_out(context, &inventory)
        }
        IntegrityCommand::Sums { place, replace, .. } => sums(context, place, *replace),
        IntegrityCommand::Verify { what } => verify(context, what),
    }
}

fn sums(context: &Context, name: &Path, replace: bool) -> Result<Answer, Error> {
    let place = context.directory().join(name);
    let done = integrity::sums(&place, name, replace)?;
    let said = match done.written {
        true => "lists",
        false => "was there and lists",
    };
    context.say(format!("{SUMS} {said} {} files", done.files));
    let root = done.root;
    let value = json!({
        "bytes": done.bytes, "directory": shown(name.as_os_str()), "files": done.files,
        "root": root, "written": done.written,
    });
    Ok(Answer::new("integrity-sums", value, format!("{root}\n")))
}

fn print_out(context: &Context, inventory: &Inventory) -> Result<Answer, Error> {
    let lines: Vec<_> = inventory
        .iter()
        .map(|(path, digest)| json!({ "path": path, "sha256": digest }))
        .collect();
    let value = json!({ "inventory": lines, "root": inventory.root() });
    let mut answer = Answer::new("integrity-sums", value, "");
    if context.json() {
        return Ok(answer);
    }
    let bytes = inventory.to_bytes();
    if io::stdout().is_terminal() {
        answer = Answer::new("integrity-sums", json!({}), String::from_utf8_lossy(&bytes));
    } else {
        // Names may be bytes that are no text, and every one counts.
        write_out(&mut io::Cursor::new(bytes))?;
    }
    Ok(answer)
}

/// Copies bytes to standard output. A reader that went away has not got them: that is no success.
pub(super) fn write_out(content: &mut impl io::Read) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let copied = io::copy(content, &mut out).and_then(|_| out.flush());
    Ok(copied.map_err(Process::Output)?)
}

fn verify(context: &Context, what: &OsStr) -> Result<Answer, Error> {
    let (place, judged) = integrity::judge(context.directory(), what, || context.session())?;
    let mut value = judged.report.to_json();
    if let Some(map) = value.as_object_mut() {
        match &place {
            Place::Directory(_) => map.insert("directory".to_owned(), json!(shown(what))),
            Place::Stored { run, .. } => map.insert("run".to_owned(), json!(run)),
        };
        map.insert("root".to_owned(), json!(judged.root));
    }
    let root = judged.root.map(|root| format!("root {root}\n"));
    let text = root.unwrap_or_default() + &render::report::report(&judged.report);
    Ok(Answer::new("verdict", value, text).judged(&judged.report))
}
