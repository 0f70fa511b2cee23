//! Pushes branch, ledger, evidence and notes at once. If others pushed meanwhile, their records are
//! merged and the push is tried again.

use crate::check::PolicyHistory;
use crate::git;
use crate::hook::speak::heard;
use crate::policy::Level;
use crate::record::path::escape;
use crate::record::{Findings, ObjectId, RefName, Refusal};
use crate::rules::remote as rules;
use crate::store::layout::{self, Place};
use crate::store::swap::pause;

use super::fetch::fetch;
use super::remote::{self, ATTEMPTS, raced, tracking};
use super::{Error, Session};

/// What git reports, too, if a `git gc` at the server has removed an empty directory meanwhile.
const MIGRATE: &str = "unable to migrate objects to permanent storage";

/// What is to be pushed.
pub struct Request {
    /// Where to.
    pub remote: String,
    /// These branches only, and the records; if empty, the current and the governed ones.
    pub branches: Vec<String>,
    /// The records only.
    pub records_only: bool,
}

/// Refs, and where they are to be or have been pushed.
pub type Plan = Vec<(RefName, ObjectId)>;

/// Pushes everything that is ahead of the remote, and returns it.
pub fn push(session: &Session, request: &Request) -> Result<Plan, Error> {
    let remote = request.remote.as_str();
    let mut last = String::new();
    let mut pushed = Plan::new();
    let policy = layout::policy();
    for attempt in 0..ATTEMPTS {
        let session = session.again()?;
        let plan = plan(&session, request)?;
        if plan.is_empty() {
            return Ok(pushed);
        }
        let plan = policy_first(&session, remote, plan)?;
        let seen = tracking(session.refs()?, remote);
        match send(&session, remote, &plan)? {
            Ok(()) => {
                let whole = plan.iter().all(|(name, _)| *name != policy);
                pushed.extend(plan);
                // What the server holds now is known: the next push needs no fetch to know it.
                let known = fetch(&session, remote, false);
                if whole {
                    return Ok(pushed);
                }
                known?;
                continue;
            }
            Err(said) => last = said,
        }
        fetch(&session, remote, false)?;
        let session = session.again()?;
        // Only a push that lost a race is tried again; a refusal stays one.
        if tracking(session.refs()?, remote) == seen && !lost_a_race(&last) {
            break;
        }
        if let Some(why) = Refusal::of(overtaken(&session, remote, &plan)?) {
            return Err(Error::denied("the branch moved meanwhile", why));
        }
        pause(attempt)?;
    }
    Err(refused(&last))
}

/// Tells whether git or a server says that somebody else was faster. A transaction that our hook
/// stops (REP-003) ends the connection before git can say why.
fn lost_a_race(said: &str) -> bool {
    let words = [
        "REP-003",
        "cannot lock ref",
        "hung up unexpectedly",
        MIGRATE,
    ];
    raced(said) || words.iter().any(|words| said.contains(words))
}

/// Returns everything that is ahead of the remote.
fn plan(session: &Session, request: &Request) -> Result<Plan, Error> {
    let refs = session.refs()?;
    let theirs = tracking(refs, &request.remote);
    let mut plan = Plan::new();
    for (name, id) in refs {
        let ahead = match Place::of(name) {
            Some(Place::Policy | Place::Ledger | Place::Evidence | Place::Notes(_)) => {
                theirs.get(name) != Some(id)
            }
            Some(_) => false,
            None => match name.branch() {
                Some(branch) if is_wanted(session, request, name, branch)? => {
                    is_ahead(session, &request.remote, branch, *id)?
                }
                _ => false,
            },
        };
        if ahead {
            plan.push((name.clone(), *id));
        }
    }
    Ok(plan)
}

fn is_wanted(
    session: &Session,
    request: &Request,
    name: &RefName,
    branch: &str,
) -> Result<bool, Error> {
    if request.records_only {
        return Ok(false);
    }
    if !request.branches.is_empty() {
        let mut branches = request.branches.iter();
        return Ok(branches.any(|it| it == branch || it == name.as_str()));
    }
    let Some(rules) = session.policy()?.ref_rules(name) else {
        return Ok(false);
    };
    Ok(rules.accepts_governed() || session.repo().head()?.as_ref() == Some(name))
}

fn is_ahead(session: &Session, remote: &str, branch: &str, id: ObjectId) -> Result<bool, Error> {
    match tracked(session, remote, branch)? {
        None => Ok(true),
        Some(theirs) => Ok(theirs != id && session.repo().is_ancestor(theirs, id)?),
    }
}

/// Returns where a branch of a remote was seen last.
fn tracked(session: &Session, remote: &str, branch: &str) -> Result<Option<ObjectId>, Error> {
    let name = RefName::new(format!("refs/remotes/{remote}/{branch}"));
    let refs = session.refs()?;
    Ok(name.ok().and_then(|name| refs.get(&name).copied()))
}

/// Returns the part of a plan that goes first. A changed policy goes before the branches, with the
/// records: those are judged by the policy before it, under which they were made. A first policy
/// goes alone.
fn policy_first(session: &Session, remote: &str, mut plan: Plan) -> Result<Plan, Error> {
    let policy = layout::policy();
    if plan.iter().any(|(name, _)| *name == policy) {
        let first = !remote::has(session, remote, &policy)?;
        // While the server is LOCKED it takes a policy and nothing else.
        let alone = first || is_locked(session, remote)?;
        plan.retain(|(name, _)| *name == policy || (!alone && name.branch().is_none()));
    }
    Ok(plan)
}

/// Tells whether the policy last seen at a remote stops everything but its successor.
fn is_locked(session: &Session, remote: &str) -> Result<bool, Error> {
    let Some(tip) = tracking(session.refs()?, remote).remove(&layout::policy()) else {
        return Ok(false);
    };
    let history = PolicyHistory::load(session.repo(), tip)?;
    Ok(history.current().policy.level() == Level::Locked)
}

/// Pushes; returns what git and the server said if they refused.
fn send(session: &Session, remote: &str, plan: &Plan) -> Result<Result<(), String>, Error> {
    let mut command = git::at_home(session.repo())?;
    command.args(["push", "--atomic", "--quiet", "--no-follow-tags", "--"]);
    command.arg(remote);
    for (reference, id) in plan {
        // The exact object that was judged here, wherever the ref may be by now.
        command.arg(format!("{id}:{reference}"));
    }
    let output = command
        .stdin(std::process::Stdio::inherit())
        .output()
        .map_err(|source| git::Error::Start { source })?;
    if output.status.success() {
        return Ok(Ok(()));
    }
    Ok(Err(escape(&output.stderr)))
}

/// Returns findings on the branches of the plan that others moved: a signed commit cannot be
/// rebased by us.
fn overtaken(session: &Session, remote: &str, plan: &Plan) -> Result<Findings, Error> {
    let mut findings = Findings::new();
    for (reference, id) in plan {
        let Some(branch) = reference.branch() else {
            continue;
        };
        if let Some(theirs) = tracked(session, remote, branch)?
            && !session.repo().is_ancestor(theirs, *id)?
        {
            findings.push(rules::overtaken(reference, *id, theirs, remote));
        }
    }
    Ok(findings)
}

/// Returns the refusal, with the findings that the server's lines carry.
fn refused(said: &str) -> Error {
    let message = |what: &str| format!("{what}:\n{}", said.trim_end());
    if let Some(why) = Refusal::of(heard(said)) {
        return Error::denied(message("the server refused the push"), why);
    }
    // Not our hooks: git itself, another hook, or no server at all. These are git's words.
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let found = last.unwrap_or("git push failed without a word").trim();
    let message = message("the push did not succeed");
    let raced = raced(said);
    if !raced && said.contains("[remote rejected]") {
        Error::denied(message, rules::rejected(found))
    } else if raced || said.contains("[rejected]") {
        Error::denied(message, rules::moved(found))
    } else {
        Error::undecided(message, rules::unreachable(found))
    }
}
