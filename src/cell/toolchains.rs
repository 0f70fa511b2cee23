//! Toolchains that stand in somebody's home, or where their variables say, and what of them may be read.

use std::path::{Path, PathBuf};

use super::judged::Judge;
use crate::sys::environment;

/// A kind of toolchain.
pub(super) struct Kind {
    /// The variable that names its root.
    pub(super) variable: &'static str,
    /// Where it is else, in the home.
    below: &'static str,
    /// What of it may be read.
    parts: &'static [&'static str],
    /// What its root has, at least one of them: another directory is none.
    has: &'static [&'static str],
    /// What makes its root one that is a repository itself, as it is installed.
    cloned: Option<&'static str>,
}

const KINDS: &[Kind] = &[
    Kind {
        variable: "CARGO_HOME",
        below: ".cargo",
        parts: &["bin", "registry"],
        has: &["bin", "registry"],
        cloned: None,
    },
    Kind {
        variable: "RUSTUP_HOME",
        below: ".rustup",
        parts: &["settings.toml", "toolchains", "update-hashes"],
        has: &["toolchains"],
        cloned: None,
    },
    Kind {
        variable: "PYENV_ROOT",
        below: ".pyenv",
        parts: &[
            "bin",
            "completions",
            "libexec",
            "pyenv.d",
            "shims",
            "version",
            "versions",
        ],
        has: &["versions"],
        cloned: Some("libexec/pyenv"),
    },
];

/// Returns where toolchains of whoever runs this would be.
pub(super) fn toolchains() -> impl Iterator<Item = (&'static Kind, PathBuf)> {
    let rooted = |kind: &'static Kind| Some((kind, environment::place(kind.variable, kind.below)?));
    KINDS.iter().filter_map(rooted)
}

/// Returns what may be read of the toolchains that are there. Fails where one is no toolchain, or lies where nothing may be read:
/// its variable, or a symlink in its place, may name anything.
pub(super) fn readable(closed: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let judge = Judge::new(closed);
    let mut paths = Vec::new();
    for (kind, root) in toolchains() {
        let named = environment::named_place(kind.variable).is_some();
        let read = of(kind, &root, named, &judge);
        let fail = |why| format!("{}, {}: {why}", kind.variable, root.display());
        paths.extend(read.map_err(fail)?);
    }
    Ok(paths)
}

/// Returns what may be read of one toolchain, under the names that it has.
fn of(kind: &Kind, root: &Path, named: bool, judge: &Judge) -> Result<Vec<PathBuf>, String> {
    let Ok(real) = root.canonicalize() else {
        return Ok(Vec::new());
    };
    if !kind.has.iter().any(|it| real.join(it).is_dir()) {
        return match named {
            true => Err(format!("it has no {}", kind.has.join(" and no "))),
            // As an empty one in a home, of which nothing is granted.
            false => Ok(Vec::new()),
        };
    }
    let is_cloned = kind.cloned.is_some_and(|it| real.join(it).is_file());
    let own = is_cloned.then_some(real.as_path());
    let mut paths = Vec::new();
    for part in kind.parts {
        let path = root.join(part);
        let place = judge.place(&path, own)?;
        paths.extend(place.map(|_| path));
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    #[test]
    fn a_toolchain_looks_like_one_and_lies_where_something_may_be_read() {
        let dir = TempDir::new().unwrap();
        // A home: what lies elsewhere in a directory for temporary files is refused.
        let home = dir.path().canonicalize().unwrap();
        let path = |name: &str| home.join(name);
        for name in [
            "rustup/toolchains/x/bin",
            "pyenv/versions/3",
            "pyenv/.git",
            "pyenv/libexec",
            "clone/.git",
            "clone/versions",
            "clone/toolchains",
            "within/.git",
            "within/rustup/toolchains",
            "keys/.ssh/toolchains",
            "empty",
            "holds/toolchains/a/.ssh",
            "led",
            "closed/toolchains",
        ] {
            std::fs::create_dir_all(path(name)).unwrap();
        }
        std::fs::write(path("pyenv/libexec/pyenv"), "").unwrap();
        symlink(&home, path("led/toolchains")).unwrap();
        symlink(path("rustup"), path("link")).unwrap();
        let [_, rustup, pyenv] = KINDS else {
            panic!("three kinds");
        };
        let judge = Judge {
            home: Some(home.clone()),
            closed: vec![path("closed")],
        };
        let found = |kind: &Kind, name: &str| of(kind, &path(name), true, &judge);
        let paths = |names: &[&str]| Ok(names.iter().map(|it| path(it)).collect());
        assert_eq!(found(rustup, "rustup"), paths(&["rustup/toolchains"]));
        assert_eq!(found(rustup, "link"), paths(&["link/toolchains"]));
        assert_eq!(
            found(pyenv, "pyenv"),
            paths(&["pyenv/libexec", "pyenv/versions"])
        );
        assert_eq!(found(rustup, "nothing"), Ok(Vec::new()));
        for (kind, bad) in [
            (rustup, "empty"),
            (rustup, "pyenv"),
            (rustup, "clone"),
            (pyenv, "clone"),
            (rustup, "within/rustup"),
            (rustup, "keys/.ssh"),
            (rustup, "holds"),
            (rustup, "led"),
            (rustup, "closed"),
        ] {
            assert!(found(kind, bad).is_err(), "{bad}");
        }
        assert_eq!(of(rustup, &path("empty"), false, &judge), Ok(Vec::new()));
    }
}
