//! How commands say no to a policy or a proposal.

use crate::cli::CliError;
use crate::policy::BadPolicy;
use crate::record::{Coded, Finding, Refusal, Rule, Sha256, Subject};

/// Returns the finding that one complaint about a policy is.
pub fn complaint(found: String) -> Finding {
    Rule::PolicyReadable
        .finding(Subject::of_record("policy.toml"))
        .found(found)
        .expected("a policy without complaints")
        .remedy("mend FILE, then git awo policy check FILE")
}

/// Returns the refusal of files that are no policy.
pub fn complaints_of(bad: BadPolicy) -> Refusal {
    let whole = bad.refusal(Subject::of_record("policy.toml"));
    match bad {
        BadPolicy::Requires(_) => whole,
        BadPolicy::Complaints(complaints) => {
            Refusal::of(complaints.into_iter().map(complaint)).unwrap_or(whole)
        }
    }
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
