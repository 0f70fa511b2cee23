//! Where a run takes place: a worktree of its own, outside the repository, gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::git::Repo;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath, RunId};

use super::{Error, leftover, tools};

/// A base may hold so many files.
const MOST_FILES: usize = 4_000_000;

/// A temporary directory with the worktree and the files that the run writes beside it.
pub(super) struct Place {
    temporary: TempDir,
    root: PathBuf,
    tree: PathBuf,
    admin: PathBuf,
    /// Tells other runs that this one lives.
    _held: fs::File,
}

impl Place {
    /// Makes a worktree at `base`, detached, with the bytes of the objects: no filter runs, and
    /// no line ending is converted, so that what differs afterwards was changed.
    pub(super) fn make(repo: &Repo, run: &RunId, base: ObjectId) -> Result<Self, Error> {
        let made = tempfile::Builder::new().prefix(leftover::PREFIX).tempdir();
        let temporary = made.map_err(io("make", &std::env::temp_dir()))?;
        let root = fs::canonicalize(temporary.path()).map_err(io("make", temporary.path()))?;
        if repo.work_tree().is_some_and(|tree| root.starts_with(tree)) {
            let source = std::io::Error::other("it lies in the repository; set TMPDIR elsewhere");
            return Err(io("make a worktree in", &root)(source));
        }
        let tree = root.join(run.as_str());
        let common = repo.common_dir();
        let held = leftover::hold(&root, common)?;
        let mut add = tools::hardened(repo, common, common);
        add.args(["worktree", "add", "--quiet", "--detach", "--no-checkout"]);
        add.arg(&tree).arg(base.to_string());
        if let Err(error) = tools::output(add) {
            leftover::unregister_half(common, &tree);
            return Err(error);
        }
        let admin = admin_dir(common, &tree);
        let admin = match admin {
            Ok(admin) => admin,
            Err(error) => {
                let mut remove = tools::hardened(repo, common, common);
                remove.args(["worktree", "remove", "--force"]).arg(&tree);
                // The first error is the one to be told.
                let _ = tools::output(remove);
                return Err(error);
            }
        };
        let place = Self {
            temporary,
            root,
            tree,
            admin,
            _held: held,
        };
        check_out(repo, repo.commit(base)?.tree, &place.tree)?;
        let mut index = place.git(repo);
        index.args(["read-tree", &base.to_string()]);
        tools::output(index)?;
        Ok(place)
    }

    /// Returns the worktree.
    pub(super) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Returns the directory in which git keeps the worktree's state.
    pub(super) fn admin(&self) -> &Path {
        &self.admin
    }

    /// Returns the directory around the worktree.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the place of a file beside the worktree.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Returns git in the worktree, whatever the worktree itself says where it belongs.
    pub(super) fn git(&self, repo: &Repo) -> std::process::Command {
        let mut command = tools::hardened(repo, &self.tree, &self.admin);
        command.arg("--work-tree").arg(&self.tree);
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What `git worktree remove --force` does, but also where a command has broken the
        // worktree's link, and without touching other worktrees as `prune` would.
        remove(&self.tree);
        remove(&self.admin);
        if let Some(worktrees) = self.admin.parent() {
            // Only goes if it is empty.
            let _ = fs::remove_dir(worktrees);
        }
        leftover::remove_root(self.temporary.path());
    }
}

/// Returns where git keeps the state of a worktree: a directory directly in `worktrees/`.
fn admin_dir(common: &Path, tree: &Path) -> Result<PathBuf, Error> {
    let link = tree.join(".git");
    let text = fs::read_to_string(&link).map_err(io("read", &link))?;
    let named = text.strip_prefix("gitdir: ").unwrap_or(&text);
    let admin = tree.join(named.trim_end_matches('\n'));
    let admin = fs::canonicalize(&admin).map_err(io("read", &admin))?;
    if admin.parent() != Some(common.join("worktrees").as_path()) {
        let source = std::io::Error::other("it names no directory of this repository");
        return Err(io("read", &link)(source));
    }
    Ok(admin)
}

fn check_out(repo: &Repo, tree: ObjectId, dest: &Path) -> Result<(), Error> {
    let files = repo.files(tree, MOST_FILES)?;
    // Symlinks last: nothing is ever written through one, whatever names look alike here.
    let (links, plain): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(_, mode, _)| *mode == Mode::Symlink);
    for (path, mode, id) in plain.iter().chain(&links) {
        let real = dest.join(native(path)?);
        if let Some(parent) = real.parent() {
            fs::create_dir_all(parent).map_err(io("make", parent))?;
        }
        match mode {
            Mode::File | Mode::Executable => {
                write_new(&real, &repo.blob(*id)?, *mode == Mode::Executable)?;
            }
            Mode::Symlink => link(&repo.blob(*id)?, path, &real)?,
            // As git does for a submodule that is not checked out.
            Mode::Gitlink | Mode::Tree => {
                fs::create_dir_all(&real).map_err(io("make", &real))?;
            }
        }
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8], executable: bool) -> Result<(), Error> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if executable { 0o777 } else { 0o666 });
    #[cfg(not(unix))]
    let _ = executable;
    let mut file = options.open(path).map_err(io("make", path))?;
    file.write_all(bytes).map_err(io("make", path))
}

#[cfg(unix)]
fn link(target: &[u8], _path: &RepoPath, real: &Path) -> Result<(), Error> {
    use std::os::unix::ffi::OsStrExt as _;
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), real).map_err(io("make", real))
}

#[cfg(not(unix))]
fn link(_target: &[u8], path: &RepoPath, _real: &Path) -> Result<(), Error> {
    Err(Error::CheckOut {
        path: path.clone(),
        why: "this system makes no symlinks",
    })
}

/// Returns the path as this system writes it, if it leads nowhere else.
pub(super) fn native(path: &RepoPath) -> Result<PathBuf, Error> {
    let bad = |why| Error::CheckOut {
        path: path.clone(),
        why,
    };
    for name in path.components() {
        if matches!(name, b"" | b"." | b"..") || name.eq_ignore_ascii_case(b".git") {
            return Err(bad("a component is empty, '.', '..' or '.git'"));
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        Ok(PathBuf::from(std::ffi::OsStr::from_bytes(path.as_bytes())))
    }
    #[cfg(not(unix))]
    match path.to_str() {
        Some(text) if !text.contains(['\\', ':']) => Ok(PathBuf::from(text)),
        _ => Err(bad("this system cannot hold the name")),
    }
}

/// Removes a directory, also where a command has taken the right to from it.
pub(super) fn remove(dir: &Path) {
    if fs::remove_dir_all(dir).is_err() && dir.exists() {
        open_up(dir);
        let _ = fs::remove_dir_all(dir);
    }
}

#[cfg(unix)]
fn open_up(dir: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

#[cfg(not(unix))]
fn open_up(_dir: &Path) {}

/// Makes an error of the file system one of ours.
pub(super) fn io(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_path_buf();
    move |source| Error::Io {
        action,
        path,
        source,
    }
}
