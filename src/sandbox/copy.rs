//! Cheap, independent copies of worlds.
//!
//! git never changes a stored object or a pack in place, so these are hard-linked, as in a local git
//! clone. All other files (refs, logs, configuration, index, work trees) are copied.

use std::ffi::OsStr;
use std::fs::{File, FileTimes, Metadata};
use std::io::ErrorKind;
use std::path::Path;

use super::error::{Error, io};

/// Copies the contents of a directory into another one, which exists; hard-links stored objects.
pub(super) fn tree(from: &Path, to: &Path) -> Result<(), Error> {
    below(from, to, Place::Other)
}

/// The position of a directory in a repository.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Its files may change.
    Other,
    /// `objects`.
    Objects,
    /// `objects/pack` or `objects/ab`: its files never change.
    Stored,
}

impl Place {
    fn of(self, directory: &OsStr) -> Self {
        let name = directory.as_encoded_bytes();
        let fan_out = || name.len() == 2 && name.iter().all(u8::is_ascii_hexdigit);
        match self {
            Place::Objects if name == b"pack" || fan_out() => Place::Stored,
            _ if name == b"objects" => Place::Objects,
            _ => Place::Other,
        }
    }
}

fn below(from: &Path, to: &Path, place: Place) -> Result<(), Error> {
    for entry in std::fs::read_dir(from).map_err(io(from))? {
        let entry = entry.map_err(io(from))?;
        let (old, new) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(io(&old))?;
        if kind.is_dir() {
            std::fs::create_dir(&new).map_err(io(&new))?;
            below(&old, &new, place.of(&entry.file_name()))?;
            let permissions = entry.metadata().map_err(io(&old))?.permissions();
            std::fs::set_permissions(&new, permissions).map_err(io(&new))?;
        } else if kind.is_symlink() {
            let target = std::fs::read_link(&old).map_err(io(&old))?;
            std::os::unix::fs::symlink(target, &new).map_err(io(&new))?;
        } else if kind.is_file() {
            if place == Place::Stored && link(&old, &new)? {
                continue;
            }
            file(&old, &new, &entry.metadata().map_err(io(&old))?)?;
        }
    }
    Ok(())
}

/// Hard-links a file; returns false if the file systems do not allow it.
fn link(old: &Path, new: &Path) -> Result<bool, Error> {
    match std::fs::hard_link(old, new) {
        Ok(()) => Ok(true),
        Err(error) => match error.kind() {
            ErrorKind::CrossesDevices
            | ErrorKind::TooManyLinks
            | ErrorKind::PermissionDenied
            | ErrorKind::Unsupported => Ok(false),
            _ => Err(io(new)(error)),
        },
    }
}

/// Copies a file with its mode and modification time, which git's index compares.
fn file(old: &Path, new: &Path, metadata: &Metadata) -> Result<(), Error> {
    std::fs::copy(old, new).map_err(io(new))?;
    let modified = metadata.modified().map_err(io(old))?;
    let times = FileTimes::new().set_modified(modified);
    // Open it for reading, since a stored object is read-only.
    let copied = File::open(new).map_err(io(new))?;
    copied.set_times(times).map_err(io(new))
}
