//! Only whoever made an approval withdraws it, and only before it is used; from then on it counts
//! for nothing.

use crate::facts::approvals::Withdrawal;
use crate::facts::run::RunFacts;
use crate::record::{Finding, Rule, Sha256, Subject};
use crate::records::RevocationPredicate;

/// Judges a revocation, made or about to be made.
pub fn withdrawn(it: &Withdrawal) -> Option<Finding> {
    let subject = Subject::of_record(it.record);
    let Some(maker) = &it.made_by else {
        return Some(unknown(it.record));
    };
    if *maker != it.by {
        return Some(
            Rule::RevocationOwn
                .finding(subject)
                .found(format!("{} withdraws what {maker} approved", it.by))
                .expected("an own approval")
                .remedy(format!(
                    "ask {maker} to withdraw it: git awo revoke RECORD --reason TEXT"
                )),
        );
    }
    let used = it.used_by.first()?;
    Some(
        Rule::RevocationBeforeUse
            .finding(subject)
            .found(format!(
                "the {} {} has used it",
                used.kind.title(),
                used.digest
            ))
            .expected("an approval that nothing has used")
            .remedy("git awo outcome RUN rejected --reason TEXT, then git awo rollback RUN"),
    )
}

/// Tells whether gate 1 of a run no longer stands: an approval that it spends was withdrawn.
pub fn gate_1_withdrawn(facts: &RunFacts) -> bool {
    let mut approvals = facts.task_approvals.iter();
    approvals.any(|it| facts.is_withdrawn(it.digest()))
}

/// Tells whether gate 3 of a run no longer stands: it was approved, and each approval was withdrawn.
pub fn gate_3_withdrawn(facts: &RunFacts) -> bool {
    let mut approvals = facts.audit_approvals.iter();
    approvals.len() > 0 && approvals.all(|it| facts.is_withdrawn(it.digest()))
}

/// There is no such approval.
pub fn unknown(named: impl ToString) -> Finding {
    Rule::RevocationOfRecord
        .finding(Subject::of_record(named.to_string()))
        .found("no approval of this digest that holds")
        .expected("an approval of the task or run that the revocation names")
        .remedy("git awo fetch; git awo show RUN")
}

/// An approval was withdrawn before, for another reason.
pub fn again(approval: Sha256, earlier: &RevocationPredicate) -> Finding {
    Rule::RevocationOnce
        .finding(Subject::of_record(approval))
        .found(format!(
            "{} withdrew it already: {}",
            earlier.context.identity, earlier.reason
        ))
        .expected("an approval that its maker upholds")
        .remedy("git awo push, if the server does not have it yet")
}

/// An approval that was withdrawn is used.
pub fn used(approval: Sha256, again: impl std::fmt::Display) -> Finding {
    used_of("approval", approval, Subject::of_record(approval), again)
}

/// An approval, a decision or a consent that was withdrawn is used by what the finding is about.
pub fn used_of(
    what: &str,
    withdrawn: Sha256,
    by: Subject,
    again: impl std::fmt::Display,
) -> Finding {
    Rule::ApprovalRevoked
        .finding(by)
        .found(format!("the {what} {withdrawn} was withdrawn"))
        .expected("one that its maker upholds")
        .remedy(again)
}
