//! Finds everything that would make enforcement silently absent.

mod doors;
mod examination;
mod refs;
mod surroundings;
mod trust;

use std::path::Path;

use crate::record::Report;

use super::{Error, Session};
use examination::Examination;

/// One thing that is looked at.
type Check = fn(&mut Examination<'_>) -> Result<(), Error>;

/// Everything that is looked at, in the order of the report.
const CHECKS: &[Check] = &[
    refs::loose,
    trust::view,
    trust::anchor,
    trust::marks,
    trust::policy,
    trust::own_key,
    trust::server_key,
    doors::hooks,
    doors::merge_driver,
    doors::where_git_looks,
    doors::past_the_hooks,
    refs::replaced,
    refs::indexed,
    doors::hidden_refs,
    doors::other_receivers,
    doors::objects_checked,
    doors::refspecs,
    doors::remotes,
    surroundings::git_version,
    surroundings::clock,
    surroundings::locks,
    surroundings::dead_runs,
    surroundings::dead_writes,
    surroundings::accounts,
    surroundings::writers,
    surroundings::alias,
    surroundings::large_files,
];

/// Looks at everything; `program` is the path of this program, which the hooks call.
pub fn doctor(session: &Session, program: &Path) -> Result<Report, Error> {
    let mut examination = Examination {
        session,
        actor: session.actor(),
        program,
        server: session.repo().is_bare(),
        unreadable: false,
        report: Report::default(),
    };
    for check in CHECKS {
        match check(&mut examination) {
            // The report says already why, and how to mend it.
            Err(_) if examination.unreadable => {}
            other => other?,
        }
    }
    examination.report.count("checks", CHECKS.len());
    Ok(examination.report)
}
