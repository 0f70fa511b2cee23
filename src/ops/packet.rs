//! Pre-work and post-work of work packets: what is planned before a run, and what is computed of it.

use serde::Deserialize;

use crate::facts::post_work::{self as facts, Head, Standing};
use crate::git::Kind as GitKind;
use crate::policy::{Keyring, Role, Verified};
use crate::record::contract::Contract;
use crate::record::tree::Mode;
use crate::record::{
    Coded as _, Findings, IdentityName, ObjectId, Refusal, RepoPath, RunId, Sha256, Subject, TaskId,
};
use crate::records::{
    ContractPredicate, Kind, PlannedChange, PlannedFile, PreWorkPredicate, Sha1, Window,
};
use crate::rules::post_work::{self as rules, FileResult, Written};
use crate::rules::{absent, pre_work as pre_rules, waiver};
use crate::store::batch::Batch;
use crate::sys::file;

use super::revision::revision;
use super::{Error, Session, task};

/// The largest file whose hashes are shown, in bytes.
const LARGEST: u64 = 256 << 20;

/// A plan, as it is written: `[[file]]` with these keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    #[serde(default)]
    file: Vec<Wanted>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    path: String,
    window: Option<String>,
    #[serde(default)]
    anchors: Vec<String>,
    delta: Option<i64>,
    #[serde(default)]
    new: bool,
    #[serde(default)]
    delete: bool,
}

/// A recorded pre-work.
pub struct Planned {
    /// The record.
    pub record: Sha256,
    /// What it says.
    pub says: PreWorkPredicate,
}

/// Records what a run of a task is to change. `base` is the commit from which that is to start; else the base of
/// the contract, or the tip of its branch.
pub fn pre_work(
    session: &Session,
    id: &TaskId,
    plan: &[u8],
    base: Option<&str>,
) -> Result<Planned, Error> {
    let text = std::str::from_utf8(plan).map_err(|_| Error::usage("the plan is not UTF-8"))?;
    let plan: Plan = toml::from_str(text)
        .map_err(|error| Error::usage(format!("the plan cannot be read: {error}")))?;
    session.history()?;
    let records = session.records()?;
    let (digest, contract) = task::signed(session, &records, id)?;
    let base = match (base, contract.base) {
        (Some(base), _) => revision(session.actor(), base)?,
        (None, Some(base)) => base,
        (None, None) => tip(session, &contract)?,
    };
    let repo = session.repo();
    if !repo.contains(base) {
        return Err(session.refused(
            format!("the base of {id} is not in this clone"),
            absent::named(
                &base.to_string(),
                "the commit to start from",
                "git awo fetch",
            ),
        ));
    }
    let tree = repo.tree_of(base)?;
    let mut files = Vec::new();
    let mut left = LARGEST;
    for wanted in plan.file {
        let entry = repo.entry(tree, &RepoPath::from(wanted.path.as_str()))?;
        let there = entry
            .map(|at| facts::standing(repo, at, &mut left))
            .transpose()?;
        files.push(wanted.planned(there.as_ref())?);
    }
    files.sort_by_key(PlannedFile::repo_path);
    let says = PreWorkPredicate {
        base,
        context: session.context(&[Role::Orchestrator])?,
        contract: digest,
        files,
        task: id.clone(),
    };
    let envelope = session.sign(says.clone())?;
    // What the server would refuse is better known before it is recorded.
    let now = session.now();
    let record = Keyring::verify::<PreWorkPredicate>(&envelope, &session.history()?.now(now));
    let refused = format!("nothing is planned for {id}");
    let record = record.map_err(|error| {
        let subject = Subject::of_record(envelope.digest());
        Error::denied(refused.clone(), error.to_finding(subject))
    })?;
    let collector = session.collector(&records)?;
    let path = Kind::PreWork.one_of(id, envelope.digest());
    let subject = Subject::of_record(path.to_path());
    let found = pre_rules::pre_work(&collector.planning(&record, None)?, &subject);
    if let Some(why) = Refusal::of(found) {
        return Err(session.refused(refused, why));
    }
    session.commit(&Batch::new(format!("pre-work of {id}")).record(&path, &envelope))?;
    Ok(Planned {
        record: envelope.digest(),
        says,
    })
}

impl Wanted {
    fn planned(self, there: Option<&Standing>) -> Result<PlannedFile, Error> {
        let wrong = |what: &str| Error::usage(format!("{}: {what}", self.path));
        let change = match (self.new, self.delete) {
            (true, true) => return Err(wrong("new and delete exclude each other")),
            (true, false) => PlannedChange::Add,
            (false, true) => PlannedChange::Delete,
            (false, false) => PlannedChange::Change,
        };
        let lines = there.and_then(pre_rules::count_of_lines);
        let window =
            match &self.window {
                Some(text) => Some(window(text, lines).ok_or_else(|| {
                    wrong("a window is two line numbers, FIRST-LAST, or FIRST-end")
                })?),
                None => None,
            };
        let delta = match (self.delta, change) {
            (Some(delta), _) => delta,
            (None, PlannedChange::Delete) => {
                let lines = i64::try_from(lines.unwrap_or_default()).unwrap_or(i64::MAX);
                lines.saturating_neg()
            }
            (None, _) => return Err(wrong("delta is missing: lines added minus lines deleted")),
        };
        let rails = window
            .zip(there)
            .and_then(|(window, there)| pre_rules::rails(window, there));
        Ok(PlannedFile {
            anchors: self.anchors,
            change,
            delta,
            path: self.path,
            pre_blob: there.map(|it| it.id),
            pre_sha1: there.and_then(|it| it.sha1),
            rails,
            window,
        })
    }
}

/// Reads `FIRST-LAST`; `end` is the edge behind the last line.
fn window(text: &str, lines: Option<u64>) -> Option<Window> {
    let (first, last) = text.split_once('-')?;
    let number = |text: &str| {
        let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|_| plain)
    };
    let last = match last.trim() {
        "end" => lines?.checked_add(1)?,
        last => number(last)?,
    };
    Some(Window {
        first: number(first.trim())?,
        last,
    })
}

/// Returns the tip of the branch of a contract.
fn tip(session: &Session, contract: &Contract) -> Result<ObjectId, Error> {
    let name = &contract.target_ref;
    let missing = || {
        let message = format!("{name} is not in this clone");
        session.refused(message, crate::rules::execution::no_target(name))
    };
    session.repo().reference(name)?.ok_or_else(missing)
}

/// The hashes of a file.
pub struct Hashes {
    /// The SHA-1 of its content.
    pub sha1: Option<Sha1>,
    /// The id that git gives it.
    pub blob: Option<ObjectId>,
    /// Its mode, if a revision was asked for.
    pub mode: Option<Mode>,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many lines, if it is text.
    pub lines: Option<u64>,
}

/// Returns the hashes of a file, by its path from the top of the repository: in the work tree, or in a revision.
pub fn sha1(session: &Session, path: &str, rev: Option<&str>) -> Result<Hashes, Error> {
    let repo = session.repo();
    let missing = |place: &str| {
        let message = format!("there is no file {path} in {place}");
        Error::usage(message).hint("git ls-files: paths count from the top of the repository")
    };
    let (bytes, mode) = match rev {
        Some(rev) => {
            let commit = revision(session.actor(), rev)?;
            let entry = repo.entry(repo.tree_of(commit)?, &RepoPath::from(path))?;
            let is_blob = |mode: &Mode| !matches!(mode, Mode::Tree | Mode::Gitlink);
            let entry = entry.filter(|(mode, _)| is_blob(mode));
            let (mode, id) = entry.ok_or_else(|| missing(rev))?;
            (repo.blob_limited(id, LARGEST)?, Some(mode))
        }
        None => {
            let top = repo
                .work_tree()
                .ok_or_else(|| missing("a bare repository"))?;
            let read = file::read_plain(&top.join(path), LARGEST);
            let read =
                read.map_err(|error| Error::usage(format!("cannot read {path}: {error}")))?;
            (read.ok_or_else(|| missing("the work tree"))?, None)
        }
    };
    let lines = !rules::text::is_binary(&bytes) && mode != Some(Mode::Symlink);
    Ok(Hashes {
        sha1: crate::git::content_sha1(&bytes).map(Sha1::new),
        blob: repo.hash(GitKind::Blob, &bytes),
        mode,
        bytes: bytes.len() as u64,
        lines: lines.then(|| rules::text::lines(&bytes).len() as u64),
    })
}

/// What post-work came to.
pub struct Computed {
    /// The files, with their gates.
    pub files: Vec<FileResult>,
    /// The manifest.
    pub manifest: serde_json::Value,
    /// What is refused.
    pub findings: Findings,
}

/// Computes post-work of a recorded run, or of what a task has changed between the base of its newest pre-work
/// and HEAD, or as far as a range goes.
pub fn post_work(session: &Session, what: &str, range: Option<&str>) -> Result<Computed, Error> {
    session.history()?;
    let records = session.records()?;
    let run = RunId::new(what).ok();
    let is_run = |run: &RunId| records.blob_of(&Kind::Run.of(run));
    if let Some(run) = run.filter(|run| matches!(is_run(run), Ok(Some(_)))) {
        if range.is_some() {
            return Err(Error::usage("a run has its range: its base and its commit"));
        }
        return of_run(session, &run);
    }
    let id = TaskId::new(what)?;
    let (digest, contract) = task::signed(session, &records, &id)?;
    let collector = session.collector(&records)?;
    let mut plans = collector.pre_works(&id)?;
    plans.retain(|it| it.predicate().contract == digest);
    let (from, to) = match range {
        Some(range) => {
            let (from, to) = range.split_once("..").ok_or_else(|| {
                Error::usage(format!("{range:?} is no range")).hint("give it as BASE..COMMIT")
            })?;
            let to = if to.is_empty() { "HEAD" } else { to };
            (Some(revision(session.actor(), from)?), to)
        }
        None => (None, "HEAD"),
    };
    let Some(plan) = plans.pop() else {
        let subject = Subject::of_record(Kind::Contract.of(&id).to_path());
        let message = format!("nothing is planned for {id} in this clone");
        return Err(session.refused(
            message,
            rules::unplanned("no pre-work of this contract", &id, subject),
        ));
    };
    let base = plan.predicate().base;
    if let Some(from) = from.filter(|from| *from != base) {
        let message = format!("a range of {id} starts at {base}, and not at {from}");
        return Err(Error::usage(message).hint(format!("git awo packet post-work {id}")));
    }
    let commit = revision(session.actor(), to)?;
    let tree = session.repo().tree_of(commit)?;
    let operator = session.actor().person(session.history()?)?;
    of_task(session, &contract, digest, &plan, tree, &operator)
}

fn of_task(
    session: &Session,
    contract: &Contract,
    digest: Sha256,
    plan: &Verified<PreWorkPredicate>,
    tree: ObjectId,
    operator: &IdentityName,
) -> Result<Computed, Error> {
    let (repo, says) = (session.repo(), plan.predicate());
    let change = facts::change(repo, (says.base, tree), Some(says))?;
    let spec = facts::spec_target(repo, contract, tree)?;
    let head = Head {
        contract,
        digest,
        pre_work: Some(plan.digest()),
        base: says.base,
        tree,
        operator,
        spec: spec.as_ref(),
    };
    let files = rules::measure(Some(says), &change, Written::Now);
    let subject = Subject::of_record(Kind::Contract.of(&contract.id).to_path());
    Ok(Computed {
        manifest: rules::manifest(&head, &files),
        findings: rules::refusals(&files, &|_, _| false, &contract.id, &subject),
        files,
    })
}

fn of_run(session: &Session, run: &RunId) -> Result<Computed, Error> {
    let found = session.run(run)?;
    let subject = Subject::of_run(run);
    let bare = |what: &str| {
        let message = format!("{run} has no post-work");
        let task = found.run.valid().map(|it| it.predicate().task.clone());
        match task {
            Some(task) => session.refused(message, rules::unplanned(what, &task, subject.clone())),
            None => session.refused(message, absent::run_record(run)),
        }
    };
    let (Some(record), Some(contract)) = (found.run.valid(), found.contract.valid()) else {
        return Err(bare("no record and contract that hold"));
    };
    let contract: &Verified<ContractPredicate> = contract;
    let Some(work) = &found.post_work else {
        return Err(bare("a run that was not planned"));
    };
    let Some(plan) = work.plan.as_ref().and_then(|it| it.valid()) else {
        return Err(bare("no pre-work that holds"));
    };
    let says = record.predicate();
    let head = Head {
        contract: &contract.predicate().contract,
        digest: contract.digest(),
        pre_work: Some(plan.digest()),
        base: says.base,
        tree: says.tree,
        operator: record.signer(),
        spec: work.spec.as_ref(),
    };
    let written = Written::There {
        manifest: work.manifest.as_deref(),
        listed: work.listed,
    };
    let files = rules::measure(Some(plan.predicate()), &work.change, written);
    let (policy, mut ignored) = (session.policy()?, Findings::new());
    let of = (&contract.predicate().contract.id, contract.digest());
    let waived = found.work.iter().flat_map(|it| {
        let waivers = it.waivers.iter();
        let held = waivers.filter_map(|waiver| {
            waiver::holds(waiver, of, &it.makers, policy, &subject, &mut ignored)
        });
        held.collect::<Vec<_>>()
    });
    // Patterns that cannot be read waive nothing.
    let waivers = facts::Waivers::of(waived).unwrap_or_default();
    Ok(Computed {
        manifest: rules::manifest(&head, &files),
        findings: rules::arrived(work, plan.predicate(), &head, &waivers, &subject),
        files,
    })
}
