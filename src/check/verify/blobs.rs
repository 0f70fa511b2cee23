//! Hashes the files themselves: what the commits brought, and all that stands at a tip.
//!
//! git does not hash again what it reads, so a swapped object would be served as if it were good.

use std::collections::HashSet;

use super::*;
use crate::check::failure::git_failure;
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
            let commit = reader.commit(*id)?;
            let mut parents = Vec::new();
            for parent in &commit.parents {
                parents.push(Some(reader.commit(*parent)?.tree));
            }
            if parents.is_empty() {
                parents.push(None);
            }
            for parent in parents {
                for change in reader.changes(parent, Some(commit.tree))? {
                    if let Some((mode, blob)) = change.new {
                        self.hash(reader, reference, &change.path, mode, blob, report)?;
                    }
                }
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
        git_failure(&error, Subject::of_ref(reference).path(path)).report(report);
        Ok(())
    }
}
