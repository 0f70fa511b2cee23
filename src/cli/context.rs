//! What every command needs: where, as whom, and how to answer. Built once.

use std::path::{Path, PathBuf};

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::check::branch;
use crate::facts::case::{Lookup, RunFacts};
use crate::facts::index;
use crate::facts::run::Collector;
use crate::git::{self, Repo};
use crate::record::Report;
use crate::record::predicate::RunPredicate;
use crate::record::{
    Finding, Findings, ObjectId, RefName, Refusal, Rule, RuleName, RunId, Sha256, Subject,
    WorkflowUrl,
};
use crate::rules;
use crate::store::ledger::Records;

use super::{Answer, CliError};
use crate::render;

/// What every command needs.
pub struct Context {
    directory: PathBuf,
    json: bool,
}

impl Context {
    /// Returns the context of a program started with these global options.
    pub fn new(directory: Option<&Path>, json: bool) -> Self {
        Self {
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            json,
        }
    }

    /// Returns the directory to work in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Tells whether the result is wanted as JSON.
    pub fn json(&self) -> bool {
        self.json
    }

    /// Opens the repository: `GIT_DIR` as git does, else the one around the directory.
    pub fn actor(&self) -> Result<Actor, CliError> {
        let repo = match std::env::var_os("GIT_DIR") {
            Some(git_dir) if !git_dir.is_empty() => Repo::open(&self.directory.join(git_dir))?,
            _ => Repo::discover(&self.directory)?,
        };
        Ok(Actor::of(repo)?)
    }

    /// Says something to a person, on stderr; results go to stdout.
    pub fn say(&self, text: impl AsRef<str>) {
        eprintln!("{}", crate::record::path::escape(text.as_ref().as_bytes()));
    }
}

/// Returns the answer that a report is.
pub fn answer_of(report: &Report) -> Answer {
    Answer::new("verdict", report.to_json(), render::report::report(report)).judged(report)
}

/// Returns the record that now says it, and whether this command added it: of several processes
/// that say the same for the same person, one does.
pub fn effective(
    noted: Result<(), crate::store::Error>,
    own: Sha256,
) -> Result<(Sha256, bool), CliError> {
    match noted {
        Ok(()) => Ok((own, true)),
        Err(crate::store::Error::Noted { digest }) => Ok((digest, false)),
        Err(error) => Err(error.into()),
    }
}

/// Returns the commit that a revision names. `git rev-parse` knows the syntax.
pub fn revision(actor: &Actor, text: &str) -> Result<ObjectId, CliError> {
    if text.starts_with('-') {
        return Err(CliError::usage(format!("{text:?} is no revision")));
    }
    let (name, rest) = text.split_at(name_ends(text));
    let spec = format!("{}{rest}^{{commit}}", meant(actor, name)?);
    let output = git::run_guarded(
        &actor.repo,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &spec,
        ],
    )
    .map_err(|_| CliError::usage(format!("no commit {text:?}")).hint("git log --oneline"))?;
    let hex = String::from_utf8_lossy(&output.stdout);
    hex.trim()
        .parse()
        .map_err(|_| CliError::usage(format!("no commit {text:?}")))
}

/// Returns where the name ends in a revision such as `main~3` or `v1@{yesterday}`.
fn name_ends(text: &str) -> usize {
    let ends = [text.find(['^', '~', ':']), text.find("@{")];
    ends.into_iter().flatten().min().unwrap_or(text.len())
}

/// Returns the full name of the ref that a name means; the name as it is where it means none, or
/// says by itself what it is. git guesses where several are meant: a tag before a branch, a ref
/// before an abbreviated id. Whoever made the clone would choose what is judged.
fn meant(actor: &Actor, name: &str) -> Result<String, CliError> {
    let is_id = name.parse::<ObjectId>().is_ok();
    if name.is_empty() || is_id || matches!(name, "HEAD" | "@") || name.starts_with("refs/") {
        return Ok(name.to_owned());
    }
    let mut found = Vec::new();
    for place in ["refs", "refs/tags", "refs/heads", "refs/remotes"] {
        if let Ok(full) = RefName::new(format!("{place}/{name}"))
            && actor.repo.reference(&full)?.is_some()
        {
            found.push(full.to_string());
        }
    }
    let hex = name.len() >= 4 && name.bytes().all(|b| b.is_ascii_hexdigit());
    match found.as_slice() {
        [] => Ok(name.to_owned()),
        [one] if !hex => Ok(one.clone()),
        several => {
            let id = if hex {
                ", or the beginning of an id"
            } else {
                ""
            };
            let why = format!("{name} can mean {}{id}", several.join(", "));
            Err(CliError::usage(why).hint("git rev-parse, and name it in full"))
        }
    }
}

/// Returns the facts of a run, or says that there is none.
pub fn facts_of(collector: &Collector<'_>, run: &RunId) -> Result<RunFacts, CliError> {
    let facts = collector.run(run)?;
    if matches!(facts.run, Lookup::Missing) {
        return Err(CliError::denied(
            format!("there is no run {run} in this clone"),
            [Rule::RunRecordPresent
                .finding(Subject::of_run(run))
                .found("no run record")
                .expected("a run record in the ledger")
                .remedy("git awo fetch; git awo log")],
        ));
    }
    Ok(facts)
}

/// Returns why the record of a run does not hold.
pub fn unheld(facts: &RunFacts, history: &PolicyHistory) -> Refusal {
    let mut findings = Findings::new();
    rules::run_binds(facts, &history.current().policy, &mut findings);
    Refusal::or(
        findings,
        Rule::RunHolds
            .finding(Subject::of_run(&facts.id))
            .found("a run record that does not hold")
            .expected("a run record that holds")
            .remedy(format!("git awo chain {}", facts.id)),
    )
}

/// Returns what stands against a step of a run: what the rules have found, or else that this link
/// of the chain, which comes before it, is missing.
pub fn before(findings: Findings, rule: Rule, run: &RunId, remedy: String) -> Refusal {
    let link = rule.finding(Subject::of_run(run)).found("no such link");
    let link = link.expected(format!("the link {rule} of the chain"));
    Refusal::or(findings, link.remedy(remedy))
}

/// Judges the commit of a run with its chain, as the server will; findings of these rules are
/// left out, because their links are still to come.
pub fn judge_chain(
    records: &Records<'_>,
    history: &PolicyHistory,
    facts: &RunFacts,
    run: &RunPredicate,
    later: &[Rule],
) -> Result<Findings, CliError> {
    let reader = records.reader();
    let policy = &history.current().policy;
    let Some(rules) = policy.ref_rules(&run.reference) else {
        return Err(CliError::denied(
            format!("{} is not governed", run.reference),
            ungoverned(&run.reference),
        ));
    };
    let findings = branch::judge_run(reader, &rules, run.commit, facts, facts.time)?;
    // An entry that is to come is derived anew, whatever stands in its place.
    let to_come = |rule: &RuleName| {
        later.iter().any(|it| *rule == *it)
            || later.contains(&Rule::ProvenanceIndex) && index::is_rule(rule)
    };
    Ok(findings
        .into_iter()
        .filter(|finding| !to_come(&finding.rule))
        .collect())
}

/// Returns the finding that no rule governs a ref.
pub fn ungoverned(reference: &RefName) -> Finding {
    Rule::UngovernedRef
        .finding(Subject::of_ref(reference))
        .found("a ref that no rule governs")
        .expected("a governed branch")
        .remedy("git awo policy show")
}

/// Moves the checked-out work tree along with a branch that just moved, if it is checked out here.
/// The work tree must be clean before: [`require_clean`].
pub fn follow(
    actor: &Actor,
    reference: &RefName,
    old: ObjectId,
    new: ObjectId,
) -> Result<(), CliError> {
    if checked_out(actor, reference)? {
        read_tree(actor, old, new)?;
    }
    Ok(())
}

fn read_tree(actor: &Actor, old: ObjectId, new: ObjectId) -> Result<(), git::Error> {
    // `git status` may have found files clean and not written that down. What has really changed
    // makes this fail, and the next command too, which says more.
    let _ = git::run_guarded(&actor.repo, &["update-index", "-q", "--refresh"]);
    let (old, new) = (old.to_string(), new.to_string());
    let words = ["read-tree", "-m", "-u", &old, &new];
    git::run_guarded(&actor.repo, &words).map(|_| ())
}

/// Brings the work tree along if the branch was moved by a process that ended before it could:
/// the index is then exactly as it was. Returns what is to be said if that did not succeed.
pub fn catch_up(
    actor: &Actor,
    reference: &RefName,
    old: ObjectId,
    new: ObjectId,
) -> Result<String, CliError> {
    if old == new || !checked_out(actor, reference)? {
        return Ok(String::new());
    }
    let before = old.to_string();
    let compare = ["diff-index", "--cached", "--name-only", &before, "--"];
    let differ = git::run_guarded(&actor.repo, &compare)?;
    if !differ.stdout.is_empty() {
        return Ok(String::new());
    }
    let Err(error) = read_tree(actor, old, new) else {
        return Ok(String::new());
    };
    let why = crate::record::path::escape(error.to_string().as_bytes());
    Ok(format!(
        "the work tree is not where {reference} is: {why}\nnext: git status\n"
    ))
}

/// Refuses if the branch, seen at `tip`, is checked out here with local changes.
pub fn require_clean(actor: &Actor, reference: &RefName, tip: ObjectId) -> Result<(), CliError> {
    if !checked_out(actor, reference)? {
        return not_elsewhere(actor, reference);
    }
    // `git status` does without the lock, but afterwards the work tree could not follow.
    let lock = actor.repo.git_dir().join("index.lock");
    if lock.exists() {
        let lock = crate::record::path::quote(lock.as_os_str().as_encoded_bytes());
        let finding = Rule::StaleLock
            .finding(Subject::of_ref(reference))
            .found(format!("{lock} is there"))
            .expected("no other git at work here")
            .remedy(format!("wait; if no other git is at work, rm {lock}"));
        let what = format!("{reference} is checked out here, and its index is locked");
        return Err(CliError::denied(what, [finding]));
    }
    let words = [
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--ignore-submodules=dirty",
    ];
    let output = git::run_guarded(&actor.repo, &words)?;
    if output.stdout.is_empty() {
        return Ok(());
    }
    // Another process that has just moved the branch is about to bring the work tree along: what
    // differs then is not the user's, and not for them to stash.
    let now = actor.repo.reference(reference)?;
    if now != Some(tip) {
        let finding = Rule::NothingMoved
            .finding(Subject::of_ref(reference))
            .found(now.map_or("the ref is gone".to_owned(), |id| id.to_string()))
            .expected(tip)
            .remedy("git awo status");
        return Err(CliError::denied(
            format!("{reference} was moved meanwhile"),
            [finding],
        ));
    }
    Err(CliError::denied(
        format!("{reference} is checked out here with local changes"),
        [Rule::WorkTreeClean
            .finding(Subject::of_ref(reference))
            .found(
                String::from_utf8_lossy(&output.stdout)
                    .lines()
                    .take(5)
                    .collect::<Vec<_>>()
                    .join(", "),
            )
            .expected("a clean work tree")
            .remedy("git stash")],
    ))
}

/// Refuses if another work tree has the branch checked out: it would be left behind, with the
/// exact reversal of what happens staged.
fn not_elsewhere(actor: &Actor, reference: &RefName) -> Result<(), CliError> {
    let words = ["worktree", "list", "--porcelain"];
    let output = git::run_guarded(&actor.repo, &words)?;
    let listed = String::from_utf8_lossy(&output.stdout);
    let mut place = "";
    for line in listed.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            place = path;
        } else if line.strip_prefix("branch ") == Some(reference.as_str()) {
            return Err(CliError::denied(
                format!("{reference} is checked out in another work tree"),
                [Rule::WorkTreeClean
                    .finding(Subject::of_ref(reference))
                    .found(place)
                    .expected("the branch checked out here or nowhere")
                    .remedy(format!("cd {place}, and run the command there"))],
            ));
        }
    }
    Ok(())
}

fn checked_out(actor: &Actor, reference: &RefName) -> Result<bool, CliError> {
    Ok(actor.repo.work_tree().is_some() && actor.repo.head()?.as_ref() == Some(reference))
}

/// Returns the address of a forge's run as a record holds it (INT-004 if it is none).
pub fn workflow_url(text: Option<&str>) -> Result<Option<WorkflowUrl>, CliError> {
    let checked = text.map(WorkflowUrl::new).transpose();
    checked.map_err(|bad| {
        CliError::denied(
            "the address of the workflow run cannot stand in a record",
            Rule::WorkflowUrl
                .finding(Subject::none())
                .found(bad)
                .expected("http:// or https://, printable ASCII, at most 2,048 bytes")
                .remedy("git awo approve RUN --workflow-run-url URL"),
        )
    })
}
