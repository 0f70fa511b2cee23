//! Canonical JSON: exactly one encoding for each value, that of AWO.
//!
//! The bytes are those of Python's `json.dumps(data, indent=2, ensure_ascii=False,
//! sort_keys=True)`: keys sorted by code point, two spaces per level, no line feed at the end.
//! This is not RFC 8785. The parser is our own, because existing ones keep the last of two equal
//! keys, turn long integers into floats, and recurse as deeply as the input demands.
//!
//! [`parse`] reads any strict JSON. [`parse_canonical`] reads a record: canonical bytes, integers
//! within ±(2^53-1), no float but a [`Confidence`](super::Confidence), no unknown field.

#[cfg(test)]
mod differential;
mod parse;
mod same;
#[cfg(test)]
mod tests;
mod value;
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::digest::Sha256;
use super::path::escape;
use value::Form;

pub use parse::{BadJson, HARD_DEPTH, Limits, MAX_DEPTH, MAX_LEN, parse, parse_with};
pub(super) use same::is_compact;
pub use value::{Json, MAX_INTEGER, Number};
pub use write::to_canonical;

/// Returns the canonical bytes of a typed record.
///
/// An integer beyond ±(2^53-1) or a float is written as Python writes it, and [`parse_canonical`]
/// refuses it. Use field types that cannot hold one (`u32`).
///
/// # Panics
/// If the type has no JSON form at all (a map whose keys are not strings). This is a fault of the
/// type and does not depend on input.
#[allow(
    clippy::expect_used,
    reason = "it depends on the type and never on a value"
)]
pub fn canonical<T: Serialize>(record: &T) -> Vec<u8> {
    to_canonical(&to_json(record).expect("the type of a record has a JSON form"))
}

/// Returns the stored form of what one process tells the next: the SHA-256 of the rest in hex, and
/// the canonical form.
pub fn with_digest<T: Serialize>(value: &T) -> Vec<u8> {
    let body = canonical(value);
    [Sha256::of(&body).to_string().as_bytes(), &body].concat()
}

/// Reads what [`with_digest`] has written; `None` if it is damaged or of another form.
pub fn parse_with_digest<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (digest, body) = bytes.split_at_checked(64)?;
    if digest != Sha256::of(body).to_string().as_bytes() {
        return None;
    }
    let limits = Limits {
        len: bytes.len(),
        ..Limits::default()
    };
    parse_canonical_with(body, limits).ok()
}

/// Reads a typed record, within the usual limits.
///
/// The bytes must equal those that [`canonical`] gives for the record.
pub fn parse_canonical<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, BadJson> {
    parse_canonical_with(bytes, Limits::default())
}

/// Reads a typed record, within the given limits.
pub fn parse_canonical_with<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
    limits: Limits,
) -> Result<T, BadJson> {
    if let Some(record) = quickly(bytes, limits) {
        return Ok(record);
    }
    let value = parse_with(bytes, limits)?;
    require_same(
        bytes,
        &to_canonical(&value),
        "the bytes are not in canonical form from here on",
    )?;
    if let Some(number) = bad_number(&value) {
        // The bytes are canonical, so they contain the number exactly as it is written here.
        let text = to_canonical(&Json::Number(number.clone()));
        let offset = number_offset(bytes, &text);
        return Err(BadJson::at(bytes, offset, number_why(number)));
    }
    let record: T = serde_json::from_slice(bytes).map_err(|source| schema_error(bytes, &source))?;
    // A type may accept more forms than it writes (a default, an alias, a lenient name).
    let again = to_json(&record).map_err(|source| BadJson::at(bytes, 0, source.to_string()))?;
    require_same(
        bytes,
        &to_canonical(&again),
        "the record differs from the form that this program writes",
    )?;
    Ok(record)
}

/// Reads a record whose canonical bytes are these, if that is all there is to it: canonical bytes
/// break no rule of the form. `None` where the strict parser has to say what is wrong.
fn quickly<T: Serialize + DeserializeOwned>(bytes: &[u8], limits: Limits) -> Option<T> {
    let record: T = serde_json::from_slice(bytes).ok()?;
    let depth = limits.depth.min(HARD_DEPTH);
    let holds = bytes.len() <= limits.len
        && (same::is_canonical(&record, bytes, depth)
            // A value has its keys sorted, whatever the order in which a type declares them.
            || same::is_canonical(&serde_json::to_value(&record).ok()?, bytes, depth));
    holds.then_some(record)
}

fn require_same(given: &[u8], wanted: &[u8], why: &str) -> Result<(), BadJson> {
    if given == wanted {
        return Ok(());
    }
    let same = given.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    Err(BadJson::at(given, same, why))
}

fn to_json<T: Serialize>(record: &T) -> serde_json::Result<Json> {
    serde_json::to_value(record).map(from_value)
}

fn from_value(value: serde_json::Value) -> Json {
    use serde_json::Value;
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(value),
        Value::String(text) => Json::String(text),
        Value::Array(items) => Json::Array(items.into_iter().map(from_value).collect()),
        Value::Object(members) => Json::Object(
            members
                .into_iter()
                .map(|(key, value)| (key, from_value(value)))
                .collect(),
        ),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(value) => Json::Number(Number(Form::Float(value))),
            None => Json::Number(Number(Form::Integer(number.to_string()))),
        },
    }
}

fn bad_number(value: &Json) -> Option<&Number> {
    match value {
        Json::Number(number) => (!number.fits_record()).then_some(number),
        Json::Array(items) => items.iter().find_map(bad_number),
        Json::Object(members) => members.values().find_map(bad_number),
        Json::Null | Json::Bool(_) | Json::String(_) => None,
    }
}

fn number_why(number: &Number) -> String {
    if number.is_integer() {
        "an integer in a record must be within ±9007199254740991".to_owned()
    } else {
        "a record cannot contain a float other than 0.0 to 1.0 with four decimals".to_owned()
    }
}

/// Finds the number in canonical bytes: it begins a line or follows the `: ` of a key.
fn number_offset(bytes: &[u8], number: &[u8]) -> usize {
    let mut start = 0_usize;
    for line in bytes.split(|b| *b == b'\n') {
        let body = line.strip_suffix(b",").unwrap_or(line);
        if let Some(before) = body.strip_suffix(number)
            && (before.iter().all(|b| *b == b' ') || before.ends_with(b"\": "))
        {
            return start.saturating_add(before.len());
        }
        start = start.saturating_add(line.len()).saturating_add(1);
    }
    0
}

/// Returns where the type refused the value. The message may quote an untrusted key.
fn schema_error(bytes: &[u8], source: &serde_json::Error) -> BadJson {
    let before: usize = bytes
        .split_inclusive(|b| *b == b'\n')
        .take(source.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let offset = before.saturating_add(source.column().saturating_sub(1));
    let offset = offset.min(bytes.len());
    let full = source.to_string();
    let place = format!(" at line {} column {}", source.line(), source.column());
    let message = full.strip_suffix(&place).unwrap_or(&full);
    let short: String = message.chars().take(200).collect();
    BadJson::at(
        bytes,
        offset,
        escape(short.replace(['\n', '\t'], " ").as_bytes()),
    )
}
