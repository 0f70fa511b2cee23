//! Versions that roll-backs took back: found by walking the history, once for all who ask.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use foldhash::HashSet;

use super::seen::{Content, Line};
use crate::git::{Error, Reader};
use crate::policy::Policy;
use crate::policy::document::Limits;
use crate::record::artefact::{ArtefactName, Version};
use crate::record::path::split;
use crate::record::{ObjectId, RepoPath};

use crate::facts::case::CommitKind;

/// The cost of a commit that is read, in entries of trees.
const COST_OF_COMMIT: u64 = 20;

/// The versions that were taken back in the history that was walked so far.
#[derive(Debug, Default)]
pub struct TakenBack(Mutex<Walked>);

#[derive(Debug, Default)]
struct Walked {
    commits: HashSet<ObjectId>,
    found: BTreeMap<(Line, Version), Vec<Taken>>,
}

/// A file that a roll-back removed.
#[derive(Clone, Copy, Debug)]
struct Taken {
    content: Content,
    by: ObjectId,
}

impl TakenBack {
    /// Returns the roll-back in the history of these commits that took a version back which had another content, from
    /// one of these directories: those of its line. What is from before adoption is not looked at, nor what was in the
    /// history of those who have the version as it is.
    pub fn find(
        &self,
        reader: &Reader,
        policy: &Policy,
        (parents, holders): (&[ObjectId], &[ObjectId]),
        (places, name): (&[RepoPath], &ArtefactName),
        content: Content,
    ) -> Result<Option<ObjectId>, Error> {
        let adopted = policy.adopted().filter(|id| reader.contains(*id));
        let adopted: Vec<ObjectId> = adopted.collect();
        let taken = {
            let mut walked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            walked.extend(reader, parents, &adopted)?;
            let mut taken = Vec::new();
            for place in places {
                let key = (Line::within(place.as_bytes(), name), name.version());
                taken.extend(walked.found.get(&key).into_iter().flatten().copied());
            }
            taken
        };
        for it in taken.iter().filter(|it| it.content != content) {
            if is_in(reader, it.by, parents)?
                && !is_in(reader, it.by, &adopted)?
                && !is_in(reader, it.by, holders)?
            {
                return Ok(Some(it.by));
            }
        }
        Ok(None)
    }
}

/// Tells whether a commit is in the history of one of these.
fn is_in(reader: &Reader, commit: ObjectId, tips: &[ObjectId]) -> Result<bool, Error> {
    for tip in tips {
        if reader.is_ancestor(commit, *tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Walked {
    /// Walks what of the history of these commits was not walked before.
    fn extend(
        &mut self,
        reader: &Reader,
        tips: &[ObjectId],
        adopted: &[ObjectId],
    ) -> Result<(), Error> {
        if tips.iter().all(|tip| self.commits.contains(tip)) {
            return Ok(());
        }
        for id in reader.new_commits(tips, adopted)? {
            if self.commits.contains(&id) {
                continue;
            }
            reader.work(COST_OF_COMMIT)?;
            self.look(reader, id)?;
            self.commits.insert(id);
        }
        // Those from before adoption are none of these.
        self.commits.extend(tips);
        Ok(())
    }

    /// Notes which versions a commit takes back, if it is a roll-back.
    fn look(&mut self, reader: &Reader, id: ObjectId) -> Result<(), Error> {
        let commit = match reader.commit(id) {
            Ok(commit) => commit,
            // Its form is judged where it is new.
            Err(Error::BadCommit { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        if !matches!(CommitKind::of(&commit), CommitKind::Rollback(_)) {
            return Ok(());
        }
        for parent in &commit.parents {
            let before = reader.tree_of(*parent)?;
            let most = Limits::default().paths;
            for change in reader.changes_before(Some(before), Some(commit.tree), most)? {
                let (Some(content), None) = (change.old, change.new) else {
                    continue;
                };
                let (_, name) = split(change.path.as_bytes());
                if let Ok(name) = ArtefactName::parse(name) {
                    let key = (Line::of(&change.path, &name), name.version());
                    let taken = Taken { content, by: id };
                    self.found.entry(key).or_default().push(taken);
                }
            }
        }
        Ok(())
    }
}
