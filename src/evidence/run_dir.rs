//! The files of a run: reading and writing a directory, and verifying the inventory.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::Error;
use super::inventory::{MAX_LINES, check_path};
use super::survey::{RunFiles, Survey, is_outside};
use crate::record::{Findings, RepoPath, Sha256};

/// Maximum total size of the files of a run, in bytes.
pub const MAX_TOTAL: u64 = 64 << 20;

/// Reads a run directory.
///
/// Symlinks, special files and anything beyond the limits are refused; nothing is skipped.
/// Directories without files are not recorded, as in git.
pub fn read_dir(dir: &Path) -> Result<RunFiles, Error> {
    let (files, refused) = read_whole_dir(dir)?;
    match refused.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(files),
    }
}

/// Reads a run directory as [`read_dir`] does, but continues after refusals: returns the accepted
/// files, and the reason for each refused one. Only errors of the file system and a directory with
/// too many files end it.
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
            seen = seen.saturating_add(1);
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

/// Returns whether the opened file is the listed one: a symlink may have replaced it.
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
    // An empty directory contains no symlink that could lead elsewhere.
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
    check_path(path.as_bytes()).map_err(|refusal| refusal.of(path))
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
        .filter(|(path, _)| !is_outside(path))
        .map(|(path, content)| (path.clone(), Sha256::of(content)))
        .collect()
}

/// Verifies the files of a run against their inventory, as [`Survey::verify`] does.
pub fn verify(files: &RunFiles) -> (Findings, Option<Sha256>) {
    Survey::of_files(files).verify()
}

#[cfg(test)]
mod tests;
