//! The manifest: `awo.post-work/1`, canonical JSON without a clock.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::evidence::work::validations;
use crate::facts::post_work::Head;
use crate::record::RepoPath;
use crate::record::json::{self, Json};
use crate::record::path::quote;

use super::result::{At, FileResult};

/// Where the manifest stands in the evidence of a run.
pub const FILE: &str = "post_work.json";

/// The schema.
const SCHEMA: &str = "awo.post-work/1";

/// Returns the manifest of files that were measured. Everything in it follows from the contract, the pre-work,
/// the two trees and who ran it.
pub fn manifest(head: &Head<'_>, files: &[FileResult]) -> Value {
    let contract = head.contract;
    let lint = validations(contract, false)
        .map(|(command, log)| json!({"command": command, "exit_code": 0, "log": log}));
    let spec = head
        .spec
        .map(|it| json!({"blob": it.blob, "path": it.path, "title": it.title}));
    json!({
        "artifacts": contract.evidence,
        "base": head.base,
        "contract": head.digest,
        "files": files.iter().map(file).collect::<Vec<_>>(),
        "lint_results": lint.collect::<Vec<_>>(),
        "notes": contract.waivers,
        "operator": head.operator,
        "pre_work": head.pre_work,
        "schema": SCHEMA,
        "spec_target_resolved": spec,
        "task": contract.id,
        "times": "timestamps/run.txt",
        "tree": head.tree,
    })
}

pub(super) fn file(it: &FileResult) -> Value {
    let gates = it.gates.iter().map(|it| {
        let value = json!({"evidence": it.evidence, "result": it.outcome.to_string()});
        (it.gate.name().to_owned(), value)
    });
    json!({
        "change": it.happened.to_string(),
        "end": it.lines.map(|it| it.1),
        "gates": gates.collect::<Map<_, _>>(),
        "line_delta": it.delta,
        "post": at(&it.post),
        "pre": at(&it.pre),
        "start": it.lines.map(|it| it.0),
        "target": it.path,
    })
}

fn at(it: &Option<At>) -> Value {
    match it {
        Some(it) => json!({"blob": it.blob, "mode": it.mode, "sha1": it.sha1}),
        None => Value::Null,
    }
}

/// Returns which blob a manifest names as what a file has become; an inner `None` if it is gone.
pub(super) fn post_of(manifest: &Json, path: &RepoPath) -> Option<Option<String>> {
    let files = manifest.get("files")?.as_array()?;
    let target = path.to_string();
    let file = files
        .iter()
        .find(|it| it.get("target").and_then(Json::as_str) == Some(&target))?;
    let post = file.get("post")?;
    Some(post.get("blob").and_then(Json::as_str).map(str::to_owned))
}

/// Where a manifest differs from the one that is computed.
pub struct Difference {
    pub found: String,
    pub computed: String,
}

/// Returns the first difference between the bytes of a manifest and what is computed.
pub fn differs(bytes: &[u8], computed: &Value) -> Option<Difference> {
    let canonical = json::canonical(computed);
    if bytes == canonical {
        return None;
    }
    let parsed: Option<Value> = json::parse(bytes)
        .ok()
        .and_then(|it| serde_json::from_slice(&json::to_canonical(&it)).ok());
    let Some(found) = parsed else {
        return Some(Difference {
            found: "no JSON".to_owned(),
            computed: "the manifest as it is computed".to_owned(),
        });
    };
    let difference = first(String::new(), &found, computed);
    Some(difference.unwrap_or(Difference {
        found: "another spelling of the manifest".to_owned(),
        computed: "its canonical form".to_owned(),
    }))
}

fn first(at: String, found: &Value, computed: &Value) -> Option<Difference> {
    let below = |key: &str| match at.is_empty() {
        true => key.to_owned(),
        false => format!("{at}.{key}"),
    };
    match (found, computed) {
        (Value::Object(found), Value::Object(computed)) => {
            let keys: BTreeSet<_> = found.keys().chain(computed.keys()).collect();
            let of = |map: &Map<String, Value>, key: &String| map.get(key).cloned();
            keys.into_iter().find_map(|key| {
                let (a, b) = (of(found, key), of(computed, key));
                match (a, b) {
                    (Some(a), Some(b)) => first(below(key), &a, &b),
                    (a, b) => Some(said(&below(key), a.as_ref(), b.as_ref())),
                }
            })
        }
        (Value::Array(found), Value::Array(computed)) if found.len() == computed.len() => {
            let pairs = found.iter().zip(computed).enumerate();
            pairs
                .into_iter()
                .find_map(|(index, (a, b))| first(below(&index.to_string()), a, b))
        }
        (a, b) => (a != b).then(|| said(&at, Some(a), Some(b))),
    }
}

fn said(at: &str, found: Option<&Value>, computed: Option<&Value>) -> Difference {
    let word = |value: Option<&Value>| match value {
        Some(value) => {
            let bytes = json::canonical(value);
            quote(&bytes.into_iter().take(160).collect::<Vec<_>>())
        }
        None => "nothing".to_owned(),
    };
    Difference {
        found: format!("{} {}", quote(at.as_bytes()), word(found)),
        computed: word(computed),
    }
}
