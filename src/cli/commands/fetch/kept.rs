//! What a fetch must find again: what was seen before, and what the receive log says is there.

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::cli::CliError;
use crate::facts::log;
use crate::git::{Expected, RefUpdate};
use crate::record::{Finding, Findings, ObjectId, RefName, Rule, Subject};
use crate::store::ledger::Refs;
use crate::store::{self, layout};

/// Governance refs only grow: one that is gone or moved back was tampered with.
pub(super) fn lost(
    actor: &Actor,
    remote: &str,
    before: &Refs,
    after: &Refs,
) -> Result<Findings, CliError> {
    let mut findings = Findings::new();
    let marks = actor
        .settings
        .high_water()?
        .remotes
        .remove(remote)
        .unwrap_or_default();
    for (reference, seen) in before.iter().chain(&marks) {
        let now = after.get(reference);
        let kept = match now {
            Some(now) => actor.repo.contains(*seen) && actor.repo.is_ancestor(*seen, *now)?,
            None => false,
        };
        if !kept {
            findings.push(
                Rule::HighWaterMark
                    .finding(Subject::of_ref(reference))
                    .found(now.map_or("the ref is gone".to_owned(), ToString::to_string))
                    .expected(format!("a descendant of {seen}, seen before"))
                    .remedy("ask the server's administrator; compare with another clone"),
            );
        }
    }
    Ok(findings)
}

/// Puts the tracking refs back: what was seen is remembered, not what replaced it.
pub(super) fn restore(
    actor: &Actor,
    remote: &str,
    before: &Refs,
    after: &Refs,
) -> Result<(), CliError> {
    let mut updates = Vec::new();
    for (reference, seen) in before {
        let Some(name) = layout::tracking(remote, reference) else {
            continue;
        };
        let now = after.get(reference).copied();
        if now != Some(*seen) {
            let expected = now.map_or(Expected::Absent, Expected::At);
            updates.push(RefUpdate {
                name,
                expected,
                new: Some(*seen),
            });
        }
    }
    put_back(actor, &updates)
}

/// Returns the branches of a remote as last seen, by their names there.
pub(super) fn branches(refs: &Refs, remote: &str) -> Refs {
    let prefix = format!("refs/remotes/{remote}/");
    refs.iter()
        .filter_map(|(name, id)| {
            let branch = name.as_str().strip_prefix(&prefix)?;
            Some((RefName::new(format!("refs/heads/{branch}")).ok()?, *id))
        })
        .collect()
}

/// Returns the branches that must be kept, as the receive log says, and that the remote has no more.
/// `there` are all it has: this is asked just after they were fetched together with the log.
pub(super) fn gone(actor: &Actor, after: &Refs, there: &Refs) -> Result<Refs, CliError> {
    let (Some(tip), Some(policy)) = (after.get(&layout::log()), after.get(&layout::policy()))
    else {
        return Ok(Refs::new());
    };
    // A log that cannot be read is refused where it is judged.
    let Some(state) = log::state_at(&actor.repo, *tip) else {
        return Ok(Refs::new());
    };
    let is_missing = |name: &RefName| name.branch().is_some() && !there.contains_key(name);
    let mut gone: Refs = state.refs.into_iter().collect();
    gone.retain(|name, _| is_missing(name));
    if gone.is_empty() {
        return Ok(gone);
    }
    let history = PolicyHistory::load(&actor.repo, *policy)?;
    // Who may rewind a branch may delete it, and one that no rule names is nobody's concern.
    let rules = |name: &RefName| history.current().policy.ref_rules(name);
    gone.retain(|name, _| rules(name).is_some_and(|rules| !rules.accepts_rewind()));
    Ok(gone)
}

/// Returns the finding on a branch that is gone.
pub(super) fn deleted(name: &RefName, logged: ObjectId) -> Finding {
    Rule::LoggedState
        .finding(Subject::of_ref(name))
        .found("the server has no such branch")
        .expected(format!("a descendant of {logged}, as the receive log says"))
        .remedy(format!(
            "ask the server's administrator to restore it: git update-ref {name} {logged}"
        ))
}

/// Puts back what git has pruned of such branches: it may be all that is left of them.
pub(super) fn restore_branches(
    actor: &Actor,
    remote: &str,
    before: &Refs,
    gone: &Refs,
) -> Result<(), CliError> {
    let mut updates = Vec::new();
    for (name, seen) in before.iter().filter(|(name, _)| gone.contains_key(name)) {
        let branch = name.as_str().trim_start_matches("refs/heads/");
        let Ok(name) = RefName::new(format!("refs/remotes/{remote}/{branch}")) else {
            continue;
        };
        updates.push(RefUpdate {
            name,
            expected: Expected::Absent,
            new: Some(*seen),
        });
    }
    put_back(actor, &updates)
}

fn put_back(actor: &Actor, updates: &[RefUpdate]) -> Result<(), CliError> {
    if !updates.is_empty() {
        actor
            .repo
            .update_refs(updates, "awo: keep what was seen")
            .map_err(store::Error::from)?;
    }
    Ok(())
}
