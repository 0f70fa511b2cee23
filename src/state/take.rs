//! Reading a state: what stands at each path, and its bytes.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

use crate::git::{self, Reader, Repo};
use crate::policy::document::Limits;
use crate::record::baseline::{self, Item};
use crate::record::tree::{Entry, Mode};
use crate::record::{ObjectId, RepoPath, names};
use crate::sys::directory::Directory;
use crate::sys::entry::{Kind, Stamp};

use super::{Error, Root};

/// A state that was written into the repository.
pub struct Taken {
    /// What it holds, sorted by path.
    pub items: Vec<Item>,
    /// The tree of it.
    pub files: ObjectId,
}

/// What stands at one path.
pub struct Found {
    /// What it is.
    pub item: Item,
    /// How git would store it; nothing of an empty directory.
    pub stored: Option<(Mode, ObjectId)>,
}

/// What stands in the directory.
#[derive(Default)]
pub struct Survey {
    /// What a baseline can hold, sorted by path.
    pub found: Vec<Found>,
    /// What it cannot, and what that is.
    pub odd: Vec<(RepoPath, &'static str)>,
    /// What tells whether anything of it changes.
    pub(super) stamps: Stamps,
}

impl Survey {
    /// Returns what a baseline can hold.
    pub fn items(&self) -> Vec<Item> {
        self.found.iter().map(|it| it.item.clone()).collect()
    }
}

/// Everything below a directory, at one moment.
pub(super) type Stamps = Vec<(RepoPath, Stamp)>;

/// Reads a state into the repository. No ref names it yet.
pub fn take(repo: &Repo, root: &Root, limits: &Limits) -> Result<Taken, Error> {
    let Some(directory) = root.directory()? else {
        return Err(Error::Absent(root.path().clone()));
    };
    let mut walk = Walk::new(root, limits, &directory)?;
    let store = Store::Written(repo);
    let before = walk.stamps(&directory)?;
    let files = walk.directory(&directory, &RepoPath::default(), 0, &store)?;
    walk.require_same(&directory, &before)?;
    if let Some((path, why)) = walk.survey.odd.into_iter().next() {
        let path = walk.root.path().join(path.as_bytes());
        return Err(Error::Kind { path, why });
    }
    let files = match files {
        Some(files) => files,
        None => repo.write_tree(Vec::new())?,
    };
    let mut items: Vec<_> = walk.survey.found.into_iter().map(|it| it.item).collect();
    items.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Taken { items, files })
}

/// Reads what stands in the directory; nothing if it is not there.
pub fn survey(reader: &Reader, root: &Root, limits: &Limits) -> Result<Option<Survey>, Error> {
    match root.directory()? {
        Some(directory) => survey_of(reader, root, limits, &directory).map(Some),
        None => Ok(None),
    }
}

/// Reads what stands in a directory that is to become the root, or is it.
pub(super) fn survey_of(
    reader: &Reader,
    root: &Root,
    limits: &Limits,
    directory: &Directory,
) -> Result<Survey, Error> {
    let mut walk = Walk::new(root, limits, directory)?;
    let before = walk.stamps(directory)?;
    walk.directory(directory, &RepoPath::default(), 0, &Store::Named(reader))?;
    walk.require_same(directory, &before)?;
    let mut survey = walk.survey;
    survey
        .found
        .sort_by(|one, other| one.item.path.cmp(&other.item.path));
    survey.stamps = before;
    Ok(survey)
}

/// Returns what tells whether anything below a directory changes.
pub(super) fn stamps_of(
    root: &Root,
    limits: &Limits,
    directory: &Directory,
) -> Result<Stamps, Error> {
    Walk::new(root, limits, directory)?.stamps(directory)
}

/// Where content goes.
enum Store<'a> {
    /// Into the repository.
    Written(&'a Repo),
    /// Nowhere: only its name is asked for.
    Named(&'a Reader),
}

impl Store<'_> {
    fn blob(&self, bytes: &[u8]) -> Result<ObjectId, Error> {
        match self {
            Self::Written(repo) => Ok(repo.write_blob(bytes)?),
            Self::Named(reader) => {
                let id = reader.hash(git::Kind::Blob, bytes);
                // Nobody stores what carries a collision attack: it is like nothing that is stored.
                Ok(id.unwrap_or(ObjectId::Sha1([0; 20])))
            }
        }
    }
}

/// A walk through a directory.
struct Walk<'a> {
    root: &'a Root,
    limits: &'a Limits,
    /// The device that all of it is on.
    device: Option<rustix::fs::Dev>,
    paths: usize,
    survey: Survey,
}

impl<'a> Walk<'a> {
    fn new(root: &'a Root, limits: &'a Limits, directory: &Directory) -> Result<Self, Error> {
        let own = directory.entry(OsStr::new("."));
        let own = own.map_err(Error::read(directory.path()))?;
        Ok(Self {
            root,
            limits,
            device: own.map(|it| it.device),
            paths: 0,
            survey: Survey::default(),
        })
    }

    /// Returns a path in the work tree.
    fn shown(&self, path: &RepoPath) -> RepoPath {
        self.root.path().join(path.as_bytes())
    }

    fn require_same(&mut self, directory: &Directory, before: &Stamps) -> Result<(), Error> {
        let after = self.stamps(directory)?;
        if *before == after {
            return Ok(());
        }
        let differ = before.iter().zip(&after).find(|(one, other)| one != other);
        let longer = before.iter().chain(&after).last().map(|(path, _)| path);
        let path = differ.map(|((path, _), _)| path).or(longer);
        Err(Error::Unsteady(path.map_or_else(
            || self.root.path().clone(),
            |it| self.shown(it),
        )))
    }

    fn stamps(&self, directory: &Directory) -> Result<Stamps, Error> {
        let mut found = Stamps::new();
        self.stamp(directory, &RepoPath::default(), 0, &mut found)?;
        Ok(found)
    }

    fn stamp(
        &self,
        directory: &Directory,
        at: &RepoPath,
        depth: usize,
        found: &mut Stamps,
    ) -> Result<(), Error> {
        for entry in self.entries(directory)? {
            let path = at.join(entry.name.as_bytes());
            found.push((path.clone(), entry.stamp));
            self.count(found.len(), depth)?;
            let enters = entry.kind == Kind::Directory && Some(entry.device) == self.device;
            if enters && !names::is_git(entry.name.as_bytes()) {
                let inner = self.inner(directory, &entry.name, &path)?;
                self.stamp(&inner, &path, depth.saturating_add(1), found)?;
            }
        }
        Ok(())
    }

    fn entries(&self, directory: &Directory) -> Result<Vec<crate::sys::entry::Entry>, Error> {
        directory.entries().map_err(Error::read(directory.path()))
    }

    fn inner(
        &self,
        directory: &Directory,
        name: &OsStr,
        path: &RepoPath,
    ) -> Result<Directory, Error> {
        directory.inner(name).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => Error::Unsteady(self.shown(path)),
            _ => Error::read(&directory.path().join(name))(source),
        })
    }

    fn count(&self, paths: usize, depth: usize) -> Result<(), Error> {
        // A directory that is not empty counts too.
        let most = self.limits.inventory_lines.saturating_mul(2);
        if paths > most {
            let what = "paths";
            return Err(Error::TooMany { what, most });
        }
        if depth >= self.limits.tree_depth {
            let (what, most) = ("nested directories", self.limits.tree_depth);
            return Err(Error::TooMany { what, most });
        }
        Ok(())
    }

    /// Reads a directory; returns its tree, or nothing if git stores none of it.
    fn directory(
        &mut self,
        directory: &Directory,
        at: &RepoPath,
        depth: usize,
        store: &Store<'_>,
    ) -> Result<Option<ObjectId>, Error> {
        let entries = self.entries(directory)?;
        if entries.is_empty() && depth > 0 {
            self.survey.found.push(Found {
                item: Item::directory(at.clone()),
                stored: None,
            });
            return Ok(None);
        }
        let mut tree = Vec::new();
        for entry in entries {
            self.paths = self.paths.saturating_add(1);
            self.count(self.paths, depth)?;
            let name = entry.name.as_bytes();
            let path = at.join(name);
            let odd = match entry.kind {
                _ if names::is_git(name) => Some("a repository of its own, or named like .git"),
                _ if Some(entry.device) != self.device => Some("on another file system"),
                Kind::Other(why) => Some(why),
                _ => None,
            };
            if let Some(why) = odd {
                self.survey.odd.push((path, why));
                continue;
            }
            let stored = match entry.kind {
                Kind::Directory => {
                    let inner = self.inner(directory, &entry.name, &path)?;
                    let deeper = depth.saturating_add(1);
                    let id = self.directory(&inner, &path, deeper, store)?;
                    if id.is_some() {
                        self.require_taken(&path, Mode::Tree, b"", store);
                    }
                    id.map(|id| (Mode::Tree, id))
                }
                Kind::Symlink => {
                    let to = directory.read_link(&entry.name);
                    let to = to.map_err(Error::read(&directory.path().join(&entry.name)))?;
                    let kind = baseline::Kind::Symlink;
                    Some(self.content(path, (kind, false), &to, store)?)
                }
                _ => {
                    let bytes = self.read(directory, &entry.name, &path)?;
                    let kind = baseline::Kind::File;
                    Some(self.content(path, (kind, entry.executable), &bytes, store)?)
                }
            };
            if let Some((mode, id)) = stored {
                let name = name.to_vec();
                tree.push(Entry { mode, name, id });
            }
        }
        match store {
            Store::Written(repo) if !tree.is_empty() => Ok(Some(repo.write_tree(tree)?)),
            _ => Ok(None),
        }
    }

    /// Notes what a server refuses, of a state that is to be pushed to one.
    fn require_taken(&mut self, path: &RepoPath, mode: Mode, bytes: &[u8], store: &Store<'_>) {
        let name = path.components().last().unwrap_or_default();
        if let Store::Written(_) = store
            && let Some(why) = git::refused_by_fsck(name, mode, bytes)
        {
            self.survey.odd.push((path.clone(), why));
        }
    }

    fn read(&self, directory: &Directory, name: &OsStr, path: &RepoPath) -> Result<Vec<u8>, Error> {
        let most = self.limits.file_bytes;
        let place = directory.path().join(name);
        let fail = || Error::read(&place);
        let file = directory.open_file(name).map_err(fail())?;
        let length = file.metadata().map_err(fail())?.len();
        let mut bytes = Vec::new();
        if length <= most {
            let mut limited = file.take(most.saturating_add(1));
            limited.read_to_end(&mut bytes).map_err(fail())?;
        }
        match length.max(bytes.len() as u64) > most {
            true => Err(Error::TooLarge {
                path: self.shown(path),
                most,
            }),
            false => Ok(bytes),
        }
    }

    fn content(
        &mut self,
        path: RepoPath,
        (kind, executable): (baseline::Kind, bool),
        bytes: &[u8],
        store: &Store<'_>,
    ) -> Result<(Mode, ObjectId), Error> {
        let mode = match (kind, executable) {
            (baseline::Kind::Symlink, _) => Mode::Symlink,
            (_, true) => Mode::Executable,
            (_, false) => Mode::File,
        };
        self.require_taken(&path, mode, bytes, store);
        let id = store.blob(bytes)?;
        self.survey.found.push(Found {
            item: Item::new(path, kind, executable, bytes),
            stored: Some((mode, id)),
        });
        Ok((mode, id))
    }
}
