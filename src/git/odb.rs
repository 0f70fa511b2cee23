//! Reading objects. Every object that is returned has been hashed again.

use std::sync::{Arc, PoisonError};

use gix::objs::Find as _;

use super::error::Error;
use super::kind::Kind;
use super::open::LARGEST_OBJECT;
use super::reader::Reader;
use crate::record::commit::Commit;
use crate::record::tag::Tag;
use crate::record::tree::{self, BadTree, Tree};
use crate::record::{HashKind, ObjectId};

/// Maximum size of a commit or tag, in bytes.
const LARGEST_COMMIT: u64 = 16 * 1024 * 1024;
/// Maximum size of a tree, in bytes.
const LARGEST_TREE: u64 = 64 * 1024 * 1024;
/// A buffer that has grown beyond this size is freed.
const LARGEST_KEPT_BUFFER: usize = 4 * 1024 * 1024;
/// Maximum size of a blob that is kept for the next who asks, in bytes.
const LARGEST_KEPT_BLOB: usize = 32 * 1024;
/// Number of retries after a missed object lookup.
const MORE_LOOKS: usize = 3;
/// After this many missing objects, lookups are no longer retried with a pause.
const MOST_WAITS: u64 = 16;
/// Pause before a retry.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);
/// Maximum length of a chain of tags.
const LONGEST_TAG_CHAIN: usize = 8;

pub(super) fn kind_to_gix(kind: HashKind) -> gix::hash::Kind {
    match kind {
        HashKind::Sha1 => gix::hash::Kind::Sha1,
        HashKind::Sha256 => gix::hash::Kind::Sha256,
    }
}

pub(super) fn id_to_gix(id: ObjectId) -> gix::ObjectId {
    match id {
        ObjectId::Sha1(bytes) => gix::ObjectId::Sha1(bytes),
        ObjectId::Sha256(bytes) => gix::ObjectId::Sha256(bytes),
    }
}

pub(super) fn id_from_gix(id: &gix::oid) -> Option<ObjectId> {
    ObjectId::from_bytes(id.as_bytes())
}

/// Returns the id of an object with these bytes; `None` if they are part of a collision attack.
pub(super) fn hash(hash_kind: HashKind, kind: Kind, bytes: &[u8]) -> Option<ObjectId> {
    let id = gix::objs::compute_hash(kind_to_gix(hash_kind), kind.to_gix(), bytes).ok()?;
    id_from_gix(&id)
}

/// Returns the SHA-1 of content, which is no object id; `None` if it is part of a collision attack.
pub fn content_sha1(bytes: &[u8]) -> Option<[u8; 20]> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(bytes);
    hasher.try_finalize().ok()?.as_bytes().try_into().ok()
}

impl Reader {
    /// Returns an object, or `None` if it is missing.
    pub fn object(&self, id: ObjectId) -> Result<Option<(Kind, Vec<u8>)>, Error> {
        self.read(id, |kind, bytes| Ok((kind, bytes.to_vec())))
    }

    /// Returns whether an object exists, without reading it.
    pub fn contains(&self, id: ObjectId) -> bool {
        if id.kind() != self.hash_kind() {
            return false;
        }
        let id = id_to_gix(id);
        // Objects newer than the list of packs are found by listing the packs again.
        self.handles.handle.exists_without_refresh(&id)
            || (!self.shared.in_quarantine && gix::objs::Exists::exists(&self.handles.again, &id))
    }

    /// Returns the kind and the size from an object's header, or `None` if the object is missing.
    pub fn header(&self, id: ObjectId) -> Result<Option<(Kind, u64)>, Error> {
        use gix::odb::Header as _;
        if id.kind() != self.hash_kind() {
            return Ok(None);
        }
        let ask = |handle: &gix::odb::Handle| {
            handle
                .try_header(&id_to_gix(id))
                .map_err(|source| Error::Object {
                    id,
                    source: source.into(),
                })
        };
        let header = match ask(&self.handles.handle)? {
            None if self.shared.in_quarantine => ask(&self.handles.again)?,
            found => found,
        };
        Ok(header.map(|header| (Kind::from_gix(header.kind()), header.size())))
    }

    /// Returns a commit.
    pub fn commit(&self, id: ObjectId) -> Result<Arc<Commit>, Error> {
        let raw = self.raw_commit(id)?;
        match Commit::parse(id, &raw) {
            Ok(commit) => Ok(Arc::new(commit)),
            Err(source) => Err(Error::BadCommit { id, source }),
        }
    }

    /// Returns a tree.
    pub fn tree(&self, id: ObjectId) -> Result<Arc<Tree>, Error> {
        let raw = self.raw_tree(id)?;
        match Tree::parse(&raw, self.hash_kind()) {
            Ok(tree) => Ok(Arc::new(tree)),
            Err(source) => Err(Error::BadTree { id, source }),
        }
    }

    /// Returns a blob.
    pub fn blob(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = self.blobs.borrow_mut().get(&id) {
            return Ok(bytes.to_vec());
        }
        self.read_blob(id, LARGEST_OBJECT as u64)
    }

    /// Returns a blob of at most `max` bytes. A larger one is refused before it is unpacked.
    pub fn blob_limited(&self, id: ObjectId, max: u64) -> Result<Vec<u8>, Error> {
        let kept = self.blobs.borrow_mut().get(&id);
        let size = match &kept {
            Some(bytes) => bytes.len() as u64,
            None => self.header(id)?.ok_or_else(|| self.missing(id))?.1,
        };
        if size > max {
            return Err(Error::TooLarge { id, size, max });
        }
        match kept {
            Some(bytes) => Ok(bytes.to_vec()),
            None => self.read_blob(id, max),
        }
    }

    /// Reads a blob into memory and hashes it.
    pub(super) fn check_whole(&self, id: ObjectId) -> Result<(), Error> {
        self.expect(id, Kind::Blob, LARGEST_OBJECT as u64, |_| Ok(()))
    }

    /// Reads a blob, and keeps it if it is small: a record is looked at from several sides.
    fn read_blob(&self, id: ObjectId, max: u64) -> Result<Vec<u8>, Error> {
        let bytes = self.expect(id, Kind::Blob, max, |bytes| Ok(bytes.to_vec()))?;
        if bytes.len() <= LARGEST_KEPT_BLOB {
            self.blobs.borrow_mut().put(id, Arc::from(&*bytes));
        }
        Ok(bytes)
    }

    /// Returns an annotated tag.
    pub fn tag(&self, id: ObjectId) -> Result<Tag, Error> {
        self.expect(id, Kind::Tag, LARGEST_COMMIT, |bytes| {
            Tag::parse(id, bytes).map_err(|bad| Error::BadTag { id, why: bad.why })
        })
    }

    /// Follows annotated tags to what they name.
    pub fn peel(&self, id: ObjectId) -> Result<(Kind, ObjectId), Error> {
        let mut at = id;
        for _ in 0..LONGEST_TAG_CHAIN {
            if self.kept_commit(at).is_some() {
                return Ok((Kind::Commit, at));
            }
            let named = self.read(at, |kind, bytes| {
                if kind == Kind::Commit {
                    self.keep_commit(at, &Arc::from(bytes));
                }
                if kind != Kind::Tag {
                    return Ok(Err(kind));
                }
                tag_target(bytes, self.hash_kind())
                    .map(Ok)
                    .ok_or(Error::BadTag {
                        id: at,
                        why: "it names no object",
                    })
            })?;
            match named.ok_or_else(|| self.missing(at))? {
                Ok(next) => at = next,
                Err(kind) => return Ok((kind, at)),
            }
        }
        Err(Error::BadTag {
            id,
            why: "too many tags name each other",
        })
    }

    /// Returns the id an object of these bytes has in this repository.
    pub fn hash(&self, kind: Kind, bytes: &[u8]) -> Option<ObjectId> {
        hash(self.hash_kind(), kind, bytes)
    }

    /// Returns whether this is the empty tree.
    pub fn is_empty_tree(&self, id: ObjectId) -> bool {
        let empty = gix::ObjectId::empty_tree(kind_to_gix(self.hash_kind()));
        id.as_bytes() == empty.as_bytes()
    }

    /// Returns the checked bytes of a tree. Trees are cached, since neighbouring commits share them.
    pub(super) fn raw_tree(&self, id: ObjectId) -> Result<Arc<[u8]>, Error> {
        let trees = || {
            let trees = self.shared.trees.lock();
            trees.unwrap_or_else(PoisonError::into_inner)
        };
        let kept = trees().get(&id);
        if let Some(raw) = kept {
            return Ok(raw);
        }
        // git knows the empty tree even where it is not stored.
        let raw: Arc<[u8]> = if self.is_empty_tree(id) {
            Arc::new([])
        } else {
            self.expect(id, Kind::Tree, LARGEST_TREE, |bytes| {
                tree::check(bytes, self.hash_kind())
                    .map_err(|source| Error::BadTree { id, source })?;
                Ok(Arc::from(bytes))
            })?
        };
        trees().put(id, Arc::clone(&raw));
        Ok(raw)
    }

    /// Returns the bytes of a tree, checked but for the spelling of its modes.
    pub(super) fn raw_tree_of_any_modes(&self, id: ObjectId) -> Result<Arc<[u8]>, Error> {
        self.raw_tree_or(id, tree::check_but_modes)
    }

    /// Returns the bytes of a tree that is already accepted; only their hash is checked.
    pub(super) fn raw_tree_before(&self, id: ObjectId) -> Result<Arc<[u8]>, Error> {
        self.raw_tree_or(id, |bytes, kind| {
            let fault = tree::entries_before(bytes, kind).find_map(Result::err);
            fault.map_or(Ok(()), Err)
        })
    }

    /// Returns the bytes of a tree that git would write, or that passes another check.
    fn raw_tree_or(
        &self,
        id: ObjectId,
        check: impl Fn(&[u8], HashKind) -> Result<(), BadTree>,
    ) -> Result<Arc<[u8]>, Error> {
        match self.raw_tree(id) {
            Err(Error::BadTree { .. }) => self.expect(id, Kind::Tree, LARGEST_TREE, |bytes| {
                check(bytes, self.hash_kind()).map_err(|source| Error::BadTree { id, source })?;
                Ok(Arc::from(bytes))
            }),
            other => other,
        }
    }

    /// Returns the bytes of a tree that is already accepted, as they are stored.
    pub fn tree_bytes(&self, id: ObjectId) -> Result<Arc<[u8]>, Error> {
        self.raw_tree_before(id)
    }

    /// Returns the bytes of a commit; only their hash is checked.
    pub(super) fn raw_commit(&self, id: ObjectId) -> Result<Arc<[u8]>, Error> {
        if let Some(raw) = self.kept_commit(id) {
            return Ok(raw);
        }
        let raw: Arc<[u8]> = self.expect(id, Kind::Commit, LARGEST_COMMIT, |bytes| {
            Ok(Arc::from(bytes))
        })?;
        self.keep_commit(id, &raw);
        Ok(raw)
    }

    fn kept_commit(&self, id: ObjectId) -> Option<Arc<[u8]>> {
        let commits = self.shared.commits.lock();
        commits.unwrap_or_else(PoisonError::into_inner).get(&id)
    }

    fn keep_commit(&self, id: ObjectId, raw: &Arc<[u8]>) {
        let commits = self.shared.commits.lock();
        let mut commits = commits.unwrap_or_else(PoisonError::into_inner);
        commits.put(id, Arc::clone(raw));
    }

    fn expect<T>(
        &self,
        id: ObjectId,
        wanted: Kind,
        max: u64,
        take: impl FnOnce(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let found = self.read(id, |found, bytes| {
            if found != wanted {
                return Err(Error::WrongKind { id, found, wanted });
            }
            let size = bytes.len() as u64;
            if size > max {
                return Err(Error::TooLarge { id, size, max });
            }
            take(bytes)
        })?;
        found.ok_or_else(|| self.missing(id))
    }

    /// Reads an object and hashes it. Every read of this room uses this function.
    fn read<T>(
        &self,
        id: ObjectId,
        take: impl FnOnce(Kind, &[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        if id.kind() != self.hash_kind() {
            return Ok(None);
        }
        let mut buffer = self.scratch.take();
        let mut take = Some(take);
        let mut look = |handle, buffer: &mut Vec<u8>| {
            self.read_into(handle, id, buffer, |kind, bytes| match take.take() {
                Some(take) => take(kind, bytes),
                None => Err(self.missing(id)),
            })
        };
        let is_miss =
            |result: &Result<_, _>| matches!(result, Ok(None) | Err(Error::Object { .. }));
        let mut result = look(&self.handles.handle, &mut buffer);
        // A concurrent `git gc` or push can move objects between files, so retry. A push that names many
        // missing objects does not get this time.
        if is_miss(&result) && self.shared.in_quarantine {
            result = look(&self.handles.again, &mut buffer);
        }
        let looks = if is_miss(&result) && self.shared.missed() < MOST_WAITS {
            MORE_LOOKS
        } else {
            0
        };
        for _ in 0..looks {
            std::thread::sleep(PAUSE);
            result = look(&self.handles.again, &mut buffer);
            if !is_miss(&result) {
                break;
            }
        }
        if buffer.capacity() <= LARGEST_KEPT_BUFFER {
            self.scratch.replace(buffer);
        }
        result
    }

    fn read_into<T>(
        &self,
        handle: &gix::odb::Handle,
        id: ObjectId,
        buffer: &mut Vec<u8>,
        take: impl FnOnce(Kind, &[u8]) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        let object = match handle.try_find(&id_to_gix(id), buffer) {
            Ok(Some(object)) => object,
            Ok(None) => return Ok(None),
            Err(source) => return Err(self.explain(id, source)),
        };
        let hash_kind = kind_to_gix(self.hash_kind());
        match gix::objs::compute_hash(hash_kind, object.kind, object.data) {
            Ok(found) if found.as_bytes() == id.as_bytes() => {
                take(Kind::from_gix(object.kind), object.data).map(Some)
            }
            Ok(found) => Err(match id_from_gix(&found) {
                Some(found) => Error::HashMismatch { id, found },
                None => Error::Collision { id },
            }),
            Err(_) => Err(Error::Collision { id }),
        }
    }

    fn explain(&self, id: ObjectId, source: gix::Error) -> Error {
        let max = LARGEST_OBJECT as u64;
        match self.header(id) {
            Ok(Some((_, size))) if size > max => Error::TooLarge { id, size, max },
            _ => Error::Object {
                id,
                source: source.into(),
            },
        }
    }
}

fn tag_target(raw: &[u8], kind: HashKind) -> Option<ObjectId> {
    let line = raw.split(|b| *b == b'\n').next()?;
    let id: ObjectId = std::str::from_utf8(line.strip_prefix(b"object ")?)
        .ok()?
        .parse()
        .ok()?;
    (id.kind() == kind).then_some(id)
}
