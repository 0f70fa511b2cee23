//! The files of a stored run against its record.

use crate::evidence::inventory::SUMS;
use crate::record::tree::Mode;
use crate::record::{Finding, RefName, RepoPath, Rule, RunId, Sha256, Subject};
use crate::records::Kind;
use crate::store::layout::LedgerPath;

/// The record under a run's name is that run's.
pub fn binds_run(found: &RunId, run: &RunId) -> Option<Finding> {
    let path = Kind::Run.of(run).to_path();
    let finding = Rule::BindsRun.finding(Subject::of_record(path));
    let finding = finding.found(found).expected(run);
    (found != run).then(|| finding.remedy("git awo fetch"))
}

/// A run has its evidence.
pub fn evidence_present(evidence: &RefName) -> Finding {
    Rule::EvidencePresent
        .finding(Subject::of_ref(evidence))
        .found("no evidence of the run")
        .expected("every file of it")
        .remedy("git awo fetch")
}

/// Evidence is plain files; this is none.
pub fn plain_file(path: &RepoPath, mode: Mode) -> Finding {
    Rule::RunFileKind
        .finding(Subject::none().path(path))
        .found(format!("mode {}", mode.as_str()))
        .expected("plain files, of mode 100644")
        .remedy("compare with another clone: git awo fetch")
}

/// The inventory among the files has the root that the record of the run binds.
pub fn evidence_root(run: &RunId, bound: Sha256, found: Sha256) -> Option<Finding> {
    let subject = Subject::none().path(&RepoPath::from(SUMS));
    other_root(Rule::EvidenceRoot, subject, run, (bound, found))
}

/// The ledger has the inventory, with the root that the record of the run binds.
pub fn ledger_inventory(run: &RunId, bound: Sha256, found: Option<Sha256>) -> Option<Finding> {
    let subject = Subject::of_record(LedgerPath::Inventory(run.clone()).to_path());
    let Some(found) = found else {
        let finding = Rule::InventoryPresent.finding(subject);
        let finding = finding.found("no inventory").expected(bound);
        return Some(finding.remedy("git awo fetch"));
    };
    other_root(Rule::InventoryRoot, subject, run, (bound, found))
}

fn other_root(
    rule: Rule,
    subject: Subject,
    run: &RunId,
    (bound, found): (Sha256, Sha256),
) -> Option<Finding> {
    let finding = rule.finding(subject).found(found).expected(bound);
    (found != bound).then(|| {
        finding.remedy(format!(
            "git awo fetch; if {run} itself is wrong: git awo run TASK --run-id OTHER -- COMMAND"
        ))
    })
}
