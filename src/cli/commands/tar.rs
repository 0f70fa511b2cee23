//! `git awo tar`

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Seek as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::integrity::{Place, judge, shown, write_out};
use crate::actor::publish_atomically;
use crate::check::integrity::Integrity;
use crate::cli::{Answer, CliError, Context};
use crate::evidence::Directory;
use crate::evidence::tarball::{self, Failure, Tarball};
use crate::git;
use crate::record::path::quote;
use crate::record::{Finding, Refusal, Rule, Sha256, Subject, Verdict};

/// Make the canonical tarball of a run's files
///
/// Every file but timestamps/, in one form: the same files give the same bytes on every machine.
/// Refused unless `git awo integrity verify` allows the files.
#[derive(Debug, Args)]
pub struct TarArgs {
    /// A directory or a run, as for git awo integrity verify
    #[arg(value_name = "DIR|RUN")]
    what: OsString,
    /// Where to write it; - is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Runs the command.
pub fn run(context: &Context, args: &TarArgs) -> Result<Answer, CliError> {
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && context.json() {
        return Err(CliError::usage(
            "standard output cannot take both the tarball and JSON",
        ));
    }
    if to_stdout && io::stdout().is_terminal() {
        return Err(CliError::usage("a tarball is nothing for a terminal")
            .hint(format!("git awo tar {} -o FILE", shown(&args.what))));
    }
    let (place, judged) = judge(context, &args.what)?;
    let root = require_holding(&judged, &shown(&args.what))?;
    let made = if to_stdout {
        spool(&place, &judged)?
    } else {
        let path = context.directory().join(&args.output);
        require_writable(&path, &args.output, &place)?;
        publish_atomically(&path, |file| write(&place, &judged, file))??
    };
    let output = quote(args.output.as_os_str().as_encoded_bytes());
    let Tarball {
        sha256,
        bytes,
        files,
    } = made;
    let value = json!({
        "bytes": bytes, "files": files, "output": output, "root": root, "sha256": sha256,
    });
    context.say(format!("{files} files in {bytes} bytes; root {root}"));
    let line = format!("{sha256}  {output}\n");
    if to_stdout {
        context.say(line.trim_end());
        return Ok(Answer::new("tar", value, ""));
    }
    Ok(Answer::new("tar", value, line))
}

/// Returns the root of files whose integrity holds.
fn require_holding(judged: &Integrity, shown: &str) -> Result<Sha256, CliError> {
    let report = &judged.report;
    match (report.verdict(), judged.root) {
        (Verdict::Allowed, Some(root)) => Ok(root),
        (Verdict::Denied, _) => Err(CliError::denied(
            format!("no tarball of {shown}: its files are not what the inventory says"),
            Refusal::or(report.findings.clone(), rootless()),
        )),
        _ => Err(CliError::undecided(
            format!("no tarball of {shown}: its files could not be judged"),
            Refusal::or(report.undecided.clone(), rootless()),
        )),
    }
}

fn rootless() -> Finding {
    Rule::InventoryAbsent
        .finding(Subject::none())
        .found("no root of these files")
        .expected("files that their inventory lists")
        .remedy("git awo integrity verify DIR")
}

/// Refuses to write over what is no plain file, and into the directory that is packed: the
/// tarball would be a file that the inventory does not list.
fn require_writable(path: &Path, name: &Path, place: &Place) -> Result<(), CliError> {
    let shown = shown(name.as_os_str());
    if let Ok(found) = path.symlink_metadata()
        && !found.is_file()
    {
        return Err(
            CliError::usage(format!("{shown} is there and is no plain file"))
                .hint("for standard output: -o -"),
        );
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let parent = parent
        .canonicalize()
        .map_err(|error| CliError::usage(format!("cannot write {shown}: {error}")))?;
    if let Place::Directory(directory) = place
        && directory
            .canonicalize()
            .is_ok_and(|it| parent.starts_with(it))
    {
        return Err(CliError::usage(format!(
            "{shown} is in the directory that is packed"
        )));
    }
    Ok(())
}

/// Sends a tarball to standard output: nothing of it before all of it is known to be good.
fn spool(place: &Place, judged: &Integrity) -> Result<Tarball, CliError> {
    let fail =
        |error: io::Error| CliError::unusable(Rule::FileWritten, "cannot keep the tarball", &error);
    let mut file = tempfile::tempfile().map_err(fail)?;
    let made = write(place, judged, &mut file)?;
    file.rewind().map_err(fail)?;
    write_out(&mut file)?;
    Ok(made)
}

fn write(place: &Place, judged: &Integrity, out: &mut File) -> Result<Tarball, CliError> {
    let out = BufWriter::new(out);
    let survey = &judged.survey;
    match place {
        Place::Directory(directory) => {
            let opened = Directory::open(directory)?;
            tarball::write(survey, |path| opened.open_file(path), out).map_err(failed)
        }
        Place::Stored { actor, .. } => {
            let open = |path: &_| match judged.blobs.get(path) {
                Some(id) => Ok(io::Cursor::new(actor.repo.blob(*id)?)),
                None => Ok::<_, git::Error>(io::Cursor::default()),
            };
            tarball::write(survey, open, out).map_err(failed)
        }
    }
}

fn failed<E: Into<CliError>>(failure: Failure<E>) -> CliError {
    match failure {
        Failure::Changed(findings) => CliError::denied(
            "the files changed while the tarball was made",
            Refusal::or(findings, rootless()),
        ),
        Failure::Open(error) => error.into(),
        Failure::Read(path, error) => {
            CliError::unusable(Rule::FileReadable, format!("cannot read {path}"), &error)
        }
        Failure::Write(error) => {
            CliError::unusable(Rule::FileWritten, "cannot write the tarball", &error)
        }
    }
}
