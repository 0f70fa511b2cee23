//! Verifies everything again, from objects, offline.

use crate::check::Anchor;
use crate::check::verify::{Clone, Scope, stands_for, verify as judge};
use crate::record::{ObjectId, RefName, Report, RunId};
use crate::records::Kind;
use crate::rules::clone;
use crate::store::ledger;
use crate::sys::shell::quote;

use super::revision::{candidates, named};
use super::trust::trust;
use super::{Error, Session, fetch};

/// The remote that every checkout of CI has.
const ORIGIN: &str = "origin";

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
    judged(session, request, &scope(session, request)?)
}

/// A checkout of CI that is to be verified. It may be shallow, partial, of a single branch, and
/// without the records.
pub struct CiRequest {
    /// What is trusted; if not given, what this clone trusts already.
    pub anchor: Option<Anchor>,
    /// The branch that HEAD is proposed for, and by whose rules it is judged then.
    pub reference: Option<String>,
    /// For how many days what is known of the server counts.
    pub fresh: Option<u32>,
}

/// Fetches from `origin` whatever is missing, and verifies everything, HEAD too.
pub fn verify_ci(session: &Session, request: &CiRequest) -> Result<Report, Error> {
    if let Some(anchor) = &request.anchor {
        trust(session, anchor)?;
    }
    let whole = fetch::Request {
        whole: true,
        ..fetch::Request::of(ORIGIN)
    };
    fetch::fetch(session, &whole)?;
    let session = session.again()?;
    let all = Request {
        fresh: request.fresh,
        ..Request::of(None)
    };
    let mut report = verify(&session, &all)?;
    head(&session, &all, request.reference.as_deref(), &mut report)?;
    Ok(report)
}

/// Judges HEAD as proposed for a branch, where none contains it yet.
fn head(
    session: &Session,
    request: &Request,
    branch: Option<&str>,
    report: &mut Report,
) -> Result<(), Error> {
    let (repo, refs) = (session.repo(), session.refs()?);
    let Some(mut head) = repo.head_id()? else {
        return Ok(());
    };
    if let Some(proposed) = trial_merge(session, head)? {
        report.notes.push(format!(
            "HEAD is the merge with which the forge tries whether {proposed} can be merged: that is \
             judged, and not the merge"
        ));
        head = proposed;
    }
    let branch = match branch {
        Some(name) if name.starts_with("refs/") => Some(RefName::new(name)?),
        Some(name) => Some(RefName::new(format!("refs/heads/{name}"))?),
        None => None,
    };
    let remotes = [ORIGIN.to_owned()];
    let stands = |name: &RefName| stands_for(name, &remotes);
    let counts = |name: &RefName| match &branch {
        Some(branch) => stands(name).contains(branch),
        None => stands(name).iter().any(|it| it.branch().is_some()) && !is_of_a_forge(name),
    };
    let hidden: Vec<_> = refs.iter().filter(|(name, _)| counts(name)).collect();
    let hidden: Vec<_> = hidden.into_iter().map(|(_, id)| *id).collect();
    if repo.new_commits(&[head], &hidden)?.is_empty() {
        return Ok(());
    }
    if branch.is_none() {
        let found = clone::head_unjudged(head);
        report.undecided.push(found);
        return Ok(());
    }
    let scope = Scope::Commits {
        reference: branch,
        tips: vec![head],
        hidden,
        tag: None,
    };
    report.absorb(judged(session, request, &scope)?);
    Ok(())
}

/// Returns the commit that a forge has merged into its target to try it, if HEAD is that merge.
/// GitHub's checkout names it so; whoever proposes a commit cannot.
fn trial_merge(session: &Session, head: ObjectId) -> Result<Option<ObjectId>, Error> {
    let mut refs = session.refs()?.iter();
    if !refs.any(|(name, id)| *id == head && is_of_a_forge(name)) {
        return Ok(None);
    }
    Ok(match session.repo().commit(head)?.parents.as_slice() {
        [_, proposed] => Some(*proposed),
        _ => None,
    })
}

/// Tells whether a ref is `refs/remotes/pull/N/merge`, which no remote named `pull` has.
fn is_of_a_forge(name: &RefName) -> bool {
    let number = name.as_str().strip_prefix("refs/remotes/pull/");
    let number = number.and_then(|it| it.strip_suffix("/merge"));
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
}

fn judged(session: &Session, request: &Request, scope: &Scope) -> Result<Report, Error> {
    let mut receipts = Vec::new();
    for (name, bytes) in &request.receipts {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        receipts.push(ledger::parse(name, line)?);
    }
    let actor = session.actor();
    let anchor = actor.anchor()?;
    let marks = actor.settings.high_water()?;
    let clone = Clone {
        reader: &actor.repo,
        anchor: anchor.as_ref(),
        marks: &marks,
        receipts: &receipts,
        fresh: request.fresh,
        time: actor.now(),
        cache: request.cache,
    };
    let report = judge(&clone, scope);
    // Of several remotes, origin is the server that was cloned.
    let remotes = actor.repo.remotes();
    let server = match remotes.as_slice() {
        [one] => Some(one.as_str()),
        several => several.iter().find(|it| *it == ORIGIN).map(String::as_str),
    };
    Ok(match server {
        Some(server) => report.at_server(&quote(server)),
        None => report,
    })
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
