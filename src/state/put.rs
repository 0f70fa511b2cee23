//! Putting a state back: it is written beside the directory, hashed, and takes its place in one step.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::git::Reader;
use crate::policy::document::Limits;
use crate::record::baseline::{self, Manifest, differences};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath};
use crate::sys::directory::Directory;
use crate::sys::entry::Kind;
use crate::sys::random;

use super::take::{stamps_of, survey_of};
use super::{Error, Root, Survey};

/// How the directories begin in which states are written.
const PREFIX: &str = ".awo-restore-";
/// A file in such a directory, which tells it from others; git does not look at what is beside it.
const HELD: &str = ".gitignore";
/// What stands in it.
const MARK: &[u8] = b"# git-awo restores a baseline here\n*\n";
/// The state in it: first the new one, then the old one.
const STATE: &str = "state";

/// Puts the state of a baseline, whose files are in this tree, in the place of what `before` has found there.
/// Returns what could not be removed of that.
///
/// Until the last step the old state stands there, and from then on the new one. What changed since `before`
/// was read stays where it is.
pub fn put(
    reader: &Reader,
    root: &Root,
    (manifest, files): (&Manifest, ObjectId),
    before: Option<&Survey>,
    limits: &Limits,
) -> Result<Option<PathBuf>, Error> {
    let parent = root.parent()?;
    let workshop = Workshop::open(parent)?;
    let state = workshop.make(STATE)?;
    write(reader, root, &state, manifest, files)?;
    let is_whole = |directory: &Directory| -> Result<(), Error> {
        let found = survey_of(reader, root, limits, directory)?;
        match differences(&manifest.items, &found.items()).first() {
            None => Ok(()),
            Some((path, _)) => Err(Error::Differs(root.path().join(path.as_bytes()))),
        }
    };
    is_whole(&state)?;
    state.sync().map_err(Error::io("sync", state.path()))?;
    let (name, inner) = (root.name(), OsStr::new(STATE));
    match before {
        Some(before) => {
            swap(parent, name, &workshop.directory)?;
            let old = workshop.directory.inner(STATE);
            let old = old.map_err(Error::read(workshop.directory.path()))?;
            if stamps_of(root, limits, &old)? != before.stamps {
                // Whoever wrote there meanwhile loses nothing.
                swap(parent, name, &workshop.directory)?;
                return Err(Error::Unsteady(root.path().clone()));
            }
        }
        None => match workshop.directory.move_to(inner, parent, name) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(Error::Unsteady(root.path().clone()));
            }
            moved => moved.map_err(|source| no_exchange(parent, source))?,
        },
    }
    parent.sync().map_err(Error::io("sync", parent.path()))?;
    let left = workshop.close();
    // Read where it now stands.
    match root.directory()? {
        Some(directory) => is_whole(&directory)?,
        None => return Err(Error::Differs(root.path().clone())),
    }
    Ok(left)
}

fn swap(parent: &Directory, name: &OsStr, workshop: &Directory) -> Result<(), Error> {
    let swapped = workshop.exchange(OsStr::new(STATE), parent, name);
    swapped.map_err(|source| no_exchange(parent, source))
}

fn no_exchange(parent: &Directory, source: std::io::Error) -> Error {
    use std::io::ErrorKind;
    let path = parent.path().to_owned();
    let unknown = [
        ErrorKind::InvalidInput,
        ErrorKind::Unsupported,
        ErrorKind::CrossesDevices,
    ];
    match unknown.contains(&source.kind()) {
        true => Error::NoExchange { path, source },
        false => Error::io("exchange directories in", &path)(source),
    }
}

/// Removes what a killed process has left beside the directory; returns what cannot be removed, or may be
/// somebody else's. The caller holds the lock of the repository.
pub fn sweep(root: &Root) -> Result<Vec<PathBuf>, Error> {
    let mut left = Vec::new();
    let Ok(parent) = root.parent() else {
        return Ok(left);
    };
    let entries = parent.entries().map_err(Error::read(parent.path()))?;
    for entry in entries {
        let ours = entry.name.as_bytes().starts_with(PREFIX.as_bytes());
        if ours && entry.kind == Kind::Directory {
            if let Ok(directory) = parent.inner(&entry.name)
                && is_marked(&directory)?
            {
                directory.remove(HELD);
            }
            let path = parent.path().join(&entry.name);
            if path.symlink_metadata().is_ok() {
                left.push(path);
            }
        }
    }
    Ok(left)
}

/// Tells whether a directory is one of ours: it is marked, or a process died before it could mark it.
fn is_marked(directory: &Directory) -> Result<bool, Error> {
    let entries = directory.entries();
    let entries = entries.map_err(Error::read(directory.path()))?;
    let held = entries.iter().find(|it| it.name == HELD);
    let alone = entries.len() <= 1;
    let Some(held) = held else {
        return Ok(entries.is_empty());
    };
    if held.kind != Kind::File {
        return Ok(false);
    }
    let file = directory.open_file(OsStr::new(HELD));
    let Ok(file) = file else { return Ok(false) };
    let mut text = Vec::new();
    let mut limited = std::io::Read::take(file, MARK.len() as u64);
    let read = std::io::Read::read_to_end(&mut limited, &mut text);
    Ok(read.is_ok() && (text == MARK || (alone && MARK.starts_with(&text))))
}

/// A directory beside the root, which goes with the value.
struct Workshop {
    directory: Directory,
    is_closed: bool,
}

impl Workshop {
    fn open(parent: &Directory) -> Result<Self, Error> {
        let random: [u8; 8] =
            random::bytes().map_err(Error::io("name a directory in", parent.path()))?;
        let name = format!("{PREFIX}{:016x}", u64::from_be_bytes(random));
        let place = parent.path().join(&name);
        let directory = parent.make_directory(OsStr::new(&name));
        let directory = directory.map_err(Error::io("make", &place))?;
        let workshop = Self {
            directory,
            is_closed: false,
        };
        let held = workshop.directory.make_file(OsStr::new(HELD), false);
        let written = held.and_then(|mut file| {
            file.write_all(MARK)?;
            file.sync_all()
        });
        written.map_err(Error::io("write", &place.join(HELD)))?;
        Ok(workshop)
    }

    fn make(&self, name: &str) -> Result<Directory, Error> {
        let made = self.directory.make_directory(OsStr::new(name));
        made.map_err(Error::io("make", &self.directory.path().join(name)))
    }

    /// Removes it with all that is in it; returns where it is if something is left.
    fn close(mut self) -> Option<PathBuf> {
        self.is_closed = true;
        self.directory.remove(HELD);
        let path = self.directory.path();
        path.exists().then(|| path.to_owned())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if !self.is_closed {
            self.directory.remove(HELD);
        }
    }
}

/// Writes everything of a state, and syncs it to the disk.
fn write(
    reader: &Reader,
    root: &Root,
    state: &Directory,
    manifest: &Manifest,
    files: ObjectId,
) -> Result<(), Error> {
    let stored = reader.files(files, manifest.items.len())?;
    let stored: BTreeMap<RepoPath, (Mode, ObjectId)> = stored
        .into_iter()
        .map(|(path, mode, id)| (path, (mode, id)))
        .collect();
    let mut made: BTreeSet<RepoPath> = BTreeSet::new();
    for item in &manifest.items {
        let mut names: Vec<&[u8]> = item.path.components().collect();
        let name = match item.kind {
            baseline::Kind::Directory => None,
            _ => names.pop().map(|it| OsString::from(OsStr::from_bytes(it))),
        };
        let directory = descend(state, &names, &mut made)?;
        let directory = directory.as_ref().unwrap_or(state);
        let Some(name) = name else { continue };
        let place = directory.path().join(&name);
        let Some((_, id)) = stored.get(&item.path) else {
            return Err(Error::Differs(root.path().join(item.path.as_bytes())));
        };
        let bytes = reader.blob_limited(*id, item.size)?;
        match item.kind {
            baseline::Kind::Symlink => directory
                .make_link(OsStr::from_bytes(&bytes), &name)
                .map_err(Error::io("write", &place))?,
            _ => {
                let written = directory
                    .make_file(&name, item.executable)
                    .and_then(|mut file| {
                        file.write_all(&bytes)?;
                        file.sync_all()
                    });
                written.map_err(Error::io("write", &place))?;
            }
        }
    }
    for path in made {
        let names: Vec<&[u8]> = path.components().collect();
        if let Some(directory) = descend(state, &names, &mut BTreeSet::new())? {
            directory
                .sync()
                .map_err(Error::io("sync", directory.path()))?;
        }
    }
    Ok(())
}

/// Opens a directory below the state, and makes what is not there; `None` is the state itself.
fn descend(
    state: &Directory,
    names: &[&[u8]],
    made: &mut BTreeSet<RepoPath>,
) -> Result<Option<Directory>, Error> {
    let mut at: Option<Directory> = None;
    let mut path = RepoPath::default();
    for name in names {
        path = path.join(name);
        let parent = at.as_ref().unwrap_or(state);
        let name = OsStr::from_bytes(name);
        let place = parent.path().join(name);
        let inner = match made.insert(path.clone()) && !parent.has_directory(name) {
            true => parent.make_directory(name),
            false => parent.inner(name),
        };
        at = Some(inner.map_err(Error::io("write", &place))?);
    }
    Ok(at)
}
