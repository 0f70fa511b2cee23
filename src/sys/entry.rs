//! What stands in an open directory: looked at, read and made there, whatever stands at its path.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;

use rustix::fs::{AtFlags, Dev, FileType, Mode, OFlags, RenameFlags, Stat};

use super::directory::{Directory, names};

/// What an entry is. No symlink is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symlink.
    Symlink,
    /// Something else: a socket, a device …
    Other(&'static str),
}

/// What tells an entry from what it was and from others: no program chooses the time of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: Dev,
    inode: u64,
    mode: u64,
    size: i128,
    modified: (i128, i128),
    changed: (i128, i128),
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: OsString,
    /// What it is.
    pub kind: Kind,
    /// Whether its owner may execute it.
    pub executable: bool,
    /// On which device it is.
    pub device: Dev,
    /// What tells whether it has changed.
    pub stamp: Stamp,
}

impl Entry {
    fn new(name: OsString, stat: &Stat) -> Self {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Directory,
            FileType::Symlink => Kind::Symlink,
            FileType::Socket => Kind::Other("a socket"),
            FileType::Fifo => Kind::Other("a pipe"),
            FileType::CharacterDevice | FileType::BlockDevice => Kind::Other("a device"),
            _ => Kind::Other("of an unknown kind"),
        };
        let stamp = Stamp {
            device: stat.st_dev,
            inode: stat.st_ino,
            mode: u64::from(stat.st_mode),
            size: i128::from(stat.st_size),
            modified: (i128::from(stat.st_mtime), i128::from(stat.st_mtime_nsec)),
            changed: (i128::from(stat.st_ctime), i128::from(stat.st_ctime_nsec)),
        };
        Self {
            name,
            kind,
            executable: Mode::from_raw_mode(stat.st_mode).contains(Mode::XUSR),
            device: stat.st_dev,
            stamp,
        }
    }

    /// Returns who may read, write and execute it.
    pub fn permissions(&self) -> u32 {
        u32::try_from(self.stamp.mode & 0o777).unwrap_or_default()
    }
}

impl Directory {
    /// Returns the entry of this name, if there is one.
    pub fn entry(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        match rustix::fs::statat(&self.file, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Entry::new(name.to_owned(), &stat))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns everything in it, sorted by name. One that goes meanwhile is left out.
    pub fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut found = Vec::new();
        for name in names(self.file.as_fd())? {
            found.extend(self.entry(&OsString::from_vec(name.into_bytes()))?);
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// Opens a regular file in it to read it. A symlink to one is an error, and this does not wait at a pipe.
    pub fn open_file(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::openat(&self.file, name, flags, Mode::empty())?);
        match file.metadata()?.is_file() {
            true => Ok(file),
            false => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not a regular file",
            )),
        }
    }

    /// Returns where a symlink in it leads.
    pub fn read_link(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&self.file, name, Vec::new())?.into_bytes())
    }

    /// Makes a file that is not there yet; its owner may write it, and execute it if `executable`, and others
    /// as the umask says.
    pub fn make_file(&self, name: &OsStr, executable: bool) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let (all, own) = match executable {
            true => (0o777, 0o700),
            false => (0o666, 0o600),
        };
        let file = rustix::fs::openat(&self.file, name, flags, Mode::from_raw_mode(all))?;
        permit(&file, Mode::from_raw_mode(own))?;
        Ok(File::from(file))
    }

    /// Makes a symlink that is not there yet.
    pub fn make_link(&self, to: &OsStr, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::symlinkat(to, &self.file, name)?)
    }

    /// Makes a directory that is not there yet, and opens it.
    pub fn make_directory(&self, name: &OsStr) -> io::Result<Self> {
        rustix::fs::mkdirat(&self.file, name, Mode::RWXU | Mode::RWXG | Mode::RWXO)?;
        let made = self.inner(name)?;
        permit(&made.file, Mode::RWXU)?;
        Ok(made)
    }

    /// Removes a file in it, or a symlink.
    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.file, name, AtFlags::empty())?)
    }

    /// Removes an empty directory in it.
    pub fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.file, name, AtFlags::REMOVEDIR)?)
    }

    /// Exchanges an entry of it with one of another directory, in one step.
    pub fn exchange(&self, name: &OsStr, other: &Self, its: &OsStr) -> io::Result<()> {
        self.rename_with(name, other, its, RenameFlags::EXCHANGE)
    }

    /// Moves an entry of it into another directory, where nothing of that name may be.
    pub fn move_to(&self, name: &OsStr, other: &Self, its: &OsStr) -> io::Result<()> {
        self.rename_with(name, other, its, RenameFlags::NOREPLACE)
    }

    fn rename_with(
        &self,
        name: &OsStr,
        other: &Self,
        its: &OsStr,
        flags: RenameFlags,
    ) -> io::Result<()> {
        let (from, to) = (&self.file, &other.file);
        Ok(rustix::fs::renameat_with(from, name, to, its, flags)?)
    }

    /// Syncs what stands in it to the disk, but not the content of that.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.file)?)
    }

    /// Locks it for this process alone until it is closed; waits while another process holds the lock.
    pub fn lock(&self) -> io::Result<()> {
        super::lock::alone(&self.file)
    }
}

/// Permits what the umask has taken away.
fn permit(made: &OwnedFd, own: Mode) -> io::Result<()> {
    let mode = Mode::from_raw_mode(rustix::fs::fstat(made)?.st_mode);
    if !mode.contains(own) {
        rustix::fs::fchmod(made, mode | own)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn name(text: &str) -> &OsStr {
        OsStr::new(text)
    }

    #[test]
    fn entries_are_told_and_no_symlink_is_followed() {
        let dir = tempfile::TempDir::new().unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        fs::create_dir(dir.path().join("inner")).unwrap();
        symlink("file", dir.path().join("link")).unwrap();
        std::os::unix::net::UnixListener::bind(dir.path().join("socket")).unwrap();
        let open = Directory::open(dir.path()).unwrap();
        let kinds: Vec<_> = open.entries().unwrap().iter().map(|it| it.kind).collect();
        let expected = [
            Kind::File,
            Kind::Directory,
            Kind::Symlink,
            Kind::Other("a socket"),
        ];
        assert_eq!(kinds, expected);
        assert!(open.open_file(name("link")).is_err());
        assert!(open.open_file(name("inner")).is_err());
        assert_eq!(open.read_link(name("link")).unwrap(), b"file");
        assert_eq!(open.entry(name("none")).unwrap(), None);
    }

    #[test]
    fn what_is_made_is_new_and_its_owners() {
        let dir = tempfile::TempDir::new().unwrap();
        let open = Directory::open(dir.path()).unwrap();
        for (file, executable) in [("plain", false), ("tool", true)] {
            open.make_file(name(file), executable)
                .unwrap()
                .write_all(b"x")
                .unwrap();
            let mode = fs::metadata(dir.path().join(file))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o700, if executable { 0o700 } else { 0o600 });
            assert!(open.make_file(name(file), executable).is_err());
        }
        open.make_link(name("nowhere"), name("link")).unwrap();
        assert!(open.make_file(name("link"), false).is_err());
        assert!(open.make_directory(name("link")).is_err());
        let (one, two) = (
            open.make_directory(name("one")).unwrap(),
            open.make_directory(name("two")).unwrap(),
        );
        one.make_file(name("in one"), false).unwrap();
        open.exchange(name("one"), &open, name("two")).unwrap();
        assert!(dir.path().join("two/in one").exists());
        assert!(open.move_to(name("one"), &open, name("two")).is_err());
        open.move_to(name("plain"), &two, name("moved")).unwrap();
        assert!(dir.path().join("one/moved").exists());
    }
}
