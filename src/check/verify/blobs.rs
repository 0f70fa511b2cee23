//! Hashes the files themselves: what the commits brought, and all that stands at a tip.
//!
//! git does not hash again what it reads, so a swapped object would be served as if it were good.

use std::collections::HashSet;

use super::*;
use crate::check::report::git_finding;
use crate::git;
use crate::record::RepoPath;
use crate::record::tree::Mode;

/// The files hashed so far, each once.
#[derive(Default)]
pub(super) struct Blobs {
    seen: HashSet<ObjectId>,
}

/// How many files a tip may have.
const MAX_FILES: usize = 10_000_000;

impl Blobs {
    /// Hashes every file that these commits added or changed.
    pub(super) fn of_commits(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        commits: &[ObjectId],
        report: &mut Report,
    ) -> Result<(), Error> {
        for id in commits {
            let subject = Subject::of_ref(reference).at(*id);
            // A malformed object speaks against this commit, and the others are looked at too.
            match changes(reader, *id).map_err(|error| (git_finding(&error, subject), error)) {
                Ok(found) => {
                    for (path, mode, blob) in found {
                        self.hash(reader, reference, &path, mode, blob, report)?;
                    }
                }
                Err((Some(finding), _)) => report.findings.push(finding),
                Err((None, error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Hashes every file at a tip, those from before adoption too.
    pub(super) fn of_tip(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        tip: ObjectId,
        report: &mut Report,
    ) -> Result<(), Error> {
        for (path, mode, blob) in reader.files(reader.commit(tip)?.tree, MAX_FILES)? {
            self.hash(reader, reference, &path, mode, blob, report)?;
        }
        Ok(())
    }

    fn hash(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        path: &RepoPath,
        mode: Mode,
        blob: ObjectId,
        report: &mut Report,
    ) -> Result<(), Error> {
        // A submodule's commit stands in another repository.
        if matches!(mode, Mode::Gitlink | Mode::Tree) || !self.seen.insert(blob) {
            return Ok(());
        }
        report.count("files", 1);
        let Err(error) = reader.blob(blob) else {
            return Ok(());
        };
        match git_finding(&error, Subject::of_ref(reference).path(path)) {
            Some(finding) => report.findings.push(finding),
            None => return Err(error.into()),
        }
        Ok(())
    }
}

/// Returns the files that a commit has and one of its parents has not.
fn changes(reader: &Reader, id: ObjectId) -> Result<Vec<(RepoPath, Mode, ObjectId)>, git::Error> {
    let commit = reader.commit(id)?;
    let mut parents = Vec::new();
    for parent in &commit.parents {
        parents.push(Some(reader.commit(*parent)?.tree));
    }
    if parents.is_empty() {
        parents.push(None);
    }
    let mut files = Vec::new();
    for parent in parents {
        for change in reader.changes(parent, Some(commit.tree))? {
            files.extend(change.new.map(|(mode, blob)| (change.path, mode, blob)));
        }
    }
    Ok(files)
}
