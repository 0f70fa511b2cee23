//! Pushes branch, ledger, evidence and notes at once. If others pushed meanwhile, their records are
//! merged and the push is tried again.

use crate::check::PolicyHistory;
use crate::git::{self, CommitDraft};
use crate::hook::speak::heard;
use crate::policy::Level;
use crate::record::path::escape;
use crate::record::{Findings, ObjectId, RefName, Refusal};
use crate::rules::remote as rules;
use crate::store::additions::since;
use crate::store::layout::{self, LedgerPath, Place};
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
/// goes alone. While the server is LOCKED, or its policy has expired, it takes a policy and proposals
/// of one, and nothing else.
fn policy_first(session: &Session, remote: &str, mut plan: Plan) -> Result<Plan, Error> {
    let policy = layout::policy();
    let changes = plan.iter().any(|(name, _)| *name == policy);
    if changes && !remote::has(session, remote, &policy)? {
        plan.retain(|(name, _)| *name == policy);
        return Ok(plan);
    }
    if is_stopped(session, remote)? {
        let proposals = proposals(session, remote)?;
        if changes || proposals.is_some() {
            plan.retain(|(name, _)| *name == policy);
            plan.extend(proposals.map(|id| (layout::ledger(), id)));
        }
    } else if changes {
        plan.retain(|(name, _)| name.branch().is_none());
    }
    Ok(plan)
}

/// Tells whether the policy last seen at a remote stops everything but its successor.
fn is_stopped(session: &Session, remote: &str) -> Result<bool, Error> {
    let Some(tip) = tracking(session.refs()?, remote).remove(&layout::policy()) else {
        return Ok(false);
    };
    let history = PolicyHistory::load(session.repo(), tip)?;
    let policy = &history.current().policy;
    Ok(policy.level() == Level::Locked || policy.expired_at(session.now()))
}

/// Returns a ledger that adds to the one last seen at a remote the proposals that this clone has
/// besides, and nothing else; `None` if there are none.
fn proposals(session: &Session, remote: &str) -> Result<Option<ObjectId>, Error> {
    let (repo, ledger) = (session.repo(), layout::ledger());
    let Some(ours) = session.refs()?.get(&ledger).copied() else {
        return Ok(None);
    };
    let theirs = tracking(session.refs()?, remote).remove(&ledger);
    let mut files = since(repo.reader(), theirs, ours)?;
    let all = files.len();
    files.retain(|(name, ..)| LedgerPath::parse(name).is_some_and(|it| it.is_of_a_proposal()));
    if files.is_empty() {
        return Ok(None);
    }
    if files.len() == all {
        return Ok(Some(ours));
    }
    let files = files.into_iter();
    let files: Vec<_> = files
        .map(|(name, mode, blob)| (name, Some((mode, blob))))
        .collect();
    let author = session.actor().author();
    let commit = repo.write_commit(&CommitDraft {
        tree: repo.edit_tree(None, &files)?,
        parents: theirs.into_iter().collect(),
        author: author.clone(),
        committer: author,
        message: b"proposals of a policy\n".to_vec(),
        signature: None,
    })?;
    Ok(Some(commit))
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
