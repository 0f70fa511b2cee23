//! Puts an export on the disk: new files whole or not at all, what is there already compared,
//! nothing through a symlink.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::record::{Finding, Findings, RepoPath, Sha256};
use crate::rules::export as rules;
use crate::sys::file::{self, Access, NewFile};

use super::earlier::{self, Listed};
use super::error::Error;
use super::tree::{Files, INDEX};

/// What an export has at its top.
const TOPS: [&str; 3] = ["governance", "provenance", "runs"];

/// What is found on the way to a file of an export.
#[derive(PartialEq)]
enum Way {
    /// Nothing, from some directory on.
    Absent,
    /// Directories, and a plain file.
    File,
    /// Something else than was expected: what, and what was.
    Blocked(&'static str, &'static str),
}

/// The directory of an export.
pub struct Destination {
    root: PathBuf,
}

impl Destination {
    /// Takes a directory that is absent, empty, or holds an earlier export. Nothing is written.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let refuse = |why: String| Error::Destination {
            path: root.to_owned(),
            why,
        };
        match fs::metadata(root) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if fs::symlink_metadata(root).is_ok() {
                    return Err(refuse("it is a symlink to nothing".to_owned()));
                }
            }
            Err(error) => return Err(io(root)(error)),
            Ok(metadata) if !metadata.is_dir() => {
                return Err(refuse("it is no directory".to_owned()));
            }
            Ok(_) => {
                for entry in fs::read_dir(root).map_err(io(root))? {
                    let name = entry.map_err(io(root))?.file_name();
                    let known = name
                        .to_str()
                        // A crash may leave one behind that is not yet in its place.
                        .is_some_and(|it| TOPS.contains(&it) || file::is_pending(it.as_bytes()));
                    if !known {
                        let name = RepoPath::new(name.as_encoded_bytes());
                        return Err(refuse(format!("{name} in it is of no export")));
                    }
                }
            }
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Returns what keeps these files from being written; writes nothing.
    pub fn check(&self, files: &Files) -> Result<Findings, Error> {
        let mut findings = Findings::new();
        let earlier = self.earlier(files)?;
        for (path, bytes) in files {
            if let Some(finding) = self.obstacle(path, bytes, &earlier)? {
                findings.push(finding);
            }
        }
        for run in runs(files) {
            self.strangers(&run, files, &earlier, &mut findings)?;
        }
        Ok(findings)
    }

    /// Writes the files that are not there yet, and takes away what an earlier export wrote of the
    /// same runs and this one does not. Returns how many were written.
    pub fn write(&self, files: &Files) -> Result<usize, Error> {
        fs::create_dir_all(&self.root).map_err(io(&self.root))?;
        let earlier = self.earlier(files)?;
        let mut written = 0_usize;
        // The lists last: until then the old one vouches for what it wrote.
        let is_list = |path: &RepoPath| path.as_bytes().ends_with(b"/FILES.sha256");
        let (lists, others): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| is_list(path));
        for (path, bytes) in others {
            written = written.saturating_add(self.put_one(path, bytes, &earlier)?);
        }
        for path in earlier.keys().filter(|path| !files.contains_key(*path)) {
            let place = self.place(path)?;
            if self.is_earlier(path, &earlier)? {
                fs::remove_file(&place).map_err(io(&place))?;
            }
        }
        for (path, bytes) in lists {
            written = written.saturating_add(self.put_one(path, bytes, &earlier)?);
        }
        Ok(written)
    }

    fn put_one(&self, path: &RepoPath, bytes: &[u8], earlier: &Listed) -> Result<usize, Error> {
        // Again: it may have changed since it was checked.
        if let Some(finding) = self.obstacle(path, bytes, earlier)? {
            return Err(Error::Refused(finding.into()));
        }
        let place = self.place(path)?;
        let there = read(&place)?;
        if there.as_deref() == Some(bytes) {
            return Ok(0);
        }
        if let Some(directory) = place.parent() {
            fs::create_dir_all(directory).map_err(io(directory))?;
        }
        // In the root of the export: a killed one leaves nothing among the files of a run.
        let file = NewFile::at(&place).made_in(&self.root);
        let file = match there {
            Some(_) => file.over(),
            None => file,
        };
        let written = file.access(Access::Umask).write(bytes);
        written.map_err(io(&place))?;
        Ok(1)
    }

    /// Returns what earlier exports of these runs say that they wrote, the lists themselves included.
    fn earlier(&self, files: &Files) -> Result<Listed, Error> {
        let mut earlier = Listed::new();
        for run in runs(files) {
            let path = earlier::list_path(&run);
            if self.way(&path)? != Way::File {
                continue;
            }
            let bytes = read(&self.place(&path)?)?.unwrap_or_default();
            if let Some(listed) = earlier::read(&run, &bytes) {
                earlier.extend(listed);
                earlier.insert(path, Sha256::of(&bytes));
            }
        }
        Ok(earlier)
    }

    /// Returns whether a file is still what an earlier export wrote.
    fn is_earlier(&self, path: &RepoPath, earlier: &Listed) -> Result<bool, Error> {
        let Some(digest) = earlier.get(path) else {
            return Ok(false);
        };
        if self.way(path)? != Way::File {
            return Ok(false);
        }
        let there = read(&self.place(path)?)?;
        Ok(there.is_some_and(|bytes| Sha256::of(&bytes) == *digest))
    }

    fn place(&self, path: &RepoPath) -> Result<PathBuf, Error> {
        let mut place = self.root.clone();
        for name in path.components() {
            place.push(native(name).ok_or_else(|| Error::Destination {
                path: self.root.clone(),
                why: format!("{path} cannot stand in it"),
            })?);
        }
        Ok(place)
    }

    /// Returns what is on the way to a file, and at its place.
    fn way(&self, path: &RepoPath) -> Result<Way, Error> {
        let full = self.place(path)?;
        let mut place = self.root.clone();
        let mut names = full.strip_prefix(&self.root).unwrap_or(&full).components();
        while let Some(name) = names.next() {
            place.push(name);
            let last = names.as_path() == Path::new("");
            let Some(found) = look(&place)? else {
                return Ok(Way::Absent);
            };
            if (last && !found.is_file()) || (!last && !found.is_dir()) {
                let what = match () {
                    () if found.is_symlink() => "a symlink",
                    () if found.is_dir() => "a directory",
                    () => "something else than a directory",
                };
                let expected = if last { "a plain file" } else { "a directory" };
                return Ok(Way::Blocked(what, expected));
            }
        }
        Ok(Way::File)
    }

    /// Returns what stands in the way of a file: something else on its path, or other bytes.
    fn obstacle(
        &self,
        path: &RepoPath,
        bytes: &[u8],
        earlier: &Listed,
    ) -> Result<Option<Finding>, Error> {
        match self.way(path)? {
            Way::Absent => return Ok(None),
            Way::Blocked(what, expected) => {
                return Ok(Some(rules::disguise(path, what, expected)));
            }
            Way::File => {}
        }
        if path.as_bytes() == INDEX.as_bytes() {
            return Ok(None);
        }
        let there = read(&self.place(path)?)?.unwrap_or_default();
        if there == bytes || self.is_earlier(path, earlier)? {
            return Ok(None);
        }
        let (found, expected) = (Sha256::of(&there), Sha256::of(bytes));
        Ok(Some(rules::other_bytes(path, found, expected)))
    }

    /// Files beside the evidence or the records of a run would pass for a part of them.
    fn strangers(
        &self,
        run: &str,
        files: &Files,
        earlier: &Listed,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let own = |top: &str| RepoPath::from(format!("{top}/{run}").as_str());
        let mut pending = vec![own("runs"), RepoPath::from(earlier::LOGS)];
        for directory in earlier::DIRECTORIES {
            pending.push(own(&format!("governance/{directory}")));
        }
        while let Some(directory) = pending.pop() {
            let place = self.place(&directory)?;
            match look(&place)? {
                Some(metadata) if metadata.is_dir() => {}
                // Absent, or reported already as what stands in the way.
                _ => continue,
            }
            for entry in fs::read_dir(&place).map_err(io(&place))? {
                let entry = entry.map_err(io(&place))?;
                let path = directory.join(entry.file_name().as_encoded_bytes());
                let logs = directory.as_bytes() == earlier::LOGS.as_bytes();
                if files.contains_key(&path) || (logs && !earlier::is_of(run, &path)) {
                    continue;
                }
                if entry.file_type().map_err(io(&place))?.is_dir() {
                    pending.push(path);
                } else if !self.is_earlier(&path, earlier)? {
                    findings.push(rules::stranger(&path));
                }
            }
        }
        Ok(())
    }
}

/// Returns the runs whose files these are.
fn runs(files: &Files) -> BTreeSet<String> {
    let run = |path: &RepoPath| {
        let mut parts = path.components();
        match (parts.next(), parts.next()) {
            (Some(b"runs"), Some(run)) => String::from_utf8(run.to_vec()).ok(),
            _ => None,
        }
    };
    files.keys().filter_map(run).collect()
}

/// Writes a file beside its place and moves it there, over what may stand there.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let file = NewFile::at(path).over().access(Access::Umask);
    file.write(bytes).map_err(io(path))
}

fn look(place: &Path) -> Result<Option<Metadata>, Error> {
    file::look(place).map_err(io(place))
}

fn read(place: &Path) -> Result<Option<Vec<u8>>, Error> {
    file::read(place, u64::MAX).map_err(io(place))
}

/// Returns a component as this system writes it, unless it would lead elsewhere.
fn native(name: &[u8]) -> Option<PathBuf> {
    if matches!(name, b"" | b"." | b"..") || name.contains(&0) {
        return None;
    }
    Some(PathBuf::from(OsStr::from_bytes(name)))
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| Error::Io { path, source }
}

#[cfg(test)]
mod tests;
