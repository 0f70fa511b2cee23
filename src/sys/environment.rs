//! The environment of a process: read once, at the top, and passed down as a value.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables and the current directory of a process.
///
/// git finds its own configuration by its own rules, which also use the environment; this type is for
/// the variables that git-awo reads itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<OsString, OsString>,
    directory: PathBuf,
}

impl Environment {
    /// Reads the environment of this process. Fails if the current directory does not exist.
    pub fn of_process() -> std::io::Result<Self> {
        Ok(Self {
            variables: std::env::vars_os().collect(),
            directory: std::env::current_dir()?,
        })
    }

    /// Returns an environment with these variables and this current directory.
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

    /// Returns a variable, even if it is empty.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.variables
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
    }

    /// Returns a variable unless it is empty; git mostly treats an empty variable as unset.
    pub fn given(&self, name: &str) -> Option<&OsStr> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Returns a variable, if it is UTF-8.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.to_str().map(str::to_owned)
    }

    /// Returns what follows a prefix in the names of variables.
    pub fn after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.variables.keys().filter_map(|name| name.to_str());
        names.filter_map(move |name| name.strip_prefix(prefix))
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

/// Returns the names of all variables.
pub fn names() -> impl Iterator<Item = OsString> {
    std::env::vars_os().map(|(name, _)| name)
}

/// Returns the directory that a variable names, if it is an absolute path.
pub fn named_place(variable: &str) -> Option<PathBuf> {
    let named = std::env::var_os(variable).map(PathBuf::from);
    named.filter(|it| it.is_absolute())
}

/// Returns the home of whoever runs this.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|it| it.is_absolute())
}

/// Returns the directory that a variable names, else the one of this name in the home.
pub fn place(variable: &str, in_home: &str) -> Option<PathBuf> {
    named_place(variable).or_else(|| Some(home()?.join(in_home)))
}

/// Returns the file of this program.
pub fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// Returns whether the environment names the directory for temporary files.
#[cfg(any(test, feature = "selftest"))]
pub(super) fn names_temporary() -> bool {
    std::env::var_os("TMPDIR").is_some()
}

/// Returns the directories in which programs are looked for, after this one.
pub fn search_path(first: &Path) -> OsString {
    let mut path = first.as_os_str().to_owned();
    if let Some(others) = std::env::var_os("PATH").filter(|it| !it.is_empty()) {
        path.push(":");
        path.push(others);
    }
    path
}

/// Returns the directory for temporary files.
pub fn temporary() -> PathBuf {
    std::env::temp_dir()
}
