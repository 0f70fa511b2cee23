//! Judges a whole push at once, by the policy as it stood before it.

pub(super) mod branch_move;

use std::collections::BTreeMap;

use crate::git::Reader;
use crate::policy::{Level, Policy};
use crate::record::predicate::Movement;
use crate::record::{Coded, Finding, ObjectId, RefName, Rule, Subject, Timestamp};
use crate::signing::PublicKey;
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};

use super::governance::{Arrivals, Gained, trees};
use super::{Anchor, Error, PolicyHistory};
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::record::Report;

/// So many tree entries are looked at for one push: a few seconds at most, and more than ten
/// thousand ordinary commits need.
const MOST_WORK: u64 = 40_000_000;

/// A push, and where it arrives.
pub struct Push<'a> {
    /// Sees the objects that were pushed, and those before.
    pub reader: &'a Reader,
    /// Where every ref is before the push.
    pub before: &'a Refs,
    /// What the push would move, in the order given.
    pub movements: &'a [Movement],
    /// What the first policy must match.
    pub anchor: Option<&'a Anchor>,
    /// Who asks.
    pub door: Door,
    /// The time of arrival.
    pub time: Timestamp,
}

/// Who asks for a judgement.
pub enum Door {
    /// A clone, before it pushes: it writes no log.
    Clone,
    /// A server, with the key that it writes its log with, if it has one.
    Server(Option<PublicKey>),
}

/// Judges the push. Everything found is reported; what cannot be decided is never "allowed".
pub fn judge(push: &Push<'_>) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_judge(push, &mut report) {
        report.absorb(error.refusal(Subject::none()));
    }
    report
}

fn try_judge(push: &Push<'_>, report: &mut Report) -> Result<(), Error> {
    report.count("refs", push.movements.len());
    push.reader.require_whole_view()?;
    push.reader.limit_work(MOST_WORK);
    let Some(tip) = push.before.get(&layout::policy()) else {
        return first_push(push, report);
    };
    let history = match PolicyHistory::load(push.reader, *tip) {
        Ok(history) => history,
        Err(error) => {
            if matches!(error, Error::Policy(_)) {
                let subjects = push
                    .movements
                    .iter()
                    .map(|it| Subject::of_ref(&it.reference));
                report.findings.extend(subjects.map(counts_as_locked));
            }
            return Err(error);
        }
    };
    if let Some(anchor) = push.anchor
        && !history.starts_at(anchor)
    {
        report.findings.push(unanchored(anchor, &history));
        return Ok(());
    }
    let policy = &history.current().policy;
    let limits = &policy.document().limits;
    if push.movements.len() > limits.refs {
        report.findings.push(
            Rule::Limits
                .finding(Subject::none())
                .found(format!("{} refs", push.movements.len()))
                .expected(format!("at most {}", limits.refs))
                .remedy("push in smaller parts"),
        );
        return Ok(());
    }
    let mut after = push.before.clone();
    for movement in push.movements {
        match movement.new {
            Some(new) => _ = after.insert(movement.reference.clone(), new),
            None => _ = after.remove(&movement.reference),
        }
    }
    halted(push, &history, report);
    report.findings.extend(cannot_log(push, policy));

    let mut arrivals = Arrivals::default();
    let mut branches = Vec::new();
    for movement in push.movements {
        match (Place::of(&movement.reference), movement.new) {
            (Some(place), _) => governance(push, &history, place, movement, &mut arrivals, report)?,
            (None, _) if movement.reference.branch().is_some() => branches.push(movement),
            _ => report.findings.push(forbidden_ref(&movement.reference)),
        }
    }
    // One that does not hold is refused above; here only what it names counts.
    let moved = after
        .get(&layout::policy())
        .filter(|id| **id != history.current().commit);
    let arriving = moved.and_then(|id| PolicyHistory::load(push.reader, *id).ok());
    let records = Records::open(push.reader, &after)?;
    let collector = Collector {
        records: &records,
        history: &history,
        positions: Positions::Arriving(arrivals.digests()),
        time: push.time,
        arriving_policies: arriving.as_ref(),
    };
    report.count("records", arrivals.count());
    arrivals.judge(&collector, &mut report.findings)?;
    branch_move::judge_all(push, &collector, branches, report)
}

/// A server without a policy accepts exactly one push: the policy that matches its anchor.
fn first_push(push: &Push<'_>, report: &mut Report) -> Result<(), Error> {
    let refuse = |found: String, expected: String| {
        Rule::FirstPolicy
            .finding(Subject::none())
            .found(found)
            .expected(expected)
            .remedy("git push SERVER refs/awo/policy")
    };
    let Some(anchor) = push.anchor else {
        report.findings.push(refuse(
            "this server has no anchor".to_owned(),
            "git awo init --server --anchor FINGERPRINT".to_owned(),
        ));
        return Ok(());
    };
    let policy = layout::policy();
    let (Some(new), [_]) = (
        push.movements
            .iter()
            .find(|it| it.reference == policy)
            .and_then(|it| it.new),
        push.movements,
    ) else {
        report.findings.push(refuse(
            "this server has no policy yet".to_owned(),
            "refs/awo/policy, alone".to_owned(),
        ));
        return Ok(());
    };
    let history = PolicyHistory::load(push.reader, new)?;
    if !history.starts_at(anchor) {
        report.findings.push(unanchored(anchor, &history));
    }
    let late = (0..history.commits().len()).filter_map(|at| history.refuses_at(at, push.time));
    let late = late.map(|it| it.to_finding(Subject::none()));
    report.findings.extend(late);
    report.count("policies", history.commits().len());
    Ok(())
}

fn unanchored(anchor: &Anchor, history: &PolicyHistory) -> Finding {
    let founders: Vec<_> = history
        .version(0)
        .signers
        .iter()
        .map(|signer| signer.key.clone())
        .collect();
    Rule::PinnedRoot
        .finding(Subject::of_ref(&layout::policy()))
        .found(format!(
            "{} signed by {}",
            history.repository(),
            founders.join(", ")
        ))
        .expected(anchor)
        .remedy("git awo trust")
}

/// A server whose policy names it must be able to write its log: without it nothing shows later
/// which policy a push was judged by.
fn cannot_log(push: &Push<'_>, policy: &Policy) -> Option<Finding> {
    let Door::Server(key) = &push.door else {
        return None;
    };
    // A push of the policy alone may be what mends it.
    if push
        .movements
        .iter()
        .all(|it| it.reference == layout::policy())
    {
        return None;
    }
    let first = policy.log_writers().next()?;
    let own = key.as_ref().and_then(|key| policy.keyring().person_of(key));
    if own.is_some_and(|own| policy.log_writers().any(|server| server.name == *own)) {
        return None;
    }
    let remedy =
        "git awo init --server, and its key into allowed_signers by git awo policy propose";
    Some(
        Rule::LogKey
            .finding(Subject::none())
            .found("this server's key is not the one that the policy names for the log")
            .expected(format!("the key of {}", first.name))
            .remedy(remedy),
    )
}

/// LOCKED and expired policies let nothing through but a change of the policy.
fn halted(push: &Push<'_>, history: &PolicyHistory, report: &mut Report) {
    let policy = &history.current().policy;
    for movement in push
        .movements
        .iter()
        .filter(|it| it.reference != layout::policy())
    {
        let subject = Subject::of_ref(&movement.reference);
        if policy.level() == Level::Locked {
            report.findings.push(
                Rule::Locked
                    .finding(subject.clone())
                    .found("a push while the policy is LOCKED")
                    .expected("nothing applied")
                    .remedy("only a policy change lifts it: git awo policy propose FILE"),
            );
        }
        if policy.expired_at(push.time) {
            report.findings.push(
                Rule::PolicyUnexpired
                    .finding(subject)
                    .found("the policy has expired")
                    .expected("a policy in force")
                    .remedy("git awo policy propose FILE"),
            );
        }
    }
}

/// What cannot be read might say LOCKED, so it is taken to say so.
fn counts_as_locked(subject: Subject) -> Finding {
    Rule::Locked
        .finding(subject)
        .found("a push while the policy cannot be read, which counts as LOCKED")
        .expected("nothing applied")
        .remedy("restore refs/awo/policy from a clone: git push SERVER refs/awo/policy")
}

fn forbidden_ref(reference: &RefName) -> Finding {
    let (rule, what) = if reference.as_str().starts_with("refs/replace/") {
        (Rule::ReplaceRefPush, "a replace ref")
    } else if reference.as_str().starts_with("refs/tags/") {
        (Rule::TagMove, "a tag")
    } else {
        (Rule::UngovernedRef, "a ref that no rule governs")
    };
    rule.finding(Subject::of_ref(reference))
        .found(format!("a push of {what}"))
        .expected("governed branches and refs/awo/* only")
        .remedy("git awo policy show")
}

fn governance(
    push: &Push<'_>,
    history: &PolicyHistory,
    place: Place,
    movement: &Movement,
    arrivals: &mut Arrivals,
    report: &mut Report,
) -> Result<(), Error> {
    let subject = || Subject::of_ref(&movement.reference);
    let Some(new) = movement.new else {
        for rule in [Rule::Delete, Rule::GovernanceKept] {
            report.findings.push(
                rule.finding(subject())
                    .found("a deletion of a governance ref")
                    .expected("governance refs only grow")
                    .remedy("git awo fetch"),
            );
        }
        return Ok(());
    };
    match place {
        Place::Policy => judge_policy(push, history, new, report),
        Place::Log => {
            report.findings.push(
                Rule::LogByServer
                    .finding(subject())
                    .found("a push of the receive log")
                    .expected("the server alone writes it")
                    .remedy("git awo fetch"),
            );
            let kept = match movement.old {
                Some(old) => push.reader.is_ancestor(old, new)?,
                None => true,
            };
            if !kept {
                report.findings.push(
                    Rule::ForwardOnly
                        .finding(subject())
                        .found(format!("{new}, which does not contain it"))
                        .expected("every entry kept")
                        .remedy("git awo fetch"),
                );
            }
            Ok(())
        }
        Place::Unknown => {
            report.findings.push(
                Rule::RefKind.finding(subject())
                    .found("a governance ref of an unknown kind")
                    .expected("refs/awo/{policy,ledger,evidence/YYYY-MM} or refs/notes/awo/{approvals,attestations}")
                    .remedy("upgrade git-awo on the server"),
            );
            Ok(())
        }
        _ => {
            let reference = &movement.reference;
            let limits = &history.current().policy.document().limits;
            let (old, most, found) = (movement.old, limits.paths, &mut report.findings);
            let collected = arrivals.collect(push.reader, reference, old, new, most, found);
            if let Err(error) = collected {
                report.absorb(error.refusal(subject()));
            }
            let gained = Gained {
                reference,
                old: movement.old,
                new,
                most_commits: limits.commits,
                most_changes: limits.paths,
            };
            let found = &mut report.findings;
            if let Err(error) = trees(push.reader, &gained, push.before, history, found) {
                report.absorb(error.refusal(subject()));
            }
            Ok(())
        }
    }
}

/// A policy change: only forward, each version signed by the roots of the one before.
fn judge_policy(
    push: &Push<'_>,
    history: &PolicyHistory,
    new: ObjectId,
    report: &mut Report,
) -> Result<(), Error> {
    let reference = layout::policy();
    let tip = history.current().commit;
    if !push.reader.is_ancestor(tip, new)? {
        for rule in [Rule::PolicyLinked, Rule::ForwardOnly] {
            report.findings.push(
                rule.finding(Subject::of_ref(&reference).at(new))
                    .found(format!("does not contain {tip}"))
                    .expected("a successor of the policy in force")
                    .remedy("git awo fetch, then git awo policy propose FILE"),
            );
        }
        return Ok(());
    }
    match PolicyHistory::load(push.reader, new) {
        Ok(newer) => {
            let known = history.commits().len();
            let added = newer.commits().len().saturating_sub(known);
            let late =
                (known..newer.commits().len()).filter_map(|at| newer.refuses_at(at, push.time));
            report
                .findings
                .extend(late.map(|it| it.to_finding(Subject::of_ref(&reference))));
            report.count("policies", added);
        }
        Err(error) => report.absorb(error.refusal(Subject::of_ref(&reference))),
    }
    Ok(())
}

/// Returns where every ref is that a check can rely on.
pub fn refs(reader: &Reader) -> Result<Refs, Error> {
    Ok(reader
        .references("refs/")?
        .into_iter()
        .collect::<BTreeMap<_, _>>())
}
