//! The files of a run: reads a directory, and verifies the inventory.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use super::Error;
use super::directory::{Directory, Kind};
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
    let mut reading = Reading {
        files: RunFiles::new(),
        refused: Vec::new(),
        left: MAX_TOTAL,
        seen: 0,
    };
    reading.directory(&Directory::open(dir)?, &RepoPath::default())?;
    Ok((reading.files, reading.refused))
}

struct Reading {
    files: RunFiles,
    refused: Vec<Error>,
    /// Number of bytes that the run may still hold.
    left: u64,
    /// Number of entries found.
    seen: usize,
}

impl Reading {
    fn directory(&mut self, directory: &Directory, inner: &RepoPath) -> Result<(), Error> {
        let room = MAX_LINES.saturating_sub(self.seen);
        let Some(names) = directory.names(room)? else {
            let (path, limit) = (
                inner.clone(),
                format!("a run may hold {MAX_LINES} files and directories"),
            );
            return Err(Error::Limit { path, limit });
        };
        self.seen = self.seen.saturating_add(names.len());
        for name in names {
            let path = inner.join(&name);
            match self.entry(directory, &name, &path) {
                Ok(Some(below)) => self.directory(&below, &path)?,
                Ok(None) => {}
                Err(error @ Error::Io { .. }) => return Err(error),
                Err(error) => self.refused.push(error),
            }
        }
        Ok(())
    }

    /// Reads one entry of a directory; returns it if it is a directory itself.
    fn entry(
        &mut self,
        parent: &Directory,
        name: &[u8],
        path: &RepoPath,
    ) -> Result<Option<Directory>, Error> {
        check_path(path.as_bytes()).map_err(|refusal| refusal.of(path))?;
        if let Kind::Directory = parent.kind(name, path)? {
            return parent.below(name, path).map(Some);
        }
        let most = self.left.saturating_add(1);
        let content = parent.open_here(name, path)?.read(|file| {
            let mut content = Vec::new();
            file.take(most).read_to_end(&mut content)?;
            Ok(content)
        })?;
        let Some(left) = self.left.checked_sub(content.len() as u64) else {
            let (path, limit) = (path.clone(), format!("a run may hold {MAX_TOTAL} bytes"));
            return Err(Error::Limit { path, limit });
        };
        self.left = left;
        self.files.insert(path.clone(), content);
        Ok(None)
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
pub(crate) mod tests;
