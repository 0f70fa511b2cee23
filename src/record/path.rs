//! Paths inside a repository, as git stores them: bytes with `/` between components.

use std::borrow::Cow;
use std::fmt;

use bstr::ByteSlice as _;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::fold;

/// A path in a git tree, relative to its root. Any bytes but NUL; they are untrusted.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct RepoPath(Vec<u8>);

impl RepoPath {
    /// Returns the path with these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the path as text, if it is UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// Returns this path with `name` below it.
    pub fn join(&self, name: &[u8]) -> Self {
        let len = self.0.len().saturating_add(1).saturating_add(name.len());
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(&self.0);
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// Returns the directory that it is in; of one at the top, the top.
    pub fn directory(&self) -> Self {
        Self::new(split(&self.0).0)
    }

    /// Returns the components.
    pub fn components(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|b| *b == b'/')
    }
}

impl From<&str> for RepoPath {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.0))
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quote(&self.0))
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&quote(&self.0))
    }
}

impl<'de> Deserialize<'de> for RepoPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // One spelling a path.
        let bytes = unquote(&text).filter(|bytes| quote(bytes) == text);
        let bytes = bytes
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no path as git shows it")))?;
        Ok(Self::new(bytes))
    }
}

/// Splits a path into directory and name.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = path.rsplitn(2, |b| *b == b'/');
    let name = parts.next().unwrap_or_default();
    (parts.next().unwrap_or_default(), name)
}

/// Returns the path as git shows it: unchanged, or C-quoted in `"` if it contains a control
/// character, a quote, a backslash or bytes that are not UTF-8.
pub fn quote(bytes: &[u8]) -> String {
    let plain = |text: &str| {
        !text
            .chars()
            .any(|c| c.is_control() || c == '"' || c == '\\')
    };
    if let Ok(text) = std::str::from_utf8(bytes)
        && plain(text)
    {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                c if c.is_control() => {
                    let mut buffer = [0; 4];
                    for byte in c.encode_utf8(&mut buffer).bytes() {
                        out.push_str(&format!("\\{byte:03o}"));
                    }
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\{byte:03o}"));
        }
    }
    out.push('"');
    out
}

/// Returns the bytes that are shown so by [`quote`], if any are.
pub fn unquote(text: &str) -> Option<Vec<u8>> {
    let Some(inner) = text.strip_prefix('"') else {
        return Some(text.as_bytes().to_vec());
    };
    let mut out = Vec::new();
    let mut rest = inner.strip_suffix('"')?.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let (escaped, after) = rest.split_first()?;
        rest = after;
        out.push(match escaped {
            b'"' | b'\\' => *escaped,
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'0'..=b'7' => {
                let (more, after) = rest.split_at_checked(2)?;
                rest = after;
                let digits = [&[*escaped], more].concat();
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()?
            }
            _ => return None,
        });
    }
    // One spelling each.
    (quote(&out) == text).then_some(out)
}

/// The longest untrusted text that is shown, in characters: more than any path or approval sentence has.
pub const LONGEST: usize = 4_000;

/// Makes untrusted text safe for a terminal: every character that is [`hidden`] is shown as an escape.
pub fn escape(text: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.to_str_lossy().chars() {
        if hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Returns an equivalent JSON text that is safe for a terminal.
///
/// JSON itself escapes control characters below U+0020; others may occur unescaped, in strings only.
pub fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Cuts a text after `longest` characters, and then says how long it is.
pub fn cut(text: &str, longest: usize) -> Cow<'_, str> {
    match text.char_indices().nth(longest) {
        None => Cow::Borrowed(text),
        Some((end, _)) => {
            let shown = text.get(..end).unwrap_or_default();
            Cow::Owned(format!("{shown}… ({} bytes)", text.len()))
        }
    }
}

/// Returns whether a character is not seen as itself: a terminal could interpret it (control
/// characters but line feed and tab), it changes the direction of text, it has no width, or it ends
/// a line for programs that know Unicode.
pub fn hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || fold::ignorable(c)
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_can_be_read_back() {
        for bytes in [
            &b""[..],
            b"a b",
            b"a\nb\tc\rd",
            b"\"quoted\" \\ back",
            b"\xff\x00\x01 \xc2\x85",
            "\u{e9}$'".as_bytes(),
        ] {
            assert_eq!(unquote(&quote(bytes)).as_deref(), Some(bytes));
        }
        for bad in [
            "\"", "\"a\"", "\"\\x\"", "\"\\9\"", "\"\\12\"", "\"\\", "\"a\"b",
        ] {
            assert_eq!(unquote(bad), None, "{bad}");
        }
    }

    #[test]
    fn quotes_as_git_does() {
        assert_eq!(quote(b"src/a.py"), "src/a.py");
        assert_eq!(quote("src/é.py".as_bytes()), "src/é.py");
        assert_eq!(quote(b"a\nb\t\"\\"), r#""a\nb\t\"\\""#);
        assert_eq!(quote(b"\xff\xfe"), r#""\377\376""#);
        assert_eq!(quote(b"\x1b[31m"), r#""\033[31m""#);
    }

    #[test]
    fn escapes_what_a_terminal_would_obey() {
        assert_eq!(escape(b"ok\n"), "ok\n");
        assert_eq!(escape(b"\x1b]0;x\x07"), "\\u{1b}]0;x\\u{7}");
        for c in [
            '\u{61c}',
            '\u{200f}',
            '\u{202e}',
            '\u{2069}',
            '\u{7f}',
            '\u{9b}',
            '\u{200b}',
            '\u{ad}',
            '\u{feff}',
            '\u{2028}',
            '\u{fff9}',
            '\u{e0041}',
            '\u{3164}',
            '\u{85}',
        ] {
            let (text, shown) = (format!("a{c}b"), format!("a\\u{{{:x}}}b", u32::from(c)));
            assert_eq!(escape(text.as_bytes()), shown);
        }
    }

    #[test]
    fn a_long_text_is_cut_with_its_length() {
        assert_eq!(cut("éé", 2), "éé");
        assert_eq!(cut("ééé", 2), "éé… (6 bytes)");
    }

    #[test]
    fn escaped_json_is_the_same_document() {
        let text = "a\u{9b}2J\u{7f}\u{202e}\u{61c}é\u{1f600}\u{e0041}\u{200b}\n\t\"\\";
        let json = serde_json::json!({ text: [text] }).to_string();
        let safe = escape_json(&json);
        assert!(!safe.chars().any(hidden), "{safe:?}");
        let (one, two): (serde_json::Value, serde_json::Value) = (
            serde_json::from_str(&json).unwrap(),
            serde_json::from_str(&safe).unwrap(),
        );
        assert_eq!(one, two);
        assert_eq!(escape_json("{\n  \"a\": 1\n}"), "{\n  \"a\": 1\n}");
    }
}
