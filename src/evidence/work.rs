//! The evidence that a work packet asks for by name: where each criterion is met, what was run, and how the
//! work is handed on. Nothing in it is a verdict.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::RunFiles;
use crate::record::contract::{ContractDraft, EVIDENCE_MAP, HANDOFF, WORK_LOG};
use crate::record::json::{self, BadJson};
use crate::record::{RepoPath, RunId, Sha256, TaskId};

/// The output of the contract's validation command.
pub const TEST_LOG: &str = "test.log";

/// Where the command's output stands.
pub const STREAMS: [&str; 2] = ["logs/stdout.log", "logs/stderr.log"];

/// Returns the commands that validate a run, each with where its output stands.
pub fn validations(
    contract: &ContractDraft,
    makes_skeleton: bool,
) -> impl Iterator<Item = (&str, String)> {
    let commands = contract.validations(makes_skeleton).zip(1..);
    commands.map(
        |(command, number)| match contract.validation_steps.is_empty() {
            true => (command, TEST_LOG.to_owned()),
            false => (command, step_log(number)),
        },
    )
}

/// Returns where the output of a validation step stands; the first has the number 1.
pub fn step_log(number: usize) -> String {
    format!("logs/validation-{number:02}.log")
}

/// The schema of [`EvidenceMap`].
pub const MAP_SCHEMA: &str = "awo.evidence-map/1";
/// The schema of [`WorkLog`].
pub const LOG_SCHEMA: &str = "awo.work-log/1";
/// The schema of [`Handoff`].
pub const HANDOFF_SCHEMA: &str = "awo.handoff/1";

/// So many lines of a log are quoted as proof.
pub const MOST_PROOF_LINES: usize = 10;

/// The longest line that is quoted, in bytes.
const LONGEST_LINE: usize = 1_000;

/// Where each success criterion is met: `evidence_map.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceMap {
    /// The entries, in any order.
    pub entries: Vec<MapEntry>,
    /// [`MAP_SCHEMA`].
    pub schema: String,
}

/// Where one criterion is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapEntry {
    /// The success criterion or the anchor, in the words of the contract.
    pub criterion: String,
    /// `path:line` or `path:first-last`, in the commit of the run.
    pub evidence: Vec<String>,
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: RepoPath,
    /// The first line; the first of a file is 1.
    pub first: u64,
    /// The last line.
    pub last: u64,
}

/// A text that is no [`Location`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not path:line or path:first-last")]
pub struct BadLocation;

impl FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Self, BadLocation> {
        let (path, lines) = text.rsplit_once(':').ok_or(BadLocation)?;
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        let number = |text: &str| {
            let number: u64 = text.parse().map_err(|_| BadLocation)?;
            // One spelling a number.
            let is_plain = number > 0 && number.to_string() == text;
            is_plain.then_some(number).ok_or(BadLocation)
        };
        let (first, last) = (number(first)?, number(last)?);
        match path.is_empty() || last < first {
            true => Err(BadLocation),
            false => Ok(Self {
                path: RepoPath::from(path),
                first,
                last,
            }),
        }
    }
}

/// What was run, in order: `work_log.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkLog {
    /// The models that took part, as the trailers of the commit name them.
    pub assisted_by: Vec<String>,
    /// The commands.
    pub commands: Vec<LoggedCommand>,
    /// The run.
    pub run_id: RunId,
    /// [`LOG_SCHEMA`].
    pub schema: String,
    /// Its task.
    pub task: TaskId,
}

/// One command, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedCommand {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// How it ended.
    pub exit_code: i32,
    /// What it wrote.
    pub logs: Vec<LoggedOutput>,
}

/// A log among the files of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoggedOutput {
    /// The path of the file.
    pub path: String,
    /// Up to [`MOST_PROOF_LINES`] lines of it, word for word.
    pub proof_lines: Vec<String>,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256,
}

/// How the work is handed on: `handoff.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handoff {
    /// The changed paths, sorted.
    pub changed: Vec<String>,
    /// What is to be done next.
    pub next_step: String,
    /// The run.
    pub run_id: RunId,
    /// [`HANDOFF_SCHEMA`].
    pub schema: String,
    /// How the run ended: `completed`.
    pub status: String,
    /// Its task.
    pub task: TaskId,
}

impl EvidenceMap {
    /// Reads a map in whatever form of JSON.
    pub fn read(bytes: &[u8]) -> Result<Self, BadJson> {
        json::parse_canonical(&json::to_canonical(&json::parse(bytes)?))
    }
}

impl LoggedCommand {
    /// Returns a command that ended well, with the last lines of its logs as proof.
    pub fn ended(argv: Vec<String>, logs: &[&str], files: &RunFiles) -> Self {
        let log = |path: &&str| {
            let bytes = files.get(&RepoPath::from(*path)).map(Vec::as_slice);
            LoggedOutput::of(path, bytes.unwrap_or_default())
        };
        Self {
            argv,
            exit_code: 0,
            logs: logs.iter().map(log).collect(),
        }
    }
}

impl LoggedOutput {
    fn of(path: &str, bytes: &[u8]) -> Self {
        let lines = bytes.rsplit(|b| *b == b'\n');
        let quotable = lines.filter(|it| !it.trim_ascii().is_empty() && it.len() <= LONGEST_LINE);
        let texts = quotable.filter_map(|it| std::str::from_utf8(it).ok());
        let mut proof_lines: Vec<_> = texts.take(MOST_PROOF_LINES).map(str::to_owned).collect();
        proof_lines.reverse();
        Self {
            path: path.to_owned(),
            proof_lines,
            sha256: Sha256::of(bytes),
        }
    }
}

/// Returns how a command that validates is run.
pub fn argv(command: &str) -> [&str; 4] {
    ["sh", "-e", "-c", command]
}

/// Returns what a report says of validation steps that all passed.
pub fn steps_passed(steps: &[String]) -> Value {
    let steps = (1..)
        .zip(steps)
        .map(|(number, step)| json!({"command": step, "exit_code": 0, "log": step_log(number)}));
    json!({"exit_code": 0, "log": TEST_LOG, "steps": steps.collect::<Vec<_>>()})
}

/// Returns the document of a run, or why it cannot be read; nothing if there is none.
pub fn document<T: Serialize + for<'a> Deserialize<'a>>(
    files: &RunFiles,
    name: &str,
) -> Option<Result<T, BadJson>> {
    let bytes = files.get(&RepoPath::from(name))?;
    Some(json::parse_canonical(bytes))
}

/// Returns the breach of a document that is missing or has another form.
pub(super) fn lacks(files: &RunFiles, name: &str) -> Option<String> {
    fn form<T: Serialize + for<'a> Deserialize<'a>>(
        files: &RunFiles,
        name: &str,
        schema: impl Fn(&T) -> bool,
    ) -> Option<String> {
        match document::<T>(files, name) {
            None => Some(format!("missing_file:{name}")),
            Some(Err(why)) => Some(format!("bad_form:{name}:{why}")),
            Some(Ok(it)) => (!schema(&it)).then(|| format!("bad_schema:{name}")),
        }
    }
    match name {
        EVIDENCE_MAP => form(files, name, |it: &EvidenceMap| it.schema == MAP_SCHEMA),
        WORK_LOG => form(files, name, |it: &WorkLog| it.schema == LOG_SCHEMA),
        HANDOFF => form(files, name, |it: &Handoff| it.schema == HANDOFF_SCHEMA),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_has_one_spelling() {
        let read = |text: &str| text.parse::<Location>().map(|it| (it.first, it.last));
        assert_eq!(read("src/a.rs:3"), Ok((3, 3)));
        assert_eq!(read("src/a:b.rs:3-12"), Ok((3, 12)));
        for text in [
            "", "a", "a:", ":1", "a:0", "a:01", "a:+1", "a:2-1", "a:1-", "a:-1", "a:1-2-3", "a:x",
        ] {
            assert_eq!(read(text), Err(BadLocation), "{text}");
        }
    }

    #[test]
    fn the_last_lines_that_can_be_quoted_are_proof() {
        let mut log = Vec::new();
        for number in 1..=12 {
            log.extend(format!("line {number}\n\n").bytes());
        }
        log.extend(b"\xff\n  \nlast");
        let output = LoggedOutput::of("logs/stdout.log", &log);
        assert_eq!(output.proof_lines.len(), MOST_PROOF_LINES);
        assert_eq!(output.proof_lines[0], "line 4");
        assert_eq!(output.proof_lines[9], "last");
        assert_eq!(output.sha256, Sha256::of(&log));
        assert_eq!(LoggedOutput::of("x", b"").proof_lines, [""; 0]);
    }

    #[test]
    fn a_map_is_read_in_any_form_and_without_unknown_keys() {
        let map = br#"{"schema": "awo.evidence-map/1", "entries": [{"criterion": "a", "evidence": ["x:1"]}]}"#;
        assert_eq!(EvidenceMap::read(map).unwrap().entries[0].evidence, ["x:1"]);
        for bad in [
            r#"{"schema":"awo.evidence-map/1"}"#,
            r#"{"schema":"awo.evidence-map/1","entries":[],"verdict":"PASS"}"#,
            r#"{"schema":"awo.evidence-map/1","entries":[{"criterion":"a","evidence":[],"status":"ok"}]}"#,
            r#"{"schema":"awo.evidence-map/1","schema":"awo.evidence-map/1","entries":[]}"#,
            "[]",
            "",
        ] {
            assert!(EvidenceMap::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
