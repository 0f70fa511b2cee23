//! The provenance index as a table.

use super::one_line;
use crate::store::provenance::Entry;

/// Returns the entries, one a line: run, commit, persons, attestation and URL.
pub fn table(entries: &[Entry]) -> String {
    let width = |len: fn(&Entry) -> usize| entries.iter().map(len).max().unwrap_or_default();
    let (run, persons) = (
        width(|it| it.run_id.as_str().len()),
        width(|it| names(it).chars().count()),
    );
    let mut text = String::new();
    for entry in entries {
        let line = format!(
            "{:run$}  {}  {:persons$}  {}",
            entry.run_id.as_str(),
            entry.commit.short(),
            names(entry),
            one_line(&entry.workflow_run_url),
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Returns one entry, a field a line.
pub fn entry(entry: &Entry) -> String {
    let fields = [
        ("run", entry.run_id.to_string()),
        ("commit", entry.commit.to_string()),
        ("approved by", names(entry)),
        ("attestation", one_line(&entry.attestation_path)),
        ("workflow run", one_line(&entry.workflow_run_url)),
    ];
    let gate1 = entry.gate1.as_ref();
    let gate1 = gate1.map(|it| ("gate 1", format!("the decision {}", it.decision_id)));
    let line = |(name, value): (&str, String)| format!("{name:<12}  {value}").trim_end().to_owned();
    let fields: Vec<_> = fields.into_iter().chain(gate1).map(line).collect();
    fields.join("\n") + "\n"
}

fn names(entry: &Entry) -> String {
    let names: Vec<_> = entry
        .approved_by
        .iter()
        .map(|it| one_line(it.as_str()))
        .collect();
    names.join(", ")
}
