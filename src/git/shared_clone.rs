//! Creates a repository that shares the objects of another one, like `git clone --shared`, but in
//! process and without anything that git could execute.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gix::config::Source;

use super::error::Error;
use super::quarantine::alternates_line;
use super::reader::Reader;
use crate::record::{HashKind, ObjectId, RefName};
use crate::sys::file;

/// The longest list of ignored paths.
const MAX_EXCLUDE: u64 = 16 * 1024 * 1024;

/// Settings that a clone copies if they come from the repository or depend on its location
/// (`includeIf`): the identity of the user, and the capabilities of the file system.
const KEPT: &[&str] = &[
    "author.email",
    "author.name",
    "committer.email",
    "committer.name",
    "core.fileMode",
    "core.ignoreCase",
    "core.precomposeUnicode",
    "core.symlinks",
    "user.email",
    "user.name",
    "user.useConfigOnly",
];

/// Settings of every clone: files are compared without conversion and without a monitor program.
const FIXED: &str =
    "[core]\n\tbare = false\n\tlogAllRefUpdates = true\n\tautocrlf = false\n\tfsmonitor = false\n";

impl Reader {
    /// Creates a repository at `git_dir`, which must not exist, with its HEAD detached at `head` and
    /// without an index.
    ///
    /// It reads the objects of this repository and writes its own. It starts with `refs`, the user
    /// identity of this repository and its `info/exclude`, but without remotes, hooks, filters and
    /// attributes. This repository is not changed.
    pub fn clone_shared(
        &self,
        git_dir: &Path,
        head: ObjectId,
        refs: &BTreeMap<RefName, ObjectId>,
    ) -> Result<(), Error> {
        for directory in ["", "info", "objects", "objects/info", "refs"] {
            let path = git_dir.join(directory);
            fs::create_dir(&path).map_err(failed(&path))?;
        }
        let refs: String = refs
            .iter()
            .map(|(name, id)| format!("{id} {name}\n"))
            .collect();
        let ignored = self.common_dir().join("info/exclude");
        let ignored = file::read(&ignored, MAX_EXCLUDE).map_err(failed(&ignored))?;
        let ignored = ignored.unwrap_or_default();
        for (name, bytes) in [
            ("config", self.settings_of_clone()),
            ("info/exclude", ignored),
            ("objects/info/alternates", self.object_directories()?),
            ("packed-refs", refs.into_bytes()),
            ("HEAD", format!("{head}\n").into_bytes()),
        ] {
            let path = git_dir.join(name);
            fs::write(&path, bytes).map_err(failed(&path))?;
        }
        Ok(())
    }

    /// Returns an alternates file that names every object directory of this repository, including
    /// its own alternates, because git follows alternates only to a limited depth.
    fn object_directories(&self) -> Result<Vec<u8>, Error> {
        let own = self.common_dir().join("objects");
        let borrowed = self.handles.handle.store_ref().alternate_db_paths();
        let borrowed =
            borrowed.map_err(|source| failed(&own)(std::io::Error::other(source.to_string())))?;
        let directories = std::iter::once(own).chain(borrowed);
        Ok(directories
            .flat_map(|it: PathBuf| alternates_line(it.as_os_str()))
            .collect())
    }

    fn settings_of_clone(&self) -> Vec<u8> {
        let mut text = FIXED.as_bytes().to_vec();
        let format: &[u8] = match self.hash_kind() {
            HashKind::Sha1 => b"\trepositoryFormatVersion = 0\n",
            HashKind::Sha256 => {
                b"\trepositoryFormatVersion = 1\n[extensions]\n\tobjectFormat = sha256\n"
            }
        };
        text.extend_from_slice(format);
        let local = self.shared.repo.to_thread_local();
        let config = local.config_snapshot();
        for key in KEPT {
            let value = config.string(*key);
            let anywhere = config.plumbing().string_filter(*key, |section| {
                !matches!(section.source, Source::Local | Source::Worktree) && section.level == 0
            });
            if let Some((section, name)) = key.split_once('.')
                && let Some(value) = value.filter(|it| Some(it) != anywhere.as_ref())
            {
                text.extend_from_slice(format!("[{section}]\n\t{name} = \"").as_bytes());
                text.extend(escaped(value.as_slice()));
                text.extend_from_slice(b"\"\n");
            }
        }
        text
    }
}

/// Escapes a value for use between quotes in a configuration file.
fn escaped(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    for byte in value {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            other => out.push(*other),
        }
    }
    out
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Sandbox, Site};
    use super::*;

    /// Every file below a directory with its bytes.
    fn files(dir: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => files(&path, found),
                false => _ = found.insert(path.clone(), fs::read(path).unwrap()),
            }
        }
    }

    #[test]
    fn a_shared_clone_is_whole_and_unknown_to_the_repository_it_reads() {
        for kind in [HashKind::Sha1, HashKind::Sha256] {
            let sandbox = Sandbox::new();
            let at = |name: &str| Site {
                sandbox: &sandbox,
                dir: sandbox.path().join(name),
            };
            let first = sandbox.init("first 1", kind);
            fs::write(first.dir.join("a"), "one\n").unwrap();
            first.git(&["add", "."]);
            first.git(&["commit", "-q", "-m", "first"]);
            let name = "second \"2\"\n#";
            first.git(&["clone", "-q", "--shared", ".", &format!("../{name}")]);
            let second = at(name);
            fs::write(second.dir.join("a"), "two\n").unwrap();
            second.git(&["commit", "-q", "-a", "-m", "second"]);
            second.git(&["tag", "-a", "-m", "t", "tag"]);
            second.git(&["config", "user.name", "a \"b\" \\c;#\t\nd "]);
            second.git(&["config", "core.hooksPath", "/evil"]);
            fs::write(second.dir.join(".git/info/exclude"), "ignored\n").unwrap();
            let all = || {
                let mut all = BTreeMap::new();
                files(&first.dir, &mut all);
                files(&second.dir, &mut all);
                all
            };
            let before = all();

            let reader = second.reader();
            let head = reader.head_id().unwrap().unwrap();
            let third = at("third");
            let git_dir = third.dir.join(".git");
            fs::create_dir(&third.dir).unwrap();
            let refs = reader.references("refs/").unwrap().into_iter().collect();
            reader.clone_shared(&git_dir, head, &refs).unwrap();
            third.git(&["reset", "-q", "--hard"]);
            assert_eq!(third.git(&["status", "--porcelain"]), "");
            assert_eq!(third.git(&["fsck", "--strict"]), "");
            assert_eq!(third.git(&["log", "--format=%s"]), "second\nfirst");
            assert_eq!(third.git(&["describe"]), "tag");
            let name = ["config", "--local", "user.name"];
            assert_eq!(third.git(&name), second.git(&name));
            let settings = third.git(&["config", "--local", "--list"]);
            let foreign = ["hookspath", "remote", "branch"];
            assert!(
                !foreign.iter().any(|it| settings.contains(it)),
                "{settings}"
            );
            for file in ["ignored", "b"] {
                fs::write(third.dir.join(file), "x").unwrap();
            }
            assert_eq!(third.git(&["status", "--porcelain"]), "?? b");
            third.git(&["add", "b"]);
            third.git(&["commit", "-q", "-m", "third"]);
            third.git(&["gc", "-q", "--prune=now"]);
            assert_eq!(all(), before, "nothing is written there");
            let again = reader.clone_shared(&git_dir, head, &refs);
            assert!(again.is_err(), "it replaces nothing");
        }
    }
}
