//! What a command reports of itself: read for what it must not do, and believed in nothing else.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::record::contract::Contract;
use crate::record::json::{self, Json};
use crate::record::{Coded, Diagnosis, Findings, Rule, RunId, Subject};
use crate::rules::executed as rules;
use crate::sys::file;

use super::error::Error;
use super::scrub::Scrub;

/// The longest file of events.
const LONGEST: u64 = 16 << 20;

/// Reads the file of events: one JSON object a line, each with an `action`.
pub(super) fn read(
    path: &Path,
    contract: &Contract,
    run: &RunId,
    findings: &mut Findings,
) -> Result<Vec<Json>, Error> {
    let length = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => u64::MAX,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    if length > LONGEST {
        findings.push(BadEvents::Limit.to_finding(Subject::of_run(run)));
        return Ok(Vec::new());
    }
    let bytes = file::read_plain(path, LONGEST).map_err(Error::io("read", path))?;
    let bytes = bytes.unwrap_or_default();
    let mut events = Vec::new();
    let lines = bytes.split(|b| *b == b'\n').zip(1usize..);
    for (line, number) in lines.filter(|(line, _)| !line.trim_ascii().is_empty()) {
        let subject = || Subject::of_run(run).record(format!("events, line {number}"));
        let parsed = json::parse(line).map_err(|bad| BadEvents::Line(bad.to_string()));
        let read = parsed.and_then(|event| match event.get("action").and_then(Json::as_str) {
            Some(action) => Ok((rules::action(contract, action, subject()), event)),
            None => Err(BadEvents::Line("no object with an action".to_owned())),
        });
        match read {
            Ok((forbidden, event)) => {
                findings.extend(forbidden);
                events.push(event);
            }
            Err(bad) => findings.push(bad.to_finding(subject())),
        }
    }
    Ok(events)
}

/// The file of events cannot be used.
#[derive(Debug, thiserror::Error)]
enum BadEvents {
    #[error("events that are no file, or a longer one")]
    Limit,
    #[error("{0}")]
    Line(String),
}

impl Coded for BadEvents {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Limit => {
                let expected = format!("at most {LONGEST} bytes of events");
                Diagnosis::against(self, Rule::Limits, expected, "let the command report less")
            }
            Self::Line(_) => {
                let expected = "one JSON object a line, with \"action\": a text";
                let remedy = "let the command write its events so";
                Diagnosis::against(self, Rule::EventForm, expected, remedy)
            }
        }
    }
}

/// Returns an event without clock values and names of processes and machines, its places named.
pub(super) fn normalised(event: &Json, scrub: &Scrub) -> Json {
    match event {
        Json::String(text) => Json::String(scrub.text(text)),
        Json::Array(items) => Json::Array(items.iter().map(|it| normalised(it, scrub)).collect()),
        Json::Object(members) => {
            let kept = members.iter().filter(|(key, _)| !is_volatile(key));
            let each = kept.map(|(key, value)| (scrub.text(key), normalised(value, scrub)));
            Json::Object(each.collect::<BTreeMap<_, _>>())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => event.clone(),
    }
}

/// Returns whether a key names a process, a machine or a moment. In doubt it does: the events are
/// evidence of what was done, not of when.
fn is_volatile(key: &str) -> bool {
    const NAMES: &[&str] = &[
        "pid",
        "ppid",
        "tid",
        "thread_id",
        "hostname",
        "host",
        "container_id",
        "pod_uid",
        "instance_id",
        "ts",
        "date",
    ];
    const ENDS: &[&str] = &["timestamp", "started", "finished", "duration", "elapsed"];
    let lower = key.to_lowercase();
    let is_at = || {
        let before = lower.strip_suffix("at");
        key.ends_with("At") || before.is_some_and(|it| !it.ends_with(char::is_alphanumeric))
    };
    NAMES.contains(&lower.as_str())
        || ENDS.iter().any(|end| lower.ends_with(end))
        || (lower.ends_with("time") && !lower.ends_with("runtime"))
        || is_at()
        || ["_ms", "_ns", "_us", "_seconds", "_secs"]
            .iter()
            .any(|end| lower.ends_with(end))
}

/// Returns a value in one line: canonical but for its white space.
pub(super) fn compact(value: &Json) -> Vec<u8> {
    let mut out = Vec::new();
    write(value, &mut out);
    out
}

fn write(value: &Json, out: &mut Vec<u8>) {
    match value {
        Json::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Json::Object(members) => {
            out.push(b'{');
            for (at, (key, member)) in members.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                out.extend(json::to_canonical(&Json::String(key.clone())));
                out.push(b':');
                write(member, out);
            }
            out.push(b'}');
        }
        plain => out.extend(json::to_canonical(plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_moments_go_and_others_stay() {
        for key in [
            "pid",
            "Hostname",
            "created_at",
            "createdAt",
            "endTime",
            "ts",
            "took_ms",
        ] {
            assert!(is_volatile(key), "{key}");
        }
        for key in [
            "action", "path", "format", "stat", "runtime", "times", "state", "",
        ] {
            assert!(!is_volatile(key), "{key}");
        }
    }

    #[test]
    fn a_value_stands_in_one_line() {
        let text = "{\"b\": [1, 2.5, {}, []], \"a\": \"x\\n\\\"y\", \"c\": null}";
        let value = json::parse(text.as_bytes()).unwrap();
        let line = compact(&value);
        assert_eq!(
            String::from_utf8(line.clone()).unwrap(),
            "{\"a\":\"x\\n\\\"y\",\"b\":[1,2.5,{},[]],\"c\":null}"
        );
        assert_eq!(json::parse(&line).unwrap(), value);
    }
}
