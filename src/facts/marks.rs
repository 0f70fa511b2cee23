//! What a clone remembers of its remotes, and whether it is behind what it has seen of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::git::{Error, Reader};
use crate::record::{ObjectId, RefName, Timestamp};
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;

/// Where the refs of each remote were when `git awo fetch` saw and verified them last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marks {
    /// Their branches, by remote and by their names there: those that came with the records.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub branches: BTreeMap<String, BTreeMap<RefName, ObjectId>>,
    /// When that was, by remote.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fetched: BTreeMap<String, Timestamp>,
    /// Tags that a remote had elsewhere than its log says, when all of its tags were fetched: no checkout
    /// has put them there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, BTreeMap<RefName, ObjectId>>,
    /// At which entry of its log a remote was asked which tags it has, of those that are not here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags_asked: BTreeMap<String, ObjectId>,
    /// Tags that a remote did not have then, and where its log had them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags_gone: BTreeMap<String, BTreeMap<RefName, ObjectId>>,
    /// Their governance refs, by remote: none may fall below.
    pub remotes: BTreeMap<String, BTreeMap<RefName, ObjectId>>,
}

impl Marks {
    /// Returns when any remote was fetched last.
    pub fn newest(&self) -> Option<Timestamp> {
        self.fetched.values().max().copied()
    }

    /// Tells whether a remote had a tag here, although its log says otherwise.
    pub fn had_tag(&self, name: &RefName, id: ObjectId) -> bool {
        let mut tags = self.tags.values();
        tags.any(|tags| tags.get(name) == Some(&id))
    }

    /// Tells whether a remote lacked a tag that its log has here.
    pub fn lacked_tag(&self, name: &RefName, logged: ObjectId) -> bool {
        let mut tags = self.tags_gone.values();
        tags.any(|tags| tags.get(name) == Some(&logged))
    }

    /// Returns where a remote had a tag instead of where its log has it.
    pub fn tag_elsewhere(&self, name: &RefName, logged: ObjectId) -> Option<ObjectId> {
        let mut tags = self.tags.values().filter_map(|tags| tags.get(name));
        tags.find(|id| **id != logged).copied()
    }

    /// Tells whether a remote was asked for all tags of this log.
    pub fn asked_for_tags(&self, reader: &Reader, log: ObjectId) -> Result<bool, Error> {
        for asked in self.tags_asked.values() {
            if *asked == log || (reader.contains(*asked) && reader.is_ancestor(log, *asked)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns every place below which a governance ref may not fall.
    pub fn lowest(&self) -> impl Iterator<Item = (&RefName, ObjectId)> {
        let refs = self.remotes.values().flatten();
        refs.map(|(name, id)| (name, *id))
    }
}

/// What has come to a clone by other ways than `git awo fetch`: a branch without its records, or
/// records that nobody has merged.
///
/// What is found of these commits may rest on what is not here. It leaves them undecided until
/// `git awo fetch` has brought the rest, and never makes them "allowed".
#[derive(Debug, Default)]
pub struct Behind {
    /// The tracking refs that have moved since.
    moved: Vec<RefName>,
    /// Where branches were at the last `git awo fetch`, by their names at the remote.
    seen: Vec<(RefName, ObjectId)>,
    /// Whether the receive log here is not the one that was fetched with the branches.
    other_log: bool,
}

impl Behind {
    /// Compares the refs of a clone with what was seen of its remotes.
    pub fn of(reader: &Reader, refs: &Refs, marks: &Marks) -> Result<Self, Error> {
        let remotes = reader.remotes();
        let mut behind = Self::default();
        let mut branches = Vec::new();
        for remote in &remotes {
            let prefix = format!("refs/remotes/{remote}/");
            let seen = marks.branches.get(remote);
            let here = seen
                .into_iter()
                .flatten()
                .filter(|(_, id)| reader.contains(**id));
            behind
                .seen
                .extend(here.map(|(name, id)| (name.clone(), *id)));
            for (name, id) in refs {
                let branch = name.as_str().strip_prefix(&prefix);
                if branch.is_some_and(|it| it != "HEAD") {
                    branches.extend(seen.map(|_| (name, *id)));
                }
                if let Some(reference) = layout::tracked(remote, name)
                    && !is_merged(reader, refs, &reference, *id)?
                {
                    behind.moved.push(name.clone());
                }
            }
        }
        let seen: BTreeSet<_> = behind.seen.iter().map(|(_, id)| *id).collect();
        branches.retain(|(_, id)| !seen.contains(id));
        let seen = Vec::from_iter(seen);
        let tips: Vec<_> = branches.iter().map(|(_, id)| *id).collect();
        let new: BTreeSet<_> = reader.new_commits(&tips, &seen)?.into_iter().collect();
        let moved = branches.iter().filter(|(_, id)| new.contains(id));
        behind.moved.extend(moved.map(|(name, _)| (*name).clone()));
        behind.other_log = other_log(reader, refs, marks)?;
        Ok(behind)
    }

    /// Tells whether anything has come that was not fetched with what belongs to it.
    pub fn is_behind(&self) -> bool {
        !self.moved.is_empty()
    }

    /// Tells whether a ref has moved since.
    pub fn has_moved(&self, name: &RefName) -> bool {
        self.moved.contains(name)
    }

    /// Tells whether what is missing of records may be missing only here.
    pub fn may_lack_records(&self) -> bool {
        let is_record = |name: &RefName| !name.as_str().starts_with("refs/remotes/");
        self.other_log || self.moved.iter().any(is_record)
    }

    /// Returns those of these commits that came since, in the same order.
    pub fn since(&self, reader: &Reader, commits: &[ObjectId]) -> Result<Vec<ObjectId>, Error> {
        if !self.is_behind() {
            return Ok(Vec::new());
        }
        let seen: Vec<_> = self.seen.iter().map(|(_, id)| *id).collect();
        let new = reader.new_commits(commits, &seen)?;
        let new: BTreeSet<_> = new.into_iter().collect();
        let commits = commits.iter().copied();
        Ok(commits.filter(|id| new.contains(id)).collect())
    }

    /// Returns where a branch was at the last `git awo fetch`.
    pub fn seen<'a>(&'a self, branch: &'a RefName) -> impl Iterator<Item = ObjectId> + 'a {
        let seen = self.seen.iter().filter(move |(name, _)| name == branch);
        seen.map(|(_, id)| *id)
    }
}

/// Tells whether a governance ref of a remote is contained in that of the clone.
fn is_merged(
    reader: &Reader,
    refs: &Refs,
    reference: &RefName,
    theirs: ObjectId,
) -> Result<bool, Error> {
    match (Place::of(reference), refs.get(reference)) {
        (None | Some(Place::Unknown), _) => Ok(true),
        (_, Some(ours)) => Ok(*ours == theirs || reader.is_ancestor(theirs, *ours)?),
        (_, None) => Ok(false),
    }
}

/// Tells whether the log here was brought by something else than `git awo fetch`.
fn other_log(reader: &Reader, refs: &Refs, marks: &Marks) -> Result<bool, Error> {
    let log = layout::log();
    let Some(here) = refs.get(&log) else {
        return Ok(false);
    };
    let mut any = false;
    for seen in marks.remotes.values().filter_map(|refs| refs.get(&log)) {
        any = true;
        if here == seen || (reader.contains(*seen) && reader.is_ancestor(*here, *seen)?) {
            return Ok(false);
        }
    }
    Ok(any)
}
