//! Signs that one commit may change a protected artefact in one way.

use crate::record::tree::Mode;
use crate::record::{Choice, DecisionId, Held, ObjectId, Protection, Reason, RepoPath, Sha256};
use crate::rules::protection as rules;

use super::decide::{self, Request};
use super::{Error, Session};

/// What may be changed.
pub struct LiftRequest {
    /// The protected path.
    pub path: RepoPath,
    /// The object that it holds; nothing if it does not exist.
    pub from: Option<ObjectId>,
    /// The object that it will hold; nothing if it is deleted.
    pub to: Option<ObjectId>,
    /// The mode of what it holds; that which a branch here has, if none is given.
    pub from_mode: Option<Mode>,
    /// The mode of what it will hold; the same, if none is given.
    pub mode: Option<Mode>,
    /// So many days it holds.
    pub days: Option<u32>,
    /// The decision whose place it takes; one's own earlier one on the same, if none is given.
    pub supersedes: Option<DecisionId>,
    /// Why.
    pub reason: Reason,
}

/// A signed override.
pub struct Lifted {
    /// Its name.
    pub id: DecisionId,
    /// The record.
    pub record: Sha256,
    /// What it is for.
    pub protection: Protection,
    /// How many operators must sign.
    pub needed: usize,
}

/// Records an override, signed by an operator.
pub fn lift(session: &Session, request: LiftRequest) -> Result<Lifted, Error> {
    let policy = session.policy()?;
    let path = &request.path;
    let Some(needed) = policy.protection_overrides() else {
        let message = "nobody may lift the protection of an artefact";
        return Err(session.refused(message, rules::nobody(path)));
    };
    if policy.protects(path).is_none() {
        let message = format!("the policy does not protect {path}");
        return Err(Error::usage(message).hint("git awo policy show"));
    }
    let from_mode = match request.from_mode {
        Some(mode) => mode,
        None => mode_of(session, path, request.from)?.unwrap_or(Mode::File),
    };
    let held = |id: Option<ObjectId>, mode: Mode| id.map(|id| Held { id, mode });
    let from = held(request.from, from_mode);
    let to_mode = from.map_or(Mode::File, |it| it.mode);
    let protection = Protection {
        from,
        path: request.path,
        to: held(request.to, request.mode.unwrap_or(to_mode)),
    };
    if protection.from == protection.to {
        return Err(Error::usage(
            "--from and --to are the same: nothing is changed",
        ));
    }
    let supersedes = match request.supersedes {
        Some(id) => Some(id),
        None => own(session, &protection)?,
    };
    let target = protection.target_ref();
    let asked = Request::of_violation(target, "override", request.reason, request.days)?;
    let asked = Request {
        supersedes,
        protection: Some(protection.clone()),
        ..asked
    };
    let done = decide::open(session, asked, "an override")?;
    Ok(Lifted {
        id: done.id,
        record: done.record,
        protection,
        needed,
    })
}

/// Returns the mode under which HEAD, or else any branch here, has this object at a path.
fn mode_of(
    session: &Session,
    path: &RepoPath,
    object: Option<ObjectId>,
) -> Result<Option<Mode>, Error> {
    let (repo, Some(object)) = (session.repo(), object) else {
        return Ok(None);
    };
    let branches = session.refs()?.iter().filter(|(name, _)| {
        let name = name.as_str();
        name.starts_with("refs/heads/") || name.starts_with("refs/remotes/")
    });
    let tips = repo
        .head_id()?
        .into_iter()
        .chain(branches.map(|(_, id)| *id));
    for tip in tips {
        // A ref of a remote may stand at anything.
        let Ok(tree) = repo.tree_of(tip) else {
            continue;
        };
        if let Some((mode, found)) = repo.entry(tree, path)?
            && found == object
        {
            return Ok(Some(mode));
        }
    }
    Ok(None)
}

/// Returns one's own decision on the same, which stands in the way of another one.
fn own(session: &Session, protection: &Protection) -> Result<Option<DecisionId>, Error> {
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let person = session.actor().person(session.history()?)?;
    let mut standings = decide::Standings::at(&collector, session.now());
    let mut last = None;
    for decision in collector.decisions_on_change(protection)? {
        let says = decision.predicate();
        let is_own = *decision.signer() == person && says.decision.decision != Choice::Defer;
        if is_own && standings.of(&decision)? == crate::rules::automation::Standing::Counts {
            last = Some(says.id().clone());
        }
    }
    Ok(last)
}
