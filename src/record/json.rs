//! Canonical JSON: exactly one encoding for each value, that of AWO.
//!
//! The bytes are those of Python's `json.dumps(data, indent=2, ensure_ascii=False,
//! sort_keys=True)`: keys sorted by code point, two spaces per level, no line feed at the end.
//! This is not RFC 8785. The parser is our own, because existing ones keep the last of two equal
//! keys, turn long integers into floats, and recurse as deeply as the input demands.
//!
//! [`parse`] reads any strict JSON. [`parse_canonical`] reads a record: canonical bytes, integers
//! only, within ±(2^53-1), no unknown field.

#[cfg(test)]
mod differential;
mod parse;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::path::escape;
use super::{Code, Coded, Diagnosis, Rule};

pub use parse::{parse, parse_with};
pub use write::to_canonical;

/// Maximum nesting depth of arrays and objects.
pub const MAX_DEPTH: usize = 32;

/// Maximum size of a document, in bytes.
pub const MAX_LEN: usize = 1 << 20;

/// The largest integer of a typed record: 2^53-1, the largest that every JSON reader keeps exact.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

/// Upper bound for any limit on nesting: the parser recurses once per level.
pub const HARD_DEPTH: usize = 96;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object, with its keys sorted by code point.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// Returns the member of an object with this key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.as_object()?.get(key)
    }

    /// Returns the text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the integer, if the value is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Json::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// Returns the value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns the elements of an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the members of an object.
    pub fn as_object(&self) -> Option<&BTreeMap<String, Json>> {
        match self {
            Json::Object(members) => Some(members),
            _ => None,
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::String(text.to_owned())
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Json::Number(Number::from(value))
    }
}

/// A number: an integer of any size, or a finite float.
#[derive(Clone, Debug, PartialEq)]
pub struct Number(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    /// Decimal digits, with a leading `-` if negative, without leading zeros; never `-0`.
    Integer(String),
    /// A float that is neither NaN nor infinite.
    Float(f64),
}

impl Number {
    /// Returns the number of a finite float.
    pub fn float(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(Form::Float(value)))
    }

    /// Returns whether it is an integer.
    pub fn is_integer(&self) -> bool {
        matches!(self.0, Form::Integer(_))
    }

    /// Returns the integer, if the value is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Form::Integer(digits) => digits.parse().ok(),
            Form::Float(_) => None,
        }
    }

    /// Returns whether a typed record may contain it.
    fn fits_record(&self) -> bool {
        self.as_i64()
            .is_some_and(|value| value.unsigned_abs() <= MAX_INTEGER)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Form::Integer(value.to_string()))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Form::Integer(value.to_string()))
    }
}

/// Limits on the size of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum nesting depth of arrays and objects; values above [`HARD_DEPTH`] are reduced to it.
    pub depth: usize,
    /// Maximum size in bytes.
    pub len: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: MAX_DEPTH,
            len: MAX_LEN,
        }
    }
}

/// The bytes are not JSON, or not the expected JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the json at line {line}, column {column} (byte {offset}): {why}")]
pub struct BadJson {
    /// The position, in bytes from the start.
    pub offset: usize,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The rule that is broken.
    pub why: String,
    /// Whether a limit was exceeded (INT-006) and not a rule of the form broken (INT-004).
    pub limit: bool,
}

impl BadJson {
    fn at(bytes: &[u8], offset: usize, why: impl Into<String>) -> Self {
        let before = bytes.get(..offset).unwrap_or(bytes);
        let last_line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        // Continuation bytes of UTF-8 begin with the bits 10; all others begin a character.
        let characters = last_line.iter().filter(|b| **b & 0xc0 != 0x80);
        Self {
            offset,
            line: before.split(|b| *b == b'\n').count(),
            column: characters.count().saturating_add(1),
            why: why.into(),
            limit: false,
        }
    }

    fn limit(mut self) -> Self {
        self.limit = true;
        self
    }

    /// Returns the code of the taxonomy: INT-006 for a limit, INT-004 for all else.
    pub fn code(&self) -> Code {
        self.rule().code()
    }

    fn rule(&self) -> Rule {
        match self.limit {
            true => Rule::JsonLimit,
            false => Rule::CanonicalJson,
        }
    }
}

impl Coded for BadJson {
    fn diagnosis(&self) -> Diagnosis {
        let place = format!(
            "line {}, column {} (byte {})",
            self.line, self.column, self.offset
        );
        let remedy = "write the record again with git awo; do not edit it by hand";
        Diagnosis::against(
            self,
            self.rule(),
            "canonical JSON within the limits",
            remedy,
        )
        .found(format!("{} at {place}", self.why))
    }
}

/// The value cannot be a canonical record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot write the record as canonical json: {0}")]
pub struct NotCanonical(pub String);

/// Returns the canonical bytes of a typed record.
///
/// An integer beyond ±(2^53-1) or a float is written as Python writes it, and [`parse_canonical`]
/// refuses it. Use field types that cannot hold one (`u32`), or [`try_canonical`].
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

/// Returns the canonical bytes of a typed record, or why [`parse_canonical`] would refuse them.
pub fn try_canonical<T: Serialize>(record: &T) -> Result<Vec<u8>, NotCanonical> {
    let value = to_json(record)?;
    match bad_number(&value) {
        Some(number) => Err(NotCanonical(number_why(number))),
        None => Ok(to_canonical(&value)),
    }
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
    let again = to_json(&record).map_err(|source| BadJson::at(bytes, 0, source.0))?;
    require_same(
        bytes,
        &to_canonical(&again),
        "the record read differs from what is written here",
    )?;
    Ok(record)
}

fn require_same(given: &[u8], wanted: &[u8], why: &str) -> Result<(), BadJson> {
    if given == wanted {
        return Ok(());
    }
    let same = given.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    Err(BadJson::at(given, same, why))
}

fn to_json<T: Serialize>(record: &T) -> Result<Json, NotCanonical> {
    let value = serde_json::to_value(record).map_err(|source| NotCanonical(source.to_string()))?;
    Ok(from_value(value))
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
        "an integer of a record must lie within ±9007199254740991".to_owned()
    } else {
        "a float cannot stand in a record".to_owned()
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
