//! Measures what a command did: the bytes in the work tree, not what the command reports.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::git::{Kind, Repo};
use crate::policy::pattern::PathSet;
use crate::record::determinism::Output;
use crate::record::tree::Mode;
use crate::record::{Findings, ObjectId, RepoPath, Sha256, Subject};
use crate::rules::executed as rules;
use crate::sys::file;

use super::error::Error;
use super::place::{MOST_FILES, Place, native};

/// Largest file that a commit may hold, in bytes.
const LARGEST_FILE: u64 = 256 << 20;

/// What stands at a path: a file or symlink, or nothing.
type At = Option<(Mode, ObjectId)>;

/// The content of a work tree.
pub(super) struct Measured {
    /// Every path looked at: all of the base, all that the command tracked, all that is not ignored.
    paths: BTreeMap<RepoPath, At>,
    /// The tree made of it.
    pub(super) tree: ObjectId,
}

/// Writes the content of the work tree as a tree, and gives the work tree a new repository. What no
/// tree may hold becomes a finding.
pub(super) fn measure(
    repo: &Repo,
    place: &Place,
    base: ObjectId,
    findings: &mut Findings,
) -> Result<Measured, Error> {
    let base_tree = repo.commit(base)?.tree;
    let candidates = candidates(repo, place, base_tree, None, findings)?;
    let mut edits = Vec::new();
    let mut paths = BTreeMap::new();
    for (path, old) in candidates {
        let now = look(repo, place.tree(), &path, old, true, findings)?;
        if now != old {
            edits.push((path.clone(), now));
        }
        paths.insert(path, now);
    }
    let tree = repo.edit_tree(Some(base_tree), &edits)?;
    Ok(Measured { paths, tree })
}

/// Writes what a command has made as a tree: what matches these patterns, ignored or not; without any, all that
/// the commit of a run would hold. Gives the work tree a new repository.
pub(super) fn outputs(
    repo: &Repo,
    place: &Place,
    base: ObjectId,
    patterns: Option<&PathSet>,
    findings: &mut Findings,
) -> Result<Output, Error> {
    let base_tree = repo.commit(base)?.tree;
    let candidates = candidates(repo, place, base_tree, patterns, findings)?;
    let (mut edits, mut lines) = (Vec::new(), String::new());
    for (path, old) in candidates {
        let now = look(repo, place.tree(), &path, old, true, findings)?;
        if now != old {
            lines.push_str(&line(repo, &path, now)?);
        }
        edits.push((path, now));
    }
    edits.retain(|(_, now)| now.is_some());
    Ok(Output {
        sha256: Sha256::of(lines.as_bytes()),
        tree: repo.edit_tree(None, &edits)?,
    })
}

/// Returns the line of a path in the digest of outputs.
fn line(repo: &Repo, path: &RepoPath, now: At) -> Result<String, Error> {
    Ok(match now {
        Some((mode, _)) if mode == Mode::Gitlink => format!("{} - {path}\n", mode.as_str()),
        Some((mode, id)) => format!("{} {} {path}\n", mode.as_str(), Sha256::of(&repo.blob(id)?)),
        None => format!("- - {path}\n"),
    })
}

/// Returns every path to look at, with what the base has there: all of the base, all that the command tracked, and
/// all else that is not ignored; or of all that what matches these patterns, and what is ignored. Gives the work tree
/// a new repository.
fn candidates(
    repo: &Repo,
    place: &Place,
    base_tree: ObjectId,
    patterns: Option<&PathSet>,
    findings: &mut Findings,
) -> Result<BTreeMap<RepoPath, At>, Error> {
    // All of the base, whether or not git tracks it: the command may have changed its index.
    let mut candidates: BTreeMap<RepoPath, At> = BTreeMap::new();
    for (path, mode, id) in repo.files_before(base_tree, MOST_FILES)? {
        candidates.insert(path, Some((mode, id)));
    }
    let tracked = place.renew(repo)?;
    let listed: &[&str] = match patterns {
        None => &["--others", "--exclude-standard"],
        Some(_) => &["--others"],
    };
    let wanted = |path: &RepoPath| patterns.is_none_or(|it| it.matches(path));
    let others = place.list(repo, listed)?;
    for path in &others {
        // git does not descend into another repository: it lists the directory with a slash.
        let inner = path.as_bytes().strip_suffix(b"/").map(RepoPath::new);
        if let Some(inner) = inner.or_else(|| linked_around(place.tree(), path))
            && wanted(&inner)
        {
            findings.push(rules::no_file(&inner, "a repository of its own"));
        }
    }
    for path in tracked.into_iter().chain(others) {
        if !path.as_bytes().ends_with(b"/") {
            candidates.entry(path).or_insert(None);
        }
    }
    candidates.retain(|path, _| wanted(path));
    Ok(candidates)
}

/// Returns the directory around a path that is the work tree of a repository elsewhere: git takes it
/// for a plain one if that repository lay in the `.git` which was replaced.
fn linked_around(tree: &Path, path: &RepoPath) -> Option<RepoPath> {
    let bytes = path.as_bytes();
    let ends = bytes.iter().enumerate().filter(|(_, b)| **b == b'/');
    let mut around = ends.filter_map(|(at, _)| Some(RepoPath::new(bytes.get(..at)?)));
    around.find(|directory| {
        let link = native(directory).map(|it| fs::symlink_metadata(tree.join(it).join(".git")));
        matches!(link, Ok(Ok(found)) if !found.is_dir())
    })
}

impl Measured {
    /// Returns the paths at which the work tree now differs from what was measured. New files, such
    /// as caches, do not count: the commit will not hold them.
    pub(super) fn changed_since(&self, repo: &Repo, place: &Place) -> Result<Vec<RepoPath>, Error> {
        let mut changed = Vec::new();
        let mut findings = Findings::new();
        for (path, then) in &self.paths {
            let now = look(repo, place.tree(), path, *then, false, &mut findings)?;
            if now != *then || !findings.is_empty() {
                changed.push(path.clone());
                findings = Findings::new();
            }
        }
        Ok(changed)
    }
}

/// Returns what stands at a path. With `keep`, its bytes become an object.
fn look(
    repo: &Repo,
    root: &Path,
    path: &RepoPath,
    old: At,
    keep: bool,
    findings: &mut Findings,
) -> Result<At, Error> {
    let inner = native(path)?;
    // What a symlink leads to is not in this tree.
    let mut parent = root.to_path_buf();
    for name in inner.parent().into_iter().flat_map(Path::components) {
        parent.push(name);
        match fs::symlink_metadata(&parent) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Ok(None),
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(Error::io("read", &parent)(error)),
        }
    }
    let real = root.join(&inner);
    let found = match fs::symlink_metadata(&real) {
        Ok(found) => found,
        Err(error) if is_absent(&error) => return Ok(None),
        Err(error) => return Err(Error::io("read", &real)(error)),
    };
    if found.is_dir() {
        let mut entries = fs::read_dir(&real).map_err(Error::io("read", &real))?;
        if let Some((Mode::Gitlink, _)) = old {
            // An empty directory is a submodule that is not checked out.
            if entries.next().is_none() {
                return Ok(old);
            }
            findings.push(rules::no_file(path, "a submodule with content"));
        } else if fs::symlink_metadata(real.join(".git")).is_ok() {
            findings.push(rules::no_file(path, "a repository of its own"));
        }
        return Ok(None);
    }
    let (mode, bytes) = if found.is_symlink() {
        let target = fs::read_link(&real).map_err(Error::io("read", &real))?;
        (
            Mode::Symlink,
            target.as_os_str().as_encoded_bytes().to_vec(),
        )
    } else if !found.is_file() {
        findings.push(rules::no_file(path, "a special file"));
        return Ok(None);
    } else if found.len() > LARGEST_FILE {
        let found = format!("a file of {} bytes", found.len());
        let (subject, remedy) = (Subject::none().path(path), "leave it out of the repository");
        findings.push(rules::limit(subject, found, LARGEST_FILE, remedy));
        return Ok(None);
    } else {
        let bytes = file::read_plain(&real, LARGEST_FILE).map_err(Error::io("read", &real))?;
        let bytes = bytes.unwrap_or_default();
        let mode = match found.permissions().mode() & 0o100 {
            0 => Mode::File,
            _ => Mode::Executable,
        };
        (mode, bytes)
    };
    let id = match repo.hash(Kind::Blob, &bytes) {
        Some(id) if !keep || old.is_some_and(|(_, known)| known == id) => id,
        // Also where hashing failed: the write reports why.
        _ => repo.write_blob(&bytes)?,
    };
    Ok(Some((mode, id)))
}

fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}
