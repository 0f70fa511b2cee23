//! Events about decisions: those that follow from the records, and files of other programs.

use std::io::Read;

use super::{Error, Session};
use crate::record::event::Event;
use crate::record::{Report, Rule};
use crate::rules::events as rules;

/// Judges a file of events that is called so.
pub fn check(file: &str, content: impl Read) -> Result<Report, Error> {
    let mut bytes = Vec::new();
    // One byte more than may be there, which the rule then finds.
    let read = content
        .take(rules::MAX_FILE.saturating_add(1))
        .read_to_end(&mut bytes);
    read.map_err(|error| Error::unusable(Rule::FileUsable, format!("cannot read {file}"), &error))?;
    let judged = rules::judge(file, &bytes);
    let mut report = Report::of(judged.findings);
    report.count("events", judged.lines);
    report.count("decisions", judged.decisions);
    Ok(report)
}

/// Returns the events that follow from the decisions here, the sequence of each one after the other. Every
/// clone with the same records returns the same.
pub fn derived(session: &Session) -> Result<Vec<Event>, Error> {
    let records = session.records()?;
    Ok(session.collector(&records)?.events()?)
}
