//! Events about decisions, as files of other programs.

use std::io::Read;

use super::Error;
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
