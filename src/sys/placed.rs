//! The place of a file below a directory: reached through no symlink, and filled in one step or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::Permissions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use super::directory::Directory;
use super::entry::{Entry, Kind};
use super::random;

/// Begins the names of files that are not in their places yet, after [`PENDING`](super::file::PENDING).
pub const OURS: &str = ".git-awo-pending-write-";

/// Tells whether a file of this name is not in its place yet.
pub fn is_ours(name: &[u8]) -> bool {
    name.starts_with(OURS.as_bytes())
}

/// The place of a file.
#[derive(Debug)]
pub struct Placed {
    /// The innermost directory on the way that is there.
    innermost: Directory,
    /// The directories on the way that are not there yet.
    missing: Vec<OsString>,
    name: OsString,
}

/// Something other than a directory stands on the way to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InTheWay {
    /// Which component of the path it is, counted from 0.
    pub component: usize,
    /// What it is.
    pub kind: Kind,
}

impl Placed {
    /// Goes to the place of a file below a directory. The path has at least one component, and none that leads up.
    pub fn find(top: &Directory, path: &[&[u8]]) -> io::Result<Result<Self, InTheWay>> {
        let [around @ .., name] = path else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut innermost = top.again()?;
        let mut missing = Vec::new();
        for (component, name) in around.iter().enumerate() {
            let name = OsStr::from_bytes(name);
            if !missing.is_empty() {
                missing.push(name.to_owned());
                continue;
            }
            match innermost.entry(name)?.map(|it| it.kind) {
                None => missing.push(name.to_owned()),
                Some(Kind::Directory) => innermost = innermost.inner(name)?,
                Some(kind) => return Ok(Err(InTheWay { component, kind })),
            }
        }
        Ok(Ok(Self {
            innermost,
            missing,
            name: OsStr::from_bytes(name).to_owned(),
        }))
    }

    /// Returns what stands there, if anything does.
    pub fn entry(&self) -> io::Result<Option<Entry>> {
        match self.missing.is_empty() {
            true => self.innermost.entry(&self.name),
            false => Ok(None),
        }
    }

    /// Returns the content of the regular file that stands there, if one does; longer ones are an error.
    pub fn read(&self, limit: u64) -> io::Result<Option<Vec<u8>>> {
        if self.entry()?.is_none() {
            return Ok(None);
        }
        let file = self.innermost.open_file(&self.name)?;
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let why = format!("it has more than {limit} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        Ok(Some(bytes))
    }

    /// Removes the file that stands there.
    pub fn remove(&self) -> io::Result<()> {
        match self.entry()? {
            None => Ok(()),
            Some(_) => self.innermost.remove_file(&self.name),
        }
    }

    /// Returns the names of what processes are writing in the directory of the file, or were writing when they were killed.
    pub fn beside(&self) -> io::Result<Vec<OsString>> {
        let entries = self.innermost.entries()?.into_iter();
        let ours = entries.filter(|it| it.kind == Kind::File && is_ours(it.name.as_bytes()));
        Ok(ours.map(|it| it.name).collect())
    }

    /// Writes a file beside its place. It takes its place when it [arrives](Pending::arrive), and until then it can be
    /// dropped without a trace. It may be used as the one that stands there, or else as the umask says.
    pub fn prepare(&self, bytes: &[u8]) -> io::Result<Pending> {
        let mut pending = Pending {
            directories: vec![self.innermost.again()?],
            made: Vec::new(),
            temporary: None,
            name: self.name.clone(),
            has_arrived: false,
        };
        for name in &self.missing {
            let made = pending.innermost()?.make_directory(name)?;
            pending.made.push(name.clone());
            pending.directories.push(made);
        }
        let directory = pending.innermost()?;
        let before = self.entry()?;
        if before.as_ref().is_some_and(|it| it.kind != Kind::File) {
            return Err(io::Error::other("what stands there is no file"));
        }
        let random: [u8; 8] = random::bytes()?;
        let suffix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let temporary = OsString::from(format!("{OURS}{suffix}"));
        let mut file = directory.make_file(&temporary, false)?;
        pending.temporary = Some(temporary);
        file.write_all(bytes)?;
        if let Some(mode) = before.map(|it| it.permissions()) {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        file.sync_all()?;
        Ok(pending)
    }
}

/// A file that is written, and has not taken its place.
#[derive(Debug)]
pub struct Pending {
    /// The directories from the innermost that was there to the one of the file.
    directories: Vec<Directory>,
    /// Those of them that were made, by their names.
    made: Vec<OsString>,
    /// Its name for the time being.
    temporary: Option<OsString>,
    name: OsString,
    has_arrived: bool,
}

impl Pending {
    fn innermost(&self) -> io::Result<&Directory> {
        let directory = self.directories.last();
        directory.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Puts the file in its place. A file that stands there goes.
    pub fn arrive(mut self) -> io::Result<()> {
        let directory = self.innermost()?;
        if let Some(temporary) = &self.temporary {
            directory.rename(temporary, directory, &self.name)?;
        }
        // Where this fails the file is there all the same, but a power failure may take it again.
        let _ = directory.sync();
        self.has_arrived = true;
        Ok(())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.has_arrived {
            return;
        }
        if let (Some(temporary), Ok(directory)) = (&self.temporary, self.innermost()) {
            let _ = directory.remove_file(temporary);
        }
        for name in self.made.iter().rev() {
            self.directories.pop();
            // Fails if somebody else has put something there.
            if let Ok(around) = self.innermost() {
                let _ = around.remove_directory(name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn find(dir: &TempDir, path: &str) -> Result<Placed, InTheWay> {
        let names: Vec<&[u8]> = path.split('/').map(str::as_bytes).collect();
        Placed::find(&Directory::open(dir.path()).unwrap(), &names).unwrap()
    }

    #[test]
    fn a_file_takes_its_place_whole_with_its_directories_and_its_mode() {
        let dir = TempDir::new().unwrap();
        find(&dir, "a/b/c")
            .unwrap()
            .prepare(b"one")
            .unwrap()
            .arrive()
            .unwrap();
        let path = dir.path().join("a/b/c");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        fs::set_permissions(&path, Permissions::from_mode(0o750)).unwrap();
        let place = find(&dir, "a/b/c").unwrap();
        assert_eq!(place.read(3).unwrap().unwrap(), b"one");
        assert!(place.read(2).is_err());
        place.prepare(b"other").unwrap().arrive().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"other");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o750
        );
        assert_eq!(fs::read_dir(dir.path().join("a/b")).unwrap().count(), 1);
        place.remove().unwrap();
        assert!(place.entry().unwrap().is_none() && place.read(9).unwrap().is_none());
        place.remove().unwrap();
    }

    #[test]
    fn what_does_not_arrive_leaves_nothing() {
        let dir = TempDir::new().unwrap();
        fs::create_dir(dir.path().join("kept")).unwrap();
        for path in ["x", "a/b/c", "kept/b/c"] {
            drop(find(&dir, path).unwrap().prepare(b"one").unwrap());
        }
        let first = find(&dir, "new/x").unwrap().prepare(b"one").unwrap();
        let second = find(&dir, "new/y").unwrap().prepare(b"two").unwrap();
        drop(second);
        drop(first);
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().flatten().collect();
        assert_eq!(left.len(), 1);
        let place = find(&dir, "kept/x").unwrap();
        // As if this process had been killed.
        std::mem::forget(place.prepare(b"one").unwrap());
        fs::write(dir.path().join("kept/.git-awo-pending-other"), "x").unwrap();
        assert_eq!(fs::read_dir(dir.path().join("kept")).unwrap().count(), 2);
        let beside = place.beside().unwrap();
        assert!(matches!(beside.as_slice(), [one] if is_ours(one.as_bytes())));
        fs::remove_file(dir.path().join("kept").join(&beside[0])).unwrap();
        fs::remove_file(dir.path().join("kept/.git-awo-pending-other")).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("kept")).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_written_through_a_symlink_or_over_what_is_no_file() {
        let dir = TempDir::new().unwrap();
        let other = TempDir::new().unwrap();
        symlink(other.path(), dir.path().join("link")).unwrap();
        symlink(other.path().join("x"), dir.path().join("file-link")).unwrap();
        fs::create_dir(dir.path().join("directory")).unwrap();
        fs::write(dir.path().join("file"), "x").unwrap();
        let way = find(&dir, "link/x").unwrap_err();
        assert_eq!((way.component, way.kind), (0, Kind::Symlink));
        assert_eq!(find(&dir, "file/x").unwrap_err().kind, Kind::File);
        for path in ["file-link", "directory"] {
            assert!(find(&dir, path).unwrap().prepare(b"one").is_err(), "{path}");
        }
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
    }
}
