//! Trees, parsed strictly from the bytes that git stores, and changes between them.

use std::cmp::Ordering;

use bstr::ByteSlice as _;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::path::quote;
use super::{HashKind, ObjectId, RepoPath};

pub mod faults;

pub use faults::{Fault, What};

/// The mode of a tree entry. Only git's canonical modes exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// `100644`.
    File,
    /// `100755`.
    Executable,
    /// `120000`.
    Symlink,
    /// `40000`, a directory.
    Tree,
    /// `160000`, a commit of another repository.
    Gitlink,
}

impl Mode {
    /// Every mode, most frequent first.
    const ALL: &'static [Mode] = &[
        Mode::File,
        Mode::Tree,
        Mode::Executable,
        Mode::Symlink,
        Mode::Gitlink,
    ];

    /// Returns the mode as stored in a tree: octal without leading zeros.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::File => "100644",
            Mode::Executable => "100755",
            Mode::Symlink => "120000",
            Mode::Tree => "40000",
            Mode::Gitlink => "160000",
        }
    }

    /// Returns git's interpretation of a mode that old programs wrote: `100664`, `100600`, `040000`.
    fn from_old(octal: &[u8]) -> Option<Self> {
        let digits = octal.iter().all(|b| matches!(b, b'0'..=b'7'));
        let text = std::str::from_utf8(octal).ok();
        let text = text.filter(|text| digits && text.len() <= 7)?;
        let bits = u32::from_str_radix(text, 8).ok()?;
        Some(match bits & 0o170_000 {
            0o040_000 => Mode::Tree,
            0o120_000 => Mode::Symlink,
            0o100_000 if bits & 0o100 != 0 => Mode::Executable,
            0o100_000 => Mode::File,
            // As git's `canon_mode`: whatever is nothing else is a submodule.
            _ => Mode::Gitlink,
        })
    }

    /// Returns the mode with this text, if it is one of git's canonical ones.
    pub fn from_octal(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"100644" => Mode::File,
            b"100755" => Mode::Executable,
            b"120000" => Mode::Symlink,
            b"40000" => Mode::Tree,
            b"160000" => Mode::Gitlink,
            _ => return None,
        })
    }
}

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mode = Self::from_octal(text.as_bytes());
        mode.ok_or_else(|| D::Error::custom(format!("{text:?} is no mode of git")))
    }
}

impl std::fmt::Display for Mode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One entry of a tree, borrowed from the tree's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryRef<'a> {
    /// What it is.
    pub mode: Mode,
    /// Its name: not empty, without `/` and NUL.
    pub name: &'a [u8],
    /// The object it names.
    pub id: ObjectId,
    /// Whether its mode is not written as git writes it: `100664`, `040000`.
    pub odd: bool,
}

impl EntryRef<'_> {
    /// Returns what the tree says of it, but for its name and the spelling of its mode.
    pub fn content(&self) -> (Mode, ObjectId) {
        (self.mode, self.id)
    }
}

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What it is.
    pub mode: Mode,
    /// Its name: not empty, without `/` and NUL.
    pub name: Vec<u8>,
    /// The object it names.
    pub id: ObjectId,
}

impl From<EntryRef<'_>> for Entry {
    fn from(entry: EntryRef<'_>) -> Self {
        Self {
            mode: entry.mode,
            name: entry.name.to_vec(),
            id: entry.id,
        }
    }
}

/// A tree object: one directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tree {
    /// The entries in git's order.
    pub entries: Vec<Entry>,
}

/// The bytes are not a tree that git would write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the tree at {}: {why}", quote(.name))]
pub struct BadTree {
    /// The faulty entry, as far as it could be read.
    pub name: Vec<u8>,
    /// The rule that was broken.
    pub why: &'static str,
}

impl Tree {
    /// Reads a tree from its raw bytes, refusing every form that git would not write.
    pub fn parse(raw: &[u8], kind: HashKind) -> Result<Self, BadTree> {
        check(raw, kind)?;
        let entries = entries(raw, kind).map(|entry| entry.map(Entry::from));
        Ok(Self {
            entries: entries.collect::<Result<_, _>>()?,
        })
    }

    /// Returns the tree of these entries, sorted in git's order.
    pub fn from_entries(mut entries: Vec<Entry>) -> Result<Self, BadTree> {
        entries.sort_by(|a, b| order(a.mode, &a.name, b.mode, &b.name));
        let mut order = Order::default();
        for entry in &entries {
            if entry.name.is_empty() || entry.name.iter().any(|b| matches!(b, b'/' | 0)) {
                return Err(BadTree {
                    name: entry.name.clone(),
                    why: "the name is empty or contains '/' or NUL",
                });
            }
            order.next(entry.mode, &entry.name)?;
        }
        Ok(Self { entries })
    }

    /// Returns the bytes of the tree object.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut raw = Vec::with_capacity(self.entries.len().saturating_mul(40));
        for entry in &self.entries {
            raw.extend_from_slice(entry.mode.as_str().as_bytes());
            raw.push(b' ');
            raw.extend_from_slice(&entry.name);
            raw.push(0);
            raw.extend_from_slice(entry.id.as_bytes());
        }
        raw
    }

    /// Returns the entry with this name.
    pub fn get(&self, name: &[u8]) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }
}

/// The change of one path that is not a directory. At least one side exists, and the sides differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Change {
    /// The path.
    pub path: RepoPath,
    /// The old entry.
    pub old: Option<(Mode, ObjectId)>,
    /// The new entry.
    pub new: Option<(Mode, ObjectId)>,
}

/// Reads the entries of a tree one by one, without checking their order: see [`check`].
pub fn entries(raw: &[u8], kind: HashKind) -> Entries<'_> {
    let strict = true;
    Entries {
        rest: raw,
        kind,
        strict,
    }
}

/// Reads the entries of a tree that is already accepted: modes of old programs are interpreted as git
/// does, and names are not checked.
pub fn entries_before(raw: &[u8], kind: HashKind) -> Entries<'_> {
    let strict = false;
    Entries {
        rest: raw,
        kind,
        strict,
    }
}

/// Iterates over the entries of a tree's raw bytes. It ends at the first fault.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
    kind: HashKind,
    strict: bool,
}

impl Entries<'_> {
    /// Returns how many bytes are still to be read.
    pub fn bytes_left(&self) -> usize {
        self.rest.len()
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<EntryRef<'a>, BadTree>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match split_entry(self.rest, self.kind, self.strict) {
            Ok((entry, rest)) => {
                self.rest = rest;
                Some(Ok(entry))
            }
            Err(fault) => {
                self.rest = &[];
                Some(Err(fault))
            }
        }
    }
}

/// Skips the entries with which all trees begin byte for byte; returns how many.
///
/// Versions of a tree differ in few entries; the others can be skipped without parsing.
pub fn skip_common(trees: &mut [&mut Entries<'_>]) -> u64 {
    let Some((first, others)) = trees.split_first_mut() else {
        return 0;
    };
    let common = others.iter().map(|it| common_start(first.rest, it.rest));
    let common = common.min().unwrap_or(first.rest.len());
    let (mut skipped, mut at) = (0_u64, 0_usize);
    while let Some(name) = first.rest.get(at..).and_then(|rest| rest.find_byte(0)) {
        let end = at.saturating_add(name).saturating_add(1);
        let end = end.saturating_add(first.kind.bytes());
        if end > common {
            break;
        }
        at = end;
        skipped = skipped.saturating_add(1);
    }
    first.rest = first.rest.get(at..).unwrap_or_default();
    for other in others {
        other.rest = other.rest.get(at..).unwrap_or_default();
    }
    skipped
}

/// Returns how many bytes both begin with.
fn common_start(one: &[u8], other: &[u8]) -> usize {
    const PIECE: usize = 128;
    let pieces = one.chunks(PIECE).zip(other.chunks(PIECE));
    let alike = pieces.take_while(|(one, other)| one == other).count();
    let at = alike.saturating_mul(PIECE).min(one.len()).min(other.len());
    let one = one.iter().skip(at);
    let alike = one.zip(other.iter().skip(at));
    let alike = alike.take_while(|(one, other)| one == other);
    at.saturating_add(alike.count())
}

fn split_entry(raw: &[u8], kind: HashKind, strict: bool) -> Result<(EntryRef<'_>, &[u8]), BadTree> {
    let bad = |name: &[u8], why| BadTree {
        name: name.to_vec(),
        why,
    };
    let started = |mode: &Mode| {
        let rest = raw.strip_prefix(mode.as_str().as_bytes())?;
        Some((*mode, rest.strip_prefix(b" ")?))
    };
    let old = || {
        let (octal, rest) = raw.split_once_str(" ")?;
        Some((Mode::from_old(octal)?, rest))
    };
    let known = Mode::ALL.iter().find_map(started);
    let odd = known.is_none();
    let known = known.or_else(|| if strict { None } else { old() });
    let Some((mode, rest)) = known else {
        return Err(bad(
            b"",
            "a mode is not one of 100644 100755 120000 40000 160000",
        ));
    };
    let Some(end) = rest.find_byte(0) else {
        return Err(bad(b"", "a name does not end"));
    };
    let (name, rest) = rest.split_at_checked(end).unwrap_or_default();
    if strict && (name.is_empty() || name.contains(&b'/')) {
        return Err(bad(name, BAD_NAME));
    }
    let rest = rest.get(1..).unwrap_or_default();
    let cut = match kind {
        HashKind::Sha1 => rest
            .split_first_chunk()
            .map(|(id, rest)| (ObjectId::Sha1(*id), rest)),
        HashKind::Sha256 => rest
            .split_first_chunk()
            .map(|(id, rest)| (ObjectId::Sha256(*id), rest)),
    };
    match cut {
        Some((id, rest)) => {
            let entry = EntryRef {
                mode,
                name,
                id,
                odd,
            };
            Ok((entry, rest))
        }
        None => Err(bad(name, "the object id is cut off")),
    }
}

/// Checks a tree's raw bytes: well-formed entries with non-zero ids, in git's order, no duplicate
/// names.
pub fn check(raw: &[u8], kind: HashKind) -> Result<(), BadTree> {
    check_all(entries(raw, kind))
}

/// Checks a tree's raw bytes as [`check`] does, except for the spelling of its modes.
pub fn check_but_modes(raw: &[u8], kind: HashKind) -> Result<(), BadTree> {
    check_all(entries_before(raw, kind))
}

fn check_all(entries: Entries<'_>) -> Result<(), BadTree> {
    let mut order = Order::default();
    for entry in entries {
        let entry = entry?;
        let bad = |why| BadTree {
            name: entry.name.to_vec(),
            why,
        };
        if entry.name.is_empty() || entry.name.contains(&b'/') {
            return Err(bad(BAD_NAME));
        }
        if entry.id.is_zero() {
            return Err(bad("an object id is all zeros"));
        }
        order.next(entry.mode, entry.name)?;
    }
    Ok(())
}

const BAD_NAME: &str = "the name is empty or contains '/'";

/// Compares two names as git sorts them: a directory as if its name ended with `/`.
pub fn order(a_mode: Mode, a: &[u8], b_mode: Mode, b: &[u8]) -> Ordering {
    let common = a.len().min(b.len());
    let heads = a.get(..common).cmp(&b.get(..common));
    let end = |mode: Mode| if mode == Mode::Tree { b'/' } else { 0 };
    heads.then_with(|| {
        let a_next = a.get(common).copied().unwrap_or_else(|| end(a_mode));
        let b_next = b.get(common).copied().unwrap_or_else(|| end(b_mode));
        a_next.cmp(&b_next)
    })
}

/// Checks that names are in git's order and without duplicates.
#[derive(Default)]
struct Order<'a> {
    last: Option<(Mode, &'a [u8])>,
    /// The files whose name is a prefix of the last name. A directory with the same name as a file
    /// sorts apart from it (`a`, `a-b`, `a/`), but only such names can be between them.
    leaves: Vec<&'a [u8]>,
}

impl<'a> Order<'a> {
    fn next(&mut self, mode: Mode, name: &'a [u8]) -> Result<(), BadTree> {
        let bad = |why| BadTree {
            name: name.to_vec(),
            why,
        };
        if let Some((last_mode, last)) = self.last {
            if last == name {
                return Err(bad("the name occurs twice"));
            }
            if order(last_mode, last, mode, name) != Ordering::Less {
                return Err(bad("the entries are not in git's order"));
            }
        }
        while self
            .leaves
            .last()
            .is_some_and(|leaf| !name.starts_with(leaf))
        {
            self.leaves.pop();
        }
        if self.leaves.last() == Some(&name) {
            return Err(bad("the name occurs twice"));
        }
        if mode != Mode::Tree {
            self.leaves.push(name);
        }
        self.last = Some((mode, name));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
