//! What a fetch must find again: what was seen before, and what the receive log says is there.

use crate::check::PolicyHistory;
use crate::facts::log;
use crate::git::{Expected, RefUpdate};
use crate::record::{Findings, ObjectId, RefName};
use crate::rules::remote as rules;
use crate::store::layout;
use crate::store::ledger::Refs;

use crate::ops::remote::tracking;
use crate::ops::{Error, Session};

/// What was seen of a remote when a fetch began.
pub(super) struct Seen {
    /// The remote.
    pub(super) remote: String,
    /// Its governance refs, by their names there.
    records: Refs,
    /// Its branches, by their names there.
    branches: Refs,
}

impl Seen {
    pub(super) fn of(refs: &Refs, remote: &str) -> Self {
        Self {
            remote: remote.to_owned(),
            records: tracking(refs, remote),
            branches: branches(refs, remote),
        }
    }

    /// Returns the branches that are elsewhere now, or new.
    pub(super) fn moved(&self, session: &Session) -> Result<Vec<(RefName, ObjectId)>, Error> {
        let mut now = branches(session.refs()?, &self.remote);
        now.retain(|name, id| self.branches.get(name) != Some(id));
        Ok(now.into_iter().collect())
    }

    /// Returns findings on everything that the remote has lost, and the branches that are gone.
    pub(super) fn missing(
        &self,
        session: &Session,
        after: &Refs,
    ) -> Result<(Findings, Refs), Error> {
        let mut findings = Findings::new();
        let mut marks = session.actor().settings.high_water()?;
        let marks = marks.remotes.remove(&self.remote).unwrap_or_default();
        // Governance refs only grow: one that is gone or moved back was tampered with.
        for (reference, seen) in self.records.iter().chain(&marks) {
            let repo = session.repo();
            let now = after.get(reference).copied();
            let is_here = repo.contains(*seen);
            let kept = match now {
                Some(now) => is_here && repo.is_ancestor(*seen, now)?,
                None => false,
            };
            if !kept {
                findings.push(rules::rewound(reference, *seen, now, is_here));
            }
        }
        let gone = gone(session, after, &branches(session.refs()?, &self.remote))?;
        let deleted = gone.iter();
        findings.extend(deleted.map(|(name, id)| rules::deleted(name, *id)));
        Ok((findings, gone))
    }

    /// Puts the tracking refs back, so that what was seen is remembered and not what replaced it;
    /// also of branches that are gone, since nothing else may be left of them.
    pub(super) fn restore(
        &self,
        session: &Session,
        after: &Refs,
        gone: &Refs,
    ) -> Result<(), Error> {
        let mut updates = Vec::new();
        for (reference, seen) in &self.records {
            let now = after.get(reference).copied();
            if now != Some(*seen)
                && let Some(name) = layout::tracking(&self.remote, reference)
            {
                updates.push(RefUpdate {
                    name,
                    expected: now.map_or(Expected::Absent, Expected::At),
                    new: Some(*seen),
                });
            }
        }
        put_back(session, &updates)?;
        let mut updates = Vec::new();
        for (name, seen) in &self.branches {
            let branch = name.as_str().trim_start_matches("refs/heads/");
            let tracking = RefName::new(format!("refs/remotes/{}/{branch}", self.remote));
            if let Ok(tracking) = tracking
                && gone.contains_key(name)
            {
                updates.push(RefUpdate {
                    name: tracking,
                    expected: Expected::Absent,
                    new: Some(*seen),
                });
            }
        }
        put_back(session, &updates)
    }
}

/// Returns the branches of a remote as last seen, by their names there.
pub(super) fn branches(refs: &Refs, remote: &str) -> Refs {
    let prefix = format!("refs/remotes/{remote}/");
    refs.iter()
        .filter_map(|(name, id)| {
            let branch = name.as_str().strip_prefix(&prefix)?;
            if branch == "HEAD" {
                return None;
            }
            Some((RefName::new(format!("refs/heads/{branch}")).ok()?, *id))
        })
        .collect()
}

/// Returns the branches that must be kept, as the receive log says, and that the remote has no
/// more. `there` are all it has: this is asked just after they were fetched together with the log.
fn gone(session: &Session, after: &Refs, there: &Refs) -> Result<Refs, Error> {
    let (Some(tip), Some(policy)) = (after.get(&layout::log()), after.get(&layout::policy()))
    else {
        return Ok(Refs::new());
    };
    // A log that cannot be read is refused where it is judged.
    let Some(state) = log::state_at(session.repo(), *tip) else {
        return Ok(Refs::new());
    };
    let is_missing = |name: &RefName| name.branch().is_some() && !there.contains_key(name);
    let mut gone: Refs = state.refs.into_iter().collect();
    gone.retain(|name, _| is_missing(name));
    if gone.is_empty() {
        return Ok(gone);
    }
    let history = PolicyHistory::load(session.repo(), *policy)?;
    // Whoever may rewind a branch may delete it, and one that no rule names is nobody's concern.
    let rules = |name: &RefName| history.current().policy.ref_rules(name);
    gone.retain(|name, _| rules(name).is_some_and(|rules| !rules.accepts_rewind()));
    Ok(gone)
}

fn put_back(session: &Session, updates: &[RefUpdate]) -> Result<(), Error> {
    if !updates.is_empty() {
        let repo = session.repo();
        repo.update_refs(updates, "awo: keep what was seen")?;
    }
    Ok(())
}
