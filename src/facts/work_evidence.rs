//! What the evidence of a work packet says, against the contract, the commit and the other files of the run.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::evidence::RunFiles;
use crate::evidence::work::{
    self, EvidenceMap, Handoff, Location, MOST_PROOF_LINES, WorkLog, step_log,
};
use crate::git::{self, Reader};
use crate::record::contract::{Contract, EVIDENCE_MAP, HANDOFF, WORK_LOG};
use crate::record::json::{self, Json};
use crate::record::path::quote;
use crate::record::tree::Mode;
use crate::record::{
    Coded, Diagnosis, Findings, ObjectId, RepoPath, Rule, Sha256, Subject, TaskId,
};

use super::claims::{self, Claims, MANIFEST, Said};
use super::contradictions::Around;

/// The largest file whose lines are counted, in bytes.
const LARGEST: u64 = 16 << 20;
/// So many bytes of files are looked at.
const MOST_BYTES: u64 = 256 << 20;
/// So many locations of a map are looked up.
const MOST_LOCATIONS: usize = 10_000;

/// Returns everything in the evidence of a run that the contract asks for and that is not so.
///
/// - The map has an entry for each success criterion, quotes nothing but criteria and anchors of the
///   contract, and names lines that the commit has (GOV-002). A skeleton meets no criterion yet.
/// - The work log lists every validation step with its log, and only logs and lines that are there; what it
///   says of the run, the task, the models that took part and the command is so (ATT-002).
/// - The hand-off names the run, the task and the changes of the commit (ATT-002).
///
/// A document that is missing or has another form is left to the invariants.
pub fn work_evidence(
    run: &Said<'_>,
    around: &Around<'_>,
    files: &RunFiles,
) -> Result<Findings, git::Error> {
    let (reader, makes_skeleton) = (around.reader, around.makes_skeleton);
    let Some(contract) = around.contract.map(|it| &it.contract) else {
        return Ok(Findings::new());
    };
    let mut claims = Claims {
        run,
        findings: Findings::new(),
    };
    if contract.asks_for(WORK_LOG)
        && let Some(Ok(log)) = work::document::<WorkLog>(files, WORK_LOG)
    {
        if reader.contains(run.commit) {
            let named = reader.commit(run.commit)?.assisted_by();
            if log.assisted_by != named {
                let quoted = |names: &[String]| quote(names.join(", ").as_bytes());
                let found = format!("assisted_by {}", quoted(&log.assisted_by));
                claims.differ(WORK_LOG, &found, &quoted(&named));
            }
        }
        logged(&mut claims, (contract, makes_skeleton), &log, files);
    }
    if contract.asks_for(HANDOFF)
        && let Some(Ok(handoff)) = work::document::<Handoff>(files, HANDOFF)
    {
        handed_on(&mut claims, &handoff, reader)?;
    }
    let mut findings = claims.findings;
    if contract.asks_for(EVIDENCE_MAP)
        && !makes_skeleton
        && let Some(Ok(map)) = work::document::<EvidenceMap>(files, EVIDENCE_MAP)
    {
        findings.extend(mapped(run, contract, &map, reader)?);
    }
    Ok(findings)
}

fn named(claims: &mut Claims<'_>, file: &str, run: &str, task: &TaskId) {
    if run != claims.run.run.as_str() {
        claims.differ(file, &format!("run_id {run}"), claims.run.run.as_str());
    }
    if task != claims.run.task {
        claims.differ(file, &format!("task {task}"), claims.run.task.as_str());
    }
}

fn logged(
    claims: &mut Claims<'_>,
    (contract, makes_skeleton): (&Contract, bool),
    log: &WorkLog,
    files: &RunFiles,
) {
    named(claims, WORK_LOG, log.run_id.as_str(), &log.task);
    for output in log.commands.iter().flat_map(|it| &it.logs) {
        let path = quote(output.path.as_bytes());
        let Some(bytes) = files.get(&RepoPath::from(output.path.as_str())) else {
            claims.differ(WORK_LOG, &format!("a log {path}"), "a file of the run");
            continue;
        };
        let digest = Sha256::of(bytes);
        if output.sha256 != digest {
            let found = format!("{path} with the digest {}", output.sha256);
            claims.differ(WORK_LOG, &found, &digest.to_string());
        }
        if output.proof_lines.len() > MOST_PROOF_LINES {
            let found = format!("{} lines of {path}", output.proof_lines.len());
            claims.differ(WORK_LOG, &found, &format!("at most {MOST_PROOF_LINES}"));
        }
        let mut missing: BTreeSet<&[u8]> =
            output.proof_lines.iter().map(String::as_bytes).collect();
        for line in bytes.split(|b| *b == b'\n') {
            missing.remove(line);
        }
        for line in &output.proof_lines {
            if line.trim().is_empty() || missing.contains(line.as_bytes()) {
                let found = format!("the line {} of {path}", quote(line.as_bytes()));
                claims.differ(WORK_LOG, &found, "a line that is in it");
            }
        }
    }
    let manifest = claims::document(files, MANIFEST);
    let command = manifest.as_ref().filter(|it| claims::is_harness(it));
    match command.and_then(|it| it.get("command")) {
        Some(command) => harness(claims, (contract, makes_skeleton), command, log),
        None => elsewhere(claims, contract.steps(makes_skeleton), log),
    }
}

/// What git-awo executed: the command, and then what validates it. Nothing else ran, and all ended well.
fn harness(
    claims: &mut Claims<'_>,
    (contract, makes_skeleton): (&Contract, bool),
    command: &Json,
    log: &WorkLog,
) {
    let streams = work::STREAMS.map(str::to_owned).to_vec();
    let command = serde_json::from_slice(&json::to_canonical(command)).unwrap_or(Value::Null);
    let validations = work::validations(contract, makes_skeleton);
    let validated = validations.map(|(command, log)| (json!(work::argv(command)), vec![log]));
    let said = |argv: Value, exit_code: i32, logs: Vec<String>| json!({"argv": argv, "exit_code": exit_code, "logs": logs});
    let logged = log.commands.iter().map(|it| {
        let logs = it.logs.iter().map(|it| it.path.clone());
        said(json!(it.argv), it.exit_code, logs.collect())
    });
    let logged: Vec<_> = logged.collect();
    let expected = std::iter::once((command, streams)).chain(validated);
    let expected: Vec<_> = expected.map(|(argv, logs)| said(argv, 0, logs)).collect();
    let other =
        (0..logged.len().max(expected.len())).find(|it| logged.get(*it) != expected.get(*it));
    if let Some(at) = other {
        let shown = |list: &[Value]| match list.get(at) {
            Some(it) => quote(it.to_string().as_bytes()),
            None => "no further command".to_owned(),
        };
        claims.differ(WORK_LOG, &shown(&logged), &shown(&expected));
    }
}

/// What others executed: each validation step, which passed, and whatever else they say with a log of it.
fn elsewhere(claims: &mut Claims<'_>, steps: &[String], log: &WorkLog) {
    for command in log.commands.iter().filter(|it| it.logs.is_empty()) {
        let found = format!("{} without a log", quote(command.argv.join(" ").as_bytes()));
        claims.differ(WORK_LOG, &found, "a log of each command");
    }
    for (number, step) in (1..).zip(steps) {
        let log_of_step = step_log(number);
        let mut ran = log.commands.iter().filter(|it| it.argv == work::argv(step));
        let failed = ran.clone().any(|it| it.exit_code != 0);
        if failed || !ran.any(|it| it.logs.iter().any(|it| it.path == log_of_step)) {
            let found = match failed {
                true => format!(
                    "a failure of the validation step {}",
                    quote(step.as_bytes())
                ),
                false => format!("nothing of the validation step {}", quote(step.as_bytes())),
            };
            let expected = format!("that it ran and exited with 0, with {log_of_step}");
            claims.differ(WORK_LOG, &found, &expected);
        }
    }
}

fn handed_on(
    claims: &mut Claims<'_>,
    handoff: &Handoff,
    reader: &Reader,
) -> Result<(), git::Error> {
    named(claims, HANDOFF, handoff.run_id.as_str(), &handoff.task);
    if handoff.status != "completed" {
        let found = format!("the status {}", quote(handoff.status.as_bytes()));
        claims.differ(HANDOFF, &found, "completed");
    }
    if handoff.next_step.trim().is_empty() {
        claims.differ(HANDOFF, "no next step", "what is to be done next");
    }
    let (base, tree) = (claims.run.base, claims.run.tree);
    if !reader.contains(base) || !reader.contains(tree) {
        return Ok(());
    }
    let base = reader.commit(base)?.tree;
    let changes = reader.changes_before(Some(base), Some(tree), git::MOST_CHANGES)?;
    let changed: Vec<_> = changes.iter().map(|it| it.path.to_string()).collect();
    if changed != handoff.changed {
        let found = format!("{} changed paths", handoff.changed.len());
        claims.differ(HANDOFF, &found, "the changes of the commit");
    }
    Ok(())
}

fn mapped(
    run: &Said<'_>,
    contract: &Contract,
    map: &EvidenceMap,
    reader: &Reader,
) -> Result<Findings, git::Error> {
    let mut findings = Findings::new();
    let mut bad = |found: String, expected: &str| {
        let subject = Subject::of_run(run.run).path(&RepoPath::from(EVIDENCE_MAP));
        let expected = expected.to_owned();
        findings.push(BadMap { found, expected }.to_finding(subject));
    };
    let shown = |text: &str| quote(text.as_bytes());
    let criteria = &contract.success_criteria;
    let anchors = contract
        .packet
        .iter()
        .flat_map(|it| &it.authority.spec_anchors);
    let known: BTreeSet<&String> = criteria.iter().chain(anchors).collect();
    let mut met = BTreeSet::new();
    let mut lines = Lines {
        reader,
        tree: run.tree,
        counted: BTreeMap::new(),
        left: MOST_BYTES,
    };
    let count: usize = map.entries.iter().map(|it| it.evidence.len()).sum();
    if count > MOST_LOCATIONS {
        bad(
            format!("{count} locations"),
            &format!("at most {MOST_LOCATIONS} locations"),
        );
        return Ok(findings);
    }
    for entry in &map.entries {
        if !known.contains(&entry.criterion) {
            bad(
                format!("an entry for {}", shown(&entry.criterion)),
                "a success criterion or an anchor of the contract, word for word",
            );
        }
        if !entry.evidence.is_empty() {
            met.insert(&entry.criterion);
        }
        for text in &entry.evidence {
            let why = match text.parse::<Location>() {
                Ok(location) => lines.lacks(&location)?,
                Err(why) => Some(why.to_string()),
            };
            if let Some(why) = why {
                bad(
                    format!("{}: {why}", shown(text)),
                    "lines that the commit has",
                );
            }
        }
    }
    for criterion in criteria.iter().filter(|it| !met.contains(it)) {
        bad(
            format!("nothing for {}", shown(criterion)),
            "an entry for each success criterion, with path:line",
        );
    }
    Ok(findings)
}

/// The lines of the files of a tree, counted once.
struct Lines<'a> {
    reader: &'a Reader,
    tree: ObjectId,
    counted: BTreeMap<RepoPath, Result<u64, String>>,
    /// So many bytes may still be read.
    left: u64,
}

impl Lines<'_> {
    /// Returns why a file does not have these lines.
    fn lacks(&mut self, location: &Location) -> Result<Option<String>, git::Error> {
        let path = &location.path;
        if !self.counted.contains_key(path) {
            let count = self.count(path)?;
            self.counted.insert(path.clone(), count);
        }
        Ok(match self.counted.get(path) {
            Some(Ok(count)) if location.last <= *count => None,
            Some(Ok(count)) => Some(format!("the file has {count} lines")),
            Some(Err(why)) => Some(why.clone()),
            None => None,
        })
    }

    fn count(&mut self, path: &RepoPath) -> Result<Result<u64, String>, git::Error> {
        if !self.reader.contains(self.tree) {
            return Ok(Err("the tree is not here".to_owned()));
        }
        let entry = self.reader.entry(self.tree, path)?;
        let Some((_, id)) = entry.filter(|(mode, _)| matches!(mode, Mode::File | Mode::Executable))
        else {
            return Ok(Err("no file of the commit".to_owned()));
        };
        let size = match self.reader.header(id)? {
            Some((git::Kind::Blob, size)) => size,
            _ => return Ok(Err("no file that is here".to_owned())),
        };
        if size > LARGEST.min(self.left) {
            return Ok(Err(format!("too much to read: {size} bytes")));
        }
        self.left = self.left.saturating_sub(size);
        let bytes = self.reader.blob_limited(id, LARGEST)?;
        let ends = bytes.iter().filter(|b| **b == b'\n').count() as u64;
        let open = u64::from(bytes.last().is_some_and(|b| *b != b'\n'));
        Ok(Ok(ends.saturating_add(open)))
    }
}

/// The map of the evidence does not hold.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{found}")]
struct BadMap {
    found: String,
    expected: String,
}

impl Coded for BadMap {
    fn diagnosis(&self) -> Diagnosis {
        let remedy = "let the command write the map to the file that AWO_EVIDENCE_MAP names, and run it again";
        Diagnosis::against(self, Rule::EvidenceMap, &self.expected, remedy)
    }
}
