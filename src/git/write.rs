//! Writing objects, and the description of ref updates. `update` applies them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::File;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use gix::objs::Write as _;

use super::error::Error;
use super::kind::Kind;
use super::odb::id_to_gix;
use super::reader::Reader;
use crate::record::commit::{Commit, Person};
use crate::record::{HashKind, ObjectId, RefName};

/// Number of attempts to write an object. A concurrent `git gc` removes object directories that it
/// has emptied, possibly just before the new object is renamed into one.
const WRITE_AGAIN: usize = 5;

/// A repository that is also written to. It reads as a [`Reader`] does.
#[derive(Debug)]
pub struct Repo {
    reader: Reader,
    /// Object files that are written but not yet synced.
    unsynced: RefCell<Vec<PathBuf>>,
}

impl Deref for Repo {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// A commit to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitDraft {
    /// The root tree.
    pub tree: ObjectId,
    /// The parents, in their order.
    pub parents: Vec<ObjectId>,
    /// The author. The time is written as UTC.
    pub author: Person,
    /// The committer. The time is written as UTC.
    pub committer: Person,
    /// The message.
    pub message: Vec<u8>,
    /// The armoured signature over [`CommitDraft::payload`].
    pub signature: Option<Vec<u8>>,
}

/// The value that a ref must have before its update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The ref must not exist.
    Absent,
    /// The ref must name this object directly.
    At(ObjectId),
}

/// An update of one ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefUpdate {
    /// The ref.
    pub name: RefName,
    /// The expected current value.
    pub expected: Expected,
    /// The new value; `None` deletes the ref.
    pub new: Option<ObjectId>,
}

impl CommitDraft {
    /// Returns the bytes that the signature covers: the commit without its signature.
    pub fn payload(&self, kind: HashKind) -> Vec<u8> {
        self.bytes(kind, None)
    }

    fn bytes(&self, kind: HashKind, signature: Option<&[u8]>) -> Vec<u8> {
        let mut raw = format!("tree {}\n", self.tree).into_bytes();
        for parent in &self.parents {
            raw.extend_from_slice(format!("parent {parent}\n").as_bytes());
        }
        for (role, person) in [("author", &self.author), ("committer", &self.committer)] {
            raw.extend_from_slice(role.as_bytes());
            raw.push(b' ');
            if !person.name.is_empty() {
                raw.extend_from_slice(&person.name);
                raw.push(b' ');
            }
            raw.push(b'<');
            raw.extend_from_slice(&person.email);
            raw.extend_from_slice(format!("> {} +0000\n", person.time).as_bytes());
        }
        if let Some(signature) = signature {
            raw.extend_from_slice(match kind {
                HashKind::Sha1 => b"gpgsig",
                HashKind::Sha256 => b"gpgsig-sha256",
            });
            let lines = signature.strip_suffix(b"\n").unwrap_or(signature);
            for line in lines.split(|b| *b == b'\n') {
                raw.push(b' ');
                raw.extend_from_slice(line);
                raw.push(b'\n');
            }
        }
        raw.push(b'\n');
        raw.extend_from_slice(&self.message);
        raw
    }
}

impl Repo {
    /// Discovers the repository that contains `dir`. The environment is ignored.
    pub fn discover(dir: &Path) -> Result<Self, Error> {
        Self::with(Reader::discover(dir)?)
    }

    /// Opens the repository at `git_dir`, or that of the work tree `git_dir`.
    pub fn open(git_dir: &Path) -> Result<Self, Error> {
        Self::with(Reader::open(git_dir)?)
    }

    fn with(reader: Reader) -> Result<Self, Error> {
        // git refuses to move refs while a push is in quarantine; gix would not.
        if std::env::var_os("GIT_QUARANTINE_PATH").is_some_and(|path| !path.is_empty()) {
            let why = "nothing may be written while a push is in quarantine".into();
            return Err(Error::Environment { why });
        }
        Ok(Self {
            reader,
            unsynced: RefCell::default(),
        })
    }

    /// Returns the reader, for code that must not write.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Writes a blob.
    pub fn write_blob(&self, bytes: &[u8]) -> Result<ObjectId, Error> {
        self.write_object(Kind::Blob, bytes)
    }

    /// Writes a commit, if it reads back as the draft.
    pub fn write_commit(&self, draft: &CommitDraft) -> Result<ObjectId, Error> {
        let bad = |why| Error::BadDraft { why };
        let raw = draft.bytes(self.hash_kind(), draft.signature.as_deref());
        let id = self
            .hash(Kind::Commit, &raw)
            .ok_or(bad("it carries a collision attack"))?;
        // A line feed in a name, or a blank line in a signature, would produce other headers.
        let read = Commit::parse(id, &raw).map_err(|fault| bad(fault.why))?;
        let signed_alike = match (&read.signature, &draft.signature) {
            (None, None) => true,
            (Some(read), Some(wanted)) => {
                let wanted = wanted.strip_suffix(b"\n").unwrap_or(wanted);
                !wanted.is_empty()
                    && read.armor.strip_suffix(b"\n") == Some(wanted)
                    && read.payload == draft.payload(self.hash_kind())
            }
            _ => false,
        };
        let same = signed_alike
            && read.tree == draft.tree
            && read.parents == draft.parents
            && read.author == draft.author
            && read.committer == draft.committer
            && read.message == draft.message;
        if !same {
            return Err(bad(
                "a name, address or signature would be read as something else",
            ));
        }
        self.write_object(Kind::Commit, &raw)
    }

    pub(super) fn write_object(&self, kind: Kind, bytes: &[u8]) -> Result<ObjectId, Error> {
        let objects = self.common_dir().join("objects");
        let fail = |source| Error::Write {
            path: objects.clone(),
            source,
        };
        let id = self
            .hash(kind, bytes)
            .ok_or_else(|| fail("its bytes carry a collision attack".into()))?;
        if self.contains(id) {
            return Ok(id);
        }
        let write = || self.reader.handles.handle.write_buf(kind.to_gix(), bytes);
        let mut written = write();
        for _ in 0..WRITE_AGAIN {
            if written.is_err() {
                written = write();
            }
        }
        let written = written.map_err(|source| fail(source.into()))?;
        if written != id_to_gix(id) {
            return Err(fail("it was written under another name".into()));
        }
        let hex = id.to_string();
        let (directory, file) = hex.split_at_checked(2).unwrap_or_default();
        self.unsynced
            .borrow_mut()
            .push(objects.join(directory).join(file));
        Ok(id)
    }

    /// Syncs the objects written so far to the disk.
    ///
    /// A ref that survives a power failure without its objects would be worse than no ref, and
    /// neither git's defaults nor gix prevent that.
    pub fn sync(&self) -> Result<(), Error> {
        let files = std::mem::take(&mut *self.unsynced.borrow_mut());
        let sync = |path: &Path| match File::open(path).and_then(|file| file.sync_all()) {
            // A repack may have moved the object into a pack meanwhile.
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(Error::Io {
                path: path.to_owned(),
                source,
            }),
            _ => Ok(()),
        };
        files.iter().try_for_each(|file| sync(file))?;
        let directories: BTreeSet<&Path> = files.iter().filter_map(|file| file.parent()).collect();
        directories.into_iter().try_for_each(sync)
    }
}
