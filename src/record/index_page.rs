//! The page `INDEX.md` of a directory of artefacts: which files stand below it, as links.
//!
//! A page follows from the directory and the files alone, so that everybody makes the same bytes.

use std::collections::BTreeSet;

use super::RepoPath;
use super::path::{escape, hidden, quote};

/// The name of a page.
pub const NAME: &str = "INDEX.md";

/// Begins the first line of a page.
const TITLE: &str = "# Index of ";
/// Says how a page comes about.
const NOTE: &str = "Made by `git awo index reconcile`; what is written by hand is lost.";

/// How a page differs from what it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// Files that it does not name, in order.
    pub missing: Vec<RepoPath>,
    /// What it names though it is not there, in order.
    pub orphaned: Vec<RepoPath>,
    /// Files that it names after one that they come before, as they stand.
    pub reordered: Vec<RepoPath>,
    /// Whether it differs in nothing of this, but in something else: its title, an entry that is given twice,
    /// text that is no entry.
    pub otherwise: bool,
}

impl Differences {
    /// Tells whether the page is what it should be.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Returns the page of a directory, for the paths of files relative to it.
pub fn render(root: &RepoPath, entries: &BTreeSet<RepoPath>) -> Vec<u8> {
    let mut page = head(root);
    for entry in entries {
        page.push_str("- [");
        page.push_str(&shown(entry));
        page.push_str("](");
        encode(entry.as_bytes(), &mut page);
        page.push_str(")\n");
    }
    page.into_bytes()
}

/// Returns the entries of a page, as they stand. Nothing unless it has the form that [`render`] gives it, in
/// whatever order.
pub fn parse(page: &[u8]) -> Option<Vec<RepoPath>> {
    let page = std::str::from_utf8(page).ok()?;
    let rest = page.strip_prefix(TITLE)?;
    let (_, rest) = rest.split_once('\n')?;
    let rest = rest.strip_prefix('\n')?.strip_prefix(NOTE)?;
    let rest = rest.strip_prefix("\n\n")?;
    let mut entries = Vec::new();
    for line in rest.split_inclusive('\n') {
        let line = line.strip_prefix("- [")?.strip_suffix(")\n")?;
        // Nothing in a destination is a parenthesis.
        let (text, destination) = line.rsplit_once("](")?;
        let path = RepoPath::new(decode(destination)?);
        let is_below = |it: &[u8]| !matches!(it, b"" | b"." | b"..") && !it.contains(&0);
        if !path.components().all(is_below) || shown(&path) != text {
            return None;
        }
        entries.push(path);
    }
    Some(entries)
}

/// Compares a page with what it should be, for the paths of files relative to its directory. Where there is no
/// file, there is no page.
pub fn compare(root: &RepoPath, entries: &BTreeSet<RepoPath>, page: Option<&[u8]>) -> Differences {
    let mut found = Differences::default();
    let Some(page) = page else {
        found.missing.extend(entries.iter().cloned());
        return found;
    };
    if !entries.is_empty() && page == render(root, entries) {
        return found;
    }
    let Some(stand) = parse(page) else {
        found.otherwise = true;
        return found;
    };
    let mut last: Option<&RepoPath> = None;
    for entry in stand.iter().filter(|it| entries.contains(it)) {
        if last.is_some_and(|last| entry < last) {
            found.reordered.push(entry.clone());
        }
        last = last.max(Some(entry));
    }
    let stand: BTreeSet<RepoPath> = stand.into_iter().collect();
    found.missing.extend(entries.difference(&stand).cloned());
    found.orphaned.extend(stand.difference(entries).cloned());
    found.otherwise = found.is_empty();
    found
}

/// Returns the page that two sides have made of one together, or nothing if one of the three is no page: an entry
/// stands in it that both have, or that one of them has added. Where there was none before, the base is empty.
pub fn merge(root: &RepoPath, base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let entries = |page| parse(page).map(BTreeSet::from_iter);
    let base: BTreeSet<RepoPath> = match base {
        b"" => BTreeSet::new(),
        base => entries(base)?,
    };
    let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (entries(ours)?, entries(theirs)?);
    let stays = |it: &&RepoPath| !base.contains(it) || (ours.contains(it) && theirs.contains(it));
    let merged = ours.union(&theirs).filter(stays).cloned().collect();
    Some(render(root, &merged))
}

fn head(root: &RepoPath) -> String {
    let root = root.as_bytes();
    let root = root.strip_suffix(b"/").unwrap_or(root);
    let shown = match root {
        b"" => literal("/"),
        root => format!("{}/", shown(&RepoPath::new(root))),
    };
    format!("{TITLE}{shown}\n\n{NOTE}\n\n")
}

/// Returns a path as the text of a link. One that cannot be seen as it is, is quoted as git does.
fn shown(path: &RepoPath) -> String {
    match path.to_str() {
        Some(text) if !text.chars().any(|c| c.is_control() || hidden(c)) => literal(text),
        _ => literal(&escape(quote(path.as_bytes()).as_bytes())),
    }
}

/// Returns Markdown that shows a text as it is.
fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_inner = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
        let marks = match c {
            '\\' | '[' | ']' | '*' | '`' | '<' | '&' | '~' | '$' => true,
            // Within a word it emphasises nothing.
            '_' => !is_inner(before) || !is_inner(rest.peek().copied()),
            _ => false,
        };
        if marks {
            out.push('\\');
        }
        out.push(c);
        before = Some(c);
    }
    out
}

/// Appends the bytes of a path as the destination of a link.
fn encode(path: &[u8], out: &mut String) {
    for byte in path {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(*byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// Returns the bytes of a path that are encoded so, if any are.
fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        rest = after;
        out.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
    }
    let mut again = String::with_capacity(text.len());
    encode(&out, &mut again);
    // One spelling each.
    (again == text).then_some(out)
}

#[cfg(test)]
mod tests;
