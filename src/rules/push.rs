//! Where the refs of a push may go, whatever they hold.

use crate::facts::{Anchor, PolicyHistory};
use crate::policy::{Level, Policy, RefRules};
use crate::record::{Finding, Findings, ObjectId, RefName, Rule, Subject, Timestamp};
use crate::records::Movement;
use crate::signing::PublicKey;
use crate::store::layout;

/// A server without a policy accepts exactly one push: the policy that matches its anchor. Returns
/// the anchor and the policy's tip.
pub fn first_policy<'a>(
    anchor: Option<&'a Anchor>,
    movements: &[Movement],
) -> Result<(&'a Anchor, ObjectId), Finding> {
    let refuse = |found: &str, expected: &str, remedy: &str| {
        Rule::FirstPolicy
            .finding(Subject::none())
            .found(found)
            .expected(expected)
            .remedy(remedy)
    };
    let Some(anchor) = anchor else {
        let expected = "an anchor, which the first policy must match";
        let init = "git awo init --server --anchor FINGERPRINT, on the server";
        return Err(refuse("this server has no anchor", expected, init));
    };
    let alone = match movements {
        [movement] if movement.reference == layout::policy() => movement.new,
        _ => None,
    };
    let refused = || {
        let (found, expected) = ("this server has no policy yet", "refs/awo/policy, alone");
        refuse(found, expected, "git push SERVER refs/awo/policy")
    };
    Ok((anchor, alone.ok_or_else(refused)?))
}

/// The policy begins where the anchor says.
pub fn pinned_root(anchor: &Anchor, history: &PolicyHistory) -> Option<Finding> {
    if history.starts_at(anchor) {
        return None;
    }
    let founders = history.founders().iter();
    let founders: Vec<_> = founders.map(|signer| signer.key.as_str()).collect();
    let found = format!("{} signed by {}", history.repository(), founders.join(", "));
    let finding = Rule::PinnedRoot.finding(Subject::of_ref(&layout::policy()));
    let finding = finding.found(found).expected(anchor);
    Some(finding.remedy("git awo trust FINGERPRINT, if what is trusted here is wrong"))
}

/// A server whose policy names it must be able to write its log: without it nothing shows later
/// which policy a push was judged by. `key` is the server's own.
pub fn log_key(
    policy: &Policy,
    key: Option<&PublicKey>,
    movements: &[Movement],
) -> Option<Finding> {
    // A push of the policy alone may be what mends it.
    let policy_alone = movements.iter().all(|it| it.reference == layout::policy());
    let first = policy.log_writers().next().filter(|_| !policy_alone)?;
    let own = key.and_then(|key| policy.keyring().person_of(key));
    if own.is_some_and(|own| policy.log_writers().any(|server| server.name == *own)) {
        return None;
    }
    let remedy = "ask a root to put its key, server_key.pub of the server, into allowed_signers: git awo policy propose \
         FILE --allowed-signers FILE, then git awo policy apply, then git push SERVER refs/awo/policy, alone";
    let finding = Rule::LogKey
        .finding(Subject::none())
        .found("this server's key is not the one that the policy names for the log")
        .expected(format!("the key of {}", first.name));
    Some(finding.remedy(remedy))
}

/// LOCKED and expired policies let nothing through but a change of the policy, and what opens nothing:
/// the policy itself, and the ledger if the push adds to it proposals, signatures of proposals, decisions
/// that reject or defer and what is withdrawn, and nothing else.
pub fn in_force(
    policy: &Policy,
    movements: &[Movement],
    opens_nothing: bool,
    time: Timestamp,
    findings: &mut Findings,
) {
    let changes_policy =
        |name: &RefName| *name == layout::policy() || (opens_nothing && *name == layout::ledger());
    let others = movements.iter().map(|it| &it.reference);
    for reference in others.filter(|name| !changes_policy(name)) {
        let subject = Subject::of_ref(reference);
        if policy.level() == Level::Locked {
            findings.push(
                Rule::Locked
                    .finding(subject.clone())
                    .found("a push while the policy is LOCKED")
                    .expected("nothing applied")
                    .remedy("only a policy change lifts it: git awo policy propose FILE"),
            );
        }
        if policy.expired_at(time) {
            findings.push(
                Rule::PolicyUnexpired
                    .finding(subject)
                    .found("the policy has expired")
                    .expected("a policy in force")
                    .remedy("git awo policy propose FILE"),
            );
        }
    }
}

/// A policy that does not hold counts as LOCKED (fail closed).
pub fn unreadable_policy(reference: &RefName) -> Finding {
    Rule::Locked
        .finding(Subject::of_ref(reference))
        .found("a push while the policy cannot be read, which counts as LOCKED")
        .expected("nothing applied")
        .remedy("restore refs/awo/policy from a clone: git push SERVER refs/awo/policy")
}

/// Nothing is pushed to a ref that no rule governs.
pub fn ungoverned(reference: &RefName) -> Finding {
    let (rule, what) = match reference.as_str().starts_with("refs/replace/") {
        true => (Rule::ReplaceRefPush, "a replace ref"),
        false => (Rule::UngovernedRef, "a ref that no rule governs"),
    };
    rule.finding(Subject::of_ref(reference))
        .found(format!("a push of {what}"))
        .expected("governed branches and refs/awo/* only")
        .remedy(
            "push to a branch that git awo policy show names: git push SERVER HEAD:BRANCH; or ask a \
             root to name this one: git awo policy propose FILE",
        )
}

/// Governance refs only grow.
pub fn governance_kept(reference: &RefName) -> [Finding; 2] {
    [Rule::Delete, Rule::GovernanceKept].map(|rule| {
        rule.finding(Subject::of_ref(reference))
            .found("a deletion of a governance ref")
            .expected("governance refs only grow")
            .remedy("leave it out of the push: it stays where it is")
    })
}

/// The server alone writes the receive log; `kept`: whether the new tip contains the old one.
pub fn log_by_server(reference: &RefName, new: ObjectId, kept: bool, findings: &mut Findings) {
    let subject = || Subject::of_ref(reference);
    findings.push(
        Rule::LogByServer
            .finding(subject())
            .found("a push of the receive log")
            .expected("the server alone writes it")
            .remedy("leave it out of the push: git awo push"),
    );
    if !kept {
        findings.push(
            Rule::ForwardOnly
                .finding(subject())
                .found(format!("{new}, which does not contain it"))
                .expected("every entry kept")
                .remedy("leave it out of the push: git awo push"),
        );
    }
}

/// A governance ref is of a kind that this version knows.
pub fn known_kind(reference: &RefName, remedy: &str) -> Finding {
    Rule::RefKind
        .finding(Subject::of_ref(reference))
        .found("a governance ref of an unknown kind")
        .expected(
            "refs/awo/{policy,ledger,evidence/YYYY-MM} or \
             refs/notes/awo/{approvals,attestations}/YYYY-MM",
        )
        .remedy(remedy)
}

/// A new policy contains the one in force, whose tip this is.
pub fn policy_follows(new: ObjectId, tip: ObjectId) -> [Finding; 2] {
    [Rule::PolicyLinked, Rule::ForwardOnly].map(|rule| {
        rule.finding(Subject::of_ref(&layout::policy()).at(new))
            .found(format!("does not contain {tip}"))
            .expected("a successor of the policy in force")
            .remedy("git awo fetch, then git awo policy propose FILE")
    })
}

/// A branch stays, unless the policy takes rewinds of it.
pub fn branch_kept(rules: &RefRules<'_>) -> Option<Finding> {
    let finding = Rule::Delete.finding(Subject::of_ref(rules.reference()));
    let finding = finding.found("a deletion").expected("a ref that is kept");
    (!rules.accepts_rewind()).then(|| finding.remedy(
            "leave it there; or ask a root to let this branch be rewound: git awo policy propose FILE",
        ))
}

/// A branch only moves forward, unless the policy takes rewinds of it; `old` is where it was, if the
/// new tip does not contain that.
pub fn fast_forward(rules: &RefRules<'_>, old: Option<ObjectId>, new: ObjectId) -> Option<Finding> {
    let old = old.filter(|_| !rules.accepts_rewind())?;
    let finding = Rule::ForcePush
        .finding(Subject::of_ref(rules.reference()).at(new))
        .found(format!("does not contain {old}"))
        .expected("a fast-forward");
    let branch = rules.reference().branch().unwrap_or("BRANCH");
    Some(finding.remedy(format!(
        "git fetch, git rebase origin/{branch}, then push again"
    )))
}
