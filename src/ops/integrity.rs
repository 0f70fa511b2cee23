//! Makes the inventory of a run's files, or compares the files with it.

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::actor::{publish_atomically, remove_pending};
use crate::check::integrity::{self, Integrity};
use crate::evidence::inventory::SUMS;
use crate::evidence::{Directory, Inventory, Survey};
use crate::record::path::quote;
use crate::record::{Coded as _, Refusal, Report, Rule, RunId, Sha256, Subject};
use crate::records::Kind;
use crate::rules::{absent, files};

use super::{Error, Session};

/// An inventory that is in its place now.
pub struct Sums {
    /// How many files it lists.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// The SHA256 root.
    pub root: Sha256,
    /// Whether it was written now.
    pub written: bool,
}

/// Makes the inventory of a directory and writes it there. One that is there and differs is kept,
/// unless it is to be replaced. `name` is how the directory was named.
pub fn sums(place: &Path, name: &Path, replace: bool) -> Result<Sums, Error> {
    require_directory(place, name)?;
    let shown = shown(name.as_os_str());
    // Of two processes at once, each would list the file that the other is just writing.
    let held = Directory::open(place).ok().and_then(|it| it.alone());
    if held.is_some() {
        // A file that a killed process has left must not become one of the run.
        remove_pending(place)?;
    }
    let (survey, inventory) = take(place, &shown)?;
    let bytes = inventory.to_bytes();
    let written = match survey.sums() {
        Some(old) if old == bytes => false,
        Some(old) if !replace => return Err(differs(&survey, old, &shown)),
        _ => {
            let write = |file: &mut std::fs::File| file.write_all(&bytes);
            publish_atomically(&place.join(SUMS), write)?.map_err(|error| {
                Error::unusable(Rule::FileWritten, format!("cannot write {SUMS}"), &error)
            })?;
            true
        }
    };
    Ok(Sums {
        files: survey.digests().len(),
        bytes: survey.bytes(),
        root: inventory.root(),
        written,
    })
}

fn differs(survey: &Survey, old: &[u8], shown: &str) -> Error {
    let mut findings = Inventory::judge(old, true).err().unwrap_or_default();
    if let Ok(old) = Inventory::judge(old, false) {
        findings.extend(survey.compare(&old));
    }
    let message = format!("{shown} has an inventory that differs");
    let why = Refusal::or(findings, files::other_inventory());
    Error::denied(message, why).hint(format!("git awo integrity sums {shown} --replace"))
}

/// Returns the inventory of a directory, and writes nothing.
pub fn inventory(place: &Path, name: &Path) -> Result<Inventory, Error> {
    require_directory(place, name)?;
    // Kept while it is read, if nobody else is at it.
    let _held = Directory::open(place).ok().and_then(|it| it.alone());
    let (_, inventory) = take(place, &shown(name.as_os_str()))?;
    Ok(inventory)
}

fn take(place: &Path, shown: &str) -> Result<(Survey, Inventory), Error> {
    let refuse = |why: Refusal| {
        let message = format!("no inventory can be made of {shown}");
        Error::denied(message, why)
    };
    let survey = Survey::of_dir(place)?;
    if let Some(why) = Refusal::of(survey.unlistable()) {
        return Err(refuse(why));
    }
    let inventory =
        Inventory::of(survey.digests()).map_err(|bad| refuse(bad.refusal(Subject::none())))?;
    Ok((survey, inventory))
}

/// Where the files of a run are.
pub enum Place {
    /// In this directory.
    Directory(PathBuf),
    /// In this repository.
    Stored {
        /// Who looks at it.
        session: Box<Session>,
        /// The run.
        run: RunId,
    },
}

/// Returns a word of the command line as it is shown.
pub fn shown(what: &OsStr) -> String {
    quote(what.as_encoded_bytes())
}

/// Judges the files that a word names: those of a directory below `here`, or those of a recorded
/// run. A repository is opened only if one is needed.
pub fn judge(
    here: &Path,
    what: &OsStr,
    session: impl Fn() -> Result<Session, Error>,
) -> Result<(Place, Integrity), Error> {
    if what.is_empty() {
        return Err(nameless());
    }
    let directory = here.join(what);
    let bytes = what.as_encoded_bytes();
    let plain = !bytes.contains(&b'/') && bytes != b"." && bytes != b"..";
    let run = what.to_str().and_then(|text| RunId::new(text).ok());
    if plain && directory.is_dir() {
        // A ledger that cannot be read names no run; the directory is judged by its own files.
        if let Some(run) = run
            && let Ok(session) = session()
            && is_recorded(&session, &run).unwrap_or(false)
        {
            let message = format!("{run} is both a directory here and a recorded run");
            let elsewhere = format!("for the run: git awo verify {run}, or this command elsewhere");
            return Err(Error::usage(message)
                .hint(format!("for the directory: ./{run}"))
                .hint(elsewhere));
        }
    } else if plain {
        let Some(run) = run else {
            let message = format!("{} is neither a directory nor the id of a run", shown(what));
            return Err(Error::usage(message).hint("git awo log"));
        };
        let session = session()
            .map_err(|error| error.hint(format!("if {run} should be a directory: ./{run}")))?;
        let judged = stored(&session, &run)?;
        let session = Box::new(session);
        return Ok((Place::Stored { session, run }, judged));
    }
    require_directory(&directory, Path::new(what))?;
    let judged = integrity::directory(&directory);
    Ok((Place::Directory(directory), judged))
}

fn is_recorded(session: &Session, run: &RunId) -> Result<bool, Error> {
    let record = session.stored()?.file(&Kind::Run.of(run))?;
    Ok(record.is_some())
}

fn stored(session: &Session, run: &RunId) -> Result<Integrity, Error> {
    let mut report = Report::default();
    if !is_recorded(session, run)? {
        report.count("files", 0);
        report.undecided.push(absent::run_record(run));
        return Ok(Integrity {
            report,
            ..Integrity::default()
        });
    }
    let history = match session.actor().history() {
        Ok(history) => history,
        Err(crate::actor::Error::Check(error)) => {
            report.count("files", 0);
            report.absorb(error.refusal(Subject::of_run(run)));
            return Ok(Integrity {
                report,
                ..Integrity::default()
            });
        }
        Err(error) => return Err(error.into()),
    };
    let records = session.records()?;
    let collector = session.actor().collector(&records, &history);
    Ok(integrity::stored(&collector, run))
}

/// An unset variable of a script must not come to mean the directory one stands in.
fn nameless() -> Error {
    Error::usage("the name of the directory is empty").hint("the one here: .")
}

fn require_directory(place: &Path, name: &Path) -> Result<(), Error> {
    if name.as_os_str().is_empty() {
        return Err(nameless());
    }
    let shown = shown(name.as_os_str());
    match place.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::usage(format!("there is no directory {shown}")))
        }
        Ok(found) if !found.is_dir() && !found.is_symlink() => {
            Err(Error::usage(format!("{shown} is no directory")))
        }
        // The survey reports what cannot be looked at.
        _ => Ok(()),
    }
}
