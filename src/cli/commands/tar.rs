//! `git awo tar`

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::integrity::write_out;
use crate::cli::{Answer, Context};
use crate::evidence::tarball::Tarball;
use crate::ops::Error;
use crate::ops::integrity::{judge, shown};
use crate::ops::tar::Source;

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

pub fn run(context: &Context, args: &TarArgs) -> Result<Answer, Error> {
    let what = shown(&args.what);
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && context.json() {
        return Err(Error::usage(
            "standard output cannot take both the tarball and JSON",
        ));
    }
    if to_stdout && io::stdout().is_terminal() {
        return Err(Error::usage("a tarball is nothing for a terminal")
            .hint(format!("git awo tar {what} -o FILE")));
    }
    let (place, judged) = judge(context.directory(), &args.what, || context.session())?;
    let source = Source::new(place, judged, &what)?;
    let made = if to_stdout {
        let (mut file, made) = source.spool()?;
        write_out(&mut file)?;
        made
    } else {
        source.write(&context.directory().join(&args.output), &args.output)?
    };
    let output = shown(args.output.as_os_str());
    let root = source.root;
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
