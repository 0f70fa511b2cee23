//! Where a run takes place: a temporary directory with a repository of its own, gone afterwards.
//!
//! The repository that is governed does not learn of it. A file in the directory names that
//! repository and is locked as long as the run lives, so that what a killed run has left is found
//! and removed by the next one.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cell::{Cell, Demand};
use crate::git::{self, Repo};
use crate::record::determinism::{Order, Planned};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath};
use crate::store::ledger::Refs;
use crate::sys::directory::Directory;
use crate::sys::{environment, file, lock};

use super::error::Error;

/// Largest number of files in a base.
pub(super) const MOST_FILES: usize = 4_000_000;
/// Prefix of the names of these directories.
const PREFIX: &str = "awo-run-";
/// The file that names the governed repository.
const HELD: &str = "held";
/// The directory in which the command reports.
const REPORTS: &str = "reports";
/// The directory that the command finds git-awo in.
const GATEWAY: &str = "gateway";
/// Longest path to a repository that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// A temporary directory with the run's repository and the files that the run writes beside it.
pub(super) struct Place {
    root: Directory,
    tree: PathBuf,
    base: ObjectId,
    /// The refs that its repository has at first.
    refs: Refs,
    /// How many bytes longer than they need be the names of its directories are.
    longer: usize,
    /// Tells other runs that this one lives.
    _held: File,
}

impl Place {
    /// Returns the refs of the repository before the run.
    pub(super) fn refs(&self) -> &Refs {
        &self.refs
    }

    /// Makes a work tree of this name of `base`, with the bytes of the objects: no filter runs, and no line
    /// ending is converted, so that what differs afterwards was changed. It belongs to a
    /// repository of its own, as [`git::Reader::clone_shared`] makes it.
    pub(super) fn make(repo: &Repo, name: &str, base: ObjectId, refs: Refs) -> Result<Self, Error> {
        Self::make_as(repo, name, base, refs, &Planned::of(1))
    }

    /// Makes the same, in the order of a plan and with names as long as it says.
    pub(super) fn make_as(
        repo: &Repo,
        name: &str,
        base: ObjectId,
        refs: Refs,
        planned: &Planned,
    ) -> Result<Self, Error> {
        let longer = planned.longer as usize;
        let made = tempfile::Builder::new().prefix(PREFIX).tempdir();
        let temporary = made.map_err(Error::io("make", &environment::temporary()))?;
        let root =
            fs::canonicalize(temporary.path()).map_err(Error::io("make", temporary.path()))?;
        if repo.work_tree().is_some_and(|tree| root.starts_with(tree)) {
            let source = std::io::Error::other("it lies in the repository; set TMPDIR elsewhere");
            return Err(Error::io("make a work tree in", &root)(source));
        }
        let held = hold(&root, repo.common_dir())?;
        let tree = root.join(format!("{name}{}", "x".repeat(longer)));
        let root = Directory::open(&root).map_err(Error::io("open", &root))?;
        // From here on the directory is removed by what was opened, not by its path.
        let _ = temporary.keep();
        let place = Self {
            root,
            tree,
            base,
            refs,
            longer,
            _held: held,
        };
        for made in [&place.tree, &place.file(REPORTS)] {
            fs::create_dir(made).map_err(Error::io("make", made))?;
        }
        check_out(repo, repo.commit(base)?.tree, &place.tree, planned.order)?;
        repo.clone_shared(&place.git_dir(), base, &place.refs)?;
        place.read_base(repo)?;
        Ok(place)
    }

    /// Returns the work tree.
    pub(super) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Returns the directory of the run's repository.
    fn git_dir(&self) -> PathBuf {
        self.tree.join(".git")
    }

    /// Returns whether the work tree still stands where it was made, with no symlink in its place or
    /// in that of the directory around it. Otherwise its path may lead to the user's files.
    pub(super) fn is_in_place(&self) -> bool {
        self.root.is_in_place() && self.inner().is_ok()
    }

    /// Returns whether the work tree still holds a repository: a directory, and no link to one.
    pub(super) fn has_repository(&self) -> bool {
        self.inner().is_ok_and(|tree| tree.has_directory(".git"))
    }

    /// Opens the work tree.
    fn inner(&self) -> std::io::Result<Directory> {
        self.root.inner(self.tree.file_name().unwrap_or_default())
    }

    /// Returns the directory around the work tree.
    pub(super) fn root(&self) -> &Path {
        self.root.path()
    }

    /// Returns the place of a file beside the work tree.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Returns the place of a file in which the command reports: beside the work tree, and where a cell lets
    /// it write.
    pub(super) fn report(&self, name: &str) -> PathBuf {
        self.file(REPORTS).join(name)
    }

    /// Returns the directory of what lets the command write by `git awo write`. A cell lets it be read.
    pub(super) fn gateway(&self) -> PathBuf {
        self.file(GATEWAY)
    }

    /// Puts a repository as it was at first in the place of the one that the command had, and
    /// returns the names in the command's index.
    ///
    /// Nothing else of what the command has made there is read: neither its settings, attributes
    /// and hooks nor the flags in its index can hide a change from the measure or the validation.
    pub(super) fn renew(&self, repo: &Repo) -> Result<Vec<RepoPath>, Error> {
        let (git_dir, used) = (self.git_dir(), self.file("used.git"));
        let (dot_git, aside) = (OsStr::new(".git"), OsStr::new("used.git"));
        let tree = self.inner().map_err(Error::io("open", &self.tree))?;
        let moved = tree.rename(dot_git, &self.root, aside);
        moved.map_err(Error::io("move", &git_dir))?;
        let old = self.root.inner(aside).map_err(Error::io("open", &used))?;
        repo.clone_shared(&git_dir, self.base, &self.refs)?;
        let new = tree.inner(dot_git).map_err(Error::io("open", &git_dir))?;
        let mut indexes = Vec::new();
        for name in old.files().map_err(Error::io("list", &used))? {
            // A split index is spread over several files.
            if name == "index" || name.as_encoded_bytes().starts_with(b"sharedindex.") {
                let moved = old.rename(&name, &new, &name);
                moved.map_err(Error::io("move", &used.join(&name)))?;
                indexes.push(git_dir.join(name));
            }
        }
        let tracked = self.list(repo, &["--cached"])?;
        for index in indexes {
            fs::remove_file(&index).map_err(Error::io("remove", &index))?;
        }
        self.read_base(repo)?;
        Ok(tracked)
    }

    /// Returns what `git ls-files` lists in the work tree.
    pub(super) fn list(&self, repo: &Repo, args: &[&str]) -> Result<Vec<RepoPath>, Error> {
        let mut list = self.git(repo);
        list.args(["ls-files", "-z"]).args(args);
        let output = git::output(list)?.stdout;
        let paths = output.split(|b| *b == 0).filter(|path| !path.is_empty());
        Ok(paths.map(RepoPath::new).collect())
    }

    /// Returns a cell for one command in the work tree. Its home and its directory for temporary files are new:
    /// what an earlier command has left in its own cannot mislead a validation.
    pub(super) fn cell(&self, repo: &Repo, demand: Demand) -> Result<Cell, Error> {
        let own = tempfile::Builder::new()
            .prefix(&format!("cell-{}", "x".repeat(self.longer)))
            .tempdir_in(self.root());
        let own = own.map_err(Error::io("make a directory in", self.root()))?;
        // It is removed with the place.
        let own = own.keep();
        let (home, temporary) = (own.join("home"), own.join("tmp"));
        let root = own.join("root");
        for made in [&home, &temporary, &root] {
            fs::create_dir(made).map_err(Error::io("make", made))?;
        }
        let closed = [
            Some(repo.git_dir()),
            Some(repo.common_dir()),
            repo.work_tree(),
        ];
        let closed = closed.into_iter().flatten().map(Path::to_owned);
        let key = repo.config("user.signingkey");
        let keys = key.map(|it| environment::expand_home(&it)).into_iter();
        // The public key may be named, which stands beside the other.
        let keys = keys.flat_map(|it| [it.with_extension(""), it]);
        let mut read = object_stores(repo)?;
        read.push(self.gateway());
        Ok(Cell {
            demand,
            read,
            write: vec![self.tree.clone(), self.file(REPORTS)],
            closed: closed.chain(keys.filter(|it| it.is_absolute())).collect(),
            home,
            temporary,
            root: Some(root),
            ..Cell::default()
        })
    }

    /// Makes an index of the base.
    fn read_base(&self, repo: &Repo) -> Result<(), Error> {
        let mut index = self.git(repo);
        index.args(["read-tree", &self.base.to_string()]);
        git::output(index)?;
        Ok(())
    }

    fn git(&self, repo: &Repo) -> Command {
        let mut command = git::hardened(repo, &self.tree, &self.git_dir());
        command.arg("--work-tree").arg(&self.tree);
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What says whose it is goes last: if this is cut short, the next run goes on with it.
        self.root.remove(HELD);
    }
}

/// Returns the directories of the repository's objects, and of those that it borrows: what `objects/info/alternates` names may
/// be read if it is what the name says, the objects of a repository.
fn object_stores(repo: &Repo) -> Result<Vec<PathBuf>, Error> {
    let own = repo.common_dir().join("objects");
    let stores = repo.object_stores();
    let mut stores = stores.map_err(Error::io("list the objects of", &own))?;
    stores.retain(|it| *it == own || is_object_store(it));
    Ok(stores)
}

fn is_object_store(directory: &Path) -> bool {
    let real = directory.canonicalize().ok();
    let real = real.filter(|it| it.file_name() == Some(OsStr::new("objects")));
    let around = real.as_deref().and_then(Path::parent);
    around.is_some_and(|it| it.join("HEAD").is_file() && it.join("refs").is_dir())
}

/// Marks a directory as one in use by this process, until the file returned is closed.
fn hold(root: &Path, common: &Path) -> Result<File, Error> {
    let path = root.join(HELD);
    let mut file = File::create_new(&path).map_err(Error::io("make", &path))?;
    // Without locks the place is only not found again.
    lock::try_alone(&file).map_err(Error::io("lock", &path))?;
    file.write_all(common.as_os_str().as_encoded_bytes())
        .map_err(Error::io("write", &path))?;
    Ok(file)
}

/// Returns what killed runs of the repository have left in the directory for temporary files.
pub fn leftovers(common: &Path) -> Vec<PathBuf> {
    let dead = dead(&environment::temporary(), common);
    let path = |(root, _): (Directory, File)| root.path().to_owned();
    dead.into_iter().map(path).collect()
}

/// Removes what killed runs of the repository have left.
pub(super) fn sweep(common: &Path) {
    for (root, _held) in dead(&environment::temporary(), common) {
        root.remove(HELD);
    }
}

/// Returns the directories of killed runs of the repository, sorted, each with its lock.
fn dead(temporary: &Path, common: &Path) -> Vec<(Directory, File)> {
    let entries = fs::read_dir(temporary).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
    });
    let dead = named.filter_map(|entry| {
        let root = fs::canonicalize(entry.path()).ok()?;
        let root = Directory::open(&root).ok()?;
        let file = file::open_plain(&root.path().join(HELD), false).ok()?;
        let mut named = Vec::new();
        // Not yet written, it is of a run that has just begun, or was killed before there was more.
        (&file).take(LONGEST).read_to_end(&mut named).ok()?;
        let own = named == common.as_os_str().as_encoded_bytes();
        (own && lock::try_alone(&file).ok()?).then_some((root, file))
    });
    let mut dead: Vec<_> = dead.collect();
    dead.sort_by(|(a, _), (b, _)| a.path().cmp(b.path()));
    dead
}

fn check_out(repo: &Repo, tree: ObjectId, dest: &Path, order: Order) -> Result<(), Error> {
    let mut files = repo.files_before(tree, MOST_FILES)?;
    if order == Order::Backward {
        files.reverse();
    }
    // Symlinks last, so that no file is written through one on a file system that folds names.
    let (links, plain): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|(_, mode, _)| *mode == Mode::Symlink);
    for (path, mode, id) in plain.iter().chain(&links) {
        let real = dest.join(native(path)?);
        if let Some(parent) = real.parent() {
            fs::create_dir_all(parent).map_err(Error::io("make", parent))?;
        }
        match mode {
            Mode::File | Mode::Executable => {
                write_new(&real, &repo.blob(*id)?, *mode == Mode::Executable)?;
            }
            Mode::Symlink => {
                let target = repo.blob(*id)?;
                let linked = symlink(OsStr::from_bytes(&target), &real);
                linked.map_err(Error::io("make", &real))?;
            }
            // git makes an empty directory for a submodule that is not checked out.
            Mode::Gitlink | Mode::Tree => {
                fs::create_dir_all(&real).map_err(Error::io("make", &real))?;
            }
        }
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8], executable: bool) -> Result<(), Error> {
    let mode = if executable { 0o777 } else { 0o666 };
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let mut file = options.open(path).map_err(Error::io("make", path))?;
    file.write_all(bytes).map_err(Error::io("make", path))
}

/// Returns the path as this system writes it, if it stays in the work tree and out of `.git`.
pub(super) fn native(path: &RepoPath) -> Result<PathBuf, Error> {
    for name in path.components() {
        if matches!(name, b"" | b"." | b"..") || name.eq_ignore_ascii_case(b".git") {
            return Err(Error::CheckOut {
                path: path.clone(),
                why: "a component is empty, '.', '..' or '.git'",
            });
        }
    }
    Ok(PathBuf::from(OsStr::from_bytes(path.as_bytes())))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn an_object_store_is_that_of_a_repository() {
        let dir = TempDir::new().unwrap();
        let path = |name: &str| dir.path().join(name);
        for made in ["repo/objects", "repo/refs", "repo/other", "keys/objects"] {
            fs::create_dir_all(path(made)).unwrap();
        }
        fs::write(path("repo/HEAD"), "x").unwrap();
        symlink(path("keys"), path("repo/led")).unwrap();
        symlink(path("repo/objects"), path("link")).unwrap();
        for (name, is) in [
            ("repo/objects", true),
            ("link", true),
            ("repo/other", false),
            ("repo", false),
            ("repo/led/objects", false),
            ("nothing/objects", false),
        ] {
            assert_eq!(is_object_store(&path(name)), is, "{name}");
        }
    }

    #[test]
    fn what_a_dead_run_left_is_found_and_what_a_living_one_holds_or_another_repository_is_not() {
        let dir = TempDir::new().unwrap();
        let base = dir.path().canonicalize().unwrap();
        let (root, common) = (base.join("awo-run-x"), base.join("r.git"));
        for directory in [&root.join("run_x"), &base.join("awo-run-y")] {
            fs::create_dir_all(directory).unwrap();
        }
        let found = |common: &Path| -> Vec<_> {
            let dead = dead(&base, common).into_iter();
            dead.map(|(root, _)| root.path().to_owned()).collect()
        };
        let held = hold(&root, &common).unwrap();
        assert!(found(&common).is_empty(), "it is held");
        drop(held);
        // A process that another test is starting may still hold the lock, until it is a program.
        let free = |_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            !found(&common).is_empty()
        };
        assert!((0..500).any(free), "it is free");
        assert!(found(&base.join("other.git")).is_empty(), "not its own");
        assert_eq!(found(&common), [root]);
    }
}
