//! `git awo selftest`

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;

use crate::cli::commands::hooks::program;
use crate::cli::{Answer, CliError, Context};
use crate::record::{Refusal, Rule, Subject};
use crate::selftest::{self, Outcome, cases};

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

/// Runs the command.
pub fn run(context: &Context, args: &SelftestArgs) -> Result<Answer, CliError> {
    for word in &args.only {
        if !cases().any(|case| case.id == word || case.name == word) {
            return Err(CliError::usage(format!("there is no test {word:?}"))
                .hint("git awo selftest --case TS-0001"));
        }
    }
    let temporary = match &args.place {
        Some(_) => None,
        None => Some(tempfile::tempdir().map_err(|error| {
            CliError::unusable(
                Rule::SandboxUsable,
                "cannot make a temporary directory",
                &error,
            )
        })?),
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
    Ok(match refusal(&outcome) {
        Some((why, true)) => answer.refused(&why),
        Some((why, false)) => answer.unfinished(&why),
        None => answer,
    })
}

/// Returns why the outcome is no success, and whether a test has failed.
fn refusal(outcome: &Outcome) -> Option<(Refusal, bool)> {
    let failed = outcome.failed().map(|row| {
        let subject = Subject::of_record(row.case.id);
        Rule::SelftestPasses
            .finding(subject)
            .found(format!("{} failed", row.case.name))
            .expected("a program that does what AWO's tests ask for")
            .remedy(format!("git awo selftest --case {} PLACE", row.case.id))
    });
    if let Some(why) = Refusal::of(failed) {
        return Some((why, true));
    }
    let left = outcome.rows.len().saturating_sub(outcome.count("passed"));
    if left == 0 {
        return None;
    }
    let finding = Rule::SelftestComplete
        .finding(Subject::none())
        .found(format!(
            "{left} of {} tests were not played",
            outcome.rows.len()
        ))
        .expected("all of them, in their order")
        .remedy("git awo selftest");
    Some((finding.into(), false))
}
