//! Runs a command several times with the files of one commit, and compares what it makes.
//!
//! Each run has an export and a cell of its own, and an environment that differs from that of the others by a
//! fixed schedule. What would come from whoever makes the check is left out or fixed.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::actor::Actor;
use crate::cell::{Demand, Held};
use crate::git::{self, Repo};
use crate::policy::pattern::PathSet;
use crate::record::contract::CellTerms;
use crate::record::determinism::{
    DeterminismDraft, Difference, HeldByAll, Planned, Processors, Repetition, SCHEDULE, SCHEMA,
    Sameness, Surroundings, What,
};
use crate::record::path::quote;
use crate::record::tree::{Change, Mode};
use crate::record::{Findings, ObjectId, Sha256, Subject};
use crate::rules::executed as rules;
use crate::store::ledger::Refs;
use crate::sys::{environment, process};

use super::confine::Confinement;
use super::error::Error;
use super::gateway::{self, Gateway, Terms};
use super::log::Logs;
use super::place::{self, Place};
use super::{command, measure};

/// Variables that come from whoever makes the check: where programs are.
const PASSED: &[&str] = &["CARGO_HOME", "PATH", "PYENV_ROOT", "RUSTUP_HOME"];

/// Variables that are the same for everybody.
const FIXED: &[(&str, &str)] = &[
    ("LANG", "C.UTF-8"),
    ("LC_ALL", "C.UTF-8"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("TZ", "UTC"),
];

/// Variables that differ from run to run.
const VARIED: &[&str] = &[
    "AWO_EVENTS_FILE",
    "AWO_EVIDENCE_MAP",
    "HOME",
    "PERL_HASH_SEED",
    "PYTHONHASHSEED",
    "TMPDIR",
];

/// Time between the starts of two runs, so that a clock which counts seconds shows another time.
const APART: Duration = Duration::from_millis(1_100);

/// Longest output on a stream that is compared, in bytes.
const LONGEST_STREAM: u64 = 64 << 20;

/// A check of determinism.
pub struct Repeated<'a> {
    /// The commit with whose files each run begins.
    pub commit: ObjectId,
    /// The command and its arguments.
    pub command: &'a [OsString],
    /// What of the cell must hold.
    pub demand: Demand,
    /// Further variables that are the same in all runs.
    pub given: Vec<(&'static str, String)>,
    /// What is compared; nothing for all that the commit of a run would hold.
    pub outputs: &'a [String],
    /// The same, compiled; none for all that the commit of a run would hold.
    pub patterns: Option<&'a PathSet>,
    /// The git-awo that opens the cells.
    pub program: &'a Path,
    /// How many runs.
    pub runs: u32,
    /// Whether the standard streams are compared too.
    pub streams: bool,
    /// What a contract says of the cells.
    pub terms: &'a CellTerms,
    /// What lets the command write by `git awo write`, as in the run that is made again.
    pub gateway: Option<&'a Terms>,
    /// What a refusal is about.
    pub subject: &'a Subject,
}

/// What one run has made.
struct Made {
    repetition: Repetition,
    streams: [Vec<u8>; 2],
}

/// Runs the command, and returns what is to be reported of it. Nothing but objects is added to the repository.
///
/// While it goes on, this process should start no other children, and make no files in other threads: it has
/// another umask.
pub fn repeat(actor: &Actor, check: &Repeated<'_>) -> Result<DeterminismDraft, Error> {
    let repo = &actor.repo;
    place::sweep(repo.common_dir());
    let cell = Confinement::new(check.demand, Some(check.program))?;
    let cell = cell.without_more().under(check.terms.clone());
    let _umask = Umask::fixed();
    let mut made: Vec<Made> = Vec::new();
    let mut held: Option<Held> = None;
    let mut started: Option<Instant> = None;
    for number in 1..=check.runs {
        let planned = Planned::of(number);
        let refs = Refs::new();
        let place = Place::make_as(repo, "tree", check.commit, refs, &planned)?;
        if let Some(before) = started {
            std::thread::sleep(APART.saturating_sub(before.elapsed()));
        }
        started = Some(Instant::now());
        let (one, now) = once(repo, &place, check, &cell, planned)?;
        held = Some(match held.take() {
            Some(before) => before.and(now),
            None => now,
        });
        made.push(one);
    }
    let difference = difference(repo, &made)?;
    let held = held.unwrap_or_default();
    let mut draft = DeterminismDraft {
        cell: HeldByAll {
            held: held.held.iter().map(ToString::to_string).collect(),
            kernel: held.kernel,
            landlock: held.landlock,
            network: check.terms.network,
        },
        command: words(check.command),
        difference,
        environment: surroundings(check),
        input: repo.commit(check.commit)?.tree,
        outputs: check.outputs.to_vec(),
        runs: made.into_iter().map(|it| it.repetition).collect(),
        schedule: SCHEDULE.to_owned(),
        schema: SCHEMA.to_owned(),
        streams: check.streams,
        tools: tools(repo)?,
        verdict: Sameness::Same,
    };
    draft.verdict = draft.follows();
    Ok(draft)
}

/// Returns the first pattern that matches nothing of what was there before or after any run, if there is one.
pub fn unmatched<'a>(
    repo: &Repo,
    draft: &'a DeterminismDraft,
) -> Result<Option<&'a String>, Error> {
    let mut left = Vec::new();
    for pattern in &draft.outputs {
        // One that cannot be used was refused before.
        left.extend(PathSet::broad(std::slice::from_ref(pattern)).map(|it| (pattern, it)));
    }
    let made = draft.runs.iter().map(|it| it.output.tree);
    let trees: BTreeSet<_> = made.chain([draft.input]).collect();
    for tree in trees {
        if left.is_empty() {
            break;
        }
        for (path, ..) in repo.files_before(tree, place::MOST_FILES)? {
            left.retain(|(_, patterns)| !patterns.matches(&path));
        }
    }
    Ok(left.first().map(|(pattern, _)| *pattern))
}

/// Returns a command as reports name it.
pub fn words(command: &[OsString]) -> Vec<String> {
    let quoted = |it: &OsString| quote(it.as_encoded_bytes());
    command.iter().map(quoted).collect()
}

/// Runs the command once.
fn once(
    repo: &Repo,
    place: &Place,
    check: &Repeated<'_>,
    cell: &Confinement,
    mut planned: Planned,
) -> Result<(Made, Held), Error> {
    let [program, args @ ..] = check.command else {
        return Err(Error::NoCommand);
    };
    let mut command = command::untrusted(program, place.tree());
    command.args(args);
    surround(&mut command, place, check, &planned);
    if let Some(terms) = check.gateway {
        Gateway::make(place, check.program, terms)?.offer(&mut command);
    }
    let logs = Logs::make(place, std::iter::empty())?;
    let streams = [logs.out.stream()?.into(), logs.err.stream()?.into()];
    let processors = match planned.processors {
        Processors::One => OneProcessor::take(),
        Processors::All => None,
    };
    if processors.is_none() {
        planned.processors = Processors::All;
    }
    let ended = cell.run((repo, place), &command, streams, check.subject);
    drop(processors);
    let (status, held) = ended?;
    if !place.is_in_place() || !place.has_repository() {
        // Its files are not to be found by their paths.
        return Err(Error::Refused(rules::work_tree_replaced().into()));
    }
    let mut findings = Findings::new();
    let output = measure::outputs(repo, place, check.commit, check.patterns, &mut findings)?;
    Error::unless_empty(findings)?;
    let read = |log: &super::log::Log| match check.streams {
        true => log.read(check.subject, LONGEST_STREAM),
        false => Ok(Vec::new()),
    };
    let streams = [read(&logs.out)?, read(&logs.err)?];
    let digest = |bytes: &Vec<u8>| check.streams.then(|| Sha256::of(bytes));
    let [stdout, stderr] = [digest(&streams[0]), digest(&streams[1])];
    let repetition = Repetition {
        exit_code: code(status),
        output,
        planned,
        stderr,
        stdout,
    };
    Ok((
        Made {
            repetition,
            streams,
        },
        held,
    ))
}

/// Returns an exit code, as in a shell 128 and the signal where one ended the command.
fn code(status: ExitStatus) -> u8 {
    process::exit_code(status).unwrap_or(u8::MAX)
}

/// Gives a command the environment of its run. The cell adds its home and its directory for temporary files.
fn surround(command: &mut Command, place: &Place, check: &Repeated<'_>, planned: &Planned) {
    for name in environment::names() {
        // The cell has to know whose home stays closed; the command gets another one.
        let stays = PASSED.iter().any(|it| name == *it) || name == "HOME";
        if !stays {
            command.env_remove(name);
        }
    }
    command.envs(FIXED.iter().copied());
    command.envs(check.given.iter().map(|(name, value)| (name, value)));
    let seed = planned.hash_seed.to_string();
    command
        .env("AWO_EVENTS_FILE", place.report("events.jsonl"))
        .env("AWO_EVIDENCE_MAP", place.report("evidence_map.json"))
        .env("PERL_HASH_SEED", &seed)
        .env("PYTHONHASHSEED", &seed);
}

fn surroundings(check: &Repeated<'_>) -> Surroundings {
    let fixed = FIXED
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    let given = check.given.iter().cloned();
    let fixed = fixed
        .chain(given)
        .map(|(name, value)| (name.to_owned(), value));
    let names = |it: &[&str]| it.iter().map(|name| (*name).to_owned()).collect();
    let mut varied: BTreeSet<String> = names(VARIED);
    if check.gateway.is_some() {
        varied.insert(gateway::VARIABLE.to_owned());
    }
    Surroundings {
        fixed: fixed.collect(),
        passed: names(PASSED),
        umask: "022".to_owned(),
        varied,
    }
}

fn tools(repo: &Repo) -> Result<BTreeMap<String, String>, Error> {
    let own = ("git-awo".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let git = ("git".to_owned(), git::version(repo.git_dir())?);
    Ok([own, git].into())
}

/// Returns where a run differs from the first one, if one does.
fn difference(repo: &Repo, made: &[Made]) -> Result<Option<Difference>, Error> {
    let [first, others @ ..] = made else {
        return Ok(None);
    };
    let mut numbered = others.iter().zip(2..);
    let differs = |it: &Made| !it.repetition.made_as(&first.repetition);
    let Some((other, run)) = numbered.find(|(it, _)| differs(it)) else {
        return Ok(None);
    };
    let (one, two) = (&first.repetition, &other.repetition);
    let at = |what: What, offset: Option<usize>, path: Option<String>| Difference {
        offset: offset.and_then(|it| u32::try_from(it).ok()),
        path,
        run,
        what,
    };
    if one.exit_code != two.exit_code {
        return Ok(Some(at(What::ExitCode, None, None)));
    }
    if one.output != two.output {
        let (old, new) = (Some(one.output.tree), Some(two.output.tree));
        let changes = repo.changes_before(old, new, git::MOST_CHANGES)?;
        let change = changes.into_iter().min_by(|a, b| a.path.cmp(&b.path));
        // Two outputs of one tree are told apart by their other digest alone.
        let Some(change) = change else {
            return Ok(Some(at(What::Content, None, Some(String::new()))));
        };
        let (what, offset) = compare(repo, &change)?;
        return Ok(Some(at(what, offset, Some(change.path.to_string()))));
    }
    for (what, [a, b]) in [
        (What::Stdout, [&first.streams[0], &other.streams[0]]),
        (What::Stderr, [&first.streams[1], &other.streams[1]]),
    ] {
        if a != b {
            return Ok(Some(at(what, Some(first_other(a, b)), None)));
        }
    }
    Ok(None)
}

/// Returns in what the two sides of a path differ, and from which byte on.
fn compare(repo: &Repo, change: &Change) -> Result<(What, Option<usize>), Error> {
    let (Some((old, a)), Some((new, b))) = (change.old, change.new) else {
        return Ok((What::Existence, None));
    };
    let is_plain = |mode: Mode| matches!(mode, Mode::File | Mode::Executable);
    if a == b || is_plain(old) != is_plain(new) {
        return Ok((What::Mode, None));
    }
    if old == Mode::Gitlink || new == Mode::Gitlink {
        return Ok((What::Content, None));
    }
    let offset = first_other(&repo.blob(a)?, &repo.blob(b)?);
    Ok((What::Content, Some(offset)))
}

/// Returns the first byte that differs.
fn first_other(a: &[u8], b: &[u8]) -> usize {
    let differs = a.iter().zip(b).position(|(a, b)| a != b);
    differs.unwrap_or(a.len().min(b.len()))
}

/// The umask of everybody's check, until this is dropped.
struct Umask(rustix::fs::Mode);

impl Umask {
    fn fixed() -> Self {
        Self(rustix::process::umask(rustix::fs::Mode::from_raw_mode(
            0o022,
        )))
    }
}

impl Drop for Umask {
    fn drop(&mut self) {
        rustix::process::umask(self.0);
    }
}

/// One processor for this thread, and for what it starts, until this is dropped.
#[cfg(target_os = "linux")]
struct OneProcessor(rustix::thread::CpuSet);

#[cfg(target_os = "linux")]
impl OneProcessor {
    /// Keeps this thread to the first of its processors, if the system lets it.
    fn take() -> Option<Self> {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let all = sched_getaffinity(None).ok()?;
        let first = (0..CpuSet::MAX_CPU).find(|it| all.is_set(*it))?;
        let mut one = CpuSet::new();
        one.set(first);
        sched_setaffinity(None, &one).ok()?;
        Some(Self(all))
    }
}

#[cfg(target_os = "linux")]
impl Drop for OneProcessor {
    fn drop(&mut self) {
        // It cannot fail where taking one succeeded.
        let _ = rustix::thread::sched_setaffinity(None, &self.0);
    }
}

/// No system but Linux keeps a thread to a processor.
#[cfg(not(target_os = "linux"))]
struct OneProcessor;

#[cfg(not(target_os = "linux"))]
impl OneProcessor {
    fn take() -> Option<Self> {
        None
    }
}
