//! Fetches branches and records, verifies them, then merges the records. What the server has lost
//! since the last fetch is refused, and nothing is merged then.

mod kept;
mod whole;

use std::cell::Cell;
use std::time::Duration;

use crate::check::PolicyHistory;
use crate::check::baselines::{Baselines, Told};
use crate::check::governance;
use crate::check::verify::{Basis, judge_arrivals, positions};
use crate::facts::Marks;
use crate::facts::arrivals::{Arrivals, Gained};
use crate::facts::log::{self, Log};
use crate::facts::position::{Continued, Logged, Positions};
use crate::facts::run::Collector;
use crate::git::{self, Expected, RefUpdate, Repo, ViewProblem};
use crate::record::{Finding, Findings, ObjectId, RefName, Refusal, Rule};
use crate::rules::{baseline, clone, policy};
use crate::store::additions::Additions;
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};
use crate::store::merge;
use crate::store::swap::{pause, swap};
use crate::store::unsent::{self, Unsent};

use super::remote::{self, ATTEMPTS, raced, tracking};
use super::{Error, Session, aside};
use kept::Seen;

/// So many tracking refs may be loose.
const MOST_LOOSE: usize = 32;
/// So long a server may take to write the entry of a push.
const RECEIPT: Duration = Duration::from_millis(500);

/// What is to be fetched.
pub struct Request {
    /// Where from.
    pub remote: String,
    /// Let their records win over ones of the same name here; what was here is kept under
    /// `refs/awo-displaced/`.
    pub theirs: bool,
    /// Bring also what a shallow or partial clone has left out, and the tags as the remote has them.
    pub whole: bool,
}

impl Request {
    /// Returns the request for what is new at a remote.
    pub fn of(remote: &str) -> Self {
        Self {
            remote: remote.to_owned(),
            theirs: false,
            whole: false,
        }
    }
}

/// What a fetch brought.
pub struct Fetched {
    /// The governance refs that moved here.
    pub moved: Vec<(RefName, ObjectId)>,
    /// The branches of the remote that moved, by their names there. `git awo verify` judges their commits.
    pub branches: Vec<(RefName, ObjectId)>,
    /// Whether this clone has a trust anchor.
    pub trusted: bool,
}

/// What a fetch brought and judged, before it is merged.
pub(super) struct Brought {
    /// Sees what was brought.
    pub(super) session: Session,
    /// The governance refs of the remote.
    pub(super) theirs: Refs,
    /// Its branches that have moved, by their names there.
    branches: Vec<(RefName, ObjectId)>,
    /// That runs lack their entries in the provenance index.
    derived: Vec<Finding>,
    /// Whether all tags came too.
    tags: bool,
}

/// Fetches, verifies and merges.
pub fn fetch(session: &Session, request: &Request) -> Result<Fetched, Error> {
    let remote = request.remote.as_str();
    let brought = bring_all(session, request)?;
    let mut displaced = Vec::new();
    let Brought {
        session,
        theirs: their_refs,
        ..
    } = &brought;
    // Who trusts a policy asks for it. Before the first one there is nothing to trust.
    if !their_refs.contains_key(&layout::policy())
        && !session.refs()?.contains_key(&layout::policy())
        && session.actor().anchor()?.is_some()
    {
        let message = format!("{remote} has no records: nothing can be verified");
        return Err(Error::undecided(message, clone::without_records(remote)));
    }
    if request.theirs {
        let unsent = Unsent::between(session.repo(), session.refs()?, their_refs)?;
        displaced = aside::settle(session, unsent.conflicts(), their_refs)?;
    }
    let mut fetched = merge(&brought, remote)?;
    fetched.moved.extend(displaced);
    Ok(fetched)
}

/// Fetches and verifies what is new at a remote.
pub(super) fn bring(session: &Session, remote: &str) -> Result<Brought, Error> {
    bring_all(session, &Request::of(remote))
}

fn bring_all(session: &Session, request: &Request) -> Result<Brought, Error> {
    let remote = request.remote.as_str();
    if remote.is_empty() || remote.starts_with('-') || remote.contains([':', '/', ' ']) {
        return Err(Error::usage(format!("{remote:?} is no remote's name"))
            .hint("git remote add origin URL"));
    }
    let seen = Seen::of(&session.actor().refs()?, remote);
    let with_history = match request
        .whole
        .then(|| whole::history(session, remote))
        .flatten()
    {
        Some(words) => {
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            run_git(session, remote, &words)?;
            Some(session.again()?)
        }
        None => None,
    };
    let session = with_history.as_ref().unwrap_or(session);
    let more = match request.whole {
        true => whole::options(session),
        false => {
            // What a filter leaves out cannot be judged; cut history is told where it is needed.
            session.repo().require_no(ViewProblem::Partial)?;
            vec!["--no-tags"]
        }
    };
    let (mut session, theirs) = look(session, &seen, &more)?;
    if request.whole {
        whole::settle(&session)?;
        session = session.again()?;
        session.repo().require_whole_view().map_err(|error| {
            Error::from(error).hint(format!("{remote} may be shallow or partial itself"))
        })?;
    }
    let derived = judge(&session, remote, &theirs)?;
    let branches = seen.moved(&session)?;
    Ok(Brought {
        session,
        theirs,
        branches,
        derived,
        tags: request.whole,
    })
}

/// Merges what was fetched.
pub(super) fn merge(brought: &Brought, remote: &str) -> Result<Fetched, Error> {
    let Brought {
        session,
        theirs,
        branches,
        derived,
        tags,
    } = brought;
    let moved = merge_all(session, theirs)?;
    pack(session.repo(), remote, theirs);
    // A mark says that everything below it was judged here. Without a policy nothing was.
    if theirs.contains_key(&layout::policy()) {
        raise_marks(session, remote, theirs, *tags)?;
    }
    if let Some(why) = Refusal::of(derived.iter().cloned()) {
        let message = format!("the records of {remote} were merged, but its index is not theirs");
        return Err(Error::denied(message, why)
            .hint("git awo provenance rebuild")
            .hint("git awo push"));
    }
    let trusted = session.actor().anchor()?.is_some();
    Ok(Fetched {
        moved,
        branches: branches.clone(),
        trusted,
    })
}

/// Fetches into tracking refs, and returns a session that sees the new objects, and the governance
/// refs of the remote. Refuses if the remote has lost something; the tracking refs are then put
/// back.
fn look(session: &Session, seen: &Seen, more: &[&str]) -> Result<(Session, Refs), Error> {
    let remote = &seen.remote;
    let refspecs = [
        format!("+refs/heads/*:refs/remotes/{remote}/*"),
        format!("+refs/awo/*:refs/awo-remotes/{remote}/awo/*"),
        format!("+refs/notes/awo/*:refs/awo-remotes/{remote}/notes/awo/*"),
    ];
    // What is fetched is judged here: no hook takes part.
    let mut words = vec!["-c", "core.hooksPath=/dev/null"];
    words.extend(["fetch", "--quiet", "--prune"]);
    words.push("--no-recurse-submodules");
    words.extend(more);
    words.push(remote);
    words.extend(refspecs.iter().map(String::as_str));
    let mut looks = 0_usize;
    loop {
        run_git(session, remote, &words)?;
        let again = session.again()?;
        let after = tracking(again.refs()?, remote);
        let (lost, gone) = seen.missing(&again, &after)?;
        looks = looks.saturating_add(1);
        match Refusal::of(lost) {
            None => return Ok((again, after)),
            // A concurrent fetch of this clone that ends after ours puts back what it has seen.
            // What the server itself has lost is lost at the second look too.
            Some(_) if looks == 1 => {}
            Some(why) => {
                seen.restore(&again, &after, &gone)?;
                let message = format!("{remote} was rewound or forked; nothing was merged");
                return Err(Error::denied(message, why));
            }
        }
    }
}

/// Runs `git fetch`, again while other processes of this clone are moving the same refs.
fn run_git(session: &Session, remote: &str, words: &[&str]) -> Result<(), Error> {
    let mut attempt = 0;
    loop {
        match git::run_at_home(session.repo(), words) {
            Ok(_) => return Ok(()),
            Err(error) if !raced(&error.to_string()) => {
                return Err(Error::from(error).hint(format!("git remote get-url {remote}")));
            }
            Err(error) if attempt == ATTEMPTS => return Err(error.into()),
            Err(_) => pause(attempt)?,
        }
        attempt = attempt.saturating_add(1);
    }
}

/// Judges what is new. That a run lacks its entry in the provenance index is returned: the entry
/// follows from the records, which must come for it to be added.
fn judge(session: &Session, remote: &str, after: &Refs) -> Result<Vec<Finding>, Error> {
    let findings = arrived(session, remote, after)?.into_iter();
    let (derived, findings): (Vec<_>, Vec<_>) =
        findings.partition(|it| it.rule == Rule::ProvenanceIndex);
    match Refusal::of(findings) {
        None => Ok(derived),
        Some(why) => Err(Error::denied(
            format!("{remote} holds what does not verify; nothing was merged"),
            why.and(derived),
        )),
    }
}

/// Judges what arrived there since the last fetch that was merged, each record by the policy of the
/// push that brought it. What a refused fetch has seen is judged again.
fn arrived(session: &Session, remote: &str, after: &Refs) -> Result<Findings, Error> {
    let (actor, repo) = (session.actor(), session.repo());
    let mut findings = Findings::new();
    let Some(tip) = after.get(&layout::policy()) else {
        return Ok(findings);
    };
    let history = PolicyHistory::load(repo, *tip)?;
    if let Some(anchor) = actor.anchor()?
        && !history.starts_at(&anchor)
    {
        findings.push(policy::other_root(
            history.repository(),
            anchor,
            "ask whom you trust for the fingerprint; if the one here is wrong: git awo trust FINGERPRINT",
        ));
        return Ok(findings);
    }
    let mut marks = actor.settings.high_water()?;
    let merged = marks.remotes.remove(remote).unwrap_or_default();
    let arrivals = arrivals(session, after, &merged, &history)?;
    let records = Records::open(repo, after)?;
    let judge = |logged: &Logged, log: &Log, findings: &mut Findings| {
        let basis = Basis {
            refs: after,
            history: &history,
            logged,
            places: None,
            time: actor.now(),
        };
        judge_arrivals(basis, &records, &arrivals, findings)?;
        let collector = basis.collector(&records);
        let baselines = Baselines::of(&collector, after, false);
        let found = baselines.fetched(&Told::by(log), &merged, false);
        findings.extend(found.unwrap_or_default());
        Ok::<_, Error>(())
    };
    let Some(tip) = after.get(&layout::log()) else {
        judge(&Logged::default(), &Log::default(), &mut findings)?;
        return Ok(findings);
    };
    // The log up to the mark was checked when the mark was set: the new part is read, and all of it
    // only if the new part does not answer everything.
    if let Some(base) = merged.get(&layout::log()) {
        let mut found = findings.clone();
        let log = Log::load_after(repo, *base, *tip, &history, &mut found)?;
        if let Some(log) = log {
            let logged = positions(repo, &log, &mut found)?;
            let part = Continued {
                logged: &logged,
                arriving: arrivals.digests(),
                unanswered: Cell::new(false),
            };
            if part.covers_arrivals() {
                let collector = Collector {
                    records: &records,
                    history: &history,
                    positions: Positions::Continued(&part),
                    time: actor.now(),
                    arriving_policies: None,
                    measures: Default::default(),
                };
                governance::judge(&arrivals, &collector, &mut found)?;
                let baselines = Baselines::of(&collector, after, false);
                let baselines = baselines.fetched(&Told::by(&log), &merged, true);
                if let Some(baselines) = baselines.filter(|_| !part.unanswered.get()) {
                    found.extend(baselines);
                    return Ok(found);
                }
            }
        }
    }
    let log = Log::load(repo, *tip, &history, &mut findings)?;
    let logged = positions(repo, &log, &mut findings)?;
    judge(&logged, &log, &mut findings)?;
    Ok(findings)
}

/// Collects what is new in the refs that hold records.
fn arrivals(
    session: &Session,
    after: &Refs,
    merged: &Refs,
    history: &PolicyHistory,
) -> Result<Arrivals, Error> {
    let mut arrivals = Arrivals::default();
    let here = session.actor().refs()?;
    for (reference, new) in after {
        if matches!(
            Place::of(reference),
            Some(Place::Policy | Place::Log | Place::Baseline | Place::Unknown) | None
        ) {
            continue;
        }
        let old = merged.get(reference).copied();
        if old != Some(*new) {
            let repo = session.repo();
            let before = Additions::at(repo, old);
            let gained = Gained::accepted(reference, old, *new);
            arrivals.collect(repo, &gained, Some(&before))?;
            arrivals.collect_commits(repo, &gained, &here, history)?;
        }
    }
    Ok(arrivals)
}

/// Merges every ref of theirs into ours, all in one transaction, again while others move them.
fn merge_all(session: &Session, theirs: &Refs) -> Result<Vec<(RefName, ObjectId)>, Error> {
    swap(session.repo(), "awo: fetch", &[], || {
        let updates = merged(session, theirs)?;
        let moved = updates.iter();
        let moved = moved.filter_map(|it| Some((it.name.clone(), it.new?)));
        Ok((updates.clone(), moved.collect()))
    })
}

/// Packs the tracking refs if the fetch has left many files: whoever lists refs reads each of them.
fn pack(repo: &Repo, remote: &str, theirs: &Refs) {
    let names = theirs.iter().filter_map(|(reference, id)| {
        let name = layout::tracking(remote, reference)?;
        Some((name, *id))
    });
    let loose = names.filter(|(name, _)| repo.common_dir().join(name.as_str()).exists());
    let updates = loose.map(|(name, id)| RefUpdate {
        name,
        expected: Expected::At(id),
        new: Some(id),
    });
    let updates: Vec<_> = updates.collect();
    if updates.len() > MOST_LOOSE {
        // They stay where they are if another process moves them meanwhile.
        let _ = repo.update_refs(&updates, "awo: fetch");
    }
}

/// Returns the updates that merge theirs into ours as ours is now.
fn merged(session: &Session, theirs: &Refs) -> Result<Vec<RefUpdate>, Error> {
    let (actor, repo) = (session.actor(), session.repo());
    let ours = actor.refs()?;
    let overtaken = unsent::overtaken_baselines(repo, &ours, theirs);
    if let Some(why) = Refusal::of(overtaken.iter().map(baseline::overtaken)) {
        let message = "a baseline of this clone has no place in the line that the server has";
        return Err(Error::denied(message, why)
            .hint("git awo push, which sets it aside")
            .hint("git awo fetch --theirs, which does the same"));
    }
    let mut updates = Vec::new();
    for (reference, their) in theirs {
        if matches!(Place::of(reference), Some(Place::Unknown) | None) {
            continue;
        }
        let our = ours.get(reference).copied();
        let merged = match our {
            None => *their,
            Some(our) => merge::merge(repo, reference, our, *their, &actor.author())?,
        };
        if our != Some(merged) {
            updates.push(RefUpdate {
                name: reference.clone(),
                expected: our.map_or(Expected::Absent, Expected::At),
                new: Some(merged),
            });
        }
    }
    Ok(updates)
}

fn raise_marks(session: &Session, remote: &str, after: &Refs, tags: bool) -> Result<(), Error> {
    let settings = &session.actor().settings;
    let mut marks = settings.high_water()?;
    let own = marks.remotes.entry(remote.to_owned()).or_default();
    // What this version does not know it does not bring either.
    let known = after
        .iter()
        .filter(|(name, _)| Place::of(name).is_some_and(|place| place != Place::Unknown));
    own.extend(known.map(|(name, id)| (name.clone(), *id)));
    let seen = kept::branches(session.refs()?, remote);
    marks.branches.insert(remote.to_owned(), seen);
    if let Some(log) = after.get(&layout::log()) {
        note_tags(session, remote, *log, (&mut marks, tags))?;
    }
    let now = session.now();
    let fetched = marks.fetched.entry(remote.to_owned()).or_insert(now);
    *fetched = now.max(*fetched);
    Ok(settings.set_high_water(&marks)?)
}

/// Remembers which tags of its log a remote lacks, or has elsewhere, where that is not seen here: all of
/// them are here only if they were `fetched`.
fn note_tags(
    session: &Session,
    remote: &str,
    log: ObjectId,
    (marks, fetched): (&mut Marks, bool),
) -> Result<(), Error> {
    let refs = session.refs()?;
    let told = log::state_at(session.repo(), log).unwrap_or_default().refs;
    let told = told.into_iter().filter(|(name, _)| name.tag().is_some());
    let (here, absent): (Refs, Refs) = told.partition(|(name, _)| refs.contains_key(name));
    let mut elsewhere = Refs::new();
    if fetched {
        let moved = here.iter().filter_map(|(name, logged)| {
            let id = refs.get(name).filter(|id| *id != logged)?;
            Some((name.clone(), *id))
        });
        elsewhere.extend(moved);
    } else if let Some(seen) = marks.tags.get(remote) {
        let seen = seen.iter().filter(|(name, _)| here.contains_key(*name));
        elsewhere.extend(seen.map(|(name, id)| (name.clone(), *id)));
    }
    let mut gone = Refs::new();
    if !absent.is_empty() {
        let mut there = remote::tags_and_log(session, remote)?;
        if absent.keys().any(|name| !there.contains_key(name)) {
            // The entry of a push that has just deleted it is still to come.
            std::thread::sleep(RECEIPT);
            there = remote::tags_and_log(session, remote)?;
        }
        if there.get(&layout::log()) != Some(&log) {
            // What it has now is no answer to this log.
            return Ok(());
        }
        for (name, logged) in absent {
            match there.get(&name) {
                Some(id) if *id == logged => {}
                Some(id) => _ = elsewhere.insert(name, *id),
                None => _ = gone.insert(name, logged),
            }
        }
    }
    marks.tags_asked.insert(remote.to_owned(), log);
    for (all, own) in [(&mut marks.tags, elsewhere), (&mut marks.tags_gone, gone)] {
        all.insert(remote.to_owned(), own);
        all.retain(|_, tags| !tags.is_empty());
    }
    Ok(())
}
