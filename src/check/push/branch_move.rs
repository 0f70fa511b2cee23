//! A branch that a push would move.

use crate::check::Error;
use crate::check::branch::{self, Branch};
use crate::check::report::Report;
use crate::check::run::Gatherer;
use crate::record::predicate::Movement;
use crate::record::{Code, Finding, Subject};

use super::{Push, forbidden_ref};

/// Judges where a branch would go, and every commit that is new to it.
pub(super) fn judge(
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
    if let Err(error) = push.reader.tree_of(new) {
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
    let judged = branch::judge(push.reader, &branch, gatherer, left);
    match judged {
        Ok(found) => report.absorb(found),
        Err(error) => error.report(subject(), report),
    }
    Ok(())
}
