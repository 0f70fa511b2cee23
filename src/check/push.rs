//! Judges a whole push at once, by the policy as it stood before it.

use std::collections::BTreeMap;

use crate::git::Reader;
use crate::policy::Level;
use crate::record::predicate::Movement;
use crate::record::{Code, Finding, ObjectId, RefName, Subject, Timestamp};
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};

use super::branch::{self, Branch};
use super::governance::Arrivals;
use super::report::Report;
use super::run::{Gatherer, Positions};
use super::{Anchor, Error, PolicyHistory};

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
    /// The time of arrival.
    pub time: Timestamp,
}

/// Judges the push. Everything found is reported; what cannot be decided is never "allowed".
pub fn judge(push: &Push<'_>) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_judge(push, &mut report) {
        error.report(Subject::none(), &mut report);
    }
    report
}

fn try_judge(push: &Push<'_>, report: &mut Report) -> Result<(), Error> {
    report.count("refs", push.movements.len());
    push.reader.require_whole_view()?;
    let Some(tip) = push.before.get(&layout::policy()) else {
        return first_push(push, report);
    };
    let history = PolicyHistory::load(push.reader, *tip)?;
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
            Finding::new(Code::Int006, "limits", Subject::none())
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
    let gatherer = Gatherer {
        records: &records,
        history: &history,
        positions: Positions::Arriving(arrivals.digests()),
        time: push.time,
        arriving_policies: arriving.as_ref(),
    };
    report.count("records", arrivals.len());
    arrivals.judge(&gatherer, &mut report.findings)?;
    let mut commits = limits.commits;
    for movement in branches {
        judge_branch(push, &gatherer, movement, &mut commits, report)?;
    }
    Ok(())
}

/// A server without a policy accepts exactly one push: the policy that matches its anchor.
fn first_push(push: &Push<'_>, report: &mut Report) -> Result<(), Error> {
    let refuse = |found: String, expected: String| {
        Finding::new(Code::Gov006, "first-policy", Subject::none())
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
    report.findings.extend(late);
    report.count("policies", history.commits().len());
    Ok(())
}

fn unanchored(anchor: &Anchor, history: &PolicyHistory) -> Finding {
    let founders: Vec<_> = history.versions()[0]
        .signers
        .iter()
        .map(|signer| signer.key.clone())
        .collect();
    Finding::new(
        Code::Gov006,
        "pinned-root",
        Subject::of_ref(&layout::policy()),
    )
    .found(format!(
        "{} signed by {}",
        history.repository(),
        founders.join(", ")
    ))
    .expected(anchor)
    .remedy("git awo trust")
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
                Finding::new(Code::Gov007, "locked", subject.clone())
                    .found("a push while the policy is LOCKED")
                    .expected("nothing applied")
                    .remedy("only a policy change lifts it: git awo policy propose FILE"),
            );
        }
        if policy.expired_at(push.time) {
            report.findings.push(
                Finding::new(Code::Gov006, "policy-unexpired", subject)
                    .found("the policy has expired")
                    .expected("a policy in force")
                    .remedy("git awo policy propose FILE"),
            );
        }
    }
}

fn forbidden_ref(reference: &RefName) -> Finding {
    let (rule, what) = if reference.as_str().starts_with("refs/replace/") {
        ("replace-ref", "a replace ref")
    } else if reference.as_str().starts_with("refs/tags/") {
        ("tag-move", "a tag")
    } else {
        ("ungoverned-ref", "a ref that no rule governs")
    };
    Finding::new(Code::Gov004, rule, Subject::of_ref(reference))
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
        for (code, rule) in [(Code::Gov004, "delete"), (Code::Rep002, "governance-kept")] {
            report.findings.push(
                Finding::new(code, rule, subject())
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
                Finding::new(Code::Gov006, "log-by-server", subject())
                    .found("a push of the receive log")
                    .expected("the server alone writes it")
                    .remedy("git awo fetch"),
            );
            Ok(())
        }
        Place::Unknown => {
            report.findings.push(
                Finding::new(Code::Str002, "ref-kind", subject())
                    .found("a governance ref of an unknown kind")
                    .expected("refs/awo/{policy,ledger,evidence/YYYY-MM} or refs/notes/awo/{approvals,attestations}")
                    .remedy("upgrade git-awo on the server"),
            );
            Ok(())
        }
        _ => {
            let reference = &movement.reference;
            let collected = arrivals.collect(
                push.reader,
                reference,
                movement.old,
                new,
                &mut report.findings,
            );
            if let Err(error) = collected {
                error.report(subject(), report);
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
        for (code, rule) in [
            (Code::Gov006, "policy-linked"),
            (Code::Rep002, "forward-only"),
        ] {
            report.findings.push(
                Finding::new(code, rule, Subject::of_ref(&reference).at(new))
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
                .extend(late.map(|it| it.subject_on(&reference)));
            report.count("policies", added);
        }
        Err(error) => error.report(Subject::of_ref(&reference), report),
    }
    Ok(())
}

fn judge_branch(
    push: &Push<'_>,
    gatherer: &Gatherer<'_>,
    movement: &Movement,
    commits_left: &mut usize,
    report: &mut Report,
) -> Result<(), Error> {
    let reference = &movement.reference;
    let policy = &gatherer.history.current().policy;
    let subject = || Subject::of_ref(reference);
    let Some(rules) = policy.ref_rules(reference) else {
        report.findings.push(forbidden_ref(reference));
        return Ok(());
    };
    let Some(new) = movement.new else {
        if !rules.accepts_rewind() {
            report.findings.push(
                Finding::new(Code::Gov004, "delete", subject())
                    .found("a deletion")
                    .expected("a ref that is kept")
                    .remedy("git awo policy show"),
            );
        }
        return Ok(());
    };
    // A branch is at a commit: a tag there would be peeled by some and not by others.
    if let Err(error) = push.reader.commit(new) {
        Error::from(error).report(subject(), report);
        return Ok(());
    }
    if let Some(old) = movement.old
        && !rules.accepts_rewind()
        && !push.reader.is_ancestor(old, new)?
    {
        report.findings.push(
            Finding::new(Code::Gov004, "force-push", subject().at(new))
                .found(format!("does not contain {old}"))
                .expected("a fast-forward")
                .remedy("git fetch, git rebase, then push again"),
        );
    }
    let known = branch::known_tips(policy, &rules, movement.old, push.before);
    let commits = push.reader.new_commits(&[new], &known)?;
    if commits.len() > *commits_left {
        report.findings.push(
            Finding::new(Code::Int006, "limits", subject())
                .found(format!("{} commits", commits.len()))
                .expected(format!(
                    "at most {} a push",
                    policy.document().limits.commits
                ))
                .remedy("push in smaller parts"),
        );
        return Ok(());
    }
    *commits_left -= commits.len();
    let branch = Branch {
        rules,
        commits,
        time: push.time,
    };
    // The limit is one for the whole push, over all its branches.
    let seen = report.checked.get("paths").copied().unwrap_or_default();
    let left = policy.document().limits.paths.saturating_sub(seen as usize);
    let judged = branch::judge(push.reader, &branch, gatherer, left);
    match judged {
        Ok(found) => report.absorb(found),
        Err(error) => error.report(subject(), report),
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
