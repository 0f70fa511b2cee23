//! Pushes branch, ledger, evidence and notes at once. If others pushed meanwhile, their records are
//! merged and the push is tried again.

use std::cell::OnceCell;

use crate::check::PolicyHistory;
use crate::git;
use crate::hook::speak::{heard, is_undecided, noted};
use crate::hook::{SERVER_JUDGES, install, shim};
use crate::policy::Level;
use crate::record::path::escape;
use crate::record::{Code, Findings, ObjectId, RefName, Refusal, Rule};
use crate::rules::remote as rules;
use crate::store::additions::since;
use crate::store::layout::{self, LedgerPath, Place};
use crate::store::swap::{Tip, pause};
use crate::store::unsent::{Moved, Unsent};
use crate::sys::shell::quote;

use super::aside::{Aside, settle};
use super::fetch::{self, bring, fetch, merge};
use super::remote::{self, ATTEMPTS, raced, tracking};
use super::session::once;
use super::submodules::{self, Submodules};
use super::{Error, Session};

/// What git reports, too, if a `git gc` at the server has removed an empty directory meanwhile.
const MIGRATE: &str = "unable to migrate objects to permanent storage";

/// What git says of a server that hides all refs from pushes, as one that has moved does.
const HIDDEN: &str = "deny updating a hidden ref";
/// How git ends where it was told to stop before it sent anything, or what it sent was refused.
const NOT_PUSHED: &str = "error: failed to push some refs to ";

/// What is to be pushed.
pub struct Request {
    /// Where to.
    pub remote: String,
    /// These branches only, and the records; if empty, the current and the governed ones.
    pub branches: Vec<String>,
    /// The records only.
    pub records_only: bool,
    /// Set aside whatever the server refuses, also what it may take another day.
    pub set_aside: bool,
}

/// Refs, and where they are to be or have been pushed.
pub type Plan = Vec<(RefName, ObjectId)>;

/// What a push did.
#[derive(Debug, Default)]
pub struct Pushed {
    /// What the server took.
    pub refs: Plan,
    /// What it will never take.
    pub aside: Aside,
    /// Where the tips are kept that held it.
    pub kept: Plan,
    /// What the server remarks on what it took.
    pub notes: Vec<String>,
}

/// Pushes everything that is ahead of the remote. What the server will never take is set aside.
pub fn push(session: &Session, request: &Request) -> Result<Pushed, Error> {
    let remote = request.remote.as_str();
    remote::require(session, remote)?;
    // Without a policy there is nothing that could be ahead, and nothing to say so either.
    session.history()?;
    let mut last = String::new();
    let mut pushed = Pushed::default();
    let mut brought = None;
    // Kept while races are lost: whoever finds out anew what to set aside loses the next one too.
    let mut aside = Aside::default();
    let policy = layout::policy();
    for attempt in 0..ATTEMPTS {
        let mut session = session.again()?;
        // git leaves refs that would not move forward out of a push and of what its hook sees: what
        // others have pushed is merged first.
        if brought.is_none() && is_behind(&session, remote)? {
            brought = Some(bring(&session, remote)?);
        }
        if let Some(brought) = brought.take() {
            if let Err(error) = merge(&brought, remote) {
                let seen = brought.session.again()?;
                let unsent = Unsent::between(seen.repo(), seen.refs()?, &brought.theirs)?;
                if unsent.conflicts().is_empty() {
                    return Err(error);
                }
                aside.take_conflicts(&unsent);
            }
            session = session.again()?;
        }
        let mut plan = plan(&session, request)?;
        if plan.is_empty() {
            plan = lost(&session, request)?;
        }
        if plan.is_empty() {
            return not_diverged(&session, request, pushed);
        }
        let plan = policy_first(&session, remote, plan)?;
        let seen = tracking(session.refs()?, remote);
        match deliver(&session, request, &plan, std::mem::take(&mut aside))? {
            Ok(delivered) => {
                let whole = plan.iter().all(|(name, _)| *name != policy);
                pushed.add(delivered);
                // What the server holds now is known: the next push needs no fetch to know it.
                let known = fetch(&session.again()?, &fetch::Request::of(remote));
                if whole {
                    return not_diverged(&session.again()?, request, pushed);
                }
                known?;
                continue;
            }
            Err((said, taken)) => {
                if lost_a_race(&said) {
                    aside = taken;
                }
                last = said;
            }
        }
        let session = brought.insert(bring(&session, remote)?).session.again()?;
        // Only a push that lost a race is tried again; a refusal stays one.
        if tracking(session.refs()?, remote) == seen && !lost_a_race(&last) {
            break;
        }
        if let Some(why) = Refusal::of(overtaken(&session, remote, &plan)?) {
            return Err(Error::denied("the branch moved meanwhile", why));
        }
        pause(attempt)?;
    }
    Err(refused(session, &last, remote))
}

impl Pushed {
    fn add(&mut self, other: Self) {
        self.refs.extend(other.refs);
        self.kept.extend(other.kept);
        self.notes.extend(other.notes);
        self.aside.pieces.extend(other.aside.pieces);
        self.aside.branches.extend(other.aside.branches);
        self.aside.why.extend(other.aside.why);
    }
}

/// Pushes a plan; without what the server says that it can never take, which is then set aside here
/// too. Returns what git and the server said if they refused the rest, and what would be set aside.
fn deliver(
    session: &Session,
    request: &Request,
    plan: &Plan,
    mut aside: Aside,
) -> Result<Result<Pushed, (String, Aside)>, Error> {
    let (repo, remote) = (session.repo(), request.remote.as_str());
    let theirs = tracking(session.refs()?, remote);
    // Asked only where something is refused: it looks at every note of the months that differ.
    let unsent = OnceCell::new();
    let unsent = || {
        once(&unsent, || {
            Ok(Unsent::between(repo, session.refs()?, &theirs)?)
        })
    };
    let with_policy = plan.iter().any(|(name, _)| *name == layout::policy());
    let author = session.actor().author();
    loop {
        let moved = match aside.pieces.is_empty() {
            true => Moved::new(),
            false => unsent()?.without(&aside.pieces, &author)?,
        };
        let tips = plan.iter().filter_map(|(name, id)| {
            let id = match moved.get(name) {
                Some(tip) => tip.filter(|tip| theirs.get(name) != Some(tip))?,
                None => *id,
            };
            (!aside.branches.contains(name)).then(|| (name.clone(), id))
        });
        let tips: Plan = tips.collect();
        let mut answer = match tips.is_empty() {
            true => Ok(String::new()),
            false => send(session, remote, &tips, Hook::Asked)?,
        };
        let mut refused_here = Vec::new();
        if let Err(said) = &answer
            && !by_server(said)
            && aside.is_concerned(&heard(said), request.set_aside, with_policy)
        {
            // Our own hook said so, by this machine's clock: the word of a server counts that judges
            // what it gets. One that keeps a log does.
            if theirs.contains_key(&layout::log()) {
                refused_here = heard(said);
                answer = send(session, remote, &tips, Hook::Passed)?;
            } else if !request.set_aside {
                return Ok(answer
                    .map(|_| Pushed::default())
                    .map_err(|said| (said, aside)));
            }
        }
        match answer {
            Ok(said) => {
                let mut there = theirs.clone();
                there.extend(tips.iter().cloned());
                let kept = settle(session, &aside.pieces, &there)?;
                return Ok(Ok(Pushed {
                    refs: tips,
                    aside,
                    kept,
                    notes: noted(&said),
                }));
            }
            Err(said) if lost_a_race(&said) => return Ok(Err((said, aside))),
            Err(said) => {
                let mut refused = heard(&said);
                if refused.is_empty() && request.set_aside {
                    // git itself refuses there, and names no record.
                    refused = refused_here;
                }
                if !aside.take(unsent()?, refused, request.set_aside, with_policy) {
                    return Ok(Err((said, aside)));
                }
            }
        }
    }
}

/// Tells whether the server, as seen last, has records that are not here.
fn is_behind(session: &Session, remote: &str) -> Result<bool, Error> {
    let refs = session.refs()?;
    for (name, their) in tracking(refs, remote) {
        let merged = match (Place::of(&name), refs.get(&name)) {
            (None | Some(Place::Unknown), _) => true,
            (Some(_), Some(our)) => session.repo().is_ancestor(their, *our)?,
            (Some(_), None) => false,
        };
        if !merged {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tells whether git or a server says that somebody else was faster. A transaction that our hook
/// stops (REP-003) ends the connection before git can say why.
fn lost_a_race(said: &str) -> bool {
    // Of two decisions on the same, and of two claims of the same paths, the first one counts, whoever tries again.
    let heard = heard(said);
    let mut heard = heard.iter();
    let decided = heard.any(|it| it.code == Code::Rep003 && rules::never_lands(it, false));
    if said.contains(HIDDEN) || decided {
        return false;
    }
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
            Some(
                Place::Policy | Place::Ledger | Place::Evidence | Place::Notes(_) | Place::Baseline,
            ) => theirs.get(name) != Some(id),
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

/// Returns what the remote had when it was seen last and has no more, by asking it.
fn lost(session: &Session, request: &Request) -> Result<Plan, Error> {
    let (refs, remote) = (session.refs()?, request.remote.as_str());
    let theirs = tracking(refs, remote);
    let mut plan = Plan::new();
    for (name, id) in refs {
        let had = match (Place::of(name), name.branch()) {
            (Some(Place::Log), _) => None,
            (Some(_), _) => theirs.get(name).copied(),
            (None, Some(branch)) if is_wanted(session, request, name, branch)? => {
                session.tracked(remote, branch)?
            }
            _ => None,
        };
        if had == Some(*id) {
            plan.push((name.clone(), *id));
        }
    }
    if plan.is_empty() {
        return Ok(plan);
    }
    let there = remote::at(session, remote, plan.iter().map(|(name, _)| name))?;
    let mut lost = Plan::new();
    for (name, id) in plan {
        let is_lost = match there.get(&name) {
            Some(at) => {
                *at != id && session.repo().contains(*at) && session.repo().is_ancestor(*at, id)?
            }
            None => true,
        };
        if is_lost {
            lost.push((name, id));
        }
    }
    Ok(lost)
}

/// Names the branches that have diverged from where the remote was seen: nothing of them was pushed.
fn not_diverged(session: &Session, request: &Request, mut pushed: Pushed) -> Result<Pushed, Error> {
    let repo = session.repo();
    for (name, id) in session.refs()? {
        let Some(branch) = name.branch().filter(|_| Place::of(name).is_none()) else {
            continue;
        };
        if !is_wanted(session, request, name, branch)? {
            continue;
        }
        if let Some(theirs) = session.tracked(&request.remote, branch)?
            && !repo.is_ancestor(theirs, *id)?
            && !repo.is_ancestor(*id, theirs)?
        {
            let governing = session.policy()?.ref_rules(name);
            let why = rules::diverged(name, governing.as_ref(), (*id, theirs), &request.remote);
            pushed.aside.branches.insert(name.clone());
            pushed.aside.why.push(why);
        }
    }
    Ok(pushed)
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
    match session.tracked(remote, branch)? {
        None => Ok(true),
        Some(theirs) => Ok(theirs != id && session.repo().is_ancestor(theirs, id)?),
    }
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
        // A baseline may be of a directory that only the new one names.
        let is_later =
            |name: &RefName| name.branch().is_some() || Place::of(name) == Some(Place::Baseline);
        plan.retain(|(name, _)| !is_later(name));
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
    let tip = Tip::at_commit(repo, ledger, theirs)?;
    let added = tip.adding(repo, &files, &author, "proposals of a policy\n".to_owned())?;
    Ok(added.and_then(|it| it.new))
}

/// Whether our own `pre-push` is asked first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hook {
    Asked,
    Passed,
}

/// Pushes; returns what git and the server said if they refused.
fn send(
    session: &Session,
    remote: &str,
    plan: &Plan,
    hook: Hook,
) -> Result<Result<String, String>, Error> {
    let submodules = Submodules::asked(session);
    let head = session.repo().head()?;
    if let Some((branch, _)) = plan.iter().find(|(name, _)| head.as_ref() == Some(name)) {
        submodules.push(session, remote, branch)?.map_err(|said| {
            let last = last_line(&said);
            Error::undecided(
                format!("the submodules were not pushed:\n{}", said.trim_end()),
                rules::submodules(last),
            )
        })?;
    }
    let mut command = git::at_home(session.repo())?;
    command.args(["push", "--atomic", "--quiet", "--no-follow-tags"]);
    command.args(submodules.option()).arg("--");
    if hook == Hook::Passed {
        // Not --no-verify: other programs' hooks have their say.
        command.env(SERVER_JUDGES, "1");
    }
    command.arg(remote);
    for (reference, id) in plan {
        // The exact object that was judged here, wherever the ref may be by now.
        command.arg(format!("{id}:{reference}"));
    }
    let output = command
        .stdin(std::process::Stdio::inherit())
        .output()
        .map_err(|source| git::Error::Start { source })?;
    let said = escape(&output.stderr);
    Ok(match output.status.success() {
        true => Ok(said),
        false => Err(said),
    })
}

/// Returns findings on the branches of the plan that others moved: a signed commit cannot be
/// rebased by us.
fn overtaken(session: &Session, remote: &str, plan: &Plan) -> Result<Findings, Error> {
    let mut findings = Findings::new();
    for (reference, id) in plan {
        let Some(branch) = reference.branch() else {
            continue;
        };
        if let Some(theirs) = session.tracked(remote, branch)?
            && !session.repo().is_ancestor(theirs, *id)?
        {
            findings.push(rules::overtaken(reference, *id, theirs, remote));
        }
    }
    Ok(findings)
}

/// Tells whether the server said so, and not our own hook: git marks what it passes on.
fn by_server(said: &str) -> bool {
    said.lines().any(|line| line.starts_with("remote:"))
}

/// Returns the refusal, with the findings that the server's lines carry.
fn refused(session: &Session, said: &str, remote: &str) -> Error {
    let message = |what: &str| format!("{what}:\n{}", said.trim_end());
    let found = last_line(said);
    if said.contains(HIDDEN) {
        let found = said.lines().find(|line| line.contains(HIDDEN));
        let found = rules::closed(found.unwrap_or(HIDDEN).trim());
        return Error::denied(message("the server refused the push"), found);
    }
    let heard = heard(said);
    let large = heard.iter().any(|it| it.rule == Rule::LargeFilesUploaded);
    let heard = heard.into_iter().map(|it| it.at_server(&quote(remote)));
    if let Some(why) = Refusal::of(heard) {
        let who = match by_server(said) {
            true => "the server refused the push",
            false => "the hook of this clone refused the push",
        };
        if is_undecided(said) {
            let error = Error::undecided(message(who), why);
            return match large {
                true => error.hint("git awo push --records-only, to push the records without it"),
                false => error,
            };
        }
        return Error::denied(message(who), why).hint(
            "git awo push --set-aside, to keep what is refused out of the way and push the rest",
        );
    }
    // Not our hooks: git itself, another hook, or no server at all. These are git's words.
    let message = message("the push did not succeed");
    let raced = raced(said);
    if !raced && said.contains("[remote rejected]") {
        Error::denied(message, rules::rejected(found))
    } else if raced || said.contains("[rejected]") {
        Error::denied(message, rules::moved(found))
    } else if submodules::is_missing(said) {
        Error::undecided(message, rules::submodules(found))
    } else if found.starts_with(NOT_PUSHED) && !said.contains("hung up unexpectedly") {
        let is_word = |line: &&str| !line.trim().is_empty() && line.trim() != found;
        let word = said.lines().rfind(is_word);
        let word = word.map_or("it says nothing", str::trim);
        Error::denied(message, rules::refused_here(other_hook(session), word))
    } else {
        Error::undecided(message, rules::unreachable(found))
    }
}

/// Returns the hook of another program that git calls before a push: the one that ours calls, or the one
/// in its place.
fn other_hook(session: &Session) -> String {
    let hook = install::hooks_dir(session.repo()).join("pre-push");
    let kept = shim::kept_path(&hook);
    let name = match shim::is_executable(&kept) {
        Ok(true) => kept,
        _ => hook,
    };
    let name = name.file_name().unwrap_or_default();
    escape(name.as_encoded_bytes())
}

fn last_line(said: &str) -> &str {
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    last.unwrap_or("git push failed without a word").trim()
}
