//! How commands say no to a policy or a proposal.

use crate::cli::CliError;
use crate::record::{Finding, Refusal, Rule, Sha256, Subject};

/// Returns the finding that one complaint about a policy is.
pub fn complaint(found: String) -> Finding {
    Rule::PolicyReadable
        .finding(Subject::of_record("policy.toml"))
        .found(found)
        .expected("a policy without complaints")
        .remedy("mend FILE, then git awo policy check FILE")
}

/// Returns the refusal of a policy that has complaints.
pub fn complaints_of(complaints: Vec<String>) -> Refusal {
    let some = complaint("a policy that cannot be read".to_owned());
    Refusal::or(complaints.into_iter().map(complaint), some)
}

/// Returns the error that a proposal lacks its files.
pub fn without_files(proposal: Sha256) -> CliError {
    let finding = Rule::ProposalFiles
        .finding(Subject::of_record(proposal))
        .found("a proposal without its files")
        .expected("policy.toml and allowed_signers beside the signatures")
        .remedy("git awo fetch");
    CliError::undecided("the files of the proposal are missing", finding)
}
