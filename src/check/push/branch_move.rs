//! The branches that a push would move.

use crate::check::Error;
use crate::check::branch::strict::Strict;
use crate::check::branch::{self, Branch};
use crate::facts::limits;
use crate::facts::run::Collector;
use crate::policy::Policy;
use crate::record::predicate::Movement;
use crate::record::{Coded, Report};
use crate::record::{RefName, Rule, Subject};

use super::{Push, forbidden_ref};

/// Judges every branch of a push.
pub(super) fn judge_all(
    push: &Push<'_>,
    collector: &Collector<'_>,
    mut movements: Vec<&Movement>,
    report: &mut Report,
) -> Result<(), Error> {
    let policy = &collector.history.current().policy;
    let mut commits_left = policy.document().limits.commits;
    // What others may build on first, and among these what was there before.
    movements.sort_by_key(|it| rank(policy, it));
    let mut known = Known {
        before: Strict::of(policy, push.before),
        landed: Vec::new(),
    };
    for movement in movements {
        let found = (report.findings.len(), report.undecided.len());
        judge(push, collector, movement, &known, &mut commits_left, report)?;
        let clean = found == (report.findings.len(), report.undecided.len());
        if clean && let Some(new) = movement.new {
            let strict = Strict::of(policy, [(&movement.reference, &new)]);
            known.landed.push((&movement.reference, strict));
        }
    }
    Ok(())
}

/// What the branches of a push may build on.
struct Known<'a> {
    /// Where branches were before it.
    before: Strict,
    /// Where it has moved branches so far.
    landed: Vec<(&'a RefName, Strict)>,
}

/// The order in which the movements of one push are judged: what others may build on first.
pub(in crate::check) fn rank(policy: &Policy, movement: &Movement) -> (bool, bool) {
    let rules = policy.ref_rules(&movement.reference);
    (
        rules.is_none_or(|rules| rules.accepts_direct()),
        movement.old.is_none(),
    )
}

/// Judges where a branch would go, and every commit that is new to it. New is what lies neither
/// below where it was, if it keeps that, nor below the tip at adoption, nor below what is known; what
/// the same push has landed must then move no later than the branch.
fn judge(
    push: &Push<'_>,
    collector: &Collector<'_>,
    movement: &Movement,
    known: &Known<'_>,
    commits_left: &mut usize,
    report: &mut Report,
) -> Result<(), Error> {
    let reference = &movement.reference;
    let policy = &collector.history.current().policy;
    let subject = || Subject::of_ref(reference);
    let Some(rules) = policy.ref_rules(reference) else {
        report.findings.push(forbidden_ref(reference));
        return Ok(());
    };
    let Some(new) = movement.new else {
        if !rules.accepts_rewind() {
            report.findings.push(
                Rule::Delete
                    .finding(subject())
                    .found("a deletion")
                    .expected("a ref that is kept")
                    .remedy("git awo policy show"),
            );
        }
        return Ok(());
    };
    // A branch is at a commit: a tag there would be peeled by some and not by others.
    if let Err(error) = push.reader.tree_of(new) {
        report.absorb(Error::from(error).refusal(subject()));
        return Ok(());
    }
    // What the new tip does not contain may be gone tomorrow, and with it what it hides from
    // judgement: `verify` sees only what is there.
    let mut kept = None;
    if let Some(old) = movement.old {
        kept = push.reader.is_ancestor(old, new)?.then_some(old);
    }
    if let Some(old) = movement.old
        && !rules.accepts_rewind()
        && kept.is_none()
    {
        report.findings.push(
            Rule::ForcePush
                .finding(subject().at(new))
                .found(format!("does not contain {old}"))
                .expected("a fast-forward")
                .remedy("git fetch, git rebase, then push again"),
        );
    }
    let is_new = movement.old.is_none();
    let mut hidden = rules.adopted();
    hidden.extend(kept);
    hidden.extend(known.before.below(&rules, is_new));
    let mut commits = push.reader.new_commits(&[new], &hidden)?;
    for (name, strict) in &known.landed {
        for tip in strict.below(&rules, is_new) {
            hidden.push(tip);
            let fewer = push.reader.new_commits(&[new], &hidden)?;
            if fewer.len() < commits.len() {
                let depends_on = report.depends_on.entry(reference.clone()).or_default();
                depends_on.insert((*name).clone());
                commits = fewer;
            }
        }
    }
    if commits.len() > *commits_left {
        report.findings.push(
            Rule::Limits
                .finding(subject())
                .found(format!("{} commits", commits.len()))
                .expected(format!(
                    "at most {} a push",
                    policy.document().limits.commits
                ))
                .remedy(limits::part_of(&commits, *commits_left, reference)),
        );
        return Ok(());
    }
    *commits_left = commits_left.saturating_sub(commits.len());
    let branch = Branch {
        rules,
        commits,
        time: push.time,
    };
    // The limit is one for the whole push, over all its branches.
    let seen = report.checked.get("paths").copied().unwrap_or_default();
    let left = policy
        .document()
        .limits
        .paths
        .saturating_sub(usize::try_from(seen).unwrap_or(usize::MAX));
    let judged = branch::judge(push.reader, &branch, collector, left);
    match judged {
        Ok(found) => report.absorb(found),
        Err(error) => report.absorb(error.refusal(subject())),
    }
    Ok(())
}
