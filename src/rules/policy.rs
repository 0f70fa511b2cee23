//! What a new policy must be, who may sign it, and where the history of policies must begin.

use std::fmt::Display;

use crate::policy::{BadPolicy, Policy};
use crate::record::{Coded as _, Finding, IdentityName, ObjectId, Refusal, Rule, Sha256, Subject};
use crate::store::layout;

/// Returns the finding that one complaint about a policy is.
pub fn complaint(found: String) -> Finding {
    Rule::PolicyReadable
        .finding(Subject::of_record("policy.toml"))
        .found(found)
        .expected("a policy without complaints")
        .remedy("mend FILE, then git awo policy check FILE")
}

/// Returns the finding that a clone does not have what a policy adopts. It may be elsewhere.
pub fn adopted_absent(what: &str, id: &str) -> Finding {
    Rule::PolicyReadable
        .finding(Subject::of_record("policy.toml"))
        .found(format!("{what} adopts {id}, which is not here"))
        .expected("what this repository has")
        .remedy(
            "git fetch, then git awo policy check FILE; if that does not bring it, name what is there: git \
             rev-parse REF",
        )
}

/// Returns the refusal of files that are no policy: all complaints at once.
pub fn bad(bad: BadPolicy) -> Refusal {
    let whole = bad.refusal(Subject::of_record("policy.toml"));
    match bad {
        BadPolicy::Requires(_) => whole,
        BadPolicy::Complaints(complaints) => {
            Refusal::of(complaints.into_iter().map(complaint)).unwrap_or(whole)
        }
    }
}

/// Returns the finding that somebody who is not a root signs a policy.
pub fn no_root(policy: &Policy, person: &IdentityName) -> Finding {
    Rule::PolicyRoots
        .finding(Subject::none())
        .found(format!("{person} holds {}", policy.roles_of(person)))
        .expected("a root")
        .remedy(format!(
            "ask a root ({}) to do it",
            policy
                .roots()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        ))
}

/// Returns the finding that too few roots have signed a proposal, unless enough have.
pub fn threshold(policy: &Policy, proposal: Sha256, signed_by: &[IdentityName]) -> Option<Finding> {
    let needed = policy.root_threshold();
    if signed_by.len() >= needed {
        return None;
    }
    let missing = policy.roots().iter().filter(|it| !signed_by.contains(it));
    let missing: Vec<_> = missing.map(ToString::to_string).collect();
    let finding = Rule::PolicyThreshold
        .finding(Subject::of_record(proposal))
        .found(format!("signed by {} persons", signed_by.len()))
        .expected(format!("{needed} of the roots"))
        .remedy(format!("git awo policy sign, by {}", missing.join(" or ")));
    Some(finding)
}

/// Returns the finding that somebody founds a second policy beside that of a remote.
pub fn second(remote: &str) -> Finding {
    Rule::FirstPolicy
        .finding(Subject::of_ref(&layout::policy()))
        .found("a second first policy")
        .expected("the one there is")
        .remedy(format!("git awo fetch {remote}, then git awo init"))
}

/// Returns the finding that the policy begins elsewhere than at the anchor.
pub fn other_root(found: ObjectId, anchor: impl Display, remedy: &str) -> Finding {
    Rule::PinnedRoot
        .finding(Subject::of_ref(&layout::policy()))
        .found(found)
        .expected(anchor)
        .remedy(remedy)
}

/// Returns the finding that a server is to have another anchor than the one that it has.
pub fn other_anchor(wanted: impl Display, set: impl Display) -> Finding {
    Rule::PinnedRoot
        .finding(Subject::none())
        .found(wanted)
        .expected(set)
        .remedy("an anchor is for the life of a repository: make a new one")
}
