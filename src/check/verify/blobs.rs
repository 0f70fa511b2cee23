//! Hashes the files themselves: what the commits brought, and all that stands at a tip.
//!
//! git does not hash again what it reads, so a swapped object would be served as if it were good.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::check::Error;
use crate::facts::tips::Judged;
use crate::git::{self, Compared, Reader};
use crate::record::commit::Commit;
use crate::record::tree::{Fault, Mode, What};
use crate::record::{Coded, ObjectId, RefName, RepoPath, Report, Subject};

/// The files hashed so far, each once.
#[derive(Default)]
pub(super) struct Blobs {
    seen: HashSet<ObjectId>,
    /// The tips whose files were all hashed.
    whole: HashSet<ObjectId>,
    /// The tree of the last one.
    last: Option<ObjectId>,
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
    ) {
        for id in commits {
            // A malformed object speaks against this commit, and the others are looked at too.
            match changes(reader, *id) {
                Ok(found) => {
                    for (path, mode, blob) in found {
                        self.hash(reader, reference, &path, mode, blob, report);
                    }
                }
                Err(error) => {
                    report.absorb(error.refusal(Subject::of_ref(reference).at(*id)));
                }
            }
        }
    }

    /// Knows commits whose files were all hashed before.
    pub(super) fn known(&mut self, reader: &Reader, before: &Judged) {
        let branches = before.iter().filter(|(name, _)| name.branch().is_some());
        for tip in branches.flat_map(|(_, tips)| tips) {
            if let Ok(tree) = reader.tree_of(*tip) {
                self.whole.insert(*tip);
                self.last = Some(tree);
            }
        }
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
        let files = match reader.changes_before(Some(tree), self.last, MAX_FILES) {
            Ok(files) => files,
            Err(error) => {
                report.absorb(error.refusal(Subject::of_ref(reference).at(tip)));
                return Ok(());
            }
        };
        for file in files {
            if let Some((mode, blob)) = file.old {
                self.hash(reader, reference, &file.path, mode, blob, report);
            }
        }
        self.whole.insert(tip);
        self.last = Some(tree);
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
    ) {
        if !is_file(mode) || !self.seen.insert(blob) {
            return;
        }
        if let Err(error) = reader.check_blob(blob) {
            report.absorb(error.refusal(Subject::of_ref(reference).path(path)));
        }
    }
}

/// The files that several threads have hashed, each once, beside what they judge.
#[derive(Default)]
pub(super) struct Hashed {
    seen: Mutex<HashSet<ObjectId>>,
    damaged: AtomicBool,
}

impl Hashed {
    /// Hashes every file that a commit added or changed.
    pub(super) fn add(&self, reader: &Reader, commit: &Commit, found: &Compared) {
        let parent = match commit.parents.as_slice() {
            [] => Ok(()),
            [parent] => reader.commit(*parent).map(|_| ()),
            // What a merge itself changes is not all that it has and one of its parents has not.
            _ => match changes(reader, commit.id) {
                Ok(files) => {
                    let files = files.into_iter().map(|(_, mode, blob)| (mode, blob));
                    return self.hash(reader, files);
                }
                Err(error) => Err(error),
            },
        };
        // No change shows these.
        let unseen = |it: &Fault| matches!(it.what, What::Null | What::Kind(_));
        if parent.is_err() || found.faults.iter().any(unseen) {
            return self.damaged();
        }
        self.hash(reader, found.changes.iter().filter_map(|it| it.new));
    }

    fn hash(&self, reader: &Reader, files: impl Iterator<Item = (Mode, ObjectId)>) {
        for (_, blob) in files.filter(|(mode, _)| is_file(*mode)) {
            let new = self
                .seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(blob);
            if new && reader.check_blob(blob).is_err() {
                self.damaged();
            }
        }
    }

    /// Remembers that something is damaged.
    pub(super) fn damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Returns the files; `None` if something is damaged.
    pub(super) fn into_blobs(self) -> Option<Blobs> {
        let seen = self.seen.into_inner();
        (!self.damaged.into_inner()).then(|| Blobs {
            seen: seen.unwrap_or_else(PoisonError::into_inner),
            ..Blobs::default()
        })
    }
}

/// A submodule's commit stands in another repository.
fn is_file(mode: Mode) -> bool {
    !matches!(mode, Mode::Gitlink | Mode::Tree)
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
        for change in reader.changes_before(parent, Some(commit.tree), MAX_CHANGES)? {
            files.extend(change.new.map(|(mode, blob)| (change.path, mode, blob)));
        }
    }
    Ok(files)
}
