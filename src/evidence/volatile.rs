//! Volatile keys, which differ between machines or runs, and values that must be times.

use super::reasons::Reasons;
use crate::record::json::Json;
use crate::record::path::{escape, quote};
use crate::record::{RepoPath, Timestamp};

/// Keys that name a process or machine, in lower case.
const VOLATILE: [&str; 5] = ["pid", "hostname", "container_id", "pod_uid", "instance_id"];

/// Adds a reason for each volatile key and each malformed time in the document.
pub(super) fn check(path: &RepoPath, value: &Json, reasons: &mut Reasons) {
    match value {
        Json::Object(members) => {
            for (key, member) in members {
                if VOLATILE.contains(&key.to_ascii_lowercase().as_str()) && !is_empty(member) {
                    reasons.add(format!("volatile_key:{path}:{}", shown(key)));
                }
                if let Json::String(text) = member
                    && names_a_time(key)
                    && parse_time(text).is_none()
                {
                    reasons.add(format!("bad_timestamp:{path}:{}", shown(key)));
                }
                check(path, member, reasons);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| check(path, item, reasons)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn is_empty(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Returns whether the key ends in a word for a time.
///
/// `at` counts only as a separate word (`created_at`, `createdAt`), since `format` and `stat` also
/// end in these letters. `runtime` names an interpreter, and is a required key.
fn names_a_time(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    if ["timestamp", "started", "finished"]
        .iter()
        .any(|word| lower.ends_with(word))
    {
        return true;
    }
    if lower.ends_with("time") {
        return !lower.ends_with("runtime");
    }
    match lower.strip_suffix("at") {
        Some(before) => key.ends_with("At") || !before.ends_with(|c: char| c.is_alphanumeric()),
        None => false,
    }
}

/// Reads `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`; returns the second and the microseconds.
pub(super) fn parse_time(text: &str) -> Option<(Timestamp, u32)> {
    let Some((seconds, fraction)) = text.split_once('.') else {
        return Some((text.parse().ok()?, 0));
    };
    let digits = fraction.strip_suffix('Z')?;
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((format!("{seconds}Z").parse().ok()?, digits.parse().ok()?))
}

/// Makes untrusted text fit for a reason: short, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    escape(quote(short.as_bytes()).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_a_time_are_told_from_words_that_only_end_so() {
        for key in [
            "at",
            "created_at",
            "createdAt",
            "run-at",
            "time",
            "endTime",
            "wall_time",
            "datetime",
            "timestamp",
            "started",
            "Finished",
            "step.started",
        ] {
            assert!(names_a_time(key), "{key}");
        }
        for key in [
            "format",
            "stat",
            "runtime",
            "python_runtime",
            "times",
            "start",
            "attempt",
            "platform",
            "",
        ] {
            assert!(!names_a_time(key), "{key}");
        }
    }

    #[test]
    fn a_time_has_one_form_with_or_without_microseconds() {
        for text in ["2026-11-21T01:52:49Z", "2026-11-21T01:52:49.000001Z"] {
            assert!(parse_time(text).is_some(), "{text}");
        }
        for text in [
            "",
            "now",
            "2026-11-21",
            "2026-11-21T01:52:49",
            "2026-11-21T01:52:49.1Z",
            "2026-11-21T01:52:49.+00001Z",
            "2026-11-21T01:52:49.000001",
            "2026-11-21T01:52:49+00:00",
            "2026-02-30T00:00:00Z",
            ".000000Z",
            "2026-11-21t01:52:49Z",
            " 2026-11-21T01:52:49Z",
        ] {
            assert!(parse_time(text).is_none(), "{text}");
        }
    }
}
