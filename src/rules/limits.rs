//! How much one push may bring (INT-006).

use crate::policy::document::Limits;
use crate::record::{Finding, ObjectId, RefName, Rule, Subject};

/// The refs of a push.
pub fn refs(count: usize, limits: &Limits) -> Option<Finding> {
    let finding = Rule::Limits
        .finding(Subject::none())
        .found(format!("{count} refs"))
        .expected(format!("at most {}", limits.refs))
        .remedy("push in smaller parts");
    (count > limits.refs).then_some(finding)
}

/// The commits, parents before children, that a push brings to a ref, of which `left` may still
/// come. They can be pushed in parts.
pub fn commits(
    commits: &[ObjectId],
    left: usize,
    reference: &RefName,
    expected: String,
) -> Option<Finding> {
    if commits.len() <= left {
        return None;
    }
    let remedy = match left.checked_sub(1).and_then(|last| commits.get(last)) {
        Some(last) => format!("git push SERVER {last}:{reference} first"),
        None => format!("push {reference} by itself"),
    };
    let finding = Rule::Limits
        .finding(Subject::of_ref(reference))
        .found(format!("{} commits", commits.len()))
        .expected(expected);
    Some(finding.remedy(remedy))
}

/// The paths that the commits of a push change, if they are more than these.
pub fn paths(most: usize, reference: &RefName) -> Finding {
    Rule::Limits
        .finding(Subject::of_ref(reference))
        .found(format!("more than {most} changed paths"))
        .expected(format!("at most {most}"))
        .remedy("push in smaller parts")
}
