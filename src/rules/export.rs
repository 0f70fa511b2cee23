//! The export of a run: its parts are there and belong together, and nothing else stands in its place.

use crate::record::{Code, Finding, RepoPath, Rule, RunId, Sha256, Subject};
use crate::records::RunPredicate;

/// Returns the finding that a part of a run is missing, or is not what the run says.
fn part(run: &RunId, rule: Rule, found: impl ToString, expected: impl ToString) -> Finding {
    let remedy = match rule.code() {
        Code::Str002 => "git awo fetch".to_owned(),
        _ => format!("git awo chain {run}"),
    };
    rule.finding(Subject::of_run(run))
        .found(found.to_string())
        .expected(expected.to_string())
        .remedy(remedy)
}

/// Returns the finding that there is no record, packet or approval; `expected` says what it is.
pub fn no_record(run: &RunId, named: impl std::fmt::Display, expected: &str) -> Finding {
    let found = format!("no {named}");
    part(run, Rule::RecordPresent, found, expected)
}

/// Returns the finding that a record is of another run.
pub fn of_another_run(run: &RunId, says: &RunPredicate, what: &str, digest: Sha256) -> Finding {
    let found = format!("the {what} {digest} binds something else");
    let expected = format!("{run} at {} with root {}", says.commit, says.root);
    part(run, Rule::BindsRun, found, expected)
}

/// Returns the finding that the evidence is not in this clone.
pub fn no_evidence(run: &RunId, says: &RunPredicate) -> Finding {
    let found = format!("no evidence in {}: expired, or not fetched", says.evidence);
    let expected = "the evidence of the run";
    part(run, Rule::EvidencePresent, found, expected)
}

/// The evidence has the root that the run record binds.
pub fn root(run: &RunId, says: &RunPredicate, found: Sha256) -> Option<Finding> {
    let finding = part(run, Rule::EvidenceRoot, found, says.root);
    (found != says.root).then_some(finding)
}

/// The ledger keeps the same inventory as the evidence.
pub fn inventory(
    run: &RunId,
    says: &RunPredicate,
    kept: Option<&[u8]>,
    own: Option<&Vec<u8>>,
) -> Option<Finding> {
    let Some(kept) = kept else {
        let rule = Rule::InventoryPresent;
        return Some(part(run, rule, "no inventory", says.root));
    };
    let found = "an inventory in the ledger that differs from the evidence's";
    let finding = part(run, Rule::InventoryRoot, found, Sha256::of(kept));
    (own.map(Vec::as_slice) != Some(kept)).then_some(finding)
}

/// Returns the finding that two records would have one name.
pub fn same_name(run: &str, path: &RepoPath) -> Finding {
    Rule::ExportName
        .finding(Subject::of_record(run).path(path))
        .found("two records that would have this name")
        .expected("digests that differ in their first twelve digits")
        .remedy(format!("git awo show {run}"))
}

/// Returns the finding that something else than a file or directory stands on the path of a file.
pub fn disguise(path: &RepoPath, found: &str, expected: &str) -> Finding {
    in_the_way(Rule::ExportDisguise, path, found, expected)
}

/// Returns the finding that a file has other bytes than the export.
pub fn other_bytes(path: &RepoPath, found: Sha256, expected: Sha256) -> Finding {
    let (found, expected) = (format!("other bytes: {found}"), expected.to_string());
    in_the_way(Rule::ExportSame, path, &found, &expected)
}

/// Returns the finding on a file that would pass for a part of a run.
pub fn stranger(path: &RepoPath) -> Finding {
    let found = "a file that no export of the run wrote";
    let expected = "the files of the run alone";
    in_the_way(Rule::ExportPlace, path, found, expected)
}

fn in_the_way(rule: Rule, path: &RepoPath, found: &str, expected: &str) -> Finding {
    rule.finding(Subject::none().path(path))
        .found(found)
        .expected(expected)
        .remedy("git awo export RUN DIR, with an empty directory")
}
