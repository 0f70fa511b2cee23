//! Verifies everything again, from objects, offline.

use crate::check::verify::{Clone, Scope, stands_for, verify as judge};
use crate::record::Report;
use crate::record::{RefName, RunId};
use crate::records::Kind;
use crate::store::ledger;

use super::revision::{candidates, named};
use super::{Error, Session};

/// What is to be verified.
pub struct Request {
    /// A commit, a tag, a range `A..B` or a run; everything if none is named.
    pub what: Option<String>,
    /// The branch by whose rules commits are judged; the one by which they are named if none is
    /// given, or for a tracking ref the branch that it tracks.
    pub reference: Option<String>,
    /// Saved receipts, which the receive log must contain: a name to show, and the bytes.
    pub receipts: Vec<(String, Vec<u8>)>,
    /// For how many days what is known of the server counts.
    pub fresh: Option<u32>,
    /// Whether what this clone has verified before may be left out.
    pub cache: bool,
}

impl Request {
    /// Returns the request to verify this, by the rules of its own branch.
    pub fn of(what: Option<String>) -> Self {
        Self {
            what,
            reference: None,
            receipts: Vec::new(),
            fresh: None,
            cache: true,
        }
    }
}

/// Verifies a clone, or a part of it.
pub fn verify(session: &Session, request: &Request) -> Result<Report, Error> {
    let scope = scope(session, request)?;
    let mut receipts = Vec::new();
    for (name, bytes) in &request.receipts {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        receipts.push(ledger::parse(name, line)?);
    }
    let actor = session.actor();
    let anchor = actor.anchor()?;
    let marks = actor.settings.high_water()?;
    let fetched = marks.fetched.into_values().max();
    let seen: Vec<_> = marks.remotes.into_values().flatten().collect();
    let clone = Clone {
        reader: &actor.repo,
        anchor: anchor.as_ref(),
        high_water: &seen,
        receipts: &receipts,
        fetched,
        fresh: request.fresh,
        time: actor.now(),
        cache: request.cache,
    };
    Ok(judge(&clone, &scope))
}

fn scope(session: &Session, request: &Request) -> Result<Scope, Error> {
    let Some(what) = &request.what else {
        return Ok(Scope::All);
    };
    if let Ok(run) = RunId::new(what.as_str()) {
        let records = session.stored()?;
        if records.file(&Kind::Run.of(&run))?.is_some() {
            let actor = session.actor();
            if candidates(actor, what)?.is_empty() && named(actor, what).is_err() {
                return Ok(Scope::Run(run));
            }
            let why = format!("{what} can mean a run, or a commit");
            let hint = format!("the name of the commit in full; for the run: git awo chain {what}");
            return Err(Error::usage(why).hint(hint));
        }
    }
    let actor = session.actor();
    let end = |text: &str| match text {
        "" => named(actor, "HEAD"),
        text => named(actor, text),
    };
    let (tip, hidden) = match what.split_once("..") {
        Some(("", "")) => {
            return Err(Error::usage("the range .. has no ends").hint("git awo verify HEAD"));
        }
        Some((from, to)) => (end(to)?, vec![end(from)?.commit]),
        None => {
            let tip = named(actor, what)?;
            let hidden = session.repo().commit(tip.commit)?.parents.clone();
            (tip, hidden)
        }
    };
    let tag = tip.reference.clone().filter(|it| it.tag().is_some());
    Ok(Scope::Commits {
        tag,
        reference: branch(session, request, tip.reference)?,
        tips: vec![tip.commit],
        hidden,
    })
}

/// Returns the branch by whose rules commits are judged that were named by this ref: the one asked
/// for, or the one for which the ref stands.
fn branch(
    session: &Session,
    request: &Request,
    named_by: Option<RefName>,
) -> Result<Option<RefName>, Error> {
    let named_by = match &request.reference {
        Some(text) if text.starts_with("refs/") => Some(RefName::new(text)?),
        Some(text) => return Ok(Some(RefName::new(format!("refs/heads/{text}"))?)),
        None => named_by,
    };
    let Some(name) = named_by else {
        return Ok(None);
    };
    let mut branches = stands_for(&name, &session.repo().remotes());
    match (branches.pop(), branches.is_empty()) {
        (branch, true) => Ok(branch),
        (_, false) => {
            let why = format!("{name} can be a branch of more than one remote");
            Err(Error::usage(why).hint("name the branch with --ref"))
        }
    }
}
