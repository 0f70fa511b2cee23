//! Whether what a commit changes is what its contract and the policy allow.

use crate::facts::case::CommitCase;
use crate::record::contract::Contract;
use crate::record::{Findings, IdentityName, Rule, RunId, Subject};
use crate::rules;

/// Judges what a commit changes, by the rules of the server and those of the contract. Without a
/// person who acts, which is a finding elsewhere, restrictions of persons are not looked at.
pub(super) fn judge(
    case: &CommitCase<'_>,
    contract: &Contract,
    person: Option<&IdentityName>,
    run: &RunId,
    findings: &mut Findings,
) {
    let limit = case.rules.policy().document().limits.paths;
    if case.changes.len() > limit {
        findings.push(
            Rule::Limits
                .finding(Subject::of_run(run))
                .found(format!("{} changed paths", case.changes.len()))
                .expected(format!("at most {limit}"))
                .remedy("split the task"),
        );
    }
    if case.changes.is_empty() {
        findings.push(
            Rule::SomethingChanged
                .finding(Subject::of_run(run))
                .found("nothing is changed")
                .expected("a change within the contract")
                .remedy(format!("git awo task show {}", contract.id)),
        );
    }
    rules::entries(case, findings);
    if let Some(person) = person {
        rules::policy_paths(case, person, findings);
    }
    let subject = case.subject().run(run);
    rules::contract_scope(contract, case.changes, &subject, findings);
}
