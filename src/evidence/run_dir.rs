//! The files of a run: read from a directory, written to one, verified against their inventory.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::Error;
use super::inventory::{Inventory, MAX_LINES, SUMS, TIMESTAMPS, check_path};
use crate::record::{Code, Finding, Findings, RepoPath, Sha256, Subject, Timestamp};

/// The most bytes all files of a run may have together.
pub const MAX_TOTAL: u64 = 64 << 20;

/// The most files in `timestamps/`.
pub const MAX_TIMESTAMPS: usize = 32;

/// The longest file in `timestamps/`, in bytes.
pub const MAX_TIMESTAMP_LEN: usize = 256;

/// Every regular file of a run, by its path in the run directory.
pub type RunFiles = BTreeMap<RepoPath, Vec<u8>>;

/// Reads a run directory.
///
/// Symlinks, special files and anything beyond the limits are refused; nothing is skipped. A
/// directory without files leaves no trace, as in git.
pub fn read_dir(dir: &Path) -> Result<RunFiles, Error> {
    let (files, refused) = read_whole_dir(dir)?;
    match refused.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(files),
    }
}

/// Reads a run directory as [`read_dir`] does, and goes on after what is refused: returns what
/// could be taken, and why each of the others could not. Only what the file system itself
/// refuses, and a directory of too many files, end it.
pub fn read_whole_dir(dir: &Path) -> Result<(RunFiles, Vec<Error>), Error> {
    let mut files = RunFiles::new();
    let mut refused = Vec::new();
    let mut left = MAX_TOTAL;
    let mut pending = vec![(dir.to_path_buf(), RepoPath::default())];
    let mut seen = 0usize;
    let top = fs::symlink_metadata(dir).map_err(io("read", dir))?;
    if !top.is_dir() {
        let path = RepoPath::new(dir.as_os_str().as_encoded_bytes());
        let what = if top.is_symlink() {
            "symlink"
        } else {
            "file, no directory"
        };
        return Err(Error::NotRegular { path, what });
    }
    while let Some((place, inner)) = pending.pop() {
        for entry in fs::read_dir(&place).map_err(io("list", &place))? {
            let entry = entry.map_err(io("list", &place))?;
            let path = inner.join(entry.file_name().as_encoded_bytes());
            seen += 1;
            if seen > MAX_LINES {
                let limit = format!("a run may hold {MAX_LINES} files and directories");
                return Err(Error::Limit { path, limit });
            }
            if let Err(error) = check(&path) {
                refused.push(error);
                continue;
            }
            let real = entry.path();
            let metadata = fs::symlink_metadata(&real).map_err(io("read", &real))?;
            if metadata.is_dir() {
                pending.push((real, path));
            } else if metadata.is_file() {
                match read_file(&real, &path, &metadata, left) {
                    Ok(content) => {
                        left = left.saturating_sub(content.len() as u64);
                        files.insert(path, content);
                    }
                    Err(error @ Error::Io { .. }) => return Err(error),
                    Err(error) => refused.push(error),
                }
            } else {
                let what = if metadata.is_symlink() {
                    "symlink"
                } else {
                    "special file"
                };
                refused.push(Error::NotRegular { path, what });
            }
        }
    }
    Ok((files, refused))
}

fn read_file(
    real: &Path,
    path: &RepoPath,
    listed: &fs::Metadata,
    left: u64,
) -> Result<Vec<u8>, Error> {
    let too_large = || Error::Limit {
        path: path.clone(),
        limit: format!("a run may hold {MAX_TOTAL} bytes"),
    };
    if listed.len() > left {
        return Err(too_large());
    }
    let file = File::open(real).map_err(io("read", real))?;
    let opened = file.metadata().map_err(io("read", real))?;
    if !same_file(listed, &opened) {
        return Err(Error::Replaced { path: path.clone() });
    }
    let mut content = Vec::new();
    // The file may grow while it is read.
    file.take(left.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(io("read", real))?;
    if content.len() as u64 > left {
        return Err(too_large());
    }
    Ok(content)
}

/// Tells whether the file opened is the one listed: a symlink may have taken its place.
#[cfg(unix)]
fn same_file(listed: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    opened.is_file() && (listed.dev(), listed.ino()) == (opened.dev(), opened.ino())
}

#[cfg(not(unix))]
fn same_file(_listed: &fs::Metadata, opened: &fs::Metadata) -> bool {
    opened.is_file()
}

/// Writes a run to a directory, which must be absent or empty.
pub fn write_dir(dir: &Path, files: &RunFiles) -> Result<(), Error> {
    let mut total = 0u64;
    for (path, content) in files {
        check(path)?;
        if path
            .components()
            .any(|component| component.eq_ignore_ascii_case(b".git"))
        {
            return Err(Error::BadPath {
                path: path.clone(),
                why: "a component of the path is .git",
            });
        }
        total = total.saturating_add(content.len() as u64);
        if total > MAX_TOTAL {
            let limit = format!("a run may hold {MAX_TOTAL} bytes");
            return Err(Error::Limit {
                path: path.clone(),
                limit,
            });
        }
    }
    fs::create_dir_all(dir).map_err(io("write", dir))?;
    // In an empty directory there is no symlink that could lead elsewhere.
    if fs::read_dir(dir).map_err(io("list", dir))?.next().is_some() {
        return Err(Error::NotEmpty {
            path: dir.to_path_buf(),
        });
    }
    for (path, content) in files {
        let real = dir.join(native(path)?);
        if let Some(parent) = real.parent() {
            fs::create_dir_all(parent).map_err(io("write", parent))?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&real)
            .map_err(io("write", &real))?;
        file.write_all(content).map_err(io("write", &real))?;
    }
    Ok(())
}

#[cfg(unix)]
fn native(path: &RepoPath) -> Result<PathBuf, Error> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(path.as_bytes())))
}

#[cfg(not(unix))]
fn native(path: &RepoPath) -> Result<PathBuf, Error> {
    let strange = |c: char| c.is_control() || "\\:*?\"<>|".contains(c);
    match path.to_str() {
        Some(text) if !text.contains(strange) => Ok(PathBuf::from(text)),
        _ => Err(Error::BadPath {
            path: path.clone(),
            why: "this system cannot hold the name",
        }),
    }
}

fn check(path: &RepoPath) -> Result<(), Error> {
    check_path(path.as_bytes()).map_err(|refusal| match refusal.limit {
        true => Error::Limit {
            path: path.clone(),
            limit: refusal.why.to_owned(),
        },
        false => Error::BadPath {
            path: path.clone(),
            why: refusal.why,
        },
    })
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}

/// Returns the digests of the files that the inventory lists: all but itself and `timestamps/`.
pub fn digests(files: &RunFiles) -> BTreeMap<RepoPath, Sha256> {
    files
        .iter()
        .filter(|(path, _)| path.as_bytes() != SUMS.as_bytes() && !is_timestamp(path))
        .map(|(path, content)| (path.clone(), Sha256::of(content)))
        .collect()
}

fn is_timestamp(path: &RepoPath) -> bool {
    path.as_bytes().starts_with(TIMESTAMPS.as_bytes())
}

/// Verifies the files of a run against their inventory.
///
/// The lines of the inventory may stand in any order, as in AWO's older runs; that they are
/// sorted is one of the [`invariants`](super::invariants()) that a run must meet to be gated.
///
/// Returns everything found, and the SHA256 root only where nothing was: a root that does not
/// stand for its files is of no use to anyone.
pub fn verify(files: &RunFiles) -> (Findings, Option<Sha256>) {
    let mut findings = timestamps_region(files);
    let sums = RepoPath::from(SUMS);
    let root = match files.get(&sums) {
        None => {
            let missing = Finding::new(
                Code::Int002,
                "inventory-absent",
                Subject::none().path(&sums),
            )
            .found("no inventory")
            .expected(format!("a {SUMS} that lists every file"));
            findings.push(missing.remedy("make the inventory from the files of the run"));
            None
        }
        // The root binds the order; that it is the sorted one is an invariant of new runs.
        Some(bytes) => match Inventory::parse_unsorted(bytes) {
            Err(bad) => {
                findings.push(bad.finding());
                None
            }
            Ok(inventory) => {
                findings.extend(inventory.compare(&digests(files)));
                Some(Sha256::of(bytes))
            }
        },
    };
    let root = root.filter(|_| findings.is_empty());
    (findings, root)
}

/// Nothing hashes the clock values, so nothing but dates may stand among them.
fn timestamps_region(files: &RunFiles) -> Findings {
    let mut findings = Findings::new();
    let region = files.iter().filter(|(path, _)| is_timestamp(path));
    for ((path, content), number) in region.zip(1..) {
        let why = if number > MAX_TIMESTAMPS {
            "one file more than the 32 allowed"
        } else if !is_timestamp_name(path) {
            "a file name that is not of A-Z a-z 0-9 . _ -"
        } else if content.len() > MAX_TIMESTAMP_LEN {
            "more than 256 bytes"
        } else if !is_date_text(content) {
            "something other than date text"
        } else {
            continue;
        };
        findings.push(
            Finding::new(
                Code::Int002,
                "timestamps-region",
                Subject::none().path(path),
            )
            .found(why)
            .expected("lines of the form `key=2026-01-31T23:59:59Z`, a time or a date alone")
            .remedy(format!(
                "remove {path}, or move it to where the inventory lists it"
            )),
        );
    }
    findings
}

fn is_timestamp_name(path: &RepoPath) -> bool {
    let name = path
        .as_bytes()
        .strip_prefix(TIMESTAMPS.as_bytes())
        .unwrap_or_default();
    let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=80).contains(&name.len()) && name.iter().all(fits)
}

fn is_date_text(content: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(content)
        .ok()
        .and_then(|text| text.strip_suffix('\n'))
    else {
        return false;
    };
    text.split('\n').all(|line| match line.split_once('=') {
        Some((key, time)) => is_key(key) && time.parse::<Timestamp>().is_ok(),
        None => {
            line.parse::<Timestamp>().is_ok()
                || format!("{line}T00:00:00Z").parse::<Timestamp>().is_ok()
        }
    })
}

fn is_key(key: &str) -> bool {
    let fits =
        |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.');
    (1..=40).contains(&key.len())
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(fits)
}

#[cfg(test)]
mod tests;
