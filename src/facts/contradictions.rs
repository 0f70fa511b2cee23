//! What the evidence of a run says of it, against its record, its commit and itself: what speaks of
//! another run, another change or another end is no evidence of this one.

use serde_json::{Value, json};

use crate::evidence::RunFiles;
use crate::evidence::work::{TEST_LOG, step_log, steps_passed};
use crate::git::{self, Reader};
use crate::record::json::{self, Json};
use crate::record::path::quote;
use crate::record::tree::{Change, Mode};
use crate::record::{Findings, ObjectId, RepoPath, Sha256, Timestamp};
use crate::records::{self, ContractPredicate};
use crate::store::layout::{self, LedgerPath};

use super::PolicyHistory;
use super::applied::Applied;
use super::claims::{CHANGED, Claims, ENVIRONMENT, MANIFEST, Said, claims, document, is_harness};

const EVENTS: &str = "events.normalized.jsonl";
const FRESHNESS: &str = "freshness.json";
const INDEX: &str = "index.json";
const PATCH: &str = "patch.diff";
const PROVENANCE: &str = "provenance.json";
const REPORT: &str = "report.json";
const REPORT_FOR_PEOPLE: &str = "report.md";
const TIMES: &str = "timestamps/run.txt";
const TRACE: &str = "trace.jsonl";

/// Words by which a document says that something did not end well.
const FAILED: &[&str] = &[
    "aborted",
    "cancelled",
    "canceled",
    "crashed",
    "denied",
    "error",
    "errored",
    "fail",
    "failed",
    "failure",
    "killed",
    "rejected",
    "timed_out",
    "timeout",
];

/// With what the evidence of a run is compared, apart from its record.
pub struct Around<'a> {
    /// The objects.
    pub reader: &'a Reader,
    /// The contract, if it holds.
    pub contract: Option<&'a ContractPredicate>,
    /// Whether the run makes a skeleton.
    pub makes_skeleton: bool,
    /// The policies.
    pub history: &'a PolicyHistory,
}

/// Returns everything in the files of a run that contradicts its record, the change that it made or
/// other files (ATT-002 for each).
///
/// Beyond [`claims`]: no document names another run or task, or says that the run or a step of it
/// failed; `patch.diff` makes the new tree of the old one; and what a run executed by git-awo says
/// of contract, policy, base, changes, steps and command is the same everywhere. What is not said
/// contradicts nothing.
pub fn contradictions(
    run: &Said<'_>,
    around: &Around<'_>,
    files: &RunFiles,
) -> Result<Findings, git::Error> {
    let mut claims = Claims {
        run,
        findings: claims(run, files),
    };
    let documents = Documents(files);
    named(&mut claims, &documents);
    times(&mut claims, files);
    let is_harness = documents.get(MANIFEST).is_some_and(|it| is_harness(&it));
    let patch = files.get(&RepoPath::from(PATCH));
    if patch.is_none() && !is_harness {
        return Ok(claims.findings);
    }
    let reader = around.reader;
    if !reader.contains(run.base) || !reader.contains(run.tree) {
        return Ok(claims.findings);
    }
    let base = reader.commit(run.base)?.tree;
    let changes = reader.changes_before(Some(base), Some(run.tree), git::MOST_CHANGES)?;
    if let Some(bytes) = patch
        && let Some(why) = Applied::new(reader, base, &changes).differs(bytes)?
    {
        claims.differ(PATCH, &why, "the change of the commit");
    }
    if is_harness {
        let harness = Harness {
            run,
            around,
            changes: &changes,
            documents: &documents,
        };
        harness.compare(&mut claims, files, base)?;
    }
    Ok(claims.findings)
}

/// The documents of a run that can be read. Each is read when it is asked for: together, they may
/// be many times as large as their files.
struct Documents<'a>(&'a RunFiles);

impl Documents<'_> {
    fn names(&self) -> impl Iterator<Item = &str> {
        let is_one = |path: &&str| {
            let top = !path.contains('/') && *path != "artifact_digests.json";
            path.ends_with(".json") && (top || path.starts_with("steps/"))
        };
        self.0.keys().filter_map(RepoPath::to_str).filter(is_one)
    }

    fn get(&self, file: &str) -> Option<Json> {
        document(self.0, file)
    }

    fn value(&self, file: &str, key: &str) -> Option<Json> {
        self.get(file)?.get(key).cloned()
    }
}

/// No document names another run or task, or tells of a failure.
fn named(claims: &mut Claims<'_>, documents: &Documents<'_>) {
    for file in documents.names() {
        let Some(document) = documents.get(file) else {
            continue;
        };
        claims.compare(
            file,
            "run_id",
            document.get("run_id"),
            json!(claims.run.run),
        );
        claims.compare(
            file,
            "task_id",
            document.get("task_id"),
            json!(claims.run.task),
        );
        if !matches!(file, MANIFEST | REPORT) && !file.starts_with("steps/") {
            continue;
        }
        for key in ["conclusion", "outcome", "result", "status", "verdict"] {
            let word = document.get(key).and_then(Json::as_str).unwrap_or_default();
            let plain = word.trim().to_lowercase().replace([' ', '-'], "_");
            if FAILED.contains(&plain.as_str()) {
                claims.differ(file, &format!("{key} {}", quote(word.as_bytes())), ENDED);
            }
        }
        for key in ["ok", "passed", "success"] {
            if matches!(document.get(key), Some(Json::Bool(false))) {
                claims.differ(file, &format!("{key} false"), ENDED);
            }
        }
        for key in [
            "command_exit_code",
            "exit_code",
            "exit_status",
            "returncode",
        ] {
            let code = document.get(key);
            if code.and_then(Json::as_i64).is_some_and(|code| code != 0) {
                claims.compare(file, key, code, json!(0));
            }
        }
    }
}

/// What the record of a run says of its end.
const ENDED: &str = "a run that ended well";

/// It ended after it began.
fn times(claims: &mut Claims<'_>, files: &RunFiles) {
    let text = files.get(&RepoPath::from(TIMES)).map(Vec::as_slice);
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let time = |key: &str| {
        let mut lines = text.lines();
        let time = lines.find_map(|line| line.strip_prefix(key))?;
        time.parse::<Timestamp>().ok()
    };
    if let (Some(started), Some(finished)) = (time("started="), time("finished="))
        && finished < started
    {
        claims.differ(
            TIMES,
            &format!("finished {finished}"),
            &format!("after {started}"),
        );
    }
}

/// A run that git-awo executed, and what must stand in its documents.
struct Harness<'a> {
    run: &'a Said<'a>,
    around: &'a Around<'a>,
    changes: &'a [Change],
    documents: &'a Documents<'a>,
}

impl Harness<'_> {
    fn compare(
        &self,
        claims: &mut Claims<'_>,
        files: &RunFiles,
        base: ObjectId,
    ) -> Result<(), git::Error> {
        let mut expected = vec![
            (REPORT, self.report()),
            (
                CHANGED,
                json!({ "changes": self.changes.iter().map(change).collect::<Vec<_>>() }),
            ),
            ("control_surface.json", self.control_surface()),
            (ENVIRONMENT, json!({ "git": { "branch": self.branch() } })),
            (FRESHNESS, self.freshness()),
            ("owned_repo.json", self.owned_repo()),
        ];
        expected.extend(self.contract());
        expected.push((PROVENANCE, self.provenance(base)?));
        let written = expected.iter().map(|(file, _)| *file).chain([INDEX]);
        let steps = self.documents.names().filter(|it| it.starts_with("steps/"));
        written.chain(steps).for_each(|it| plain(claims, it, files));
        for (file, value) in &expected {
            if let Some(document) = self.documents.get(file) {
                agree(claims, file, "", value, &document);
            }
        }
        self.policy(claims);
        self.steps(claims, files);
        self.events(claims, files);
        self.report_for_people(claims, files);
        self.logs_of_steps(claims, files);
        Ok(())
    }

    fn paths(&self) -> Vec<String> {
        self.changes.iter().map(|it| it.path.to_string()).collect()
    }

    fn branch(&self) -> &str {
        let reference = self.run.reference;
        reference.branch().unwrap_or(reference.as_str())
    }

    /// The command, as the manifest has it.
    fn command(&self) -> Option<Value> {
        let command = self.documents.value(MANIFEST, "command")?;
        serde_json::from_slice(&json::to_canonical(&command)).ok()
    }

    fn validation(&self) -> Value {
        let contract = self.around.contract.map(|it| &it.contract);
        if self.around.makes_skeleton {
            // Those of earlier versions were validated.
            return json!({});
        }
        if let Some(contract) = contract.filter(|it| !it.validation_steps.is_empty()) {
            return steps_passed(&contract.validation_steps);
        }
        match contract.map(|it| &it.validation_command) {
            Some(Some(command)) => json!({"command": command, "exit_code": 0}),
            Some(None) => json!({ "command": null }),
            None => json!({ "exit_code": 0 }),
        }
    }

    /// The output of the validation is that of its steps, one after the other.
    fn logs_of_steps(&self, claims: &mut Claims<'_>, files: &RunFiles) {
        let steps = self
            .around
            .contract
            .map_or(0, |it| it.contract.steps(self.around.makes_skeleton).len());
        if steps == 0 {
            return;
        }
        let of = |name: &str| {
            files
                .get(&RepoPath::from(name))
                .map_or(&[][..], Vec::as_slice)
        };
        let logs: Vec<u8> = (1..=steps)
            .flat_map(|it| of(&step_log(it)).to_vec())
            .collect();
        if of(TEST_LOG) != logs {
            claims.differ(
                TEST_LOG,
                "another output",
                "the output of each validation step",
            );
        }
    }

    fn report(&self) -> Value {
        let mut report = json!({
            "changed": self.paths(), "result": "completed", "task": self.run.task,
            "tree": self.run.tree, "validation": self.validation(),
        });
        set(&mut report, "command", self.command());
        report
    }

    fn contract(&self) -> Vec<(&'static str, Value)> {
        let Some(predicate) = self.around.contract else {
            return Vec::new();
        };
        let contract = &predicate.contract;
        let scope = json!({
            "allowed_paths": contract.allowed_paths,
            "forbidden_actions": contract.forbidden_actions,
            "forbidden_paths": contract.forbidden_paths,
            "kept": true,
        });
        let mut manifest = json!({
            "packet_sha256": contract.source_sha256,
            "validation_command": contract.validation_command,
        });
        let steps = Some(&contract.validation_steps).filter(|it| !it.is_empty());
        set(&mut manifest, "validation_steps", steps.map(|it| json!(it)));
        let owned = json!({
            "admission": contract.target.admission,
            "contract_repository": predicate.context.repository,
            "locator": contract.target.locator,
        });
        let provenance = json!({ "inputs_digest": { "packet": contract.source_sha256 } });
        vec![
            ("scope/contract_scope.json", scope),
            (MANIFEST, manifest),
            ("owned_repo.json", owned),
            (PROVENANCE, provenance),
        ]
    }

    /// The contract's digest. A run that was made elsewhere, under another envelope of the contract,
    /// leaves it out of its manifest: then it is the same in all documents.
    fn contract_named(&self) -> Sha256 {
        let named = || {
            let contract = self.documents.value(FRESHNESS, "contract")?;
            contract.get("at_begin")?.as_str()?.parse().ok()
        };
        match self.documents.value(MANIFEST, "contract") {
            Some(_) => self.run.contract,
            None => named().unwrap_or(self.run.contract),
        }
    }

    fn freshness(&self) -> Value {
        let (base, contract) = (self.run.base, self.contract_named());
        json!({
            "base": base,
            "contract": {"at_begin": contract, "at_end": contract},
            "reference": self.run.reference,
            "target_tip": {"at_begin": base, "at_end": base},
            "unchanged": true,
        })
    }

    fn owned_repo(&self) -> Value {
        json!({ "repository": self.around.history.repository() })
    }

    fn control_surface(&self) -> Value {
        let run = self.run.run;
        json!({
            "evidence": { "directory": layout::run_directory(run) },
            "records": {
                "contract": records::Kind::Contract.of(self.run.task.clone()).to_path(),
                "inventory": LedgerPath::Inventory(run.clone()).to_path(),
                "run": records::Kind::Run.of(run).to_path(),
            },
            "replay": { "patch": PATCH },
        })
    }

    fn provenance(&self, base: ObjectId) -> Result<Value, git::Error> {
        let reader = self.around.reader;
        let contract = self.contract_named();
        let base_tree = Sha256::of(&reader.tree_bytes(base)?);
        let mut inputs = json!({"base_tree": base_tree, "contract": contract});
        let command = self.command();
        let words = command.as_ref().and_then(Value::as_array).map(|words| {
            let words = words.iter().filter_map(Value::as_str);
            Sha256::of(words.collect::<Vec<_>>().join("\0").as_bytes())
        });
        set(&mut inputs, "command", words.map(|it| json!(it)));
        let date = Timestamp::from_seconds(reader.commit(self.run.base)?.committer.time);
        let date = date.or_else(|| Timestamp::from_seconds(0));
        let mut provenance = json!({"finished": date, "inputs_digest": inputs, "started": date});
        let runtime = self.documents.value(PROVENANCE, "runtime");
        let version = runtime
            .as_ref()
            .and_then(|it| it.get("version"))
            .and_then(Json::as_str);
        let code = version.map(|it| Sha256::of(format!("git-awo {it}\n{contract}\n").as_bytes()));
        set(&mut provenance, "code_digest", code.map(|it| json!(it)));
        Ok(provenance)
    }

    /// The policy, which may have changed until the run was recorded: one version, everywhere.
    fn policy(&self, claims: &mut Claims<'_>) {
        let Some(policy) = self.documents.value(FRESHNESS, "policy") else {
            return;
        };
        let named = policy.get("at_begin").and_then(Json::as_str);
        let history = self.around.history;
        let at = named.and_then(|it| history.index_of(it.parse().ok()?));
        let Some(version) = at.map(|at| history.version(at)) else {
            let found = named.unwrap_or_default();
            let found = format!("policy.at_begin {}", quote(found.as_bytes()));
            claims.differ(FRESHNESS, &found, "a policy of this repository");
            return;
        };
        let says = &version.statement;
        for (file, expected) in [
            (FRESHNESS, json!({ "policy": { "at_end": version.commit } })),
            ("owned_repo.json", json!({ "policy": version.commit })),
            (
                PROVENANCE,
                json!({"inputs_digest": {
                    "allowed_signers": says.allowed_signers, "policy": says.policy,
                }}),
            ),
        ] {
            if let Some(document) = self.documents.get(file) {
                agree(claims, file, "", &expected, &document);
            }
        }
    }

    /// Each step says of the run what its operation does, and the trace lists the same steps.
    fn steps(&self, claims: &mut Claims<'_>, files: &RunFiles) {
        let steps = self.documents.value(INDEX, "steps");
        let steps = steps.as_ref().and_then(Json::as_array).unwrap_or_default();
        let (run, command) = (self.run, self.command());
        let mut trace = Vec::new();
        for step in steps {
            let op = step.get("op").and_then(Json::as_str).unwrap_or_default();
            let id = step.get("id").and_then(Json::as_str).unwrap_or_default();
            let index = step.get("index").and_then(Json::as_i64).unwrap_or_default();
            let well = json!({"exit_code": 0, "status": "ok"});
            agree(claims, INDEX, id, &well, step);
            trace.push(json!({"id": id, "index": index, "op": op, "status": "ok"}));
            let mut expected = match op {
                "worktree_add" => json!({"base": run.base, "status": "ok"}),
                "command_run" => json!({"exit_code": 0, "status": "ok"}),
                "scope_validate" => {
                    json!({"changed": self.paths(), "status": "ok", "tree": run.tree})
                }
                "validation_run" => self.validation(),
                "commit_make" => json!({
                    "parent": run.base, "reference": run.reference, "status": "ok",
                    "tree": run.tree,
                }),
                _ => continue,
            };
            if op == "command_run" {
                set(&mut expected, "command", command.clone());
            }
            let file = format!("steps/{index:02}_{id}.json");
            if let Some(document) = self.documents.get(&file) {
                agree(claims, &file, "", &expected, &document);
            }
        }
        let mut count = 0_usize;
        for line in lines(files, TRACE) {
            if let Some(expected) = trace.get(count) {
                agree(claims, TRACE, "", expected, &line);
            }
            count = count.saturating_add(1);
        }
        if files.contains_key(&RepoPath::from(TRACE)) && count != trace.len() {
            let found = format!("{count} steps");
            claims.differ(
                TRACE,
                &found,
                &format!("{} steps, as {INDEX} has", trace.len()),
            );
        }
    }

    fn events(&self, claims: &mut Claims<'_>, files: &RunFiles) {
        let contract = self.around.contract.map(|it| &it.contract);
        for line in lines(files, EVENTS) {
            let name = line.get("event").and_then(Json::as_str).unwrap_or_default();
            let expected = match name {
                "run.begun" => json!({
                    "base": self.run.base, "run_id": self.run.run, "task": self.run.task,
                }),
                "command.ended" | "run.validated" => json!({ "exit_code": 0 }),
                "command.reported" => {
                    let action = line.get("report").and_then(|it| it.get("action"));
                    let action = action.and_then(Json::as_str).unwrap_or_default();
                    let plain = action.trim().to_lowercase().replace(['-', ' ', '.'], "_");
                    let forbidden = contract.map(|it| &it.forbidden_actions);
                    let mut forbidden = forbidden.into_iter().flatten();
                    if forbidden.any(|it| it.as_str() == plain) {
                        let found = format!("action {}", quote(action.as_bytes()));
                        claims.differ(EVENTS, &found, "no action that the contract forbids");
                    }
                    continue;
                }
                _ => json!({ "run_id": self.run.run, "task": self.run.task }),
            };
            if let Some((_, end)) = name.rsplit_once('.')
                && FAILED.contains(&end)
            {
                claims.differ(EVENTS, &quote(name.as_bytes()), ENDED);
            }
            agree(claims, EVENTS, name, &expected, &line);
        }
    }

    /// The head of the report for people, its list of paths, and how it says that the run ended.
    fn report_for_people(&self, claims: &mut Claims<'_>, files: &RunFiles) {
        let bytes = files
            .get(&RepoPath::from(REPORT_FOR_PEOPLE))
            .map(Vec::as_slice);
        let text = String::from_utf8_lossy(bytes.unwrap_or_default());
        let run = self.run;
        let head = [
            ("Contract", self.contract_named().to_string()),
            ("Target", run.reference.to_string()),
            ("Base", run.base.to_string()),
            ("Tree", run.tree.to_string()),
            ("Orchestrator", run.orchestrator.to_string()),
        ];
        let mut section = "";
        let paths = self.changes.iter().map(|change| {
            let how = match (change.old, change.new) {
                (None, _) => "added",
                (_, None) => "deleted",
                _ => "changed",
            };
            let path = quote(change.path.as_bytes());
            format!("{how}: {}", crate::record::path::escape(path.as_bytes()))
        });
        let mut paths = paths.fuse();
        let (mut listed, mut same, mut lists) = (0_usize, true, false);
        for line in text.lines() {
            let mut differs = |found: &str, expected: &str| {
                claims.differ(REPORT_FOR_PEOPLE, &quote(found.as_bytes()), expected);
            };
            if let Some(title) = line.strip_prefix("## ") {
                section = title;
                lists |= title == "Changed paths";
            } else if let Some(item) = line.strip_prefix("- ") {
                let (key, value) = item.split_once(": ").unwrap_or((item, ""));
                if section.is_empty() {
                    let of_task = format!("{} (", run.task);
                    if key == "Task" && !value.starts_with(&of_task) {
                        differs(item, &of_task);
                    }
                    for (known, said) in &head {
                        if key == *known && value != said {
                            differs(item, said);
                        }
                    }
                } else if section == "Changed paths" {
                    listed = listed.saturating_add(1);
                    same &= paths.next().is_some_and(|path| path == item);
                }
            } else if let Some(code) = line.strip_prefix("It ended with exit code ")
                && code != "0."
            {
                differs(line, ENDED);
            }
        }
        if lists && !(same && paths.next().is_none()) {
            let found = format!("{listed} changed paths");
            claims.differ(REPORT_FOR_PEOPLE, &found, "the changes of the commit");
        }
    }
}

/// A document that git-awo wrote is a canonical object: others may read any other form otherwise.
fn plain(claims: &mut Claims<'_>, file: &str, files: &RunFiles) {
    let Some(bytes) = files.get(&RepoPath::from(file)) else {
        return;
    };
    let is_plain = json::parse(bytes)
        .is_ok_and(|it| it.as_object().is_some() && json::to_canonical(&it) == *bytes);
    if !is_plain {
        claims.differ(file, "a document in another form", "a canonical object");
    }
}

fn set(object: &mut Value, key: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (object.as_object_mut(), value) {
        members.insert(key.to_owned(), value);
    }
}

/// Compares what a document says with what it must say, member by member.
fn agree(claims: &mut Claims<'_>, file: &str, at: &str, expected: &Value, document: &Json) {
    let Value::Object(members) = expected else {
        claims.compare(file, at, Some(document), expected.clone());
        return;
    };
    for (key, expected) in members {
        if let Some(inner) = document.get(key) {
            let dot = if at.is_empty() { "" } else { "." };
            agree(claims, file, &format!("{at}{dot}{key}"), expected, inner);
        }
    }
}

/// Returns the lines of a file up to the first that cannot be read, one after the other: there may be
/// millions. The invariants name that one.
fn lines<'a>(files: &'a RunFiles, file: &str) -> impl Iterator<Item = Json> + use<'a> {
    let bytes = files.get(&RepoPath::from(file)).map(Vec::as_slice);
    let lines = bytes.unwrap_or_default().split_inclusive(|b| *b == b'\n');
    lines.map_while(|line| json::parse(line).ok())
}

/// Returns a path with what stood and stands there, as JSON.
fn change(change: &Change) -> Value {
    let side = |side: Option<(Mode, ObjectId)>| match side {
        Some((mode, id)) => json!({"id": id, "mode": mode.as_str()}),
        None => Value::Null,
    };
    json!({"new": side(change.new), "old": side(change.old), "path": change.path})
}

#[cfg(test)]
mod tests;
