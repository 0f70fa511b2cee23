//! The seal of a stage: a digest of all its files, so that a stage that was modified is not reused.

use std::path::{Path, PathBuf};

use crate::record::Sha256;

use super::error::{Error, io};

/// Seals a directory; the seal is stored next to it.
pub(super) fn put(directory: &Path) -> Result<(), Error> {
    let path = place(directory);
    std::fs::write(&path, digest(directory)?.to_string()).map_err(io(&path))
}

/// Returns whether a directory exists and is unchanged since it was sealed.
pub(super) fn holds(directory: &Path) -> Result<bool, Error> {
    match std::fs::read_to_string(place(directory)) {
        Ok(sealed) if directory.is_dir() => Ok(sealed == digest(directory)?.to_string()),
        _ => Ok(false),
    }
}

/// Returns the path of the seal: the same for `Landed.new` and `Landed`, to which it is renamed.
fn place(directory: &Path) -> PathBuf {
    directory.with_extension("seal")
}

fn digest(directory: &Path) -> Result<Sha256, Error> {
    let mut listed = Vec::new();
    list(directory, directory, &mut listed)?;
    listed.sort();
    Ok(Sha256::of(listed.concat().as_bytes()))
}

fn list(root: &Path, directory: &Path, listed: &mut Vec<String>) -> Result<(), Error> {
    for entry in std::fs::read_dir(directory).map_err(io(directory))? {
        let path = entry.map_err(io(directory))?.path();
        let metadata = path.symlink_metadata().map_err(io(&path))?;
        let name = path.strip_prefix(root).unwrap_or(&path).display();
        if metadata.is_dir() {
            listed.push(format!("{name}/\n"));
            list(root, &path, listed)?;
        } else if metadata.is_file() {
            let bytes = std::fs::read(&path).map_err(io(&path))?;
            listed.push(format!("{name} {}\n", Sha256::of(&bytes)));
        }
    }
    Ok(())
}
