//! `git awo selftest`

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::commands::hooks::program;
use crate::cli::{Answer, Context};
use crate::ops::{Error, Process};
use crate::selftest::{self, Selection, Suite};

/// Play the 25 published tests of AWO v4.2 and those of Tier 1 in a sandbox
///
/// TS-0001 to TS-0025 in the order of their layers (gates, integrity, determinism, attestation,
/// pipeline, structure), then Tier 1 pack by pack, with this program, real git and a real bare
/// server. A layer starts only if the one before has passed. Exits 0 only if all tests of the suite
/// were played and passed.
#[derive(Debug, Args)]
pub struct SelftestArgs {
    /// Where to play; kept [default: a temporary directory, kept only if something failed]
    #[arg(value_name = "PLACE")]
    place: Option<PathBuf>,
    /// The tests to play
    #[arg(long, value_enum, default_value_t = SuiteName::All)]
    suite: SuiteName,
    /// Play only this test, as TS-0007 or I1, or this pack, as FP-3.1 (repeatable); the result is
    /// then incomplete, exit 3
    #[arg(long = "case", value_name = "ID")]
    only: Vec<String>,
}

/// A suite, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SuiteName {
    /// AWO's 25 published tests
    Awo,
    /// The packs of the Tier-1 hardening plan
    Tier1,
    /// All of them
    All,
}

impl SuiteName {
    fn suite(self) -> Option<Suite> {
        match self {
            Self::Awo => Some(Suite::Awo),
            Self::Tier1 => Some(Suite::Tier1),
            Self::All => None,
        }
    }
}

pub fn run(context: &Context, args: &SelftestArgs) -> Result<Answer, Error> {
    let selection = Selection {
        suite: args.suite.suite(),
        only: args.only.clone(),
    };
    for word in &args.only {
        let named = |case: &selftest::Case| case.id == word || case.name == word;
        if !selection.of_suite().any(named) {
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
    let outcome = selftest::run(&root, &program()?, &selection, |row| {
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
