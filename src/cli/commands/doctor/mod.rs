//! `git awo doctor`

mod doors;
mod refs;
mod surroundings;
mod trust;

use clap::Args;

use crate::actor::Actor;
use crate::cli::context::answer_of;
use crate::cli::{Answer, CliError, Context};
use crate::record::Report;
use crate::record::{Rule, Subject};

/// Find everything that would make enforcement silently absent
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// One thing that is looked at.
type Check = fn(&mut Examination<'_>) -> Result<(), CliError>;

/// Everything that is looked at, in the order of the report.
const CHECKS: &[Check] = &[
    refs::loose,
    trust::view,
    trust::anchor,
    trust::policy,
    trust::own_key,
    trust::server_key,
    doors::hooks,
    doors::where_git_looks,
    doors::past_the_hooks,
    refs::replaced,
    doors::hidden_refs,
    doors::other_receivers,
    doors::refspecs,
    doors::remotes,
    surroundings::git_version,
    surroundings::clock,
    surroundings::locks,
    surroundings::dead_runs,
    surroundings::accounts,
    surroundings::writers,
    surroundings::alias,
];

/// Runs the command.
pub fn run(context: &Context, _args: &DoctorArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let mut examination = Examination {
        server: actor.repo.is_bare(),
        actor: &actor,
        unreadable: false,
        report: Report::default(),
    };
    for check in CHECKS {
        match check(&mut examination) {
            // Why is told already, and how to mend it.
            Err(_) if examination.unreadable => {}
            other => other?,
        }
    }
    examination.report.count("checks", CHECKS.len());
    Ok(answer_of(&examination.report))
}

/// A repository that is looked at, and what was found.
struct Examination<'a> {
    actor: &'a Actor,
    /// Whether it is a bare repository, which people push to.
    server: bool,
    /// Whether a ref was found that stops whoever lists refs: then not all can be looked at.
    unreadable: bool,
    report: Report,
}

impl Examination<'_> {
    fn complain(
        &mut self,
        rule: Rule,
        found: impl std::fmt::Display,
        expected: &str,
        remedy: &str,
    ) {
        self.report.findings.push(
            rule.finding(Subject::none())
                .found(found)
                .expected(expected)
                .remedy(remedy),
        );
    }

    fn note(&mut self, text: impl Into<String>) {
        self.report.notes.push(text.into());
    }
}
