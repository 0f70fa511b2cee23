//! What a remote must keep, and why it did not take a push.

use std::fmt::Display;

use crate::policy::RefRules;
use crate::record::{Finding, ObjectId, RefName, Rule, Subject};
use crate::store::layout::Place;
use crate::sys::shell::quote;

/// What helps where a high-water mark names a commit that the clone does not have.
pub(super) const FORGET_MARKS: &str = "compare with another clone: if it does not have that commit \
     either, the mark is damaged: rm \"$(git rev-parse --git-common-dir)/awo/high-water.json\", then \
     git awo fetch";

/// Returns the finding that a governance ref of a remote is gone or moved back. `is_here` tells whether
/// the clone still has what was seen.
pub fn rewound(
    reference: &RefName,
    seen: ObjectId,
    now: Option<ObjectId>,
    is_here: bool,
) -> Finding {
    Rule::HighWaterMark
        .finding(Subject::of_ref(reference))
        .found(now.map_or("the ref is gone".to_owned(), |id| id.to_string()))
        .expected(format!("a descendant of {seen}, seen before"))
        .remedy(match is_here {
            true => {
                "ask the server's administrator; compare with another clone; a mirror that lags: wait, \
                 or name it as a remote of its own"
            }
            false => FORGET_MARKS,
        })
}

/// Returns the finding that a remote has a branch no more that its receive log says is there.
pub fn deleted(name: &RefName, logged: ObjectId) -> Finding {
    moved_back(name, None, logged).found("the server has no such branch")
}

/// Returns the finding that a ref of the server does not contain what its receive log says.
pub fn moved_back(name: &RefName, now: Option<ObjectId>, logged: ObjectId) -> Finding {
    let restore =
        format!("ask the server's administrator to restore it: git update-ref {name} {logged}");
    let push = format!("; or who has it pushes it back: git push origin {logged}:{name}");
    Rule::LoggedState
        .finding(Subject::of_ref(name))
        .found(now.map_or("no such ref".to_owned(), |id| id.to_string()))
        .expected(format!("a descendant of {logged}, as the receive log says"))
        .remedy(match Place::of(name) {
            Some(_) => restore,
            None => restore + &push,
        })
}

/// Returns the finding that others moved a branch that was to be pushed.
pub fn overtaken(reference: &RefName, ours: ObjectId, theirs: ObjectId, remote: &str) -> Finding {
    Rule::BranchMoved
        .finding(Subject::of_ref(reference).at(theirs))
        .found(format!("{remote} moved to {theirs}"))
        .expected(format!("an ancestor of {ours}"))
        .remedy(
            "git awo push --records-only; rebase direct commits, or approve and run the task again",
        )
}

/// Returns the finding that a branch that was to be pushed and that of the remote each have what the other
/// lacks.
pub fn diverged(
    reference: &RefName,
    rules: Option<&RefRules<'_>>,
    (ours, theirs): (ObjectId, ObjectId),
    remote: &str,
) -> Finding {
    let branch = reference.branch().unwrap_or_default();
    let upstream = quote(&format!("{remote}/{branch}"));
    let (name, to) = (quote(branch), quote(remote));
    let mut remedy = match rules.is_none_or(RefRules::accepts_direct) {
        true => format!("git switch {name}, then git rebase {upstream}, then git awo push"),
        // The commit of a run cannot be rebased.
        false => format!(
            "git switch {name}, then git branch KEPT, then git reset --keep {upstream}; then approve and \
             run again what is lost: git awo approve TASK --again"
        ),
    };
    if rules.is_some_and(RefRules::accepts_rewind) {
        remedy.push_str(&format!(
            "; or, if theirs is to go: git push --force-with-lease {to} {name}"
        ));
    }
    Rule::BranchMoved
        .finding(Subject::of_ref(reference).at(ours))
        .found(format!("diverged from {remote}, which is at {theirs}"))
        .expected(format!("a descendant of {theirs}"))
        .remedy(remedy)
}

/// Returns the finding that the server has something else under the name of a record.
pub fn taken(piece: impl Display) -> Finding {
    Rule::RecordName
        .finding(Subject::of_record(piece))
        .found("the server has something else under this name")
        .expected("one content of each name")
        .remedy("it is kept under refs/awo-displaced/; if it is still wanted, make it again")
}

/// Tells whether a record of which a server says this can never land, whatever comes later: its time
/// is over, what it uses is used up or withdrawn, or its maker may not make it any more. A policy
/// that is pushed with it may know the maker who is not known yet.
pub fn never_lands(finding: &Finding, with_policy: bool) -> bool {
    let for_good = [
        Rule::AnswerInTurn,
        Rule::ApprovalLifetime,
        Rule::ApprovalRevoked,
        Rule::ApprovalUnexpired,
        Rule::BaselineBinds,
        Rule::BaselineFixed,
        Rule::BaselineLine,
        Rule::BaselineName,
        Rule::BindingStale,
        Rule::BindsApprovals,
        Rule::BindsAttestation,
        Rule::BindsGate2,
        Rule::ClaimAlone,
        Rule::ClaimHours,
        Rule::ClaimLive,
        Rule::ClaimNumber,
        Rule::ClaimRenewed,
        Rule::FinalizationPersons,
        Rule::GateOrder,
        Rule::NonceOnce,
        Rule::OneApprovalOneRun,
        Rule::OneLiveDecision,
        Rule::RecordName,
        Rule::RevocationBeforeUse,
        Rule::RevocationOnce,
        Rule::RunApproved,
        Rule::RunId,
        Rule::RunOver,
        Rule::SignatureOnce,
        Rule::SpentMarker,
        Rule::TaskApproved,
        Rule::VersionSuperseded,
        Rule::WaiverBeneficiary,
        Rule::WaiverUses,
    ];
    let by_policy = [
        Rule::ApprovedByOperator,
        Rule::BelowThreshold,
        Rule::BindingMismatch,
        Rule::BindsPolicy,
        Rule::DecisionEvidence,
        Rule::GateForbidden,
        Rule::HumanRequired,
        Rule::KeyAccepted,
        Rule::KeyKnown,
        Rule::KeyTouched,
        Rule::ModelIdentity,
        Rule::RoleHeld,
    ];
    is_one(finding, &for_good) || (!with_policy && is_one(finding, &by_policy))
}

/// Tells whether a record of which a server says this lacks another one, so that it goes where that
/// has gone.
pub fn follows(finding: &Finding) -> bool {
    let missing = [
        Rule::Attestation,
        Rule::BindsContract,
        Rule::BindsPacket,
        Rule::BindsRun,
        Rule::ClaimHeld,
        Rule::Contract,
        Rule::Evidence,
        Rule::EvidenceOfARun,
        Rule::Finalization,
        Rule::Gate2,
        Rule::IndexAttestation,
        Rule::IndexDerived,
        Rule::InventoryAbsent,
        Rule::InventoryPresent,
        Rule::NoteObject,
        Rule::ProvenanceIndex,
        Rule::RecordOfSomething,
        Rule::RevocationOfRecord,
        Rule::RunInTurn,
        Rule::RunOfRecord,
        Rule::RunRecord,
    ];
    is_one(finding, &missing)
}

/// Tells whether a finding is by one of these rules. A server, another hook there, or a rule of the
/// policy can say their names under another code.
fn is_one(finding: &Finding, rules: &[Rule]) -> bool {
    let mut rules = rules.iter();
    rules.any(|rule| finding.rule == *rule && finding.code == rule.code())
}

/// Returns the finding that something else than git-awo's hooks rejects a push.
pub fn rejected(found: impl Display) -> Finding {
    Rule::RemoteAccepts
        .finding(Subject::none())
        .found(found)
        .expected("a push that the remote takes")
        .remedy("git awo doctor, on the server")
}

/// Returns the finding that a server takes no pushes any more.
pub fn closed(found: impl Display) -> Finding {
    Rule::RemoteAccepts
        .finding(Subject::none())
        .found(format!(
            "{found}: this server is closed, or a mirror to read from"
        ))
        .expected("a server that takes pushes")
        .remedy("git remote set-url REMOTE URL, with the address of the server in use; ask its administrator")
}

/// Returns the finding that another program's hook of this clone refuses a push.
pub fn refused_here(hook: impl Display, found: impl Display) -> Finding {
    Rule::RemoteAccepts
        .finding(Subject::none())
        .found(format!("the hook {hook} of this clone refused: {found}"))
        .expected("a push that each hook lets through")
        .remedy("mend what the hook says, then push again")
}

/// Returns the finding that the remote moved while it was pushed to.
pub fn moved(found: impl Display) -> Finding {
    Rule::NothingMoved
        .finding(Subject::none())
        .found(found)
        .expected("a remote where it was seen")
        .remedy("git awo fetch")
}

/// Returns the finding that a commit of a submodule is not at its remote, where git is set to see to that.
pub fn submodules(found: impl Display) -> Finding {
    Rule::SubmodulesPushed
        .finding(Subject::none())
        .found(found)
        .expected("every submodule pushed, as push.recurseSubmodules or submodule.recurse says")
        .remedy("git -C SUBMODULE push origin HEAD:BRANCH, then git awo push")
}

/// Returns the finding that a remote does not answer.
pub fn unreachable(found: impl Display) -> Finding {
    Rule::RemoteReachable
        .finding(Subject::none())
        .found(found)
        .expected("a remote that answers")
        .remedy("git remote -v, then git remote set-url REMOTE URL")
}
