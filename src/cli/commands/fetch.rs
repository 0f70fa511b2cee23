//! `git awo fetch`

mod kept;

use std::cell::Cell;
use std::collections::BTreeSet;

use clap::Args;
use serde_json::json;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::check::governance::{Arrivals, MAX_RECORDS};
use crate::check::verify::positions;
use crate::cli::{Answer, CliError, Context};
use crate::facts::index;
use crate::facts::log::Log;
use crate::facts::position::{Continued, Logged, Positions};
use crate::facts::run::Collector;
use crate::git::{self, Expected, RefUpdate};
use crate::record::{Findings, ObjectId, RefName, Refusal, Rule, Subject};
use crate::store::batch::pause;
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};
use crate::store::{self, merge};

/// Fetch branches and records, verify them, then merge the records
///
/// What the server has lost since the last fetch is refused, and nothing is merged then.
#[derive(Debug, Args)]
pub struct FetchArgs {
    /// The remote
    #[arg(default_value = "origin")]
    remote: String,
    /// Where a record here conflicts with one of the same name there, take their records; the tip
    /// here is kept as refs/awo-displaced/…
    #[arg(long)]
    theirs: bool,
}

/// How often a fetch that lost a race for the refs of this clone is tried again.
const ATTEMPTS: usize = 40;

/// Runs the command.
pub fn run(context: &Context, args: &FetchArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let moved = fetch(&actor, &args.remote, args.theirs)?;
    let trusted = actor.anchor()?.is_some();
    let mut text = String::new();
    for (reference, id) in &moved {
        text.push_str(&format!("{reference} is at {}\n", id.short()));
    }
    if moved.is_empty() {
        text.push_str("nothing new\n");
    }
    if !trusted {
        text.push_str("nothing is trusted yet; next: git awo trust FINGERPRINT\n");
    }
    let rows: Vec<_> = moved
        .iter()
        .map(|(reference, id)| json!({ "ref": reference, "id": id }))
        .collect();
    Ok(Answer::new(
        "fetch",
        json!({ "remote": args.remote, "moved": rows, "trusted": trusted }),
        text,
    ))
}

/// Runs `git fetch`, again while other processes of this clone are moving the same refs.
fn bring(actor: &Actor, remote: &str, words: &[&str]) -> Result<(), CliError> {
    let mut attempt = 0;
    loop {
        match git::run_at_home(&actor.repo, words) {
            Ok(_) => return Ok(()),
            Err(error) if raced(&error.to_string()) => {
                if attempt == ATTEMPTS {
                    return Err(error.into());
                }
                pause(attempt)?;
                attempt = attempt.saturating_add(1);
            }
            Err(error) => {
                return Err(CliError::from(error).hint(format!("git remote get-url {remote}")));
            }
        }
    }
}

/// Tells whether git could not move a ref because another process has moved it or is about to. A
/// name that stands in the way of another stays there, and is not asked for again.
pub fn raced(said: &str) -> bool {
    let locks = ["cannot lock ref", ".lock'"];
    let reasons = ["but expected", "File exists", "reference already exists"];
    locks.iter().any(|it| said.contains(it)) && reasons.iter().any(|it| said.contains(it))
}

/// Fetches, verifies and merges; returns the governance refs that moved here.
pub fn fetch(
    actor: &Actor,
    remote: &str,
    theirs: bool,
) -> Result<Vec<(RefName, ObjectId)>, CliError> {
    if remote.is_empty() || remote.starts_with('-') || remote.contains([':', '/', ' ']) {
        return Err(CliError::usage(format!("{remote:?} is no remote's name"))
            .hint("git remote add origin URL"));
    }
    let refs = actor.refs()?;
    let before = tracking(&refs, remote);
    let branches = kept::branches(&refs, remote);
    let refspecs = [
        format!("+refs/heads/*:refs/remotes/{remote}/*"),
        format!("+refs/awo/*:refs/awo-remotes/{remote}/awo/*"),
        format!("+refs/notes/awo/*:refs/awo-remotes/{remote}/notes/awo/*"),
    ];
    // What is fetched is judged here: no hook has a part in it.
    let no_hooks = ["-c", "core.hooksPath=/dev/null"];
    let mut words = no_hooks.to_vec();
    words.extend(["fetch", "--quiet", "--no-tags", "--prune", remote]);
    words.extend(refspecs.iter().map(String::as_str));
    let mut looks = 0_usize;
    let (actor, after, lost, gone) = loop {
        bring(actor, remote, &words)?;
        // The objects are new to this process: open the repository again.
        let again = Actor::of(git::Repo::open(actor.repo.git_dir())?)?;
        let refs = again.refs()?;
        let after = tracking(&refs, remote);
        let mut lost = kept::lost(&again, remote, &before, &after)?;
        let gone = kept::gone(&again, &after, &kept::branches(&refs, remote))?;
        lost.extend(gone.iter().map(|(name, id)| kept::deleted(name, *id)));
        looks = looks.saturating_add(1);
        // Another fetch in this clone, begun before ours and ended after it, puts back what it has
        // seen. What the server itself has lost is lost at the second look too.
        if lost.is_empty() || looks == 2 {
            break (again, after, lost, gone);
        }
    };
    if let Some(why) = Refusal::of(lost) {
        kept::restore(&actor, remote, &before, &after)?;
        kept::restore_branches(&actor, remote, &branches, &gone)?;
        return Err(CliError::denied(
            format!("{remote} was rewound or forked; nothing was merged"),
            why,
        ));
    }
    let findings = arrived(&actor, remote, &after)?;
    // The index is derived: one that differs must not keep away the records it is mended from.
    let (derived, findings): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|it| index::is_rule(&it.rule));
    if let Some(why) = Refusal::of(findings) {
        return Err(CliError::denied(
            format!("{remote} holds what does not verify; nothing was merged"),
            why.and(derived),
        ));
    }
    let moved = merge_all(&actor, &after, theirs)?;
    // A mark says that what is below it was judged here. Without a policy nothing was.
    if after.contains_key(&layout::policy()) {
        raise_marks(&actor, remote, &after)?;
    }
    if let Some(why) = Refusal::of(derived) {
        let message = format!("the records of {remote} were merged, but its index is not theirs");
        return Err(CliError::denied(message, why)
            .hint("git awo index rebuild")
            .hint("git awo push"));
    }
    Ok(moved)
}

/// Returns the governance refs of a remote, by their names there.
pub fn tracking(refs: &Refs, remote: &str) -> Refs {
    let prefix = format!("refs/awo-remotes/{remote}/");
    refs.iter()
        .filter_map(|(name, id)| {
            let rest = name.as_str().strip_prefix(&prefix)?;
            Some((RefName::new(format!("refs/{rest}")).ok()?, *id))
        })
        .collect()
}

/// Judges what is new there since the last fetch that was merged, each record by the policy of
/// the push that brought it. What a refused fetch has seen is judged again.
fn arrived(actor: &Actor, remote: &str, after: &Refs) -> Result<Findings, CliError> {
    let mut findings = Findings::new();
    let Some(tip) = after.get(&layout::policy()) else {
        return Ok(findings);
    };
    let history = PolicyHistory::load(&actor.repo, *tip)?;
    if let Some(anchor) = actor.anchor()?
        && !history.starts_at(&anchor)
    {
        findings.push(
            Rule::PinnedRoot
                .finding(Subject::of_ref(&layout::policy()))
                .found(history.repository())
                .expected(anchor)
                .remedy("git awo trust"),
        );
        return Ok(findings);
    }
    let merged = actor
        .settings
        .high_water()?
        .remotes
        .remove(remote)
        .unwrap_or_default();
    let mut arrivals = Arrivals::default();
    for (reference, new) in after {
        if matches!(
            Place::of(reference),
            Some(Place::Policy | Place::Log | Place::Unknown) | None
        ) {
            continue;
        }
        let old = merged.get(reference).copied();
        if old != Some(*new) {
            arrivals.collect(
                &actor.repo,
                reference,
                old,
                *new,
                MAX_RECORDS,
                &mut findings,
            )?;
        }
    }
    let records = Records::open(&actor.repo, after)?;
    let judge = |positions: Positions<'_>, findings: &mut Findings| {
        let collector = Collector {
            records: &records,
            history: &history,
            positions,
            time: actor.now(),
            arriving_policies: None,
        };
        arrivals.judge(&collector, findings)
    };
    let Some(tip) = after.get(&layout::log()) else {
        judge(Positions::Logged(&Logged::new()), &mut findings)?;
        return Ok(findings);
    };
    // The log up to the mark was checked when the mark was set: what is new is read, and if that
    // does not answer everything, the whole.
    if let Some(base) = merged.get(&layout::log()) {
        let mut found = findings.clone();
        let log = Log::load_after(&actor.repo, *base, *tip, &history, &mut found)?;
        if let Some(log) = log {
            let logged = positions(&actor.repo, &log, &mut found)?;
            let part = Continued {
                logged: &logged,
                arriving: arrivals.digests(),
                unanswered: Cell::new(false),
            };
            if part.covers_arrivals() {
                judge(Positions::Continued(&part), &mut found)?;
                if !part.unanswered.get() {
                    return Ok(found);
                }
            }
        }
    }
    let log = Log::load(&actor.repo, *tip, &history, &mut findings)?;
    let logged = positions(&actor.repo, &log, &mut findings)?;
    judge(Positions::Logged(&logged), &mut findings)?;
    Ok(findings)
}

fn merge_all(
    actor: &Actor,
    theirs: &Refs,
    prefer_theirs: bool,
) -> Result<Vec<(RefName, ObjectId)>, CliError> {
    for attempt in 0..50 {
        let mut updates = Vec::new();
        let ours = actor.refs()?;
        for (reference, their) in theirs {
            if matches!(Place::of(reference), Some(Place::Unknown) | None) {
                continue;
            }
            let merged = match ours.get(reference) {
                None => *their,
                Some(our) => {
                    match merge::merge(&actor.repo, reference, *our, *their, &actor.author()) {
                        Err(store::Error::Conflict { .. }) if prefer_theirs => {
                            updates.push(displaced(reference, *our)?);
                            *their
                        }
                        other => other?,
                    }
                }
            };
            if ours.get(reference) != Some(&merged) {
                let expected = ours
                    .get(reference)
                    .map_or(Expected::Absent, |id| Expected::At(*id));
                updates.push(RefUpdate {
                    name: reference.clone(),
                    expected,
                    new: Some(merged),
                });
            }
        }
        if updates.is_empty() {
            return Ok(Vec::new());
        }
        match actor.repo.update_refs(&updates, "awo: fetch") {
            Ok(()) => {
                return Ok(updates
                    .into_iter()
                    .filter_map(|it| Some((it.name, it.new?)))
                    .collect());
            }
            Err(error) if error.may_pass() => pause(attempt)?,
            Err(error) => return Err(store::Error::from(error).into()),
        }
    }
    Err(store::Error::Contended { attempts: 50 }.into())
}

/// Keeps a tip that theirs replaces: nothing is lost, it is only out of the way.
fn displaced(reference: &RefName, tip: ObjectId) -> Result<RefUpdate, CliError> {
    let rest = reference.as_str().trim_start_matches("refs/");
    let name =
        RefName::new(format!("refs/awo-displaced/{rest}/{}", tip.short())).map_err(|error| {
            CliError::unusable(Rule::RefNamed, "cannot name the tip to keep", &error)
        })?;
    Ok(RefUpdate {
        name,
        expected: Expected::Absent,
        new: Some(tip),
    })
}

fn raise_marks(actor: &Actor, remote: &str, after: &Refs) -> Result<(), CliError> {
    let mut marks = actor.settings.high_water()?;
    let known: BTreeSet<_> = after
        .keys()
        // What this version does not know it does not bring either.
        .filter(|name| Place::of(name).is_some_and(|place| place != Place::Unknown))
        .cloned()
        .collect();
    for reference in known {
        if let Some(id) = after.get(&reference) {
            marks
                .remotes
                .entry(remote.to_owned())
                .or_default()
                .insert(reference, *id);
        }
    }
    Ok(actor.settings.set_high_water(&marks)?)
}
