//! A report as lines: one a finding, then a summary.

use super::one_line;
use crate::record::{Finding, Findings, Report, Subject, Verdict};

/// Returns what a report says.
pub fn report(report: &Report) -> String {
    let mut out = lines(&report.findings);
    for reason in report.undecided.iter() {
        out.push_str(&format!("undecided: {}\n", line(reason)));
    }
    for note in &report.notes {
        out.push_str(&format!("note: {}\n", one_line(note)));
    }
    if !report.judged_by.is_empty() {
        let by: Vec<_> = report.judged_by.iter().map(|it| it.as_str()).collect();
        out.push_str(&format!(
            "judged by the rules of {}\n",
            one_line(&by.join(", "))
        ));
    }
    let counts: Vec<_> = report
        .checked
        .iter()
        .map(|(what, number)| format!("{number} {what}"))
        .collect();
    let counts = if counts.is_empty() {
        "nothing".to_owned()
    } else {
        counts.join(", ")
    };
    out.push_str(&match report.verdict() {
        Verdict::Allowed => format!("ok: {counts} checked\n"),
        Verdict::Denied => format!(
            "denied: {} findings; {counts} checked\n",
            report.findings.len()
        ),
        Verdict::Undecided => format!("undecided; {counts} checked\n"),
    });
    out
}

/// Returns findings as lines, each with its remedy.
pub fn lines(findings: &Findings) -> String {
    let lines = findings.iter().map(|finding| line(finding) + "\n");
    lines.collect()
}

/// Returns a finding as one line and its remedy as a second, whatever stands in it.
pub fn line(finding: &Finding) -> String {
    let about = one_line(&subject(&finding.subject));
    let found = one_line(&finding.found);
    let mut text = format!(
        "{} {about}{}: found {found}",
        finding.code,
        one_line(&finding.rule)
    );
    if !finding.expected.is_empty() {
        text.push_str(&format!("; expected {}", one_line(&finding.expected)));
    }
    if !finding.remedy.is_empty() {
        let remedy = one_line(&finding.remedy);
        text.push_str(&format!("\n    remedy: {remedy}"));
    }
    text
}

fn subject(subject: &Subject) -> String {
    let short = |id: &String| id.chars().take(12).collect::<String>();
    let parts = [
        subject.reference.clone(),
        subject.commit.as_ref().map(short),
        subject.path.clone(),
        subject.run.as_ref().map(|run| format!("run {run}")),
        subject
            .record
            .as_ref()
            .map(|record| format!("record {record}")),
    ];
    let words: Vec<_> = parts.into_iter().flatten().collect();
    if words.is_empty() {
        String::new()
    } else {
        format!("{}: ", words.join(" "))
    }
}
