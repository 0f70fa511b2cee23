//! A survey: everything about a run's files on which their integrity depends, and no more.
//!
//! It is made in the same way from a directory, whose files are hashed while they are read, and from
//! a stored run. Files that no run may hold are findings of the survey and do not end it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use super::directory::{Directory, Kind};
use super::flaw::Flaw;
use super::inventory::{Inventory, MAX_LEN, MAX_LINES, SUMS, TIMESTAMPS, check_path};
use super::{Error, timestamps};

/// Every regular file of a run, by its path in the run directory.
pub type RunFiles = BTreeMap<RepoPath, Vec<u8>>;
use crate::record::digest::Hasher;
use crate::record::{Coded, Finding, Findings, RepoPath, Sha256, Subject};

/// Maximum number of directory entries of any kind: as many directories and other entries as there
/// may be files.
pub const MAX_ENTRIES: usize = 2 * MAX_LINES;

/// The files of a run, as far as integrity depends on them.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    digests: BTreeMap<RepoPath, Sha256>,
    lengths: BTreeMap<RepoPath, u64>,
    sums: Option<Vec<u8>>,
    timestamps: BTreeMap<RepoPath, Vec<u8>>,
    findings: Findings,
    /// The paths of the findings.
    refused: BTreeSet<Option<String>>,
    partial: bool,
}

impl Survey {
    /// Returns an empty survey.
    pub fn new() -> Self {
        Self::default()
    }

    /// Surveys files in memory.
    pub fn of_files(files: &RunFiles) -> Self {
        let mut survey = Self::new();
        for (path, content) in files {
            survey.add(path, content);
        }
        survey.finish()
    }

    /// Surveys a directory. Symlinks, special files, names and counts beyond the limits, and files
    /// that change meanwhile become findings; only a failure of the file system is an error.
    /// Directories without files are not recorded, as in git.
    pub fn of_dir(dir: &Path) -> Result<Self, Error> {
        let mut survey = Self::new();
        match Directory::open(dir) {
            Ok(directory) => {
                let mut seen = 0;
                survey.walk(&directory, &RepoPath::default(), &mut seen)?;
            }
            Err(error) => {
                survey.take::<()>(Err(error))?;
                survey.partial = true;
            }
        }
        Ok(survey.finish())
    }

    /// Adds a stored file.
    pub fn add(&mut self, path: &RepoPath, content: &[u8]) {
        if let Err(error) = check_place(path) {
            return self.refuse_for(&error);
        }
        let mut content = content;
        // Reading from memory cannot fail; if it does, report it.
        if let Err(source) = self.read(path, &mut content) {
            let (action, path) = ("read", path.to_string().into());
            self.refuse_for(&Error::Io {
                action,
                path,
                source,
            });
        }
    }

    fn refuse_for(&mut self, error: &Error) {
        self.refuse(error.refusal(Subject::none()).findings());
    }

    /// Records findings on entries that are not allowed or could not be read.
    pub fn refuse(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            self.refused.insert(finding.subject.path.clone());
            self.findings.push(finding);
        }
    }

    /// Checks properties of the whole run. Must be called last.
    pub fn finish(mut self) -> Self {
        if self.digests.len() > MAX_LINES {
            let limit = format!(
                "it holds {} files, and an inventory may list {MAX_LINES}",
                self.digests.len()
            );
            let path = RepoPath::from(".");
            self.refuse_for(&Error::Limit { path, limit });
        }
        self
    }

    fn walk(
        &mut self,
        directory: &Directory,
        inner: &RepoPath,
        seen: &mut usize,
    ) -> Result<(), Error> {
        let Some(names) = directory.names(MAX_ENTRIES.saturating_sub(*seen))? else {
            let path = match inner.as_bytes() {
                b"" => RepoPath::from("."),
                _ => inner.clone(),
            };
            let limit =
                format!("a run may hold {MAX_ENTRIES} files, directories and others together");
            self.refuse_for(&Error::Limit { path, limit });
            self.partial = true;
            return Ok(());
        };
        *seen = seen.saturating_add(names.len());
        for name in names {
            let path = inner.join(&name);
            if let Some(below) = self.entry(directory, &name, &path)? {
                self.walk(&below, &path, seen)?;
            }
            if self.partial {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds one entry of a directory; returns it if it is a directory itself.
    fn entry(
        &mut self,
        parent: &Directory,
        name: &[u8],
        path: &RepoPath,
    ) -> Result<Option<Directory>, Error> {
        let looked = check_place(path).and_then(|()| parent.kind(name, path));
        let opened = match looked {
            Ok(Kind::Directory) if path.as_bytes() == SUMS.as_bytes() => Err(directory_of_sums()),
            Ok(Kind::Directory) => parent.below(name, path).map(Some),
            Ok(Kind::Other(what)) => {
                let path = path.clone();
                Err(Error::NotRegular { path, what })
            }
            Ok(Kind::File) => parent
                .open_here(name, path)
                .and_then(|file| file.read(|file| self.read(path, file)))
                .map(|()| None),
            Err(error) => Err(error),
        };
        Ok(self.take(opened)?.flatten())
    }

    /// Turns a refusal into a finding; any other error ends the survey.
    fn take<T>(&mut self, result: Result<T, Error>) -> Result<Option<T>, Error> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => match error.denies(Subject::none()) {
                Some(findings) => {
                    self.refuse(findings);
                    Ok(None)
                }
                None => Err(error),
            },
        }
    }

    /// Keeps the required data of a file.
    fn read(&mut self, path: &RepoPath, content: &mut impl Read) -> std::io::Result<()> {
        let mut keep = |max: usize| -> std::io::Result<Vec<u8>> {
            let mut kept = Vec::new();
            // One byte more than allowed shows that it is too long.
            content
                .take((max as u64).saturating_add(1))
                .read_to_end(&mut kept)?;
            Ok(kept)
        };
        if path.as_bytes() == SUMS.as_bytes() {
            self.sums = Some(keep(MAX_LEN)?);
        } else if timestamps::holds(path) {
            let kept = keep(timestamps::MAX_TIMESTAMP_LEN)?;
            self.timestamps.insert(path.clone(), kept);
        } else {
            let mut hasher = Hasher::new();
            let len = std::io::copy(content, &mut hasher)?;
            self.digests.insert(path.clone(), hasher.finish());
            self.lengths.insert(path.clone(), len);
        }
        Ok(())
    }

    /// Returns the digests of the files that an inventory lists: all but itself and `timestamps/`.
    pub fn digests(&self) -> &BTreeMap<RepoPath, Sha256> {
        &self.digests
    }

    /// Returns the length of a listed file, in bytes.
    pub fn len_of(&self, path: &RepoPath) -> Option<u64> {
        self.lengths.get(path).copied()
    }

    /// Returns the total size of the listed files, in bytes.
    pub fn bytes(&self) -> u64 {
        self.lengths.values().sum()
    }

    /// Returns the bytes of the inventory, if there is one, truncated just beyond the maximum size.
    pub fn sums(&self) -> Option<&[u8]> {
        self.sums.as_deref()
    }

    /// Returns the findings that prevent an inventory of these files: files that it cannot list, and
    /// files that it does not cover but should.
    pub fn unlistable(&self) -> Findings {
        let mut findings = timestamps::judge(&self.timestamps);
        findings.extend(self.findings.clone());
        findings
    }

    /// Compares the files with an inventory, both ways.
    ///
    /// INT-001 for each file whose digest differs, INT-002 for each added or missing file. Refused
    /// files are not reported as missing as well.
    pub fn compare(&self, inventory: &Inventory) -> Findings {
        if self.partial {
            return Findings::new();
        }
        let findings = inventory.compare(&self.digests).into_iter();
        findings
            .filter(|finding| !self.refused.contains(&finding.subject.path))
            .collect()
    }

    /// Verifies the files against their inventory.
    ///
    /// The lines of the inventory may be in any order, as in AWO's older runs. Sorted lines are one
    /// of the [`invariants`](super::invariants()), which gate 2 checks.
    ///
    /// Returns all findings, and the SHA256 root only if there are none: a root that does not match
    /// its files is useless.
    pub fn verify(&self) -> (Findings, Option<Sha256>) {
        let mut findings = self.unlistable();
        let mut root = None;
        match &self.sums {
            None if self.partial || self.refused.contains(&Some(SUMS.to_owned())) => {}
            None => {
                let inventory = RepoPath::from(SUMS);
                findings.push(Flaw::NoInventory { inventory }.to_finding(Subject::none()));
            }
            Some(bytes) => match Inventory::judge(bytes, false) {
                Err(complaints) => findings.extend(complaints),
                Ok(inventory) => {
                    findings.extend(self.compare(&inventory));
                    // The root binds the order; sorted lines are an invariant of new runs.
                    root = Some(Sha256::of(bytes));
                }
            },
        }
        let root = root.filter(|_| findings.is_empty());
        (findings, root)
    }
}

/// Refuses a path that cannot be in a run.
fn check_place(path: &RepoPath) -> Result<(), Error> {
    let inside = path.as_bytes().strip_prefix(SUMS.as_bytes());
    if inside.is_some_and(|rest| rest.starts_with(b"/")) {
        return Err(directory_of_sums());
    }
    check_path(path.as_bytes()).map_err(|refusal| refusal.of(path))
}

fn directory_of_sums() -> Error {
    Error::NotRegular {
        path: RepoPath::from(SUMS),
        what: "directory",
    }
}

/// Returns whether an inventory does not cover the path.
pub fn is_outside(path: &RepoPath) -> bool {
    path.as_bytes() == SUMS.as_bytes() || path.as_bytes().starts_with(TIMESTAMPS.as_bytes())
}

#[cfg(test)]
mod tests;
