//! The writer: the bytes that Python writes.

use super::value::{Form, Json, Number};

/// Returns the bytes of Python's `json.dumps(data, indent=2, ensure_ascii=False, sort_keys=True)`.
pub fn to_canonical(value: &Json) -> Vec<u8> {
    let mut out = String::new();
    write(&mut out, value, 0);
    out.into_bytes()
}

fn write(out: &mut String, value: &Json, depth: usize) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(true) => out.push_str("true"),
        Json::Bool(false) => out.push_str("false"),
        Json::Number(number) => out.push_str(&number.to_string()),
        Json::String(text) => write_string(out, text),
        Json::Array(items) if items.is_empty() => out.push_str("[]"),
        Json::Array(items) => {
            let mut opening = '[';
            for item in items {
                begin_line(out, opening, depth.saturating_add(1));
                write(out, item, depth.saturating_add(1));
                opening = ',';
            }
            end_lines(out, depth, ']');
        }
        Json::Object(members) if members.is_empty() => out.push_str("{}"),
        Json::Object(members) => {
            let mut opening = '{';
            // The map sorts by UTF-8 bytes, which is the order of code points.
            for (key, member) in members {
                begin_line(out, opening, depth.saturating_add(1));
                write_string(out, key);
                out.push_str(": ");
                write(out, member, depth.saturating_add(1));
                opening = ',';
            }
            end_lines(out, depth, '}');
        }
    }
}

fn begin_line(out: &mut String, opening: char, depth: usize) {
    out.push(opening);
    out.push('\n');
    indent(out, depth);
}

fn end_lines(out: &mut String, depth: usize, closing: char) {
    out.push('\n');
    indent(out, depth);
    out.push(closing);
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let plain = |b: &u8| *b >= b' ' && *b != b'"' && *b != b'\\';
    if text.as_bytes().iter().all(plain) {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Form::Integer(digits) => f.write_str(digits),
            Form::Float(value) => f.write_str(&python_repr(*value)),
        }
    }
}

/// Writes a finite float like Python's `repr`: the shortest digits that read back the same, in plain
/// form for exponents from -4 to 15, otherwise with an exponent of a sign and at least two digits.
fn python_repr(value: f64) -> String {
    let scientific = shortest(value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    // With as many decimals as digits are needed, the value is exact or the digits are its shortest.
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let before_point = usize::try_from(exponent.saturating_add(1)).unwrap_or(0);
    if before_point == 0 {
        let zeros = usize::try_from((-1_i32).saturating_sub(exponent)).unwrap_or(0);
        return format!("{sign}0.{}{digits}", "0".repeat(zeros));
    }
    let whole: String = digits
        .chars()
        .chain(std::iter::repeat('0'))
        .take(before_point)
        .collect();
    let rest: String = digits.chars().skip(before_point).collect();
    let fraction = if rest.is_empty() { "0" } else { &rest };
    format!("{sign}{whole}.{fraction}")
}

/// Returns the shortest digits that read back as this value, in the form `d.ddde-7`.
///
/// If two such texts are equally near, Python takes the one that ends in an even digit, and Rust the
/// larger one: 187102383793199.625 is `…199.62` in Python. Rust's rounding to a given number of
/// digits prefers the even one, so it is applied again once the number of digits is known.
fn shortest(value: f64) -> String {
    let found = format!("{value:e}");
    let mantissa = found
        .split_once('e')
        .map_or(found.as_str(), |(mantissa, _)| mantissa);
    let decimals = mantissa
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let even = format!("{value:.decimals$e}");
    // Below a power of two floats are closer, so the rounded digits may belong to another value.
    if even.parse() == Ok(value) {
        even
    } else {
        found
    }
}
