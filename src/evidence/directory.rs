//! A directory that others may change concurrently: symlinks are never followed, and only regular
//! files are read.

use std::fs::File;
use std::io::{Read, Take};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::Error;
use crate::record::RepoPath;
use crate::sys::lock;

/// Flags to open without following symlinks or blocking on a pipe.
const CAREFUL: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);

/// An opened directory.
pub struct Directory {
    fd: OwnedFd,
    /// Its path, for messages.
    real: PathBuf,
}

/// An exclusive lock on a directory, released on drop: see [`Directory::alone`].
pub struct Alone(#[expect(dead_code, reason = "the lock lives as long as this is open")] OwnedFd);

/// The kind of a directory entry.
pub(super) enum Kind {
    Directory,
    File,
    Other(&'static str),
}

impl Directory {
    /// Opens a directory. A symlink to one is refused, unless the path ends with `/`.
    pub fn open(real: &Path) -> Result<Self, Error> {
        let refused = |what| Error::NotRegular {
            path: RepoPath::new(real.as_os_str().as_bytes()),
            what,
        };
        match rustix::fs::open(real, CAREFUL | OFlags::DIRECTORY, Mode::empty()) {
            Ok(fd) => Ok(Self {
                fd,
                real: real.to_owned(),
            }),
            Err(error) => match real.symlink_metadata() {
                Ok(found) if found.is_symlink() => Err(refused("symlink")),
                Ok(found) if !found.is_dir() => Err(refused("file, not a directory")),
                _ => Err(self::io("read", real, error.into())),
            },
        }
    }

    /// Locks the directory against other callers of this method until the returned value is dropped
    /// or the process ends; waits for the current holder. Does nothing on a file system without such
    /// locks.
    pub fn alone(&self) -> Option<Alone> {
        let held = self.fd.try_clone().ok()?;
        lock::alone(&held).ok().map(|()| Alone(held))
    }

    /// Returns its names, sorted, or `None` if there are more than `max`.
    pub(super) fn names(&self, max: usize) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let fail = |error: Errno| self::io("list", &self.real, error.into());
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name().to_bytes().to_vec();
            if name == b"." || name == b".." {
                continue;
            }
            if names.len() == max {
                return Ok(None);
            }
            names.push(name);
        }
        names.sort();
        Ok(Some(names))
    }

    /// Returns the kind of an entry of this directory. `path` is for messages.
    pub(super) fn kind(&self, name: &[u8], path: &RepoPath) -> Result<Kind, Error> {
        let found = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| self.failed(name, path, error))?;
        Ok(match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => Kind::Directory,
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Other("symlink"),
            _ => Kind::Other("special file"),
        })
    }

    /// Opens a directory in this one.
    pub(super) fn below(&self, name: &[u8], path: &RepoPath) -> Result<Self, Error> {
        let fd = rustix::fs::openat(&self.fd, name, CAREFUL | OFlags::DIRECTORY, Mode::empty())
            .map_err(|error| self.failed(name, path, error))?;
        Ok(Self {
            fd,
            real: self.place(name),
        })
    }

    /// Opens a file in this directory.
    pub(super) fn open_here(&self, name: &[u8], path: &RepoPath) -> Result<Steady, Error> {
        // Check the kind first, since opening some devices has side effects.
        match self.kind(name, path)? {
            Kind::File => {}
            Kind::Directory => return Err(Error::Replaced { path: path.clone() }),
            Kind::Other(what) => {
                let path = path.clone();
                return Err(Error::NotRegular { path, what });
            }
        }
        let fd = rustix::fs::openat(&self.fd, name, CAREFUL, Mode::empty())
            .map_err(|error| self.failed(name, path, error))?;
        let file = File::from(fd);
        let real = self.place(name);
        let opened = file
            .metadata()
            .map_err(|error| self::io("read", &real, error))?;
        if !opened.is_file() {
            return Err(Error::Replaced { path: path.clone() });
        }
        Ok(Steady {
            state: State::of(&opened),
            file,
            real,
            path: path.clone(),
        })
    }

    /// Opens a file below this directory, each component by itself.
    pub fn open_file(&self, path: &RepoPath) -> Result<impl Read + use<>, Error> {
        let mut within: Option<Self> = None;
        let mut components = path.components().peekable();
        loop {
            let here = within.as_ref().unwrap_or(self);
            let name = components.next().unwrap_or_default();
            if components.peek().is_none() {
                return Ok(here.open_here(name, path)?.file);
            }
            within = Some(here.below(name, path)?);
        }
    }

    fn place(&self, name: &[u8]) -> PathBuf {
        self.real.join(std::ffi::OsStr::from_bytes(name))
    }

    /// An entry that was listed and is now missing or of another kind was replaced.
    fn failed(&self, name: &[u8], path: &RepoPath, error: Errno) -> Error {
        match error {
            Errno::NOENT | Errno::LOOP | Errno::NOTDIR => Error::Replaced { path: path.clone() },
            other => self::io("read", &self.place(name), other.into()),
        }
    }
}

/// A file that must not change while it is read.
pub(super) struct Steady {
    file: File,
    state: State,
    real: PathBuf,
    path: RepoPath,
}

impl Steady {
    /// Reads with `read`, and fails if the file was written meanwhile: the data may then be a mix of
    /// old and new content.
    pub(super) fn read<T>(
        mut self,
        read: impl FnOnce(&mut Take<&mut File>) -> std::io::Result<T>,
    ) -> Result<T, Error> {
        let fail = |error| self::io("read", &self.real, error);
        // Limit the length: the file may grow while it is read.
        let mut content = (&mut self.file).take(self.state.len.saturating_add(1));
        let value = read(&mut content).map_err(fail)?;
        let grown = content.limit() == 0;
        let now = State::of(&self.file.metadata().map_err(fail)?);
        if grown || now != self.state {
            return Err(Error::Replaced { path: self.path });
        }
        Ok(value)
    }
}

/// Length, modification time and change time; the latter cannot be set by a user.
#[derive(PartialEq, Eq)]
struct State {
    len: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl State {
    fn of(file: &std::fs::Metadata) -> Self {
        Self {
            len: file.len(),
            written: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

fn io(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        action,
        path: path.to_path_buf(),
        source,
    }
}

#[cfg(test)]
mod tests;
