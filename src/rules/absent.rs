//! What was asked for and is not in this clone.

use crate::record::{Finding, Rule, RunId, Sha256, Subject, TaskId};
use crate::store::layout;

/// Tells whether a finding says that what was asked for is not in this clone. That decides nothing: it
/// may be elsewhere.
pub fn is_absent(finding: &Finding) -> bool {
    let rules = [
        Rule::IndexEntry,
        Rule::LedgerPresent,
        Rule::LogPresent,
        Rule::ProposalFiles,
        Rule::RecordPresent,
    ];
    rules.iter().any(|rule| finding.rule == *rule)
}

/// Tells whether a finding may be true only because records or a policy have not been fetched.
pub fn may_come(finding: &Finding) -> bool {
    let rules = [
        Rule::Attestation,
        Rule::BindsContract,
        Rule::Contract,
        Rule::Evidence,
        Rule::Finalization,
        Rule::Gate2,
        Rule::GateOrder,
        Rule::IndexAttestation,
        Rule::KeyKnown,
        Rule::ProvenanceIndex,
        Rule::RevocationOfRecord,
        Rule::RoleHeld,
        Rule::RunApproved,
        Rule::RunInTurn,
        Rule::RunRecord,
        Rule::TaskApproved,
    ];
    rules.iter().any(|rule| finding.rule == *rule) || is_absent(finding)
}

/// Returns the finding that there is no run of this id.
pub fn run_record(run: &RunId) -> Finding {
    Rule::RecordPresent
        .finding(Subject::of_run(run))
        .found("no run record")
        .expected("a run record in the ledger")
        .remedy("git awo fetch; git awo status --all, which lists the runs")
}

/// Returns the finding that there is no task of this id.
pub fn contract(task: &TaskId) -> Finding {
    Rule::RecordPresent
        .finding(Subject::of_record(task))
        .found("no contract")
        .expected("a contract in the ledger")
        .remedy("git awo fetch; git awo task list")
}

/// Returns the finding that nothing has this name.
pub fn named(name: &str, expected: &str, remedy: &str) -> Finding {
    Rule::RecordPresent
        .finding(Subject::of_record(name))
        .found("nothing of that name")
        .expected(expected)
        .remedy(remedy)
}

/// Returns the finding that the provenance index has no entry of a run.
pub fn index_entry(run: &RunId) -> Finding {
    Rule::IndexEntry
        .finding(Subject::of_run(run))
        .found("no entry")
        .expected("the entry of a finalized run")
        .remedy(format!(
            "git awo fetch; git awo provenance rebuild; before it is finalized: git awo finalize {run}, then git awo \
             push"
        ))
}

/// Returns the finding that there are no records at all.
pub fn ledger() -> Finding {
    Rule::LedgerPresent
        .finding(Subject::of_ref(&layout::ledger()))
        .found("no refs/awo/ledger in this clone")
        .expected("the records")
        .remedy("git awo fetch")
}

/// Returns the finding that there is no receive log.
pub fn receive_log() -> Finding {
    Rule::LogPresent
        .finding(Subject::of_ref(&layout::log()))
        .found("no refs/awo/log")
        .expected("the server's receive log")
        .remedy("git awo fetch")
}

/// Returns the finding that a proposal of a policy lacks its files.
pub fn proposal_files(proposal: Sha256) -> Finding {
    Rule::ProposalFiles
        .finding(Subject::of_record(proposal))
        .found("a proposal without its files")
        .expected("policy.toml and allowed_signers beside the signatures")
        .remedy("git awo fetch")
}
