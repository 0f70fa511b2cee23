//! What is kept beside a repository to find and to know things fast: `awo-index/` in the directory
//! that all work trees share. All of it can be deleted at any time.

use std::fs;
use std::io;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::git::Reader;
use crate::record::json;
use crate::sys::file::{self, Access, NewFile};

/// The largest file that is read, in bytes.
const MAX_LEN: u64 = 64 * 1024 * 1024;

/// Returns where everything stands.
pub fn directory(reader: &Reader) -> PathBuf {
    reader.common_dir().join("awo-index")
}

/// Makes sure that something can be kept. Whoever only wants to be fast does without; whoever was asked
/// to make it says that it cannot.
pub fn require_writable(reader: &Reader) -> io::Result<()> {
    let directory = directory(reader);
    file::make_directory(&directory)?;
    let probe = directory.join("probe");
    NewFile::at(&probe).over().volatile().write(b"")?;
    fs::remove_file(&probe)
}

/// Removes everything; whoever asks for it next makes it anew.
pub fn remove(reader: &Reader) -> io::Result<()> {
    let directory = directory(reader);
    match fs::symlink_metadata(&directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(it) if it.is_dir() => fs::remove_dir_all(&directory),
        _ => fs::remove_file(&directory),
    }
}

/// Reads what one process tells the next: the SHA-256 of the rest in hex, and a JSON object. Nothing
/// if there is none or it is damaged.
pub fn read<T: Serialize + DeserializeOwned>(reader: &Reader, file: &str) -> Option<T> {
    json::parse_with_digest(&bytes(reader, file)?)
}

/// Writes it for the next time. If that fails, the next process finds everything out anew.
pub fn keep<T: Serialize>(reader: &Reader, file: &str, value: &T) {
    let (directory, new) = (directory(reader), json::with_digest(value));
    if bytes(reader, file).as_ref() == Some(&new) || file::make_directory(&directory).is_err() {
        return;
    }
    let _ = NewFile::at(&directory.join(file))
        .over()
        .volatile()
        .access(Access::Umask)
        .write(&new);
}

fn bytes(reader: &Reader, file: &str) -> Option<Vec<u8>> {
    file::read(&directory(reader).join(file), MAX_LEN).ok()?
}
