//! Writing files completely or not at all, and reading files up to a limit.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

/// Prefix of the names of files that are not yet moved to their final path.
pub const PENDING: &str = ".git-awo-pending-";

/// Who may use a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner alone, whatever the umask.
    Owner,
    /// As for any new file: subject to the umask.
    Umask,
    /// These bits, whatever the umask.
    Mode(u32),
}

/// A file that is written under a temporary name and then moved to its final path.
#[derive(Clone, Copy, Debug)]
pub struct NewFile<'a> {
    path: &'a Path,
    workshop: &'a Path,
    access: Access,
    replaces: bool,
    durable: bool,
}

impl<'a> NewFile<'a> {
    /// Names the final path. An existing file there is kept, and is an error.
    pub fn at(path: &'a Path) -> Self {
        Self {
            path,
            workshop: directory_of(path),
            access: Access::Owner,
            replaces: false,
            durable: true,
        }
    }

    /// Sets who may use the file.
    pub fn access(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// Replaces an existing file; a symlink is replaced, not followed.
    pub fn over(self) -> Self {
        let replaces = true;
        Self { replaces, ..self }
    }

    /// Writes it in another directory of the same file system before it is moved.
    pub fn made_in(self, workshop: &'a Path) -> Self {
        Self { workshop, ..self }
    }

    /// Skips the sync to disk: after a power failure the file may be missing or empty.
    pub fn volatile(self) -> Self {
        let durable = false;
        Self { durable, ..self }
    }

    /// Writes these bytes. The directory must exist.
    pub fn write(self, bytes: &[u8]) -> io::Result<()> {
        self.fill(|file| file.write_all(bytes))?
    }

    /// Writes what `fill` writes. If `fill` fails, nothing is moved and its error is the inner result.
    pub fn fill<T, E>(
        self,
        fill: impl FnOnce(&mut File) -> Result<T, E>,
    ) -> io::Result<Result<T, E>> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PENDING);
        if self.access == Access::Umask {
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(self.workshop)?;
        let value = match fill(file.as_file_mut()) {
            Ok(value) => value,
            Err(error) => return Ok(Err(error)),
        };
        if let Access::Mode(mode) = self.access {
            let permissions = fs::Permissions::from_mode(mode);
            file.as_file().set_permissions(permissions)?;
        }
        if self.durable {
            file.as_file().sync_all()?;
        }
        match self.replaces {
            true => file.persist(self.path),
            false => file.persist_noclobber(self.path),
        }
        .map_err(|error| error.error)?;
        Ok(Ok(value))
    }
}

/// Removes the temporary files of [`NewFile`] that a killed process left in a directory. The caller
/// ensures that no other process is writing there.
pub fn remove_pending(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let is_file = entry.file_type().is_ok_and(|it| it.is_file());
        if is_file && is_pending(entry.file_name().as_encoded_bytes()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Returns whether this is the temporary name of a [`NewFile`].
pub fn is_pending(name: &[u8]) -> bool {
    name.starts_with(PENDING.as_bytes())
}

/// Reads a regular file of at most `limit` bytes; `None` if it does not exist. A symlink is followed.
///
/// A longer file, or anything but a regular file, is an error, so that this neither blocks on a pipe
/// nor reads a device forever. No other code of this program reads files whole.
pub fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    read_with(path, limit, OFlags::empty())
}

/// Reads a file as [`read`] does, but follows no symlink: that is an error.
pub fn read_plain(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    read_with(path, limit, OFlags::NOFOLLOW)
}

fn read_with(path: &Path, limit: u64, flags: OFlags) -> io::Result<Option<Vec<u8>>> {
    let file = match open_regular(path, flags) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let mut bytes = Vec::new();
    if length <= limit {
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    }
    if length.max(bytes.len() as u64) > limit {
        let why = format!("it has more than {limit} bytes");
        return Err(io::Error::new(ErrorKind::InvalidData, why));
    }
    Ok(Some(bytes))
}

/// Opens a regular file for a caller that stops reading at a limit of its own. A symlink is followed;
/// anything but a regular file is an error, and this does not wait at a pipe.
pub fn open(path: &Path) -> io::Result<File> {
    open_regular(path, OFlags::empty())
}

fn open_regular(path: &Path, flags: OFlags) -> io::Result<File> {
    // Opening a pipe would block until there is a writer.
    let flags = flags | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)?;
    regular(file)
}

fn regular(file: File) -> io::Result<File> {
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(
            ErrorKind::InvalidData,
            "it is not a regular file",
        )),
    }
}

/// Reads a regular file as [`read`] does; that it does not exist is an error.
pub fn read_existing(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read(path, limit)?.ok_or_else(|| ErrorKind::NotFound.into())
}

/// Opens a regular file to read it, or to write it if `write` says so: then it is made if it does not
/// exist. A symlink is not followed, and this does not wait at a pipe.
pub fn open_plain(path: &Path, write: bool) -> io::Result<File> {
    let careful = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .write(write)
        .create(write)
        .truncate(false)
        .custom_flags(careful.bits().cast_signed())
        .open(path)?;
    regular(file)
}

/// Makes a directory, unless it is there. Anything else in its place is an error, also a symlink to
/// one.
pub fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => match look(path)? {
            Some(it) if it.is_dir() => Ok(()),
            _ => Err(error),
        },
        made => made,
    }
}

/// Tells whether what is written to an open file is lost: it is `/dev/null`, or not open for writing, which
/// the standard library takes for success where it is standard output.
pub fn keeps_nothing(file: &impl AsFd) -> bool {
    let flags = rustix::fs::fcntl_getfl(file);
    if flags.is_ok_and(|it| it & OFlags::ACCMODE == OFlags::RDONLY) {
        return true;
    }
    let null = fs::metadata("/dev/null").map(|it| (it.dev(), it.ino()));
    let stat = rustix::fs::fstat(file);
    match (null, stat) {
        (Ok(null), Ok(stat)) => null == (stat.st_dev, stat.st_ino),
        _ => false,
    }
}

/// Returns the metadata of a path without following a symlink; `None` if it does not exist.
pub fn look(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the directory that contains a path.
pub fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let names = fs::read_dir(directory).unwrap().flatten();
        let mut names: Vec<_> = names
            .map(|it| it.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_process_was_writing_goes_and_nothing_else() {
        let dir = tempfile::TempDir::new().unwrap();
        let place = |name: &str| dir.path().join(name);
        fs::write(place("a.txt"), "a").unwrap();
        fs::write(place(".tmpabc"), "a").unwrap();
        fs::create_dir(place(".git-awo-pending-directory")).unwrap();
        let killed = NewFile::at(&place("b.txt")).fill(|_| {
            let pending = names(dir.path())
                .into_iter()
                .find(|name| is_pending(name.as_bytes()) && place(name).is_file());
            fs::copy(place(&pending.unwrap()), place(".git-awo-pending-x")).unwrap();
            Err::<(), ()>(())
        });
        assert!(killed.unwrap().is_err());
        assert!(place(".git-awo-pending-x").exists());
        remove_pending(dir.path()).unwrap();
        assert_eq!(
            names(dir.path()),
            [".git-awo-pending-directory", ".tmpabc", "a.txt"]
        );
    }

    #[test]
    fn a_file_stays_unless_it_is_written_over() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("x");
        NewFile::at(&path).write(b"one").unwrap();
        let second = NewFile::at(&path).write(b"two").unwrap_err();
        assert_eq!(second.kind(), ErrorKind::AlreadyExists);
        assert_eq!(read(&path, 3).unwrap().unwrap(), b"one");
        NewFile::at(&path).over().volatile().write(b"two").unwrap();
        assert_eq!(read(&path, 3).unwrap().unwrap(), b"two");
        assert_eq!(names(dir.path()), ["x"], "nothing is left beside it");
    }

    #[test]
    fn who_may_use_a_file_is_as_asked_for() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("x");
        for (access, mode) in [(Access::Owner, 0o600), (Access::Mode(0o755), 0o755)] {
            NewFile::at(&path).over().access(access).write(b"").unwrap();
            let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{access:?}");
        }
    }

    #[test]
    fn what_is_too_long_or_no_plain_file_is_not_read() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("x");
        assert!(read(&path, 3).unwrap().is_none());
        fs::write(&path, "four").unwrap();
        assert_eq!(read(&path, 3).unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(read(dir.path(), 3).is_err(), "a directory");
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        assert!(read(&pipe, 3).is_err(), "and nobody waits for a writer");
        assert!(read(Path::new("/dev/zero"), 3).is_err(), "a device");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 4).unwrap().unwrap(), b"four");
        assert!(read_plain(&link, 4).is_err(), "a symlink");
        assert_eq!(read_plain(&path, 4).unwrap().unwrap(), b"four");
    }
}
