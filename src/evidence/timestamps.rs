//! The clock values in `timestamps/`, which no digest covers.

use std::collections::BTreeMap;

use super::flaw::{Flaw, findings};
use super::inventory::TIMESTAMPS;
use crate::record::{Findings, RepoPath, Timestamp};

/// Maximum number of files in `timestamps/`.
pub const MAX_TIMESTAMPS: usize = 32;

/// Maximum size of a file in `timestamps/`, in bytes.
pub const MAX_TIMESTAMP_LEN: usize = 256;

/// Returns whether the path is in `timestamps/`.
pub(super) fn holds(path: &RepoPath) -> bool {
    path.as_bytes().starts_with(TIMESTAMPS.as_bytes())
}

/// Checks that the clock values, which no digest covers, contain nothing but dates.
///
/// Content that was truncated one byte beyond [`MAX_TIMESTAMP_LEN`] is judged like the whole.
pub(super) fn judge(region: &BTreeMap<RepoPath, Vec<u8>>) -> Findings {
    let mut flaws = Vec::new();
    for ((path, content), number) in region.iter().zip(1..) {
        let why = if number > MAX_TIMESTAMPS {
            "one file more than the 32 allowed"
        } else if !is_timestamp_name(path) {
            "a file name that is not of A-Z a-z 0-9 . _ -"
        } else if content.len() > MAX_TIMESTAMP_LEN {
            "more than 256 bytes"
        } else if !is_date_text(content) {
            "something other than date text"
        } else {
            continue;
        };
        let path = path.clone();
        flaws.push(Flaw::NoDate { path, why });
    }
    findings(&flaws)
}

fn is_timestamp_name(path: &RepoPath) -> bool {
    let name = path
        .as_bytes()
        .strip_prefix(TIMESTAMPS.as_bytes())
        .unwrap_or_default();
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=80).contains(&name.len()) && name.iter().all(fits)
}

fn is_date_text(content: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(content)
        .ok()
        .and_then(|text| text.strip_suffix('\n'))
    else {
        return false;
    };
    text.split('\n').all(|line| match line.split_once('=') {
        Some((key, time)) => is_key(key) && time.parse::<Timestamp>().is_ok(),
        None => {
            line.parse::<Timestamp>().is_ok()
                || format!("{line}T00:00:00Z").parse::<Timestamp>().is_ok()
        }
    })
}

fn is_key(key: &str) -> bool {
    let fits =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.');
    (1..=40).contains(&key.len())
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(fits)
}
