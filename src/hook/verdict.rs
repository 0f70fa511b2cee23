//! The verdict as a file, for programs: `GIT_AWO_JSON=FILE`.
//!
//! The variable may come from whoever pushes, so the server's own configuration names the only directory
//! in which anything is written, and nobody else's file is written over.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path};

use crate::git::Reader;
use crate::record::Report;
use crate::sys::file::{self, NewFile};

use super::Error;

/// Writes the verdict to a file directly in the directory that `awo.jsonDirectory` names. A file of ours
/// is replaced; anything else in its place stays.
pub fn write(reader: &Reader, path: &Path, report: &Report) -> Result<(), Error> {
    let refused = |why| Error::Verdict {
        path: path.to_owned(),
        why,
    };
    let directory = reader.own_config("awo", "jsonDirectory");
    let directory =
        directory.ok_or(refused("the server's awo.jsonDirectory names no directory"))?;
    let io = |source| Error::Io {
        path: path.to_owned(),
        source,
    };
    let directory = reader.git_dir().join(directory);
    let directory = directory.canonicalize().map_err(io)?;
    let Some(Component::Normal(name)) = path.components().next_back() else {
        return Err(refused("it names no file"));
    };
    let beside = path.parent().filter(|it| !it.as_os_str().is_empty());
    if let Some(beside) = beside
        && beside.canonicalize().map_err(io)? != directory
    {
        return Err(refused(
            "it is not in the directory that awo.jsonDirectory names",
        ));
    }
    let place = directory.join(name);
    let own =
        |it: &std::fs::Metadata| it.is_file() && it.uid() == rustix::process::geteuid().as_raw();
    if file::look(&place).map_err(io)?.is_some_and(|it| !own(&it)) {
        return Err(refused("what is there is no plain file, or another user's"));
    }
    let mut text = report.to_json().to_string();
    text.push('\n');
    // A symlink that is put there meanwhile is replaced and not followed.
    NewFile::at(&place)
        .over()
        .write(text.as_bytes())
        .map_err(io)
}
