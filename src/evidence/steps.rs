//! The steps of a run: the files in `steps/` and the list of them in `index.json`.

use std::collections::BTreeSet;

use super::reasons::Reasons;
use super::survey::RunFiles;
use crate::record::RepoPath;
use crate::record::json::Json;

/// The directory of the steps.
const STEPS: &str = "steps/";

/// The op that writes `scope/`.
const SCOPE_VALIDATE: &str = "scope_validate";

/// Adds a reason for each fault in `steps/`, and in `index.json` if it could be read.
pub(super) fn check(files: &RunFiles, index: Option<&Json>, reasons: &mut Reasons) {
    let mut present = BTreeSet::new();
    let mut bad = Vec::new();
    for path in files.keys() {
        let Some(name) = path.as_bytes().strip_prefix(STEPS.as_bytes()) else {
            continue;
        };
        match std::str::from_utf8(name)
            .ok()
            .filter(|name| is_step_name(name))
        {
            Some(name) => {
                present.insert(name.to_owned());
            }
            None => bad.push(RepoPath::new(name).to_string()),
        }
    }
    if !bad.is_empty() {
        reasons.add(format!("bad_step_filenames:{}", bad.join(",")));
    } else if present.is_empty() {
        reasons.add("steps_empty");
    }
    if let Some(index) = index {
        let listed = list(index, files, reasons);
        // If no step is left, one reason is enough.
        if !present.is_empty() {
            for name in listed.difference(&present) {
                reasons.add(format!("index.missing_step_file:{name}"));
            }
            for name in present.difference(&listed) {
                reasons.add(format!("index.unlisted_step_file:{name}"));
            }
        }
    }
}

/// Returns the file names that the index lists.
fn list(index: &Json, files: &RunFiles, reasons: &mut Reasons) -> BTreeSet<String> {
    let mut listed = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    let mut scope_wanted = false;
    let Some(steps) = index.get("steps").and_then(Json::as_array) else {
        reasons.add("index.steps_missing");
        return listed;
    };
    if steps.is_empty() {
        reasons.add("index.steps_empty");
    }
    for (position, step) in steps.iter().enumerate() {
        let op = step.get("op").and_then(Json::as_str);
        scope_wanted |= op == Some(SCOPE_VALIDATE);
        let id = step
            .get("id")
            .and_then(Json::as_str)
            .filter(|id| is_step_id(id));
        // The index has two digits in a file's name.
        let number = step
            .get("index")
            .and_then(Json::as_i64)
            .filter(|number| (0..=99).contains(number));
        let (Some(_), Some(id), Some(number)) = (op.filter(|op| !op.is_empty()), id, number) else {
            reasons.add(format!("index.bad_step:{position}"));
            continue;
        };
        if !numbers.insert(number) {
            reasons.add(format!("index.duplicate_index:{number}"));
        }
        listed.insert(format!("{number:02}_{id}.json"));
    }
    if scope_wanted
        && !files
            .keys()
            .any(|path| path.as_bytes().starts_with(b"scope/"))
    {
        reasons.add("missing_dir:scope");
    }
    listed
}

/// Returns whether this is `NN_<id>.json`.
fn is_step_name(name: &str) -> bool {
    let Some((number, id)) = name
        .strip_suffix(".json")
        .and_then(|stem| stem.split_once('_'))
    else {
        return false;
    };
    number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit()) && is_step_id(id)
}

fn is_step_id(id: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=80).contains(&id.len()) && id.bytes().all(fits)
}
