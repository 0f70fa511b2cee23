//! What a run leaves when its process is killed: a worktree nobody works in. The next run removes
//! it. A file beside each worktree names its repository, and is locked as long as the run lives.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::Error;
use super::place::{io, remove};

/// What the names of these directories begin with.
pub(super) const PREFIX: &str = "awo-run-";
/// The file beside the worktree.
const HELD: &str = "held";
/// The longest path to a repository that is read.
const LONGEST: u64 = 64 * 1024;

/// Marks a directory as one in use by this process, until the file returned is closed.
pub(super) fn hold(root: &Path, common: &Path) -> Result<File, Error> {
    let path = root.join(HELD);
    let mut file = File::create_new(&path).map_err(io("make", &path))?;
    if !lock(&file) {
        let source = std::io::Error::other("another process has locked it");
        return Err(io("lock", &path)(source));
    }
    file.write_all(common.as_os_str().as_encoded_bytes())
        .map_err(io("write", &path))?;
    Ok(file)
}

/// Removes what dead runs of this repository have left in the directory for temporary files;
/// returns how many.
pub(super) fn sweep(common: &Path) -> usize {
    named(&std::env::temp_dir())
        .filter(|root| sweep_one(root, common))
        .count()
}

/// What a dead run has left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Leftover {
    /// This directory, which the next run removes.
    Directory(PathBuf),
    /// A worktree that git knows still, and of which this directory is gone.
    Registration(PathBuf),
}

/// Returns what dead runs of this repository have left, and removes nothing.
pub fn leftovers(common: &Path) -> Vec<Leftover> {
    let mut found: BTreeSet<_> = named(&std::env::temp_dir())
        .filter(|root| dead(root, common).is_some())
        .map(Leftover::Directory)
        .collect();
    let entries = fs::read_dir(common.join("worktrees")).into_iter().flatten();
    for entry in entries.flatten() {
        let link = fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
        // TMPDIR may have been another one.
        let Some(root) = Path::new(link.trim_end()).ancestors().nth(2) else {
            continue;
        };
        let name = root.file_name().unwrap_or_default();
        if !name.as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        if !root.exists() {
            found.insert(Leftover::Registration(root.to_owned()));
        } else if dead(root, common).is_some() {
            found.insert(Leftover::Directory(root.to_owned()));
        }
    }
    found.into_iter().collect()
}

/// Returns the directories that are named as those of runs are.
fn named(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let named = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    named.filter_map(|entry| fs::canonicalize(entry.path()).ok())
}

/// Returns the lock of a run of this repository that has died in this directory.
fn dead(root: &Path, common: &Path) -> Option<File> {
    let file = File::open(root.join(HELD)).ok()?;
    let mut named = Vec::new();
    // Not yet written, it is of a run that has just begun, or has died before there was more.
    (&file).take(LONGEST).read_to_end(&mut named).ok()?;
    let own = named == common.as_os_str().as_encoded_bytes();
    (own && lock(&file)).then_some(file)
}

fn sweep_one(root: &Path, common: &Path) -> bool {
    let Some(_held) = dead(root, common) else {
        return false;
    };
    unregister(common, |link, _| Path::new(link).starts_with(root));
    remove_root(root);
    !root.exists()
}

/// Removes the directory of a run. What says whose it is goes last: if this is cut short, the next
/// run goes on with it.
pub(super) fn remove_root(root: &Path) {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name() != HELD) {
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => remove(&entry.path()),
            false => _ = fs::remove_file(entry.path()),
        }
    }
    remove(root);
}

/// Removes what `git worktree add` has written down of this worktree, if it died doing so: git
/// would stumble over it for ever.
pub(super) fn unregister_half(common: &Path, tree: &Path) {
    let own = tree.join(".git").display().to_string();
    let name = tree.file_name().unwrap_or_default().as_encoded_bytes();
    unregister(common, |link, entry| {
        // The link is among the first that it writes; the name is the worktree's, and a number
        // where that is taken.
        let half = link.len() < own.len() && own.starts_with(link);
        link == own || (half && entry.starts_with(name))
    });
}

/// Removes the worktrees for which this holds, of their links and names.
fn unregister(common: &Path, which: impl Fn(&str, &[u8]) -> bool) {
    let entries = fs::read_dir(common.join("worktrees")).into_iter().flatten();
    for entry in entries.flatten() {
        let link = fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
        if which(link.trim_end(), entry.file_name().as_encoded_bytes()) {
            remove(&entry.path());
        }
    }
    // Only goes if it is empty.
    let _ = fs::remove_dir(common.join("worktrees"));
}

#[cfg(unix)]
fn lock(file: &File) -> bool {
    use rustix::fs::{FlockOperation, flock};
    flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
}

/// Nothing is known of who lives, so nothing is removed.
#[cfg(not(unix))]
fn lock(_file: &File) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_directory_goes_whole_with_files_links_and_directories() {
        let dir = tempfile::TempDir::new().unwrap();
        let root = dir.path().join("awo-run-x");
        fs::create_dir_all(root.join("tree/deep")).unwrap();
        for name in [HELD, "stderr", "tree/deep/x"] {
            fs::write(root.join(name), "x").unwrap();
        }
        fs::write(dir.path().join("kept"), "x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("kept"), root.join("link")).unwrap();
        remove_root(&root);
        assert!(!root.exists() && dir.path().join("kept").exists());
    }

    #[test]
    fn what_a_dead_run_left_goes_and_what_a_living_one_holds_or_another_repository_stays() {
        let dir = tempfile::TempDir::new().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let (root, common) = (base.join("awo-run-x"), base.join("r.git"));
        let admin = common.join("worktrees/run_x");
        let other = common.join("worktrees/mine");
        for directory in [&root.join("run_x"), &admin, &other] {
            fs::create_dir_all(directory).unwrap();
        }
        let link = root.join("run_x/.git").display().to_string();
        fs::write(admin.join("gitdir"), format!("{link}\n")).unwrap();
        fs::write(other.join("gitdir"), "/elsewhere/.git\n").unwrap();
        let held = hold(&root, &common).unwrap();
        assert!(!sweep_one(&root, &common), "it is held");
        assert_eq!(leftovers(&common), [], "it is held");
        drop(held);
        // A process that another test is starting may still hold the lock, until it is a program.
        let free = |_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            !leftovers(&common).is_empty()
        };
        assert!((0..500).any(free), "it is free");
        assert_eq!(leftovers(&common), [Leftover::Directory(root.clone())]);
        assert!(!sweep_one(&root, &base.join("other.git")), "not its own");
        assert!(root.exists() && admin.exists());
        fs::create_dir_all(common.join("worktrees/run_y")).unwrap();
        let gone = base.join("awo-run-y");
        let link = gone.join("run_y/.git").display().to_string();
        fs::write(common.join("worktrees/run_y/gitdir"), link).unwrap();
        assert_eq!(
            leftovers(&common),
            [
                Leftover::Directory(root.clone()),
                Leftover::Registration(gone)
            ]
        );
        assert!((0..500).any(|_| sweep_one(&root, &common)));
        assert!(!root.exists() && !admin.exists() && other.exists());
    }

    #[test]
    fn what_git_was_writing_down_goes_and_what_others_have_written_stays() {
        let dir = tempfile::TempDir::new().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let (tree, common) = (base.join("awo-run-x/run_x"), base.join("r.git"));
        let own = tree.join(".git").display().to_string();
        let links = [
            ("run_x", own.as_str(), false),
            ("run_x1", "", false),
            ("run_x2", &own[..own.len() / 2], false),
            ("run_x3", "/elsewhere/run_x/.git", true),
            ("mine", "", true),
        ];
        for (name, link, _) in links {
            let admin = common.join("worktrees").join(name);
            fs::create_dir_all(&admin).unwrap();
            fs::write(admin.join("gitdir"), format!("{link}\n")).unwrap();
        }
        unregister_half(&common, &tree);
        for (name, _, stays) in links {
            assert_eq!(
                common.join("worktrees").join(name).exists(),
                stays,
                "{name}"
            );
        }
    }
}
