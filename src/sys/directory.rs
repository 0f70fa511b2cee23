//! A directory that stays the one that was opened, whatever somebody puts in its place.

use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

/// An open directory. What is done in it is done there, even if it was moved away and a symlink or
/// another directory now stands at its path.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    pub(super) file: OwnedFd,
}

impl Directory {
    /// Opens a directory. A symlink to one is an error.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            file: rustix::fs::open(path, flags(), Mode::empty())?,
        })
    }

    /// Returns the same directory, to be closed by itself.
    pub fn again(&self) -> io::Result<Self> {
        Ok(Self {
            path: self.path.clone(),
            file: self.file.try_clone()?,
        })
    }

    /// Opens a directory in it. A symlink to one is an error.
    pub fn inner(&self, name: impl AsRef<OsStr>) -> io::Result<Self> {
        let name = name.as_ref();
        Ok(Self {
            path: self.path.join(name),
            file: rustix::fs::openat(&self.file, name, flags(), Mode::empty())?,
        })
    }

    /// Returns the path at which it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether it still stands at its path: itself, and no symlink to it.
    pub fn is_in_place(&self) -> bool {
        match (rustix::fs::fstat(&self.file), rustix::fs::lstat(&self.path)) {
            (Ok(own), Ok(there)) => (own.st_dev, own.st_ino) == (there.st_dev, there.st_ino),
            _ => false,
        }
    }

    /// Tells whether a directory of this name stands in it; a symlink to one does not count.
    pub fn has_directory(&self, name: impl AsRef<OsStr>) -> bool {
        kind(self.file.as_fd(), name.as_ref()) == Some(FileType::Directory)
    }

    /// Returns the names of the regular files in it.
    pub fn files(&self) -> io::Result<Vec<OsString>> {
        let mut names = names(self.file.as_fd())?;
        names.retain(|name| {
            let name = OsStr::from_bytes(name.as_bytes());
            kind(self.file.as_fd(), name) == Some(FileType::RegularFile)
        });
        let name = |it: CString| OsString::from_vec(it.into_bytes());
        Ok(names.into_iter().map(name).collect())
    }

    /// Moves an entry of it into another directory.
    pub fn rename(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.file, name, &to.file, new)?)
    }

    /// Removes it with all that is in it, also what its permissions protect. The entry `last` goes
    /// after all others. No symlink is followed, and nothing on another file system is removed; nor is
    /// what now stands at its path, if that is something else.
    ///
    /// What cannot be removed stays, and `last` with it.
    pub fn remove(&self, last: &str) {
        let file = self.file.as_fd();
        if let Ok(own) = rustix::fs::fstat(file) {
            clear(file, own.st_dev, Some(last.as_bytes()));
        }
        // By it, whoever comes later finds what is left.
        let is_left = |name: &CString| name.as_bytes() != last.as_bytes();
        if names(file).is_ok_and(|names| !names.iter().any(is_left)) {
            let _ = rustix::fs::unlinkat(file, last, AtFlags::empty());
        }
        if self.is_in_place() {
            // Fails if there is anything in it.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

fn kind(directory: BorrowedFd<'_>, name: &OsStr) -> Option<FileType> {
    let found = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(FileType::from_raw_mode(found.st_mode))
}

pub(super) fn names(directory: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

/// Removes all in a directory but the entry `kept`, as far as it is on this device.
fn clear(directory: BorrowedFd<'_>, device: rustix::fs::Dev, kept: Option<&[u8]>) {
    let _ = rustix::fs::fchmod(directory, Mode::RWXU);
    for name in names(directory).unwrap_or_default() {
        let bytes = name.as_bytes();
        if kept == Some(bytes) || rustix::fs::unlinkat(directory, &name, AtFlags::empty()).is_ok() {
            continue;
        }
        if kind(directory, OsStr::from_bytes(bytes)) != Some(FileType::Directory) {
            continue;
        }
        // It may be opened by nobody.
        let _ = rustix::fs::chmodat(directory, &name, Mode::RWXU, AtFlags::empty());
        let inner = rustix::fs::openat(directory, &name, flags(), Mode::empty());
        if let Ok(inner) = inner
            && rustix::fs::fstat(&inner).is_ok_and(|it| it.st_dev == device)
        {
            clear(inner.as_fd(), device, None);
            let _ = rustix::fs::unlinkat(directory, &name, AtFlags::REMOVEDIR);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_directory_goes_whole_and_nothing_that_a_symlink_names() {
        let dir = TempDir::new().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("tree/deep")).unwrap();
        fs::create_dir(dir.path().join("other")).unwrap();
        for name in [
            "root/held",
            "root/stderr",
            "root/tree/deep/x",
            "other/kept",
            "kept",
        ] {
            fs::write(dir.path().join(name), "x").unwrap();
        }
        symlink(dir.path().join("kept"), root.join("file")).unwrap();
        symlink(dir.path().join("other"), root.join("directory")).unwrap();
        symlink(dir.path().join("other"), root.join("tree/deep/directory")).unwrap();
        for name in ["tree/deep", "tree"] {
            fs::set_permissions(root.join(name), fs::Permissions::from_mode(0o000)).unwrap();
        }
        Directory::open(&root).unwrap().remove("held");
        assert!(!root.exists());
        assert!(dir.path().join("kept").exists() && dir.path().join("other/kept").exists());
    }

    #[test]
    fn what_stands_in_its_place_is_not_it_and_stays() {
        let dir = TempDir::new().unwrap();
        let place = |name: &str| dir.path().join(name);
        fs::create_dir_all(place("root/tree")).unwrap();
        fs::create_dir_all(place("other/tree")).unwrap();
        fs::write(place("other/kept"), "x").unwrap();
        let root = Directory::open(&place("root")).unwrap();
        assert!(root.is_in_place() && root.has_directory("tree") && root.inner("tree").is_ok());
        fs::rename(place("root"), place("moved")).unwrap();
        assert!(!root.is_in_place());
        for stands in ["other", "moved"] {
            symlink(place(stands), place("root")).unwrap();
            assert!(!root.is_in_place());
            assert!(Directory::open(&place("root")).is_err());
            fs::remove_file(place("root")).unwrap();
        }
        fs::rename(place("other"), place("root")).unwrap();
        assert!(!root.is_in_place());
        root.remove("held");
        assert!(place("root/kept").exists() && place("root/tree").exists());
        assert!(!place("moved/tree").exists(), "what is its own is gone");
        symlink(place("root"), place("moved/tree")).unwrap();
        assert!(!root.has_directory("tree") && root.inner("tree").is_err());
    }
}
