//! The invariants of a run directory. Each breach is one reason under GOV-002.

use std::collections::BTreeMap;

use super::inventory::{Inventory, SUMS};
use super::reasons::Reasons;
use super::steps;
use super::survey::RunFiles;
use super::volatile::{self, parse_time, shown};
use crate::record::json::{self, Json, parse, to_canonical};
use crate::record::{RepoPath, RunId, Sha256};

/// The files of every run.
const REQUIRED: [&str; 5] = [
    "report.md",
    "run_manifest.json",
    "provenance.json",
    "index.json",
    "environment.json",
];

/// The directory of the run's artifacts.
const ARTIFACTS: &str = "artifacts/";

/// The file that lists the digests of the artifacts.
const ARTIFACT_DIGESTS: &str = "artifact_digests.json";

/// The additional files of a run that git-awo executed.
const EVIDENCE: [&str; 9] = [
    "artifact_digests.json",
    "control_surface.json",
    "events.normalized.jsonl",
    "freshness.json",
    "owned_repo.json",
    "patch.diff",
    "report.json",
    "test.log",
    "trace.jsonl",
];

/// Returns the breaches of the run directory's invariants, sorted; none for a good run.
///
/// The reasons have these forms. `PATH` and `KEY` are quoted as by git.
/// - `missing_file:PATH`, `missing_dir:artifacts`, `missing_dir:scope`
/// - `report_title`
/// - `bad_json:PATH:LINE:COLUMN`, `json_limit:PATH`, `not_object:PATH`, `not_canonical:run_manifest.json`
/// - `steps_empty`, `bad_step_filenames:NAME,NAME`
/// - `index.steps_missing`, `index.steps_empty`, `index.bad_step:POSITION`,
///   `index.duplicate_index:N`, `index.missing_step_file:NAME`, `index.unlisted_step_file:NAME`
/// - `environment.os_empty`, `environment.python_empty`, `environment.platform_empty`,
///   `environment.git.commit_unknown`, `environment.git.branch_unknown`,
///   `environment.runner.name_empty`, `environment.runner.version_empty`,
///   `environment.tools_empty`, `environment.tools.POSITION.name_empty` (or `.version_empty`)
/// - `provenance.inputs_digest_empty`, `provenance.inputs_digest.bad_sha256:KEY`,
///   `provenance.code_digest_bad`, `provenance.runtime_empty`, `provenance.started_missing`,
///   `provenance.finished_missing`, `provenance.finished_before_started`
/// - `volatile_key:PATH:KEY`, `bad_timestamp:PATH:KEY`
/// - `sums_unsorted`
pub fn invariants(run_id: &RunId, files: &RunFiles) -> Vec<String> {
    let mut reasons = Reasons::default();
    missing_files(files, &REQUIRED, &mut reasons);
    if !has_below(files, ARTIFACTS) {
        reasons.add("missing_dir:artifacts");
    }
    if let Some(report) = file(files, "report.md") {
        let title = format!("# AWO Run Report — {run_id}");
        if report.split(|b| *b == b'\n').next() != Some(title.as_bytes()) {
            reasons.add("report_title");
        }
    }
    let mut documents = BTreeMap::new();
    for (path, content) in files {
        if is_json_of_the_run(path)
            && let Some(document) = read(path, content, &mut reasons)
        {
            volatile::check(path, &without_input_names(path, &document), &mut reasons);
            documents.insert(path.as_bytes(), document);
        }
    }
    let mut object = |name: &str| {
        let document = documents.get(name.as_bytes())?;
        if document.as_object().is_none() {
            reasons.add(format!("not_object:{name}"));
            return None;
        }
        Some(document)
    };
    let environment_file = object("environment.json");
    let provenance_file = object("provenance.json");
    let index_file = object("index.json");
    let manifest_file = object("run_manifest.json");
    if let Some(document) = environment_file {
        environment(document, &mut reasons);
    }
    if let Some(document) = provenance_file {
        provenance(document, &mut reasons);
    }
    if let Some(document) = manifest_file
        && file(files, "run_manifest.json") != Some(&to_canonical(document))
    {
        reasons.add("not_canonical:run_manifest.json");
    }
    steps::check(files, index_file, &mut reasons);
    // The same files in another order would give another root. The integrity check reports an
    // inventory that cannot be read.
    if let Some(sums) = file(files, SUMS)
        && Inventory::parse_unsorted(sums).is_ok()
        && Inventory::parse(sums).is_err()
    {
        reasons.add("sums_unsorted");
    }
    reasons.into_vec()
}

/// Returns the files that a run executed by git-awo must have in addition to those of every run.
///
/// `logs/` with the backend's output is required as well; its files have no fixed names, but
/// their names contain `stdout` or `stderr`.
pub fn required_evidence() -> &'static [&'static str] {
    &EVIDENCE
}

/// Returns the faults in the evidence of a run that git-awo executed, sorted; none for a good one.
///
/// All files are present, each `.json` is a canonical object, each line of a `.jsonl` is an object,
/// they contain no volatile key, and `artifact_digests.json` equals [`artifact_digests`].
/// - `missing_file:PATH`, `missing_log:stdout`, `missing_log:stderr`
/// - `bad_json:PATH:LINE:COLUMN`, `json_limit:PATH`, `not_object:PATH`, `not_canonical:PATH`
/// - `artifact_digests.missing:PATH`, `artifact_digests.extra:PATH`, `artifact_digests.mismatch:PATH`
/// - `volatile_key:PATH:KEY`, `bad_timestamp:PATH:KEY`
pub fn harness_evidence(files: &RunFiles) -> Vec<String> {
    let mut reasons = Reasons::default();
    missing_files(files, required_evidence(), &mut reasons);
    for stream in ["stdout", "stderr"] {
        let holds = |name: &[u8]| {
            name.windows(stream.len())
                .any(|part| part == stream.as_bytes())
        };
        let mut logs = files
            .keys()
            .filter_map(|path| path.as_bytes().strip_prefix(b"logs/"));
        if !logs.any(holds) {
            reasons.add(format!("missing_log:{stream}"));
        }
    }
    for name in EVIDENCE {
        let path = RepoPath::from(name);
        let Some(content) = files.get(&path) else {
            continue;
        };
        if name.ends_with(".jsonl") {
            json_lines(&path, content, &mut reasons);
        } else if name.ends_with(".json")
            && let Some(document) = read(&path, content, &mut reasons)
        {
            if document.as_object().is_none() {
                reasons.add(format!("not_object:{path}"));
            } else if to_canonical(&document) != *content {
                reasons.add(format!("not_canonical:{path}"));
            } else if name == ARTIFACT_DIGESTS {
                compare_artifacts(files, &document, &mut reasons);
                // Its keys are paths.
                continue;
            }
            volatile::check(&path, &document, &mut reasons);
        }
    }
    reasons.into_vec()
}

/// Returns the bytes of `artifact_digests.json`: a canonical object from the path of each file
/// below `artifacts/` (relative to the run directory, quoted as by git) to its SHA-256 in hex.
pub fn artifact_digests(files: &RunFiles) -> Vec<u8> {
    let members = artifacts(files)
        .map(|(path, digest)| (path, Json::String(digest)))
        .collect();
    to_canonical(&Json::Object(members))
}

fn artifacts(files: &RunFiles) -> impl Iterator<Item = (String, String)> {
    files
        .iter()
        .filter(|(path, _)| path.as_bytes().starts_with(ARTIFACTS.as_bytes()))
        .map(|(path, content)| (path.to_string(), Sha256::of(content).to_string()))
}

fn compare_artifacts(files: &RunFiles, document: &Json, reasons: &mut Reasons) {
    let real: BTreeMap<String, String> = artifacts(files).collect();
    for (path, digest) in &real {
        match document.get(path) {
            None => reasons.add(format!("artifact_digests.missing:{path}")),
            Some(listed) if listed.as_str() == Some(digest) => {}
            Some(_) => reasons.add(format!("artifact_digests.mismatch:{path}")),
        }
    }
    for path in document.as_object().into_iter().flat_map(BTreeMap::keys) {
        if !real.contains_key(path) {
            reasons.add(format!("artifact_digests.extra:{}", shown(path)));
        }
    }
}

fn file<'a>(files: &'a RunFiles, name: &str) -> Option<&'a Vec<u8>> {
    files.get(&RepoPath::from(name))
}

fn has_below(files: &RunFiles, dir: &str) -> bool {
    files
        .keys()
        .any(|path| path.as_bytes().starts_with(dir.as_bytes()))
}

fn missing_files(files: &RunFiles, names: &[&str], reasons: &mut Reasons) {
    for name in names {
        if file(files, name).is_none() {
            reasons.add(format!("missing_file:{name}"));
        }
    }
}

/// Returns whether the invariants apply to this JSON file. Artifacts may have any form.
fn is_json_of_the_run(path: &RepoPath) -> bool {
    let bytes = path.as_bytes();
    let below = bytes.starts_with(b"steps/") || bytes.starts_with(b"scope/");
    bytes.ends_with(b".json") && (below || REQUIRED.iter().any(|name| name.as_bytes() == bytes))
}

/// Returns the document without the names of the inputs, which are arbitrary: a file may be called
/// `src/time`. Their values are checked to be digests, so nothing can hide there.
fn without_input_names(path: &RepoPath, document: &Json) -> Json {
    let mut document = document.clone();
    if path.as_bytes() == b"provenance.json"
        && let Json::Object(members) = &mut document
    {
        members.remove("inputs_digest");
    }
    document
}

fn read(path: &RepoPath, content: &[u8], reasons: &mut Reasons) -> Option<Json> {
    match parse(content) {
        Ok(document) => Some(document),
        Err(bad) => {
            add_bad(path, &bad, bad.line, reasons);
            None
        }
    }
}

fn add_bad(path: &RepoPath, bad: &json::BadJson, line: usize, reasons: &mut Reasons) {
    match bad.limit {
        true => reasons.add(format!("json_limit:{path}")),
        false => reasons.add(format!("bad_json:{path}:{line}:{}", bad.column)),
    }
}

fn json_lines(path: &RepoPath, content: &[u8], reasons: &mut Reasons) {
    let lines = content.split_inclusive(|b| *b == b'\n');
    for (line, number) in lines.zip(1usize..) {
        if reasons.is_full() {
            break;
        }
        match parse(line) {
            Err(bad) => add_bad(path, &bad, number, reasons),
            Ok(Json::Object(members)) => volatile::check(path, &Json::Object(members), reasons),
            Ok(_) => reasons.add(format!("not_object:{path}")),
        }
    }
}

/// Returns whether the value is a non-blank text or a non-empty object.
fn is_filled(value: Option<&Json>) -> bool {
    match value {
        Some(Json::String(text)) => !text.trim().is_empty(),
        Some(Json::Object(members)) => !members.is_empty(),
        _ => false,
    }
}

fn is_text(value: Option<&Json>) -> bool {
    value
        .and_then(Json::as_str)
        .is_some_and(|text| !text.trim().is_empty())
}

fn environment(document: &Json, reasons: &mut Reasons) {
    for key in ["os", "platform"] {
        if !is_filled(document.get(key)) {
            reasons.add(format!("environment.{key}_empty"));
        }
    }
    // A run without Python names its runtime under `runtime`.
    if !is_filled(document.get("python")) && !is_filled(document.get("runtime")) {
        reasons.add("environment.python_empty");
    }
    for key in ["commit", "branch"] {
        let value = document.get("git").and_then(|git| git.get(key));
        let known = value.and_then(Json::as_str).map(str::trim);
        if known.is_none_or(|text| text.is_empty() || text.eq_ignore_ascii_case("unknown")) {
            reasons.add(format!("environment.git.{key}_unknown"));
        }
    }
    for key in ["name", "version"] {
        if !is_text(document.get("runner").and_then(|runner| runner.get(key))) {
            reasons.add(format!("environment.runner.{key}_empty"));
        }
    }
    let tools = document
        .get("tools")
        .and_then(Json::as_array)
        .unwrap_or_default();
    if tools.is_empty() {
        reasons.add("environment.tools_empty");
    }
    for (position, tool) in tools.iter().enumerate() {
        for key in ["name", "version"] {
            if !is_text(tool.get(key)) {
                reasons.add(format!("environment.tools.{position}.{key}_empty"));
            }
        }
    }
}

fn provenance(document: &Json, reasons: &mut Reasons) {
    let is_sha256 = |value: &Json| {
        value
            .as_str()
            .is_some_and(|text| text.parse::<Sha256>().is_ok())
    };
    match document.get("inputs_digest").and_then(Json::as_object) {
        Some(inputs) if !inputs.is_empty() => {
            for (name, _) in inputs.iter().filter(|(_, digest)| !is_sha256(digest)) {
                reasons.add(format!(
                    "provenance.inputs_digest.bad_sha256:{}",
                    shown(name)
                ));
            }
        }
        _ => reasons.add("provenance.inputs_digest_empty"),
    }
    if !document.get("code_digest").is_some_and(is_sha256) {
        reasons.add("provenance.code_digest_bad");
    }
    if document
        .get("runtime")
        .and_then(Json::as_object)
        .is_none_or(BTreeMap::is_empty)
    {
        reasons.add("provenance.runtime_empty");
    }
    let mut time = |key: &str| {
        let text = document.get(key).and_then(Json::as_str);
        if text.is_none() {
            reasons.add(format!("provenance.{key}_missing"));
        }
        // Malformed times are reported with all other times.
        text.and_then(parse_time)
    };
    if let (Some(started), Some(finished)) = (time("started"), time("finished"))
        && finished < started
    {
        reasons.add("provenance.finished_before_started");
    }
}

#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod tests;
