//! The tree and the parents of a commit, read as leniently as git's own walk reads them.

use bstr::ByteSlice as _;

use super::error::Error;
use super::odb::id_from_gix;
use super::reader::Reader;
use crate::record::commit::BadCommit;
use crate::record::{HashKind, ObjectId};

/// What a walk needs to know about a commit.
pub(super) struct Links {
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    /// Committer date in seconds since 1970; 0 if it cannot be parsed.
    pub(super) date: u64,
}

impl Reader {
    /// Returns the tree of a commit that is already accepted.
    ///
    /// More lenient than [`Reader::commit`]: old programs wrote time zones and names that git reads
    /// but does not write.
    pub fn tree_of(&self, commit: ObjectId) -> Result<ObjectId, Error> {
        Ok(self.links(commit)?.tree)
    }

    /// Returns the parents of a commit that is already accepted.
    pub fn parents_of(&self, commit: ObjectId) -> Result<Vec<ObjectId>, Error> {
        Ok(self.links(commit)?.parents)
    }

    /// Returns the tree and parents of a commit. Old history may be malformed in other respects.
    pub(super) fn links(&self, id: ObjectId) -> Result<Links, Error> {
        let raw = self.raw_commit(id)?;
        let bad = |why| Error::BadCommit {
            id,
            source: BadCommit { why },
        };
        let mut lines = raw.split_str("\n");
        let tree = lines.next().and_then(|line| line.strip_prefix(b"tree "));
        let tree = tree
            .and_then(|text| read_id(text, id.kind()))
            .ok_or(bad("the first line names no tree"))?;
        let mut parents = Vec::with_capacity(1);
        let mut line = lines.next();
        while let Some(text) = line.and_then(|line| line.strip_prefix(b"parent ")) {
            parents.push(read_id(text, id.kind()).ok_or(bad("a parent is not an object id"))?);
            line = lines.next();
        }
        let date = line
            .filter(|line| line.starts_with(b"author "))
            .and_then(|_| lines.next())
            .and_then(|line| line.strip_prefix(b"committer "))
            .and_then(|line| line.rsplit(|b| *b == b'>').next())
            .and_then(|when| when.split(|b| *b == b' ').find(|part| !part.is_empty()))
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        Ok(Links {
            tree,
            parents,
            date: date.unwrap_or(0),
        })
    }
}

fn read_id(text: &[u8], kind: HashKind) -> Option<ObjectId> {
    let id = gix::ObjectId::from_hex(text).ok()?;
    id_from_gix(&id).filter(|id| id.kind() == kind)
}
