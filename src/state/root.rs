//! The directory that baselines hold, in a work tree, and the lock of who uses it.

use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::record::{DirectoryPath, RepoPath};

use crate::sys::directory::Directory;
use crate::sys::entry::Kind;

use super::Error;

/// Keeps others who take and put back states of this repository waiting until it is dropped.
pub struct Locked(#[allow(dead_code, reason = "the lock lasts as long as this is open")] Directory);

impl Locked {
    /// Waits for the lock of a repository, whose directory it is on.
    pub fn on(common_dir: &Path) -> Result<Self, Error> {
        let fail = || Error::io("open", common_dir);
        // `.git` may be a symlink of the user's.
        let real = common_dir.canonicalize().map_err(fail())?;
        let directory = Directory::open(&real).map_err(fail())?;
        directory.lock().map_err(Error::io("lock", common_dir))?;
        Ok(Self(directory))
    }
}

/// The place of the directory.
pub struct Root {
    /// What it stands in; `None` if that is not there.
    parent: Option<Directory>,
    name: OsString,
    path: RepoPath,
}

impl Root {
    /// Goes to the place below a work tree. Nothing on the way may be a symlink, or anything but a directory.
    pub fn find(work_tree: &Path, root: &DirectoryPath) -> Result<Self, Error> {
        Self::go(work_tree, root, false)
    }

    /// Goes to the place as [`Root::find`] does, and makes the directories on the way.
    pub fn make(work_tree: &Path, root: &DirectoryPath) -> Result<Self, Error> {
        Self::go(work_tree, root, true)
    }

    fn go(work_tree: &Path, root: &DirectoryPath, make: bool) -> Result<Self, Error> {
        // Where a person keeps the work tree, and by which links they go there, is their own affair.
        let top = work_tree
            .canonicalize()
            .map_err(Error::io("find", work_tree))?;
        let mut at = Some(Directory::open(&top).map_err(Error::io("open", &top))?);
        let path = root.path();
        let mut names: Vec<_> = path.components().collect();
        let name = OsStr::from_bytes(names.pop().unwrap_or_default()).to_owned();
        let mut passed = RepoPath::default();
        for component in names {
            passed = passed.join(component);
            let component = OsStr::from_bytes(component);
            at = match at {
                Some(directory) => match inner(&directory, component, &passed)? {
                    None if make => Some(
                        directory
                            .make_directory(component)
                            .map_err(Error::io("make", &directory.path().join(component)))?,
                    ),
                    found => found,
                },
                None => None,
            };
        }
        Ok(Self {
            parent: at,
            name,
            path,
        })
    }

    /// Returns its path in the work tree.
    pub fn path(&self) -> &RepoPath {
        &self.path
    }

    /// Returns what it stands in.
    pub(super) fn parent(&self) -> Result<&Directory, Error> {
        self.parent
            .as_ref()
            .ok_or_else(|| Error::Absent(self.path.clone()))
    }

    /// Returns its name.
    pub(super) fn name(&self) -> &OsStr {
        &self.name
    }

    /// Opens the directory; `None` if nothing is there.
    pub fn directory(&self) -> Result<Option<Directory>, Error> {
        match &self.parent {
            Some(parent) => inner(parent, &self.name, &self.path),
            None => Ok(None),
        }
    }
}

fn inner(parent: &Directory, name: &OsStr, path: &RepoPath) -> Result<Option<Directory>, Error> {
    let bad = |why| Error::Kind {
        path: path.clone(),
        why,
    };
    let place = parent.path().join(name);
    match parent.entry(name).map_err(Error::read(&place))? {
        None => return Ok(None),
        Some(it) => match it.kind {
            Kind::Directory => {}
            Kind::Symlink => return Err(bad("a symlink")),
            Kind::File => return Err(bad("a file")),
            Kind::Other(why) => return Err(bad(why)),
        },
    }
    match parent.inner(name) {
        Ok(found) => Ok(Some(found)),
        // It was a directory just before.
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::Unsteady(path.clone())),
        Err(source) => Err(Error::read(&place)(source)),
    }
}
