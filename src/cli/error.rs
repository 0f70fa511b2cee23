//! Errors as people meet them: what could not be done, why, and the next command to type.

use serde_json::{Value, json};

use crate::ops::Error;
use crate::record::Verdict;
use crate::record::path::{LONGEST, cut};
use crate::render;

use super::answer::code;

/// Returns the exit code of an error.
pub fn exit_code(error: &Error) -> u8 {
    error.verdict().map_or(2, code)
}

/// Returns the error as JSON.
pub fn to_json(error: &Error) -> Value {
    let kind = match error.verdict() {
        None => "usage",
        Some(Verdict::Denied) => "denied",
        Some(_) => "undecided",
    };
    json!({
        "schema": "awo.error/1",
        "kind": kind,
        "message": error.message(),
        "findings": error.findings().iter().collect::<Vec<_>>(),
        "hints": error.hints(),
    })
}

/// Returns the error as text.
pub fn to_text(error: &Error) -> String {
    let word = match error.verdict() {
        Some(Verdict::Denied) => "denied",
        _ => "error",
    };
    // git's messages may have several lines; none of them may look like one of ours.
    let message = cut(error.message(), LONGEST).replace('\n', "\n  | ");
    let mut text = format!("{word}: {message}\n");
    text.push_str(&render::report::lines(&error.findings()));
    for hint in error.hints() {
        text.push_str(&format!("hint: {}\n", render::one_line(hint)));
    }
    text
}
