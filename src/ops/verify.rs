//! Verifies everything again, from objects, offline.

use crate::check::verify::{Clone, Scope, verify as judge};
use crate::record::Report;
use crate::record::{RefName, RunId};
use crate::records::Kind;
use crate::store::ledger;

use super::revision::revision;
use super::{Error, Session};

/// What is to be verified.
pub struct Request {
    /// A commit, a range `A..B` or a run; everything if none is named.
    pub what: Option<String>,
    /// The branch by whose rules commits are judged; the one checked out if none is named.
    pub reference: Option<String>,
    /// Saved receipts, which the receive log must contain: a name to show, and the bytes.
    pub receipts: Vec<(String, Vec<u8>)>,
    /// Whether what this clone has verified before may be left out.
    pub cache: bool,
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
    let seen: Vec<_> = marks.remotes.into_values().flatten().collect();
    let clone = Clone {
        reader: &actor.repo,
        anchor: anchor.as_ref(),
        high_water: &seen,
        receipts: &receipts,
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
            return Ok(Scope::Run(run));
        }
    }
    let (repo, actor) = (session.repo(), session.actor());
    let reference = match &request.reference {
        Some(text) if text.starts_with("refs/") => RefName::new(text)?,
        Some(text) => RefName::new(format!("refs/heads/{text}"))?,
        None => repo
            .head()?
            .ok_or_else(|| Error::usage("HEAD is detached; name the branch with --ref"))?,
    };
    let (tips, hidden) = match what.split_once("..") {
        Some((from, to)) => (vec![revision(actor, to)?], vec![revision(actor, from)?]),
        None => {
            let tip = revision(actor, what)?;
            (vec![tip], repo.commit(tip)?.parents.clone())
        }
    };
    Ok(Scope::Commits {
        reference,
        tips,
        hidden,
    })
}
