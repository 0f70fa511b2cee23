//! What a process was given: read once, at the top, and handed down as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables and the current directory of a process.
///
/// git's own configuration is found by git's own rules, which name the environment too; this is
/// for what git-awo asks itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    directory: PathBuf,
}

impl Environment {
    /// Reads what this process was given. Fails if the current directory is gone.
    pub fn of_process() -> std::io::Result<Self> {
        Ok(Self {
            variables: std::env::vars_os().collect(),
            directory: std::env::current_dir()?,
        })
    }

    /// Returns an environment of these variables, in this directory.
    pub fn new<K: Into<OsString>, V: Into<OsString>>(
        directory: &Path,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pair = |(key, value): (K, V)| (key.into(), value.into());
        Self {
            variables: variables.into_iter().map(pair).collect(),
            directory: directory.to_owned(),
        }
    }

    /// Returns a variable, also an empty one.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }

    /// Returns a variable that is not empty: for git an empty one is mostly none.
    pub fn given(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns a variable that is text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.to_str().map(str::to_owned)
    }

    /// Returns the current directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Expands `~/`, as git does for paths in its configuration.
pub fn expand_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

/// Returns whether the environment names the directory for temporary files.
#[cfg(any(test, feature = "selftest"))]
pub(super) fn names_temporary() -> bool {
    std::env::var_os("TMPDIR").is_some()
}

/// Returns the directory for temporary files.
pub fn temporary() -> PathBuf {
    std::env::temp_dir()
}
