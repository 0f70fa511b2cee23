//! `allowed_signers` files, in OpenSSH's own format (ssh-keygen(1), ALLOWED SIGNERS).
//!
//! Everything accepted here means the same to `ssh-keygen -Y verify`. Whatever would make the verdict
//! depend on the machine, or on anything outside the file, is refused.

use super::algorithm::Algorithm;
use super::bad_key::BadPublicKey;
use super::key::PublicKey;
use crate::record::Timestamp;

/// Maximum size of the file, in bytes; bounds the memory that an attacker can make us use.
const MAX_FILE: usize = 1 << 20;

/// A line of an `allowed_signers` file cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot accept line {line} of the allowed signers: {why}")]
pub struct BadAllowedSigners {
    /// The number of the line, from 1.
    pub line: usize,
    /// The rule that it breaks.
    pub why: String,
}

/// The lines of an `allowed_signers` file, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedSigners(Vec<AllowedSigner>);

/// One line: who may sign with which key, for what, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllowedSigner {
    /// The names of the signer, at least one; never patterns.
    pub principals: Vec<String>,
    /// The namespaces in which the key may sign, as patterns with `*` and `?`; `None` is all.
    pub namespaces: Option<Vec<String>>,
    /// The first second in which the key is valid.
    pub valid_after: Option<Timestamp>,
    /// The last second in which the key is valid.
    pub valid_before: Option<Timestamp>,
    /// The key.
    pub key: PublicKey,
    /// The number of the line, from 1.
    pub line: usize,
}

impl AllowedSigners {
    /// Reads a file, or returns which line breaks which rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadAllowedSigners> {
        let mut entries = Vec::new();
        if bytes.len() > MAX_FILE {
            let why = "the file is larger than 1 MiB".to_owned();
            return Err(BadAllowedSigners { line: 1, why });
        }
        for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = at.saturating_add(1);
            let entry = entry(line, number).map_err(|why| BadAllowedSigners { line: number, why });
            entries.extend(entry?);
        }
        Ok(Self(entries))
    }

    /// Returns the lines that name a key.
    pub fn entries(&self) -> &[AllowedSigner] {
        &self.0
    }
}

impl AllowedSigner {
    /// Returns whether the key may sign in this namespace.
    pub fn allows(&self, namespace: &str) -> bool {
        let matches = |pattern: &String| fits(pattern.as_bytes(), namespace.as_bytes());
        self.namespaces
            .as_ref()
            .is_none_or(|patterns| patterns.iter().any(matches))
    }

    /// Returns whether the key was valid at this time; both ends are inclusive.
    pub fn valid_at(&self, time: Timestamp) -> bool {
        self.valid_after.is_none_or(|after| time >= after)
            && self.valid_before.is_none_or(|before| time <= before)
    }
}

const BLANK: [char; 2] = [' ', '\t'];

fn entry(line: &[u8], number: usize) -> Result<Option<AllowedSigner>, String> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not UTF-8")?;
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return Err("it contains control characters (a CR, perhaps)".to_owned());
    }
    let line = line.trim_matches(BLANK);
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let (names, rest) = line.split_once(BLANK).ok_or("it needs names and a key")?;
    let principals = principals(names)?;
    let rest = rest.trim_start_matches(BLANK);
    // Like OpenSSH: try a key first, and read anything else as options.
    let word = rest.split(BLANK).next().unwrap_or_default();
    let (options, rest) = match Algorithm::named(word) {
        Err(BadPublicKey::UnknownAlgorithm(_)) => {
            let is_key = Algorithm::named(names).is_ok();
            Options::read(rest).map_err(|why| if is_key { public_line(line) } else { why })?
        }
        _ => (Options::default(), rest),
    };
    let key = PublicKey::from_line(rest).map_err(|why| why.to_string())?;
    Ok(Some(AllowedSigner {
        principals,
        namespaces: options.namespaces,
        valid_after: options.valid_after,
        valid_before: options.valid_before,
        key,
        line: number,
    }))
}

/// Tells what to write in place of a line of a `.pub` file.
fn public_line(line: &str) -> String {
    let mut words = line.split(BLANK).filter(|it| !it.is_empty());
    let (kind, key) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    // ssh-keygen's comment is user@host.
    let user = words.next().and_then(|comment| comment.split('@').next());
    let user = user.filter(|it| principals(it).is_ok()).unwrap_or("NAME");
    let start: String = key.chars().take(12).collect();
    format!("it is a public key without a name in front: write {user} {kind} {start}…")
}

fn principals(names: &str) -> Result<Vec<String>, String> {
    let mut principals: Vec<String> = Vec::new();
    for name in names.split(',') {
        if name.is_empty() {
            return Err("a name in it is empty".to_owned());
        }
        if name.starts_with('!') || name.contains(['*', '?']) {
            return Err(format!("{name:?} is a pattern, but a policy needs names"));
        }
        if name.contains(['"', '\\']) {
            return Err("quotes and backslashes in names are not supported".to_owned());
        }
        // A duplicate name would let one person be counted twice.
        if principals.iter().any(|known| known == name) {
            return Err(format!("it names {name:?} twice"));
        }
        principals.push(name.to_owned());
    }
    Ok(principals)
}

#[derive(Default)]
struct Options {
    namespaces: Option<Vec<String>>,
    valid_after: Option<Timestamp>,
    valid_before: Option<Timestamp>,
}

impl Options {
    /// Reads `name="value",name="value"` and returns what follows it.
    fn read(text: &str) -> Result<(Self, &str), String> {
        let mut options = Self::default();
        let mut rest = text;
        loop {
            let end = rest.find(['=', ',', ' ', '\t']).unwrap_or(rest.len());
            let (name, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
            match name {
                "namespaces" | "valid-after" | "valid-before" => {}
                "cert-authority" => return Err("cert-authority is not supported".to_owned()),
                _ => {
                    return Err(format!(
                        "{name:?} is neither a known option nor a kind of key"
                    ));
                }
            }
            let quoted = tail
                .strip_prefix("=\"")
                .and_then(|tail| tail.split_once('"'));
            let (value, tail) = quoted.ok_or_else(|| format!("{name} needs a value in quotes"))?;
            let twice = match name {
                "namespaces" => options.namespaces.replace(namespaces(value)?).is_some(),
                "valid-after" => options.valid_after.replace(time(value)?).is_some(),
                _ => options.valid_before.replace(time(value)?).is_some(),
            };
            if twice {
                return Err(format!("it has {name} twice"));
            }
            if let Some(next) = tail.strip_prefix(',') {
                rest = next;
                continue;
            }
            if !tail.starts_with(BLANK) {
                return Err(format!("after {name} a comma or a key must follow"));
            }
            if let (Some(after), Some(before)) = (options.valid_after, options.valid_before)
                && before <= after
            {
                return Err("its validity ends before it begins".to_owned());
            }
            return Ok((options, tail.trim_start_matches(BLANK)));
        }
    }
}

fn namespaces(value: &str) -> Result<Vec<String>, String> {
    let checked = |pattern: &str| {
        if pattern.starts_with('!') {
            return Err("excluded namespaces are not supported, name the allowed ones".to_owned());
        }
        // In ASCII, bytes and characters are the same, so `?` has only one meaning.
        if pattern.is_empty() || !pattern.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(format!("{pattern:?} is not a namespace"));
        }
        Ok(pattern.to_owned())
    };
    value.split(',').map(checked).collect()
}

/// Reads `YYYYMMDDZ`, `YYYYMMDDHHMMZ` or `YYYYMMDDHHMMSSZ`.
fn time(value: &str) -> Result<Timestamp, String> {
    let bad = || format!("{value:?} is not a time of the form YYYYMMDD[HHMM[SS]]Z");
    // Without Z, OpenSSH uses the verifier's local time.
    let digits = value
        .strip_suffix('Z')
        .ok_or_else(|| format!("{value:?} must end in Z, so that it means the same everywhere"))?;
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let full = format!("{digits:0<14}");
    let part = |from: usize, to: usize| full.get(from..to).unwrap_or_default();
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    );
    let time: Timestamp = text.parse().map_err(|_| bad())?;
    // OpenSSH reads the time 0 as "no limit".
    if time.seconds() <= 0 {
        return Err(format!("{value:?} is not after 1970"));
    }
    Ok(time)
}

/// Matches `*` (any bytes) and `?` (any one byte), without exponential backtracking.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, text) {
            ([b'*', after @ ..], _) => {
                retry = Some((after, text));
                pattern = after;
            }
            ([], []) => return true,
            ([wanted, after @ ..], [found, rest @ ..]) if *wanted == b'?' || wanted == found => {
                (pattern, text) = (after, rest);
            }
            _ => {
                // Let the last star match one more byte.
                let Some((after, [_, rest @ ..])) = retry else {
                    return false;
                };
                retry = Some((after, rest));
                (pattern, text) = (after, rest);
            }
        }
    }
}

#[cfg(test)]
#[path = "allowed_tests.rs"]
mod tests;
