//! The branches that a push would move.

use crate::check::Error;
use crate::check::branch::strict::Strict;
use crate::check::branch::{self, Branch};
use crate::facts::run::Collector;
use crate::policy::Policy;
use crate::record::predicate::Movement;
use crate::record::{Coded, RefName, Report, Subject};
use crate::rules::{limits, push as refs_of_push};

use super::Push;

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
        report.findings.push(refs_of_push::ungoverned(reference));
        return Ok(());
    };
    let Some(new) = movement.new else {
        report.findings.extend(refs_of_push::branch_kept(&rules));
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
    let lost = movement.old.filter(|_| kept.is_none());
    let finding = refs_of_push::fast_forward(&rules, lost, new);
    report.findings.extend(finding);
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
    let expected = format!("at most {} a push", policy.document().limits.commits);
    if let Some(finding) = limits::commits(&commits, *commits_left, reference, expected) {
        report.findings.push(finding);
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
