//! The lines of a packet, and properties of single lines.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// A packet's text, by lines. Lines count from 0 here and from 1 in messages.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let after = text
            .bytes()
            .enumerate()
            .filter(|(_, b)| *b == b'\n')
            .map(|(at, _)| at.saturating_add(1));
        let mut starts: Vec<usize> = std::iter::once(0).chain(after).collect();
        if starts.len() > 1 && starts.last() == Some(&text.len()) {
            starts.pop();
        }
        Self { text, starts }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Returns the whole text.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the text from the start of a line.
    pub(super) fn from(&self, index: usize) -> &'a str {
        self.text.get(self.start(index)..).unwrap_or_default()
    }

    /// Returns where a line starts.
    pub(super) fn start(&self, index: usize) -> usize {
        self.starts.get(index).copied().unwrap_or(self.text.len())
    }

    /// Returns the line that holds the byte at `offset`.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// Returns a line without its end, be it `\n` or `\r\n`.
    pub(super) fn get(&self, index: usize) -> &'a str {
        let line = self
            .text
            .get(self.start(index)..self.start(index.saturating_add(1)));
        let line = line.unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }
}

/// Returns the indentation of a line.
pub(super) fn indent(line: &str) -> usize {
    line.bytes()
        .take_while(|b| matches!(b, b' ' | b'\t'))
        .count()
}

/// Splits `Label: value`, `**Label:** value` or `**Label**: value`. The value may be empty.
pub(super) fn label(raw: &str) -> Option<(&str, &str)> {
    let (label, value) = if let Some(rest) = raw.strip_prefix("**") {
        let (inner, after) = rest.split_once("**")?;
        match inner.strip_suffix(':') {
            Some(inner) => (inner, after),
            None => (inner, after.strip_prefix(':')?),
        }
    } else {
        let mut colons = raw.match_indices(':').map(|(at, _)| raw.split_at(at));
        let (label, rest) = colons.find(|(_, rest)| {
            let after = rest.get(1..).unwrap_or_default();
            after.is_empty() || after.starts_with(char::is_whitespace)
        })?;
        (label, rest.get(1..).unwrap_or_default())
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || " _-/()=.'".contains(c);
    let named = label.starts_with(|c: char| c.is_ascii_alphabetic())
        && label.len() <= 80
        && label.chars().all(fits);
    named.then(|| (label.trim(), value.trim()))
}

/// Normalises a label or heading for lookup: lower case, spaces instead of `_`, without a remark in
/// brackets at its end or `Proposed` at its start.
pub(super) fn key(text: &str) -> String {
    let end = text
        .find(" (")
        .into_iter()
        .chain(text.find(" ["))
        .min()
        .unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(text).trim().trim_end_matches(':');
    let key = text.to_ascii_lowercase().replace('_', " ");
    key.strip_prefix("proposed ")
        .map(str::to_owned)
        .unwrap_or(key)
}

/// Returns the content of a code span, if the text consists of exactly one.
pub(super) fn code_span(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix('`')?.strip_suffix('`')?;
    (!inner.is_empty() && !inner.contains('`')).then_some(inner)
}

/// Returns the code spans of a line, each with the text that follows it.
pub(super) fn code_spans(raw: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut parts = raw.split('`').skip(1);
    std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
}

/// Returns whether Markdown renders this text exactly as it is written.
pub(super) fn is_plain(raw: &str) -> bool {
    let mut shown = String::new();
    for event in Parser::new(raw) {
        match event {
            Event::Text(text) => shown.push_str(&text),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            _ => return false,
        }
    }
    shown == raw
}

/// Returns whether a token looks like a task id: `CTO-WORK-049`.
pub(super) fn is_id(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_uppercase())
        && token.contains('-')
        && token.bytes().any(|b| b.is_ascii_digit())
        && crate::record::TaskId::new(token).is_ok()
}
