//! The inventory of a run: SHA256SUMS.txt.
//!
//! The bytes are those of GNU coreutils' `sha256sum` for names that begin with `./`, sorted by the
//! bytes of the names (`LC_ALL=C`). There is only one form: whatever `sha256sum -c` would skip or
//! tolerate is refused here.

use std::collections::BTreeMap;

use super::Error;
use super::flaw::{Flaw, findings};
use crate::record::{Coded, Diagnosis, Findings, RepoPath, Rule, Sha256, Subject};

/// The name of the inventory in the run directory.
pub const SUMS: &str = "SHA256SUMS.txt";

/// The directory of clock values, which the inventory does not cover.
pub const TIMESTAMPS: &str = "timestamps/";

/// Maximum size of an inventory, in bytes.
pub const MAX_LEN: usize = 8 << 20;

/// Maximum number of files in an inventory.
pub const MAX_LINES: usize = 50_000;

/// Maximum length of a path component, in bytes.
pub const MAX_COMPONENT: usize = 255;

/// Maximum length of a path, in bytes.
pub const MAX_PATH: usize = 4096;

/// Maximum number of components of a path.
pub const MAX_PATH_DEPTH: usize = 64;

/// The digest of each file of a run; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory(BTreeMap<RepoPath, Sha256>);

/// The bytes are not an inventory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read the inventory at line {line}: {why}")]
pub struct BadInventory {
    /// The line, from 1.
    pub line: usize,
    /// The rule that is broken.
    pub why: String,
    /// Whether a limit was exceeded (INT-006) and not a rule of the form broken (INT-004).
    pub limit: bool,
}

impl Coded for BadInventory {
    fn diagnosis(&self) -> Diagnosis {
        let rule = match self.limit {
            true => Rule::InventoryLimit,
            false => Rule::InventoryForm,
        };
        let expected =
            "lines `<64 hex digits>  ./<path>`, sorted by path, as sha256sum writes them";
        let remedy = "make it again from the files: git awo integrity sums DIR --replace";
        Diagnosis::against(self, rule, expected, remedy)
            .found(format!("{} in line {}", self.why, self.line))
            .about(Subject::none().path(&RepoPath::from(SUMS)))
    }
}

/// The reason why a path or line is refused, and whether it is a limit.
pub(super) struct Defect {
    pub(super) why: &'static str,
    pub(super) limit: bool,
}

impl Defect {
    fn form(why: &'static str) -> Self {
        Self { why, limit: false }
    }

    fn limit(why: &'static str) -> Self {
        Self { why, limit: true }
    }

    /// Returns the error for a path that cannot be in a run.
    pub(super) fn of(self, path: &RepoPath) -> Error {
        let path = path.clone();
        match self.limit {
            true => Error::Limit {
                path,
                limit: self.why.to_owned(),
            },
            false => Error::BadPath {
                path,
                why: self.why,
            },
        }
    }

    fn at(self, line: usize) -> BadInventory {
        BadInventory {
            line,
            why: self.why.to_owned(),
            limit: self.limit,
        }
    }
}

impl Inventory {
    /// Returns the inventory of files with these digests, if they can be listed.
    pub fn of(files: &BTreeMap<RepoPath, Sha256>) -> Result<Self, BadInventory> {
        for (index, path) in files.keys().enumerate() {
            check_listed(path.as_bytes()).map_err(|refusal| refusal.at(index.saturating_add(1)))?;
        }
        let inventory = Self(files.clone());
        inventory.check_size(inventory.to_bytes().len())?;
        Ok(inventory)
    }

    /// Reads an inventory in its one form.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadInventory> {
        Self::read(bytes, true).map_err(first)
    }

    /// Reads an inventory whose lines may be in any order, as in AWO's older runs.
    ///
    /// [`Inventory::to_bytes`] and [`Inventory::root`] then refer to the sorted lines, not to
    /// these bytes.
    pub fn parse_unsorted(bytes: &[u8]) -> Result<Self, BadInventory> {
        Self::read(bytes, false).map_err(first)
    }

    /// Reads an inventory, or returns a finding for each bad line.
    pub fn judge(bytes: &[u8], sorted: bool) -> Result<Self, Findings> {
        Self::read(bytes, sorted).map_err(|bad| findings(&bad))
    }

    /// Reads an inventory; an error holds at least one complaint.
    fn read(bytes: &[u8], sorted: bool) -> Result<Self, Vec<BadInventory>> {
        if bytes.len() > MAX_LEN {
            return Err(vec![
                Defect::limit("the inventory is longer than 8 MiB").at(1),
            ]);
        }
        let mut files = BTreeMap::new();
        let mut bad = Vec::new();
        let mut orderly = true;
        let lines = bytes.split_inclusive(|b| *b == b'\n');
        for (line, number) in lines.zip(1..) {
            if number > MAX_LINES {
                let why = "the inventory lists more than 50,000 files";
                bad.push(Defect::limit(why).at(number));
                break;
            }
            let (path, digest) = match parse_line(line) {
                Ok(listed) => listed,
                Err(refusal) => {
                    bad.push(refusal.at(number));
                    continue;
                }
            };
            if files.contains_key(&path) {
                bad.push(Defect::form("a file is listed twice").at(number));
                continue;
            }
            let after = files.last_key_value().is_none_or(|(last, _)| *last < path);
            // Report it once: one misplaced line can make all later ones unsorted.
            if sorted && orderly && !after {
                orderly = false;
                let why = "the lines are not sorted by the bytes of the paths";
                bad.push(Defect::form(why).at(number));
            }
            files.insert(path, digest);
        }
        let inventory = Self(files);
        if bad.is_empty() {
            bad.extend(inventory.check_size(bytes.len()).err());
        }
        if bad.is_empty() {
            Ok(inventory)
        } else {
            Err(bad)
        }
    }

    fn check_size(&self, len: usize) -> Result<(), BadInventory> {
        if self.0.is_empty() {
            // With an empty inventory, the loss of all files would go unnoticed.
            return Err(Defect::form("the inventory lists no file").at(1));
        }
        if self.0.len() > MAX_LINES {
            return Err(
                Defect::limit("the inventory lists more than 50,000 files").at(MAX_LINES + 1)
            );
        }
        if len > MAX_LEN {
            return Err(Defect::limit("the inventory is longer than 8 MiB").at(1));
        }
        Ok(())
    }

    /// Returns the bytes of SHA256SUMS.txt.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (path, digest) in &self.0 {
            let escaped = escape(path.as_bytes());
            if escaped.len() != path.as_bytes().len() {
                out.push(b'\\');
            }
            out.extend(digest.to_string().bytes());
            out.extend(b"  ./");
            out.extend(escaped);
            out.push(b'\n');
        }
        out
    }

    /// Returns the SHA256 root of the run: the digest of the inventory's bytes.
    pub fn root(&self) -> Sha256 {
        Sha256::of(&self.to_bytes())
    }

    /// Returns the files and their digests, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&RepoPath, Sha256)> {
        self.0.iter().map(|(path, digest)| (path, *digest))
    }

    /// Compares the inventory with the files, both ways.
    ///
    /// INT-001 for each file whose digest differs, INT-002 for each added or missing file.
    pub fn compare(&self, files: &BTreeMap<RepoPath, Sha256>) -> Findings {
        let listed = self.0.iter().filter_map(|(path, listed)| {
            let (path, listed) = (path.clone(), *listed);
            match files.get(&path).copied() {
                Some(found) if found == listed => None,
                Some(found) => Some(Flaw::Changed {
                    path,
                    found,
                    listed,
                }),
                None => Some(Flaw::Missing { path, listed }),
            }
        });
        let others = files.iter().filter(|(path, _)| !self.0.contains_key(path));
        let added = others.map(|(path, found)| Flaw::Added {
            path: path.clone(),
            found: *found,
        });
        findings(&listed.chain(added).collect::<Vec<_>>())
    }
}

fn first(bad: Vec<BadInventory>) -> BadInventory {
    let first = bad.into_iter().next();
    first.unwrap_or_else(|| Defect::form("it cannot be read").at(1))
}

/// Reads one line with its line feed.
fn parse_line(line: &[u8]) -> Result<(RepoPath, Sha256), Defect> {
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(Defect::form("the last line does not end in a line feed"));
    };
    if line.contains(&b'\r') {
        return Err(Defect::form(
            "the line contains an unescaped carriage return",
        ));
    }
    let (escaped, body) = match line.strip_prefix(b"\\") {
        Some(body) => (true, body),
        None => (false, line),
    };
    let Some((digest, rest)) = body.split_at_checked(64) else {
        return Err(Defect::form("the line is too short for a digest"));
    };
    let digest = std::str::from_utf8(digest)
        .ok()
        .and_then(|text| text.parse().ok());
    let Some(digest) = digest else {
        return Err(Defect::form(
            "the line does not begin with 64 lower-case hex digits",
        ));
    };
    let Some(name) = rest.strip_prefix(b"  ") else {
        return Err(Defect::form("the digest is not followed by two spaces"));
    };
    let Some(name) = name.strip_prefix(b"./") else {
        return Err(Defect::form("the path does not begin with ./"));
    };
    let path = match (escaped, name.contains(&b'\\')) {
        (true, true) => unescape(name)?,
        (false, false) => name.to_vec(),
        (true, false) => {
            return Err(Defect::form(
                "the line is marked as escaped but nothing in it is",
            ));
        }
        (false, true) => {
            return Err(Defect::form(
                "a line that is not marked as escaped contains a backslash",
            ));
        }
    };
    check_listed(&path)?;
    Ok((RepoPath::new(path), digest))
}

/// Escapes as coreutils do since 9.0: line feed, carriage return and backslash.
fn escape(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'\\' => out.extend(b"\\\\"),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            other => out.push(*other),
        }
    }
    out
}

fn unescape(name: &[u8]) -> Result<Vec<u8>, Defect> {
    let mut out = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(byte) = bytes.next() {
        let plain = match byte {
            b'\\' => match bytes.next() {
                Some(b'\\') => b'\\',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                _ => return Err(Defect::form("the path contains an unknown escape")),
            },
            other => *other,
        };
        out.push(plain);
    }
    Ok(out)
}

/// Refuses a path that cannot be a file below the run directory.
pub(super) fn check_path(path: &[u8]) -> Result<(), Defect> {
    if path.len() > MAX_PATH {
        return Err(Defect::limit("a path is longer than 4,096 bytes"));
    }
    if path.contains(&0) {
        return Err(Defect::form("the path contains a NUL"));
    }
    if path.starts_with(b"/") {
        return Err(Defect::form("the path is absolute"));
    }
    let mut depth = 0usize;
    for component in path.split(|b| *b == b'/') {
        depth = depth.saturating_add(1);
        match component {
            b"" => return Err(Defect::form("a component of the path is empty")),
            b"." | b".." => return Err(Defect::form("a component of the path is . or ..")),
            long if long.len() > MAX_COMPONENT => {
                return Err(Defect::limit(
                    "a component of a path is longer than 255 bytes",
                ));
            }
            _ => {}
        }
    }
    if depth > MAX_PATH_DEPTH {
        return Err(Defect::limit("a path has more than 64 components"));
    }
    Ok(())
}

/// Refuses paths that an inventory does not list: non-files, itself, the clock values.
fn check_listed(path: &[u8]) -> Result<(), Defect> {
    check_path(path)?;
    if path == SUMS.as_bytes() {
        return Err(Defect::form("the inventory lists itself"));
    }
    if path.starts_with(TIMESTAMPS.as_bytes()) {
        return Err(Defect::form("the inventory lists a file of timestamps/"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
