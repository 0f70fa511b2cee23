//! What the rules need to know of artefacts.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::artefact::{ArtefactName, Version};
use crate::record::index_page::Differences;
use crate::record::path::split;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath, fold};

/// What a tree says of an entry, but for its name.
pub type Content = (Mode, ObjectId);

/// What the rules need to know of artefacts.
#[derive(Clone, Debug, Default)]
pub struct Artefacts {
    /// What each parent has at the changed paths, of a merge only: elsewhere the change says it.
    pub before: BTreeMap<RepoPath, Vec<Option<Content>>>,
    /// The highest version of each line among all parents, where one is added.
    pub highest: BTreeMap<Line, Version>,
    /// New files in archives that stood below the root of the archive, at the same place, in a parent.
    pub stood: BTreeSet<RepoPath>,
    /// Those of them that still stand there.
    pub copied: BTreeSet<RepoPath>,
    /// Files that are gone, and that an archive of their root holds as they were.
    pub archived: BTreeSet<RepoPath>,
    /// What the commit changes, if it does below the roots exactly the inverse of the one that it reverts.
    pub put_back: BTreeSet<RepoPath>,
    /// New versions, also those that a merge brings from one side to another one, which were taken back before with
    /// another content, and the commit that took them back.
    pub taken_back: BTreeMap<RepoPath, ObjectId>,
    /// Versions that a line has twice after a merge or a revert, and the other file, unless a parent has both.
    pub doubled: Vec<(RepoPath, RepoPath)>,
    /// The pages that are exactly what the files make. They follow from what was granted, and need no grant.
    pub generated: BTreeSet<RepoPath>,
    /// The pages that are not what they should be.
    pub pages: Vec<(RepoPath, Page)>,
}

/// A page that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Its text differs.
    Differs(Differences),
    /// It is no plain file.
    Mode(Mode),
    /// It has so many bytes.
    Large(u64),
}

/// Names a line: the versions of one base and one extension in one directory, however these are spelt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    directory: Vec<u8>,
    name: String,
}

impl Line {
    /// Returns the line of a file with a versioned name.
    pub fn of(path: &RepoPath, name: &ArtefactName) -> Self {
        Self::within(split(path.as_bytes()).0, name)
    }

    /// Returns the line of a file with a versioned name in a directory.
    pub fn within(directory: &[u8], name: &ArtefactName) -> Self {
        Self {
            directory: fold::bytes(directory),
            name: name.line(),
        }
    }
}
