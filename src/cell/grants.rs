//! What a cell grants, and how it is handed to the process that becomes the command.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::sys::environment;

/// What may be read besides what a cell names: the system's programs and libraries, and the few of its
/// settings that they need.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/localtime",
    "/etc/alternatives",
    "/etc/os-release",
    "/etc/debian_version",
    "/etc/ssl/openssl.cnf",
    "/etc/ssl/certs",
    "/dev/urandom",
    "/dev/random",
];

/// The devices that may be read and written.
pub(super) const DEVICES: &[&str] = &["/dev/null", "/dev/zero"];

/// Toolchains in a home: the variable that names them, where they are else, and what of them may be read.
const TOOLCHAINS: &[(&str, &str, &[&str])] = &[
    ("CARGO_HOME", ".cargo", &["bin", "registry"]),
    ("RUSTUP_HOME", ".rustup", &[""]),
    ("PYENV_ROOT", ".pyenv", &[""]),
];

/// How much of a cell must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Demand {
    /// Whatever can be had.
    BestEffort,
    /// Every layer: else the command does not start.
    #[default]
    Required,
}

/// What a cell grants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// How much must hold.
    pub demand: Demand,
    /// What may be read, besides the system and its toolchains.
    pub read: Vec<PathBuf>,
    /// What may be read and written.
    pub write: Vec<PathBuf>,
    /// What nothing that is granted may contain.
    pub closed: Vec<PathBuf>,
    /// The command's home. It may be written.
    pub home: PathBuf,
    /// The directory for temporary files. It may be written.
    pub temporary: PathBuf,
}

/// A toolchain that stands in somebody's home.
pub(super) struct Toolchain {
    /// The variable that names it.
    pub(super) variable: &'static str,
    /// Where it is.
    pub(super) root: PathBuf,
}

impl Cell {
    /// Returns the arguments after `git-awo` that open this cell for a command.
    pub fn arguments(&self, command: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["cell".into(), "--inside".into()];
        let mut add = |option: &str, path: &Path| args.extend([option.into(), path.into()]);
        add("--home", &self.home);
        add("--temporary", &self.temporary);
        for (option, paths) in [
            ("--read", &self.read),
            ("--write", &self.write),
            ("--closed", &self.closed),
        ] {
            paths.iter().for_each(|path| add(option, path));
        }
        if self.demand == Demand::BestEffort {
            args.push("--best-effort".into());
        }
        args.push("--".into());
        args.extend(command);
        args
    }

    /// Returns all that may be read. What is not there is left out.
    pub(super) fn readable(&self) -> Vec<PathBuf> {
        let own = environment::program().into_iter();
        let toolchains = toolchains().flat_map(|(it, parts)| {
            let root = it.root;
            parts.iter().map(move |part| root.join(part))
        });
        let system = SYSTEM.iter().map(PathBuf::from);
        let paths = system.chain(toolchains).chain(own);
        real(paths.chain(self.read.iter().cloned()))
    }

    /// Returns all that may be read and written.
    pub(super) fn writable(&self) -> Vec<PathBuf> {
        let own = [self.home.clone(), self.temporary.clone()];
        real(own.into_iter().chain(self.write.iter().cloned()))
    }

    /// Fails if something that must stay closed lies in something that is granted: no layer could close
    /// it again.
    pub(super) fn check(&self) -> Result<(), String> {
        let home = environment::home();
        let closed = real(self.closed.iter().cloned().chain(home));
        for granted in self.readable().iter().chain(&self.writable()) {
            if let Some(inside) = closed.iter().find(|it| it.starts_with(granted)) {
                let (inside, granted) = (inside.display(), granted.display());
                return Err(format!("{inside} lies in {granted}, which is granted"));
            }
        }
        Ok(())
    }
}

/// Returns the toolchains of whoever runs this, and what of them may be read.
fn toolchains() -> impl Iterator<Item = (Toolchain, &'static [&'static str])> {
    TOOLCHAINS.iter().filter_map(|(variable, below, parts)| {
        let root = environment::place(variable, below)?;
        Some((Toolchain { variable, root }, *parts))
    })
}

/// Returns the toolchains of whoever runs this.
pub(super) fn homes_of_toolchains() -> impl Iterator<Item = Toolchain> {
    toolchains().map(|(it, _)| it)
}

/// Returns the paths that exist, without symlinks.
fn real(paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    paths.filter_map(|it| it.canonicalize().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn nothing_granted_contains_what_must_stay_closed() {
        let dir = TempDir::new().unwrap();
        let path = |name: &str| dir.path().join(name);
        for name in ["tree", "home", "tmp", "repo/.git/objects"] {
            std::fs::create_dir_all(path(name)).unwrap();
        }
        std::os::unix::fs::symlink(path("repo"), path("link")).unwrap();
        let cell = Cell {
            read: vec![path("repo/.git/objects")],
            write: vec![path("tree")],
            closed: vec![path("repo"), path("repo/.git")],
            home: path("home"),
            temporary: path("tmp"),
            ..Cell::default()
        };
        assert_eq!(cell.check(), Ok(()));
        for wide in ["", "repo", "repo/.git", "link", "repo/.git/.."] {
            let mut read = cell.clone();
            read.read.push(path(wide));
            let mut write = cell.clone();
            write.write.push(path(wide));
            let mut home = cell.clone();
            home.home = path(wide);
            for cell in [read, write, home] {
                let why = cell.check().unwrap_err();
                assert!(why.contains("which is granted"), "{wide}: {why}");
            }
        }
        let mut usr = cell;
        usr.closed.push("/usr/bin".into());
        assert!(usr.check().is_err(), "the system is granted too");
    }
}
