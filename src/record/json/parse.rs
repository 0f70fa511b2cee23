//! The parser: RFC 8259, strictly.

use std::collections::BTreeMap;

use super::value::{Form, Json, Number};
use crate::record::{Code, Coded, Diagnosis, Rule};

/// Maximum nesting depth of arrays and objects.
pub const MAX_DEPTH: usize = 32;

/// Maximum size of a document, in bytes.
pub const MAX_LEN: usize = 1 << 20;

/// Upper bound for any limit on nesting: the parser recurses once per level.
pub const HARD_DEPTH: usize = 96;

/// Maximum number of digits of an integer, as in Python 3.11.
const MAX_DIGITS: usize = 4300;

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
    pub(super) fn at(bytes: &[u8], offset: usize, why: impl Into<String>) -> Self {
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

/// Reads a JSON document, within the usual limits.
pub fn parse(bytes: &[u8]) -> Result<Json, BadJson> {
    parse_with(bytes, Limits::default())
}

/// Reads a JSON document, within the given limits.
///
/// The text must be UTF-8 without a byte order mark, without duplicate keys, NaN or infinity
/// (`1e400` is one), unpaired surrogates, or anything but white space after the value.
pub fn parse_with(bytes: &[u8], limits: Limits) -> Result<Json, BadJson> {
    if bytes.len() > limits.len {
        let why = format!("the document is longer than {} bytes", limits.len);
        return Err(BadJson::at(bytes, limits.len, why).limit());
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(source) => {
            return Err(BadJson::at(
                bytes,
                source.valid_up_to(),
                "the bytes are not UTF-8",
            ));
        }
    };
    if text.starts_with('\u{feff}') {
        return Err(BadJson::at(
            bytes,
            0,
            "the document starts with a byte order mark",
        ));
    }
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        max_depth: limits.depth.min(HARD_DEPTH),
    };
    parser.skip_space();
    let value = parser.value()?;
    parser.skip_space();
    match parser.peek() {
        None => Ok(value),
        Some(_) => Err(parser.bad("the document continues after the value")),
    }
}

struct Parser<'a> {
    text: &'a str,
    /// The next byte to read.
    at: usize,
    /// Number of open arrays and objects.
    depth: usize,
    max_depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn bad(&self, why: impl Into<String>) -> BadJson {
        self.bad_at(self.at, why)
    }

    fn bad_at(&self, offset: usize, why: impl Into<String>) -> BadJson {
        BadJson::at(self.text.as_bytes(), offset, why)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
    }

    /// Consumes this byte if it is the next one.
    fn take(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        self.at = self.at.saturating_add(usize::from(there));
        there
    }

    fn value(&mut self) -> Result<Json, BadJson> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(b'N' | b'I') => Err(self.bad("NaN and Infinity are not JSON")),
            Some(_) => Err(self.bad("no value begins with this character")),
            None => Err(self.bad("the document ends where a value is expected")),
        }
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, BadJson> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.bad("no value begins with this character"));
        }
        self.at = self.at.saturating_add(word.len());
        Ok(value)
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Json, BadJson>) -> Result<Json, BadJson> {
        if self.depth >= self.max_depth {
            let why = format!(
                "arrays and objects are nested deeper than {}",
                self.max_depth
            );
            return Err(self.bad(why).limit());
        }
        self.at = self.at.saturating_add(1);
        self.depth = self.depth.saturating_add(1);
        let value = read(self);
        self.depth = self.depth.saturating_sub(1);
        value
    }

    fn array(&mut self) -> Result<Json, BadJson> {
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::Array(items));
        }
        loop {
            self.skip_space();
            items.push(self.value()?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::Array(items));
            }
            if !self.take(b',') {
                return Err(self.bad("a comma or ] is expected"));
            }
        }
    }

    fn object(&mut self) -> Result<Json, BadJson> {
        let mut members = BTreeMap::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(members));
        }
        loop {
            self.skip_space();
            let key_at = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.bad("a key in quotes is expected"));
            }
            let key = self.string()?;
            if members.contains_key(&key) {
                let short: String = key.chars().take(80).collect();
                return Err(self.bad_at(
                    key_at,
                    format!("the key {short:?} occurs twice in an object"),
                ));
            }
            self.skip_space();
            if !self.take(b':') {
                return Err(self.bad("a colon is expected"));
            }
            self.skip_space();
            let value = self.value()?;
            members.insert(key, value);
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(members));
            }
            if !self.take(b',') {
                return Err(self.bad("a comma or } is expected"));
            }
        }
    }

    fn string(&mut self) -> Result<String, BadJson> {
        self.at = self.at.saturating_add(1);
        let mut out = String::new();
        loop {
            // Quotes, backslashes and control characters are ASCII, so the text between two of them
            // consists of whole characters.
            let rest = self.text.get(self.at..).unwrap_or_default();
            let special = |b: &u8| matches!(b, b'"' | b'\\' | 0..0x20);
            let length = rest.as_bytes().iter().position(special);
            let length = length.unwrap_or(rest.len());
            out.push_str(rest.get(..length).unwrap_or_default());
            self.at = self.at.saturating_add(length);
            match self.peek() {
                Some(b'"') => {
                    self.at = self.at.saturating_add(1);
                    return Ok(out);
                }
                Some(b'\\') => {
                    let c = self.escape()?;
                    out.push(c);
                }
                Some(_) => {
                    return Err(self.bad("a string contains an unescaped control character"));
                }
                None => return Err(self.bad("the document ends inside a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, BadJson> {
        let start = self.at;
        self.at = self.at.saturating_add(1);
        let kind = self.peek();
        self.at = self.at.saturating_add(1);
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return Err(self.bad_at(start, "a string contains an unknown escape")),
        })
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, BadJson> {
        let lone = "a string contains an unpaired surrogate";
        let first = self.hex4(start)?;
        let code = match first {
            0xd800..=0xdbff => {
                if !(self.take(b'\\') && self.take(b'u')) {
                    return Err(self.bad_at(start, lone));
                }
                let second = self.hex4(start)?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(self.bad_at(start, lone));
                }
                0x10000_u32.saturating_add((first & 0x3ff) << 10 | second & 0x3ff)
            }
            other => other,
        };
        char::from_u32(code).ok_or_else(|| self.bad_at(start, lone))
    }

    fn hex4(&mut self, start: usize) -> Result<u32, BadJson> {
        let digits = self
            .text
            .get(self.at..self.at.saturating_add(4))
            .unwrap_or_default();
        // from_str_radix would accept a sign.
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(self.bad_at(start, "four hex digits are expected after \\u"));
        }
        self.at = self.at.saturating_add(4);
        u32::from_str_radix(digits, 16)
            .map_err(|_| self.bad_at(start, "four hex digits are expected after \\u"))
    }

    fn digits(&mut self) -> Result<(), BadJson> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.bad("a digit is expected"));
        }
        while let Some(b'0'..=b'9') = self.peek() {
            self.at = self.at.saturating_add(1);
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Number, BadJson> {
        let start = self.at;
        let negative = self.take(b'-');
        if self.take(b'0') {
            if let Some(b'0'..=b'9') = self.peek() {
                return Err(self.bad_at(start, "a number begins with a zero"));
            }
        } else if negative && self.peek() == Some(b'I') {
            return Err(self.bad_at(start, "NaN and Infinity are not JSON"));
        } else {
            self.digits()?;
        }
        let mut integer = true;
        if self.take(b'.') {
            integer = false;
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            integer = false;
            let _signed = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if integer {
            if text.len().saturating_sub(usize::from(negative)) > MAX_DIGITS {
                return Err(self.bad_at(
                    start,
                    format!("an integer has more than {MAX_DIGITS} digits"),
                ));
            }
            let text = if text == "-0" { "0" } else { text };
            return Ok(Number(Form::Integer(text.to_owned())));
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Number(Form::Float(value))),
            _ => Err(self.bad_at(start, "a number is too large for a float")),
        }
    }
}
