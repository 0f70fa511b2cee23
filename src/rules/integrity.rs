//! The files of a stored run against its record.

use crate::evidence::inventory::SUMS;
use crate::record::predicate::RunPredicate;
use crate::record::tree::Mode;
use crate::record::{Finding, RepoPath, Rule, RunId, Sha256, Subject};
use crate::store::layout::LedgerPath;

/// The record under a run's name is that run's.
pub fn binds_run(says: &RunPredicate, run: &RunId) -> Option<Finding> {
    let path = LedgerPath::Run(run.clone()).to_path();
    let finding = Rule::BindsRun.finding(Subject::of_record(path));
    let finding = finding.found(&says.run).expected(run);
    (says.run != *run).then(|| finding.remedy("git awo fetch"))
}

/// A run has its evidence.
pub fn evidence_present(says: &RunPredicate) -> Finding {
    Rule::EvidencePresent
        .finding(Subject::of_ref(&says.evidence))
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

/// The inventory among the files has the root that the record binds.
pub fn evidence_root(says: &RunPredicate, found: Option<Sha256>) -> Option<Finding> {
    let subject = Subject::none().path(&RepoPath::from(SUMS));
    other_root(Rule::EvidenceRoot, subject, says, found?)
}

/// The ledger has the inventory, with the root that the record binds.
pub fn ledger_inventory(says: &RunPredicate, found: Option<Sha256>) -> Option<Finding> {
    let subject = Subject::of_record(LedgerPath::Inventory(says.run.clone()).to_path());
    let Some(found) = found else {
        let finding = Rule::InventoryPresent
            .finding(subject)
            .found("no inventory")
            .expected(says.root);
        return Some(finding.remedy("git awo fetch"));
    };
    other_root(Rule::InventoryRoot, subject, says, found)
}

fn other_root(rule: Rule, subject: Subject, says: &RunPredicate, found: Sha256) -> Option<Finding> {
    let finding = rule
        .finding(subject)
        .found(found)
        .expected(says.root)
        .remedy(format!("git awo chain {}", says.run));
    (found != says.root).then_some(finding)
}
