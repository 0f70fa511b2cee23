//! How much one push may bring (INT-006).

use crate::policy::document::Limits;
use crate::record::{Finding, ObjectId, RefName, Rule, Subject};

/// The refs of a push.
pub fn refs(count: usize, limits: &Limits) -> Option<Finding> {
    let finding = Rule::Limits
        .finding(Subject::none())
        .found(format!("{count} refs"))
        .expected(format!("at most {}", limits.refs))
        .remedy("git push SERVER REF, for some of the refs at a time");
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
        .remedy(format!(
            "git push SERVER COMMIT:{reference}, with a commit half way, first"
        ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Code;
    use crate::rules::tests::people::id;

    #[test]
    fn commits_beyond_the_limit_can_be_pushed_in_parts() {
        let reference = RefName::new("refs/heads/main").unwrap();
        let three = [id(1), id(2), id(3)];
        let found = |left| commits(&three, left, &reference, "few".to_owned());
        assert_eq!(found(3), None);
        let first = format!("git push SERVER {}:{reference} first", id(2));
        for (left, remedy) in [(2, first), (0, format!("push {reference} by itself"))] {
            let finding = found(left).unwrap();
            assert_eq!((finding.code, finding.remedy), (Code::Int006, remedy));
        }
    }
}
