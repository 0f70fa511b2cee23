//! A commit that claims to take a run back.

use crate::facts::case::{CommitCase, CommitKind, RollbackTarget};
use crate::facts::run::Collector;
use crate::git::{self, Reader};
use crate::record::{Findings, ObjectId, RunId};
use crate::rules::{self, Reverted};

use super::Error;
use super::branch::history::History;

/// A roll-back of a roll-back of a roll-back: so many are followed.
const MOST_TAKEN_BACK: usize = 32;

/// What a commit was made by, as it says itself.
enum Maker {
    Run(RunId),
    Rollback,
    Nobody,
}

/// Judges a commit that claims to take a run back.
pub(super) fn judge(
    reader: &Reader,
    case: &CommitCase<'_>,
    collector: &Collector<'_>,
    claim: &RollbackTarget,
    findings: &mut Findings,
) -> Result<(), Error> {
    let (run, target) = match claim {
        RollbackTarget::Run(run) => (Some(run.clone()), None),
        // git's own revert names a commit; the run is the one that made it.
        RollbackTarget::Commit(target) => match maker(reader, *target)? {
            Maker::Run(run) => (Some(run), Some(*target)),
            // Applying again what was taken back spends the same approval twice.
            Maker::Rollback if case.rules.accepts_rollback() => {
                findings.push(rules::again(case, *target));
                return Ok(());
            }
            Maker::Rollback | Maker::Nobody => (None, Some(*target)),
        },
        RollbackTarget::Unclear(why) => {
            findings.push(rules::not_of_a_run(case, why));
            return Ok(());
        }
    };
    // Where direct commits are taken, git's own revert is one like any other, unless it takes
    // back a run on a branch that takes runs.
    let plain = target.is_some() && !(case.rules.accepts_rollback() && run.is_some());
    if plain && case.rules.accepts_direct() {
        rules::entries(case, findings);
        rules::direct(case, findings);
        return Ok(());
    }
    let mut refuse = |found: &str| findings.push(rules::not_of_a_run(case, found));
    let Some(run) = run else {
        refuse("takes back a commit that no run made");
        return Ok(());
    };
    let facts = collector.run(&run)?;
    let Some(commit) = target.or_else(|| facts.run.valid().map(|run| run.predicate().commit))
    else {
        refuse(&format!(
            "takes back {run}, of which there is no run record"
        ));
        return Ok(());
    };
    let (reverted, found) = History::new(reader, case.rules).gather(commit)?;
    let parents = &case.commit.parents;
    let ancestor = match parents.first() {
        Some(parent) => reader.is_ancestor(commit, *parent)?,
        None => false,
    };
    let earlier = if ancestor {
        earlier_rollback(reader, parents, commit, &run)?
    } else {
        None
    };
    let reverted = Reverted {
        commit: &reverted,
        changes: &found.changes,
        ancestor,
        earlier,
    };
    rules::unseen(case, findings);
    rules::rollback(case, &facts, &reverted, findings);
    Ok(())
}

/// Tells whether a roll-back takes back a run, or another roll-back of one; what cannot be told does.
pub(super) fn concerns_a_run(reader: &Reader, claim: &RollbackTarget) -> Result<bool, Error> {
    let mut claim = claim.clone();
    for _ in 0..MOST_TAKEN_BACK {
        let RollbackTarget::Commit(target) = claim else {
            return Ok(true);
        };
        if target.kind() != reader.hash_kind() || !reader.contains(target) {
            return Ok(false);
        }
        claim = match reader.commit(target).map(|commit| CommitKind::of(&commit)) {
            Ok(CommitKind::Rollback(earlier)) => earlier,
            Ok(CommitKind::Governed(_) | CommitKind::Confused(_)) => return Ok(true),
            Ok(CommitKind::Direct) => return Ok(false),
            Err(git::Error::WrongKind { .. } | git::Error::BadCommit { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
    }
    Ok(true)
}

fn maker(reader: &Reader, id: ObjectId) -> Result<Maker, Error> {
    if id.kind() != reader.hash_kind() || !reader.contains(id) {
        return Ok(Maker::Nobody);
    }
    let commit = match reader.commit(id) {
        Ok(commit) => commit,
        // No run makes what git would not write; it may lie before adoption.
        Err(git::Error::WrongKind { .. } | git::Error::BadCommit { .. }) => {
            return Ok(Maker::Nobody);
        }
        Err(error) => return Err(error.into()),
    };
    Ok(match CommitKind::of(&commit) {
        CommitKind::Governed(run) => Maker::Run(run),
        CommitKind::Rollback(_) => Maker::Rollback,
        _ => Maker::Nobody,
    })
}

/// Returns a roll-back of the run between its commit and these tips.
pub fn earlier_rollback(
    reader: &Reader,
    tips: &[ObjectId],
    harness: ObjectId,
    run: &RunId,
) -> Result<Option<ObjectId>, Error> {
    for id in reader.new_commits(tips, &[harness])? {
        let same = match CommitKind::of(&*reader.commit(id)?) {
            CommitKind::Rollback(RollbackTarget::Run(other)) => other == *run,
            CommitKind::Rollback(RollbackTarget::Commit(target)) => target == harness,
            _ => false,
        };
        if same {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
