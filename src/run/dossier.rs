//! Makes the evidence of a run: the files of its directory, their inventory and its root.
//!
//! Nothing in it but `timestamps/` depends on the clock or on where the run took place, so the
//! same contract, base, command and output give the same root.

use serde_json::json;

use crate::evidence::confined::CELL;
use crate::evidence::inventory::SUMS;
use crate::evidence::work::{STREAMS, TEST_LOG};
use crate::evidence::{self, Demands, Inventory, RunFiles};
use crate::git;
use crate::record::json::{self, Json};
use crate::record::{Coded, Refusal, RepoPath, Sha256, Subject};
use crate::rules::executed as rules;
use crate::rules::files::no_root;
use crate::rules::post_work;

use super::documents::{self, Documents, Material};
use super::error::Error;
use super::events;
use super::execution::Execution;
use super::log::Log;

/// Makes the files of the run and returns them with their root. What breaks an invariant or a
/// limit is refused: it would be by everybody else.
pub(super) fn make(
    execution: &Execution<'_>,
    material: &Material<'_>,
) -> Result<(RunFiles, Sha256), Error> {
    let mut files = RunFiles::new();
    let mut add = |name: &str, bytes: Vec<u8>| _ = files.insert(RepoPath::from(name), bytes);
    let documents = Documents::new(execution, material);
    add("report.md", documents.report_md().into_bytes());
    for (name, document) in [
        ("report.json", documents.report()),
        ("run_manifest.json", documents.manifest()),
        ("provenance.json", documents.provenance()?),
        ("environment.json", documents.environment()?),
        ("freshness.json", documents.freshness()),
        ("owned_repo.json", documents.owned_repo()),
        ("control_surface.json", documents.control_surface()),
        ("scope/contract_scope.json", documents.scope()),
        ("artifacts/changed_paths.json", documents.changed_paths()),
    ] {
        add(name, json::canonical(&document));
    }
    if let Some(manifest) = material.post_work {
        add(post_work::FILE, json::canonical(manifest));
    }
    if let Some(confined) = documents.confined() {
        add(CELL, json::canonical(&confined));
    }
    steps(&documents, &mut add);
    add("events.normalized.jsonl", event_lines(execution, material));
    add("patch.diff", patch(execution, material)?);
    let policy = &execution.history.current().policy;
    let limit = policy.document().limits.evidence_bytes;
    let logs = &execution.logs;
    let read = |log: &Log| {
        let bytes = log.read(&execution.subject(), limit)?;
        Ok::<_, Error>(execution.scrub.bytes(&bytes))
    };
    for (name, log) in STREAMS.iter().zip([&logs.out, &logs.err]) {
        add(name, read(log)?);
    }
    // Where there are steps, their logs one after the other.
    let mut test = Vec::new();
    for log in &logs.validation {
        let bytes = read(log)?;
        test.extend_from_slice(&bytes);
        if log.name() != TEST_LOG {
            add(log.name(), bytes);
        }
    }
    add(TEST_LOG, test);
    for (name, bytes) in documents.of_work(&files) {
        files.insert(RepoPath::from(name), bytes);
    }
    let digests = evidence::artifact_digests(&files);
    files.insert(RepoPath::from("artifact_digests.json"), digests);
    let (started, finished) = material.times;
    let clock = format!("finished={finished}\nstarted={started}\n").into_bytes();
    files.insert(RepoPath::from("timestamps/run.txt"), clock);
    let inventory = Inventory::of(&evidence::digests(&files));
    let inventory = inventory.map_err(|bad| Error::Refused(bad.refusal(Subject::none())))?;
    files.insert(RepoPath::from(SUMS), inventory.to_bytes());
    // As every door will verify them.
    let demands = Demands::of(
        execution.admitted.contract(),
        execution.admitted.makes_skeleton(),
    )
    .in_cell(policy.cell());
    match rules::files(&execution.admitted.run, &files, &demands, limit) {
        (findings, Some(root)) if findings.is_empty() => Ok((files, root)),
        (findings, _) => Err(Error::Refused(Refusal::or(findings, no_root()))),
    }
}

/// Adds the steps, the index of them and the trace.
fn steps(documents: &Documents<'_>, add: &mut impl FnMut(&str, Vec<u8>)) {
    let mut index = Vec::new();
    let mut trace = Vec::new();
    for (number, (id, op, body)) in (1u32..).zip(documents.steps()) {
        index.push(json!({"id": id, "index": number, "op": op}));
        add(
            &format!("steps/{number:02}_{id}.json"),
            json::canonical(&body),
        );
        let line = json!({"id": id, "index": number, "op": op, "status": "ok"});
        trace.extend(documents::line(&line));
    }
    let run = documents.run().as_str();
    add(
        "index.json",
        json::canonical(&json!({"run_id": run, "steps": index})),
    );
    add("trace.jsonl", trace);
}

fn event_lines(execution: &Execution<'_>, material: &Material<'_>) -> Vec<u8> {
    let admitted = &execution.admitted;
    let mut lines = documents::line(&json!({
        "base": admitted.base,
        "event": "run.begun",
        "run_id": admitted.run,
        "task": admitted.contract().id,
    }));
    for event in material.events {
        let body = events::normalised(event, &execution.scrub);
        let members = [
            ("event".to_owned(), Json::from("command.reported")),
            ("report".to_owned(), body),
        ];
        lines.extend(events::compact(&Json::Object(members.into())));
        lines.push(b'\n');
    }
    let skeleton = admitted.makes_skeleton();
    let validated = match admitted.contract().validations(skeleton).next() {
        Some(_) => json!({"event": "run.validated", "exit_code": 0}),
        None if skeleton => {
            json!({"event": "run.not_validated", "reason": "the run makes a skeleton"})
        }
        None => json!({"event": "run.not_validated", "reason": "the contract names no command"}),
    };
    for event in [json!({"event": "command.ended", "exit_code": 0}), validated] {
        lines.extend(documents::line(&event));
    }
    lines
}

/// Returns the difference as git shows it, by settings that are the same everywhere.
fn patch(execution: &Execution<'_>, material: &Material<'_>) -> Result<Vec<u8>, Error> {
    let repo = &execution.actor.repo;
    let base = repo.commit(execution.admitted.base)?.tree;
    // In an empty directory, and not by the index of the clone: no attribute turns text into something
    // that nobody can read. An older git than 2.41 asks the index all the same.
    let mut diff = git::hardened(repo, execution.place.root(), repo.common_dir());
    if let Some(empty) = repo.hash(git::Kind::Tree, b"") {
        diff.env("GIT_ATTR_SOURCE", empty.to_string());
    }
    diff.args([
        "diff-tree",
        "-p",
        "-r",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
    ]);
    diff.args([
        "--full-index",
        "--binary",
        "--no-color",
        "--unified=3",
        "--inter-hunk-context=0",
    ]);
    diff.args([
        "--diff-algorithm=myers",
        "--no-indent-heuristic",
        "--submodule=short",
    ]);
    diff.args(["--src-prefix=a/", "--dst-prefix=b/", "--end-of-options"]);
    diff.args([base.to_string(), material.tree.to_string()]);
    Ok(git::output(diff)?.stdout)
}
