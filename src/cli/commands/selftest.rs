//! `git awo selftest`

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;

use crate::cli::commands::hooks::program;
use crate::cli::{Answer, Context};
use crate::ops::{Error, Process};
use crate::selftest::{self, cases};

/// Play the 25 published tests of AWO v4.2 in a sandbox
///
/// TS-0001 to TS-0025 in the order of their layers (gates, integrity, determinism, attestation,
/// pipeline, structure), with this program, real git and a real bare server. A layer starts only
/// if the one before has passed. Exits 0 only if all 25 were played and passed.
#[derive(Debug, Args)]
pub struct SelftestArgs {
    /// Where to play; kept [default: a temporary directory, kept only if something failed]
    #[arg(value_name = "PLACE")]
    place: Option<PathBuf>,
    /// Play only this test, as TS-0007 or I1 (repeatable); the result is then incomplete, exit 3
    #[arg(long = "case", value_name = "ID")]
    only: Vec<String>,
}

pub fn run(context: &Context, args: &SelftestArgs) -> Result<Answer, Error> {
    for word in &args.only {
        if !cases().any(|case| case.id == word || case.name == word) {
            return Err(Error::usage(format!("there is no test {word:?}"))
                .hint("git awo selftest --case TS-0001"));
        }
    }
    let temporary = match &args.place {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(Process::Temporary)?),
    };
    let root = match (&args.place, &temporary) {
        (Some(place), _) => context.directory().join(place),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => PathBuf::new(),
    };
    let outcome = selftest::run(&root, &program()?, &args.only, |row| {
        // Progress is for people who watch.
        if std::io::stderr().is_terminal() {
            context.say(format!("{} {}", row.case.id, row.case.title));
        }
    })?;
    if let Some(temporary) = temporary
        && outcome.failed().next().is_some()
    {
        let kept = temporary.keep();
        context.say(format!("what was done is kept in {}", kept.display()));
    }
    let answer = Answer::new("selftest", outcome.to_json(), outcome.to_text());
    Ok(answer.with_findings(&outcome.report()))
}
