//! The object quarantine in which git shows the pushed objects to a server's hook.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use gix_quote::ansi_c;
use tempfile::TempDir;

use super::error::Error;

/// The location of the repository and its objects, as git passes it to a hook.
///
/// gix does not read these variables. Objects are therefore read through a directory outside the
/// quarantine whose `info/alternates` names all object directories. Nothing is written inside the
/// quarantine, since git would move it into the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// The repository, absolute.
    pub git_dir: PathBuf,
    /// The directory of the pushed objects, absolute; `None` outside a quarantine.
    pub objects: Option<PathBuf>,
    /// The other object directories, absolute.
    pub alternates: Vec<PathBuf>,
    /// A shallow file that git uses instead of the repository's own.
    pub shallow_file: Option<PathBuf>,
}

impl Quarantine {
    /// Reads the variables that git sets. `get` looks up a variable; `cwd` is the current directory
    /// from `getcwd` (the variable `PWD` may come from the client).
    pub fn from_values(get: impl Fn(&str) -> Option<OsString>, cwd: &Path) -> Result<Self, Error> {
        let fault = |why: String| Error::Environment { why };
        let get = |key: &str| get(key).filter(|value| !value.is_empty());
        let git_dir = get("GIT_DIR").ok_or(fault("GIT_DIR is not set".into()))?;
        let objects = get("GIT_OBJECT_DIRECTORY").map(|dir| cwd.join(dir));
        let quarantine = get("GIT_QUARANTINE_PATH").map(|dir| cwd.join(dir));
        if let Some(quarantine) = &quarantine {
            let real = |path: &Path| fs::canonicalize(path).ok();
            let named = objects.as_deref().and_then(real);
            if named.is_none() || named != real(quarantine) {
                let why = "GIT_QUARANTINE_PATH and GIT_OBJECT_DIRECTORY name different directories";
                return Err(fault(why.into()));
            }
        }
        let list = get("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
        let alternates = split_list(&list)
            .ok_or(fault(
                "GIT_ALTERNATE_OBJECT_DIRECTORIES has a broken quote".into(),
            ))?
            .into_iter()
            .map(|dir| cwd.join(dir))
            .collect();
        Ok(Self {
            git_dir: cwd.join(git_dir),
            objects,
            alternates,
            shallow_file: get("GIT_SHALLOW_FILE").map(|file| cwd.join(file)),
        })
    }

    /// Creates the directory through which all objects are read; `None` if the repository's own
    /// object directory is the only one.
    pub(super) fn view(&self, common_dir: &Path) -> Result<Option<TempDir>, Error> {
        if self.objects.is_none() && self.alternates.is_empty() {
            return Ok(None);
        }
        let own = common_dir.join("objects");
        let objects = self.objects.as_ref().unwrap_or(&own);
        let mut lines = Vec::new();
        for dir in std::iter::once(objects).chain(&self.alternates) {
            let dir = fs::canonicalize(dir).map_err(|source| Error::Io {
                path: dir.clone(),
                source,
            })?;
            lines.extend_from_slice(&alternates_line(dir.as_os_str()));
        }
        let temporary = tempfile::Builder::new()
            .prefix("git-awo-view-")
            .tempdir()
            .map_err(|source| Error::Io {
                path: crate::sys::environment::temporary(),
                source,
            })?;
        let write = |path: PathBuf| -> std::io::Result<()> {
            fs::create_dir(path.join("pack"))?;
            fs::create_dir(path.join("info"))?;
            fs::write(path.join("info").join("alternates"), &lines)
        };
        write(temporary.path().to_owned()).map_err(|source| Error::Io {
            path: temporary.path().to_owned(),
            source,
        })?;
        Ok(Some(temporary))
    }
}

/// Splits git's list of directories at `:`. An entry that starts with `"` is C-quoted.
fn split_list(list: &OsStr) -> Option<Vec<PathBuf>> {
    let mut rest = list.as_encoded_bytes();
    let mut dirs = Vec::new();
    while !rest.is_empty() {
        let (entry, used) = match rest.first() {
            Some(b'"') => ansi_c::undo(rest.into()).ok()?,
            _ => {
                let end = rest.find_byte(b':').unwrap_or(rest.len());
                (rest.get(..end)?.as_bstr().into(), end)
            }
        };
        rest = rest.get(used..)?;
        if let Some(after) = rest.strip_prefix(b":") {
            rest = after;
        } else if !rest.is_empty() {
            return None;
        }
        if !entry.is_empty() {
            dirs.push(entry.to_path().ok()?.to_owned());
        }
    }
    Some(dirs)
}

/// Returns the line of an alternates file that names an absolute path.
pub(super) fn alternates_line(dir: &OsStr) -> Vec<u8> {
    let mut line = ansi_c::quote(dir.as_encoded_bytes().into()).into_owned();
    line.push(b'\n');
    line.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(list: &[(&str, &str)]) -> Result<Quarantine, Error> {
        let list: Vec<(String, OsString)> = list
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).into()))
            .collect();
        let get = |key: &str| list.iter().find(|(k, _)| k == key).map(|(_, v)| v.clone());
        Quarantine::from_values(get, Path::new("/srv/x.git"))
    }

    #[test]
    fn paths_are_relative_to_the_current_directory() {
        let read = values(&[
            ("GIT_DIR", "."),
            (
                "GIT_ALTERNATE_OBJECT_DIRECTORIES",
                "/a:\"/b\\072\\\"c\\\\\":d",
            ),
        ])
        .unwrap();
        assert_eq!(read.git_dir, Path::new("/srv/x.git/."));
        assert_eq!(read.objects, None);
        assert_eq!(
            read.alternates,
            [
                Path::new("/a"),
                Path::new("/b:\"c\\"),
                Path::new("/srv/x.git/d")
            ]
        );
    }

    #[test]
    fn a_contradicting_environment_is_refused() {
        assert!(values(&[]).is_err());
        assert!(values(&[("GIT_DIR", ".")]).is_ok());
        let list = "GIT_ALTERNATE_OBJECT_DIRECTORIES";
        assert!(values(&[("GIT_DIR", "."), (list, "\"/open")]).is_err());
        assert!(values(&[("GIT_DIR", "."), (list, "\"/a\"b")]).is_err());
        assert!(values(&[("GIT_DIR", "."), ("GIT_QUARANTINE_PATH", "/tmp")]).is_err());
        let (quarantine, objects) = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY");
        assert!(values(&[("GIT_DIR", "."), (quarantine, "/tmp"), (objects, "/")]).is_err());
        assert!(values(&[("GIT_DIR", "."), (quarantine, "/tmp"), (objects, "/tmp/.")]).is_ok());
    }

    #[test]
    fn odd_directories_are_quoted_in_the_view() {
        assert_eq!(alternates_line(OsStr::new("/a b")), b"/a b\n");
        assert_eq!(alternates_line(OsStr::new("/a\nb\"")), b"\"/a\\nb\\\"\"\n");
    }
}
