//! JSON values.

use std::collections::BTreeMap;

use crate::record::Confidence;

/// The largest integer of a typed record: 2^53-1, the largest that every JSON reader keeps exact.
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

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
pub struct Number(pub(super) Form);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    /// Decimal digits, with a leading `-` if negative, without leading zeros; never `-0`.
    Integer(String),
    /// A float that is neither NaN nor infinite.
    Float(f64),
}

impl Number {
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

    /// Returns whether a typed record may contain it: an integer, or what may be a confidence.
    pub(super) fn fits_record(&self) -> bool {
        match &self.0 {
            Form::Float(value) => Confidence::of_number(*value).is_some(),
            Form::Integer(_) => self
                .as_i64()
                .is_some_and(|value| value.unsigned_abs() <= MAX_INTEGER),
        }
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
