//! Writing our own files: whole or not at all.

use std::fs::File;
use std::path::Path;

use crate::sys::file::{self, Access, NewFile};

use super::error::Error;

/// Writes a file for its owner beside its place and moves it there. Makes the directory.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    std::fs::create_dir_all(file::directory_of(path)).map_err(failed(path))?;
    NewFile::at(path).over().write(bytes).map_err(failed(path))
}

/// Writes a file for others to read, as far as the umask lets them, beside its place and moves it
/// there. Where `write` fails, nothing is moved and its error is returned inside.
pub fn publish_atomically<T, E>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<Result<T, E>, Error> {
    let file = NewFile::at(path).over().access(Access::Umask);
    file.fill(write).map_err(failed(path))
}

/// Removes what [`publish_atomically`] has left in a directory when its process was killed there.
/// The caller knows that nobody else is at it.
pub fn remove_pending(directory: &Path) -> Result<(), Error> {
    file::remove_pending(directory).map_err(failed(directory))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
