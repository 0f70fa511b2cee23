//! The files of a cell: what its grants amount to on this machine.

use std::path::PathBuf;

use super::grants::Cell;
use super::toolchains;
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

/// What programs need to find others in the network.
const NETWORK: &[&str] = &[
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
];

/// The devices that may be read and written.
pub(super) const DEVICES: &[&str] = &["/dev/null", "/dev/zero"];

/// Returns all that may be read, as it is called.
pub(super) fn named(cell: &Cell) -> Vec<PathBuf> {
    let own = environment::program().into_iter();
    let network = NETWORK.iter().filter(|_| cell.network);
    let system = SYSTEM.iter().chain(network).map(PathBuf::from);
    let paths = system.chain(own);
    paths.chain(cell.read.iter().cloned()).collect()
}

/// Returns all that may be read. What is not there is left out.
pub(super) fn readable(cell: &Cell) -> Vec<PathBuf> {
    real(named(cell).into_iter())
}

/// Returns all that may be read and written.
pub(super) fn writable(cell: &Cell) -> Vec<PathBuf> {
    let own = [cell.home.clone(), cell.temporary.clone()];
    real(own.into_iter().chain(cell.write.iter().cloned()))
}

/// Adds what may be read of the toolchains, and looks at what the cell then grants. To be called before a root of its own is
/// made, in which what stays closed is not seen.
pub(super) fn opened(cell: &Cell) -> (Cell, Result<(), String>) {
    let mut cell = cell.clone();
    let toolchains = toolchains::readable(&cell.closed).map(|paths| cell.read.extend(paths));
    let closed = toolchains.and_then(|()| check(&cell));
    (cell, closed)
}

/// Fails if something that must stay closed lies in something that is granted: no layer could close
/// it again.
fn check(cell: &Cell) -> Result<(), String> {
    let home = environment::home();
    let closed = real(cell.closed.iter().cloned().chain(home));
    for granted in readable(cell).iter().chain(&writable(cell)) {
        if let Some(inside) = closed.iter().find(|it| it.starts_with(granted)) {
            let (inside, granted) = (inside.display(), granted.display());
            return Err(format!("{inside} lies in {granted}, which is granted"));
        }
    }
    Ok(())
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
        assert_eq!(check(&cell), Ok(()));
        for wide in ["", "repo", "repo/.git", "link", "repo/.git/.."] {
            let mut read = cell.clone();
            read.read.push(path(wide));
            let mut write = cell.clone();
            write.write.push(path(wide));
            let mut home = cell.clone();
            home.home = path(wide);
            for cell in [read, write, home] {
                let why = check(&cell).unwrap_err();
                assert!(why.contains("which is granted"), "{wide}: {why}");
            }
        }
        let mut usr = cell;
        usr.closed.push("/usr/bin".into());
        assert!(check(&usr).is_err(), "the system is granted too");
    }
}
