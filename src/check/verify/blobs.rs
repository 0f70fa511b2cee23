//! Hashes the files themselves: what the commits brought, and all that stands at a tip.
//!
//! git does not hash again what it reads, so a swapped object would be served as if it were good.

use std::collections::HashSet;

use super::*;
use crate::check::report::git_finding;
use crate::record::RepoPath;
use crate::record::tree::Mode;

/// The files hashed so far, each once.
#[derive(Default)]
pub(super) struct Blobs {
    seen: HashSet<ObjectId>,
    /// The tips whose files were all hashed.
    whole: HashSet<ObjectId>,
}

/// How many files one commit may change: the policy's limit was the door's.
const MAX_CHANGES: usize = 1_000_000;

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
                let changes = match reader.changes_limited(parent, Some(commit.tree), MAX_CHANGES) {
                    Ok(changes) => changes,
                    // A tree that cannot be walked is a finding; what else there is, is hashed.
                    Err(error) => match git_finding(&error, Subject::of_ref(reference).at(*id)) {
                        Some(finding) => {
                            report.findings.push(finding);
                            continue;
                        }
                        None => return Err(error.into()),
                    },
                };
                for change in changes {
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
        // As what was there before: how the trees look is judged with the commits that brought them.
        if self.whole.contains(&tip) {
            return Ok(());
        }
        let tree = reader.commit(tip)?.tree;
        let files = match reader.changes_limited(Some(tree), None, MAX_FILES) {
            Ok(files) => files,
            Err(error) => match git_finding(&error, Subject::of_ref(reference).at(tip)) {
                Some(finding) => {
                    report.findings.push(finding);
                    return Ok(());
                }
                None => return Err(error.into()),
            },
        };
        for file in files {
            if let Some((mode, blob)) = file.old {
                self.hash(reader, reference, &file.path, mode, blob, report)?;
            }
        }
        self.whole.insert(tip);
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
