//! `git awo integrity`

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::actor::{Actor, publish_atomically, remove_pending};
use crate::check::integrity::{self, Integrity};
use crate::cli::context::answer_of;
use crate::cli::{Answer, CliError, Context};
use crate::evidence::inventory::SUMS;
use crate::evidence::{Directory, Inventory, Survey};
use crate::record::path::{escape, quote};
use crate::record::{Coded, Report};
use crate::record::{Finding, Refusal, RepoPath, Rule, RunId, Subject};
use crate::render;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

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

/// Runs the command.
pub fn run(context: &Context, args: &IntegrityArgs) -> Result<Answer, CliError> {
    match &args.command {
        IntegrityCommand::Sums {
            place,
            replace,
            print,
        } => sums(context, place, *replace, *print),
        IntegrityCommand::Verify { what } => verify(context, what),
    }
}

fn sums(context: &Context, name: &Path, replace: bool, print: bool) -> Result<Answer, CliError> {
    let place = context.directory().join(name);
    require_directory(&place, name)?;
    let shown = quote(name.as_os_str().as_encoded_bytes());
    // Two at once would each list the file that the other is just writing.
    let held = Directory::open(&place).ok().and_then(|it| it.alone());
    if held.is_some() && !print {
        // What is not a file of the run must not become one.
        remove_pending(&place)?;
    }
    let survey = Survey::of_dir(&place)?;
    if let Some(why) = Refusal::of(survey.unlistable()) {
        let message = format!("no inventory can be made of {shown}");
        return Err(CliError::denied(message, why));
    }
    let inventory = Inventory::of(survey.digests()).map_err(|bad| {
        CliError::denied(
            format!("no inventory can be made of {shown}"),
            [bad.finding()],
        )
    })?;
    let bytes = inventory.to_bytes();
    if print {
        return print_out(context, &inventory, &bytes);
    }
    let written = match survey.sums() {
        Some(old) if old == bytes => false,
        Some(old) if !replace => {
            let mut findings = Inventory::judge(old, true).err().unwrap_or_default();
            if let Ok(old) = Inventory::judge(old, false) {
                findings.extend(survey.compare(&old));
            }
            let message = format!("{shown} has an inventory that differs");
            return Err(CliError::denied(message, Refusal::or(findings, differs()))
                .hint(format!("git awo integrity sums {shown} --replace")));
        }
        _ => {
            publish_atomically(&place.join(SUMS), |file| file.write_all(&bytes))?.map_err(
                |it| CliError::unusable(Rule::FileWritten, format!("cannot write {SUMS}"), &it),
            )?;
            true
        }
    };
    let files = survey.digests().len();
    let done = if written {
        "lists"
    } else {
        "was there and lists"
    };
    context.say(format!("{SUMS} {done} {files} files"));
    let root = inventory.root();
    let value = json!({
        "bytes": survey.bytes(), "directory": shown, "files": files, "root": root, "written": written,
    });
    Ok(Answer::new("integrity-sums", value, format!("{root}\n")))
}

/// Says of two inventories that no file tells apart that they differ all the same.
fn differs() -> Finding {
    let subject = Subject::none().path(&RepoPath::from(SUMS));
    Rule::InventoryReplaced
        .finding(subject)
        .found("an inventory of other bytes")
        .expected("the inventory of these files")
        .remedy("git awo integrity sums DIR --replace")
}

fn print_out(context: &Context, inventory: &Inventory, bytes: &[u8]) -> Result<Answer, CliError> {
    let lines: Vec<_> = inventory
        .iter()
        .map(|(path, digest)| json!({ "path": path, "sha256": digest }))
        .collect();
    let value = json!({ "inventory": lines, "root": inventory.root() });
    let mut answer = Answer::new("integrity-sums", value, "");
    if context.json() {
        return Ok(answer);
    }
    if io::stdout().is_terminal() {
        answer = Answer::new("integrity-sums", json!({}), escape(bytes));
    } else {
        // Names may be bytes that are no text, and every one counts.
        write_out(&mut io::Cursor::new(bytes))?;
    }
    Ok(answer)
}

/// Copies bytes to standard output. A reader that went away has not got them: that is no success.
pub(super) fn write_out(content: &mut impl io::Read) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    io::copy(content, &mut out)
        .and_then(|_| out.flush())
        .map_err(|error| {
            CliError::unusable(
                Rule::OutputWritten,
                "cannot write to standard output",
                &error,
            )
        })
}

fn verify(context: &Context, what: &OsStr) -> Result<Answer, CliError> {
    let (place, judged) = judge(context, what)?;
    let report = &judged.report;
    let mut value = report.to_json();
    if let Some(map) = value.as_object_mut() {
        match &place {
            Place::Directory(_) => map.insert("directory".to_owned(), json!(shown(what))),
            Place::Stored { run, .. } => map.insert("run".to_owned(), json!(run)),
        };
        map.insert("root".to_owned(), json!(judged.root));
    }
    let mut text = String::new();
    if let Some(root) = judged.root {
        text.push_str(&format!("root {root}\n"));
    }
    text.push_str(&render::report::report(report));
    Ok(answer_of(report).with(value, text))
}

/// Where the files of a run are.
pub(super) enum Place {
    /// In this directory.
    Directory(PathBuf),
    /// In this repository.
    Stored {
        /// The repository.
        actor: Box<Actor>,
        /// The run.
        run: RunId,
    },
}

/// Returns a word of the command line as it is shown.
pub(super) fn shown(what: &OsStr) -> String {
    quote(what.as_encoded_bytes())
}

/// Judges the files that a word names: those of a directory, or those of a recorded run.
pub(super) fn judge(context: &Context, what: &OsStr) -> Result<(Place, Integrity), CliError> {
    if what.is_empty() {
        return Err(nameless());
    }
    let directory = context.directory().join(what);
    let bytes = what.as_encoded_bytes();
    let plain = !bytes.contains(&b'/') && bytes != b"." && bytes != b"..";
    let run = what.to_str().and_then(|text| RunId::new(text).ok());
    if plain && directory.is_dir() {
        if let Some(run) = run
            && recorded(context, &run)
        {
            return Err(CliError::usage(format!(
                "{run} is both a directory here and a recorded run"
            ))
            .hint(format!("for the directory: ./{run}"))
            .hint(format!(
                "for the run: git awo verify {run}, or this command elsewhere"
            )));
        }
    } else if plain {
        let Some(run) = run else {
            let message = format!("{} is neither a directory nor the id of a run", shown(what));
            return Err(CliError::usage(message).hint("git awo log"));
        };
        let actor = context
            .actor()
            .map_err(|error| error.hint(format!("if {run} should be a directory: ./{run}")))?;
        let judged = stored(&actor, &run)?;
        let actor = Box::new(actor);
        return Ok((Place::Stored { actor, run }, judged));
    }
    require_directory(&directory, Path::new(what))?;
    let judged = integrity::directory(&directory);
    Ok((Place::Directory(directory), judged))
}

/// Tells whether this is a run of the repository here, if there is one.
fn recorded(context: &Context, run: &RunId) -> bool {
    let Ok(actor) = context.actor() else {
        return false;
    };
    let record = || -> Result<bool, CliError> {
        let refs = actor.refs()?;
        let records = Records::open(&actor.repo, &refs)?;
        Ok(records.file(&LedgerPath::Run(run.clone()))?.is_some())
    };
    // A ledger that cannot be read names no run; the directory is judged by its own files.
    record().unwrap_or(false)
}

fn stored(actor: &Actor, run: &RunId) -> Result<Integrity, CliError> {
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    if records.file(&LedgerPath::Run(run.clone()))?.is_none() {
        let mut report = Report::default();
        report.count("files", 0);
        report.findings.push(integrity::unrecorded(run));
        return Ok(Integrity {
            report,
            ..Integrity::default()
        });
    }
    let history = match actor.history() {
        Ok(history) => history,
        Err(crate::actor::Error::Check(error)) => {
            let mut judged = Integrity::default();
            judged.report.count("files", 0);
            judged.report.absorb(error.refusal(Subject::of_run(run)));
            return Ok(judged);
        }
        Err(error) => return Err(error.into()),
    };
    Ok(integrity::stored(&actor.collector(&records, &history), run))
}

/// An unset variable of a script must not come to mean the directory one stands in.
fn nameless() -> CliError {
    CliError::usage("the name of the directory is empty").hint("the one here: .")
}

fn require_directory(place: &Path, name: &Path) -> Result<(), CliError> {
    if name.as_os_str().is_empty() {
        return Err(nameless());
    }
    let shown = shown(name.as_os_str());
    match place.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(CliError::usage(format!("there is no directory {shown}")))
        }
        Ok(found) if !found.is_dir() && !found.is_symlink() => {
            Err(CliError::usage(format!("{shown} is no directory")))
        }
        // What cannot be looked at is for the survey to say.
        _ => Ok(()),
    }
}
