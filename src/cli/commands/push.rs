//! `git awo push`

use clap::Args;
use serde_json::json;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::cli::commands::fetch::{fetch, raced, tracking};
use crate::cli::{Answer, CliError, Context};
use crate::git;
use crate::hook::speak::heard;
use crate::policy::Level;
use crate::record::path::escape;
use crate::record::{Finding, ObjectId, RefName, Refusal, Rule, Subject};
use crate::store::batch::pause;
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;

/// How often a push that lost a race is tried again.
const ATTEMPTS: usize = 40;

/// So git says, too, when a `git gc` at the server has removed an empty directory meanwhile.
const MIGRATE: &str = "unable to migrate objects to permanent storage";

/// Push branch, ledger, evidence and notes in one atomic push
///
/// Everything that is ahead of the remote goes at once: the records, the current branch, and the
/// governed branches; a changed policy goes before the branches. If others pushed meanwhile, their records are merged and the push is tried
/// again.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// The remote
    #[arg(default_value = "origin")]
    remote: String,
    /// Push these branches only (and the records)
    #[arg(long = "branch", value_name = "BRANCH")]
    branches: Vec<String>,
    /// Push the records only
    #[arg(long, conflicts_with = "branches")]
    records_only: bool,
}

/// Runs the command.
pub fn run(context: &Context, args: &PushArgs) -> Result<Answer, CliError> {
    let remote = args.remote.as_str();
    let mut last = String::new();
    let mut pushed: Vec<(RefName, ObjectId)> = Vec::new();
    for attempt in 0..ATTEMPTS {
        let actor = context.actor()?;
        let mut plan = plan(&actor, args)?;
        if plan.is_empty() {
            return Ok(answer(remote, &pushed));
        }
        let policy = layout::policy();
        if plan.iter().any(|(name, _)| *name == policy) {
            // A changed policy goes before the branches, with the records: those are judged by
            // the policy before it, under which they were made. A first policy goes alone.
            let first = !remote_has(&actor, remote, &policy)?;
            // While the server is LOCKED it takes a policy and nothing else.
            let alone = first || is_locked(&actor, remote)?;
            plan.retain(|(name, _)| *name == policy || (!alone && name.branch().is_none()));
        }
        let seen = tracking(&actor.refs()?, remote);
        match push(&actor, remote, &plan)? {
            Ok(()) => {
                let whole = plan.iter().all(|(name, _)| *name != policy);
                pushed.extend(plan);
                // What the server holds now is known: the next push needs no fetch to know it.
                let known = fetch(&actor, remote, false);
                if whole {
                    return Ok(answer(remote, &pushed));
                }
                known?;
                continue;
            }
            Err(said) => last = said,
        }
        fetch(&actor, remote, false)?;
        let now = tracking(&context.actor()?.refs()?, remote);
        // Only a push that lost a race is tried again; a refusal stays one.
        // A transaction that our hook stops (REP-003) ends the connection before git can say why.
        let raced = now != seen
            || raced(&last)
            || [
                "REP-003",
                "cannot lock ref",
                "hung up unexpectedly",
                MIGRATE,
            ]
            .iter()
            .any(|words| last.contains(words));
        if !raced {
            break;
        }
        if let Some(why) = Refusal::of(overtaken(&context.actor()?, remote, &plan)?) {
            return Err(CliError::denied("the branch moved meanwhile", why));
        }
        pause(attempt)?;
    }
    Err(refused(&last))
}

/// Tells whether the policy last seen at a remote stops everything but its successor.
fn is_locked(actor: &Actor, remote: &str) -> Result<bool, CliError> {
    let Some(tip) = tracking(&actor.refs()?, remote).remove(&layout::policy()) else {
        return Ok(false);
    };
    let history = PolicyHistory::load(&actor.repo, tip)?;
    Ok(history.current().policy.level() == Level::Locked)
}

fn answer(remote: &str, pushed: &[(RefName, ObjectId)]) -> Answer {
    let mut text = String::new();
    for (reference, id) in pushed {
        text.push_str(&format!("{reference} -> {}\n", id.short()));
    }
    if pushed.is_empty() {
        text.push_str("nothing to push\n");
    }
    let row = |(reference, id): &(RefName, ObjectId)| json!({ "ref": reference, "id": id });
    let rows: Vec<_> = pushed.iter().map(row).collect();
    Answer::new("push", json!({ "remote": remote, "pushed": rows }), text)
}

/// Returns the refs to push and where they are, in a fixed order.
fn plan(actor: &Actor, args: &PushArgs) -> Result<Vec<(RefName, ObjectId)>, CliError> {
    let refs = actor.refs()?;
    let theirs = tracking(&refs, &args.remote);
    let mut plan = Vec::new();
    for (name, id) in &refs {
        let ahead = match Place::of(name) {
            Some(
                Place::Policy
                | Place::Ledger
                | Place::Evidence
                | Place::Approvals
                | Place::Attestations,
            ) => theirs.get(name) != Some(id),
            Some(_) => false,
            None => match name.branch() {
                Some(branch) if wanted(actor, args, name, branch)? => {
                    branch_is_ahead(actor, &refs, &args.remote, branch, *id)?
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

fn wanted(actor: &Actor, args: &PushArgs, name: &RefName, branch: &str) -> Result<bool, CliError> {
    if args.records_only {
        return Ok(false);
    }
    if !args.branches.is_empty() {
        return Ok(args
            .branches
            .iter()
            .any(|it| it == branch || it == name.as_str()));
    }
    let history = actor.history()?;
    let Some(rules) = history.current().policy.ref_rules(name) else {
        return Ok(false);
    };
    Ok(rules.accepts_governed() || actor.repo.head()?.as_ref() == Some(name))
}

fn branch_is_ahead(
    actor: &Actor,
    refs: &Refs,
    remote: &str,
    branch: &str,
    id: ObjectId,
) -> Result<bool, CliError> {
    let tracked = RefName::new(format!("refs/remotes/{remote}/{branch}"))
        .ok()
        .and_then(|name| refs.get(&name).copied());
    match tracked {
        None => Ok(true),
        Some(theirs) => Ok(theirs != id && actor.repo.is_ancestor(theirs, id)?),
    }
}

/// Tells whether a remote has a ref, by asking it.
pub fn remote_has(actor: &Actor, remote: &str, reference: &RefName) -> Result<bool, CliError> {
    let output = git::run_at_home(
        &actor.repo,
        &["ls-remote", "--refs", "--", remote, reference.as_str()],
    )?;
    Ok(!output.stdout.is_empty())
}

/// Pushes; returns what git and the server said if they refused.
fn push(
    actor: &Actor,
    remote: &str,
    plan: &[(RefName, ObjectId)],
) -> Result<Result<(), String>, CliError> {
    let mut command = git::at_home(&actor.repo)?;
    command.args(["push", "--atomic", "--quiet", "--no-follow-tags", "--"]);
    command.arg(remote);
    for (reference, id) in plan {
        // The exact object that was judged here, not wherever the ref may be by then.
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

/// Returns the branches of the plan that others moved: a signed commit cannot be rebased by us.
fn overtaken(
    actor: &Actor,
    remote: &str,
    plan: &[(RefName, ObjectId)],
) -> Result<Vec<Finding>, CliError> {
    let refs = actor.refs()?;
    let mut findings = Vec::new();
    for (reference, id) in plan {
        let Some(branch) = reference.branch() else {
            continue;
        };
        let tracked = RefName::new(format!("refs/remotes/{remote}/{branch}"))
            .ok()
            .and_then(|name| refs.get(&name).copied());
        if let Some(theirs) = tracked
            && !actor.repo.is_ancestor(theirs, *id)?
        {
            findings.push(
                Rule::BranchMoved.finding(Subject::of_ref(reference).at(theirs))
                    .found(format!("{remote} moved to {theirs}"))
                    .expected(format!("an ancestor of {id}"))
                    .remedy("git awo push --records-only; rebase direct commits, or approve and run the task again"),
            );
        }
    }
    Ok(findings)
}

/// Returns the refusal, with the findings that the server's lines carry.
fn refused(said: &str) -> CliError {
    let message = |what: &str| format!("{what}:\n{}", said.trim_end());
    if let Some(why) = Refusal::of(heard(said)) {
        return CliError::denied(message("the server refused the push"), why);
    }
    // Not our hooks: git itself, another hook, or no server at all. git says it in these words.
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let found = last.unwrap_or("git push failed without a word").trim();
    let finding = |rule: Rule| rule.finding(Subject::none()).found(found);
    let message = message("the push did not succeed");
    if !raced(said) && said.contains("[remote rejected]") {
        let finding = finding(Rule::RemoteAccepts).expected("a push that the remote takes");
        return CliError::denied(message, finding.remedy("git awo doctor, on the server"));
    }
    if raced(said) || said.contains("[rejected]") {
        let finding = finding(Rule::NothingMoved).expected("a remote where it was seen");
        return CliError::denied(message, finding.remedy("git awo fetch"));
    }
    let finding = finding(Rule::RemoteReachable).expected("a remote that answers");
    CliError::undecided(message, finding.remedy("git remote get-url origin"))
}
