//! Opening a repository, and reasons not to trust its view of objects.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use gix::odb::pack::cache::lru::MemoryCappedHashmap;
use gix::odb::store::init::Slots;
use tempfile::TempDir;

use super::cache::Cache;
use super::error::Error;
use super::quarantine::Quarantine;
use super::view::ViewProblem;
use crate::record::HashKind;

/// Maximum size of an object that is unpacked, whatever its header claims.
pub(super) const LARGEST_OBJECT: usize = 256 * 1024 * 1024;
/// Enough for the signed commits of one push at the default limit.
const COMMIT_CACHE: usize = 32 * 1024 * 1024;
/// Enough for two versions of the directories of a large tree. Shared, since what one thread has
/// read the next one reads again, and sixteen caches would take sixteen times the memory.
const TREE_CACHE: usize = 16 * 1024 * 1024;
/// Size of the cache of delta bases, per reader. Most trees are deltas of their neighbours.
const PACK_CACHE: usize = 8 * 1024 * 1024;

/// State shared by all readers of one repository.
pub(super) struct Shared {
    pub(super) hash_kind: HashKind,
    pub(super) git_dir: PathBuf,
    pub(super) common_dir: PathBuf,
    /// The directory through which all objects are read.
    pub(super) objects: PathBuf,
    pub(super) work_tree: Option<PathBuf>,
    pub(super) is_bare: bool,
    /// Whether the repository or its work tree belongs to another user and is not in `safe.directory`.
    pub(super) is_foreign: bool,
    pub(super) repo: gix::ThreadSafeRepository,
    /// Commits are read by the walk and again by the judging code, possibly on another thread.
    pub(super) commits: Mutex<Cache>,
    pub(super) trees: Mutex<Cache>,
    shallow_file: PathBuf,
    /// Whether pushed objects are visible that are not yet in the repository.
    pub(super) in_quarantine: bool,
    /// Removed when the last reader is dropped.
    _view: Option<TempDir>,
    /// The work that is left, see `work.rs`.
    pub(super) work: AtomicU64,
    /// So much it was.
    pub(super) most_work: AtomicU64,
    /// Number of objects that a second lookup missed as well.
    misses: AtomicU64,
}

/// Two handles of one object store.
#[derive(Clone)]
pub(super) struct Handles {
    /// Lists the packs only once in a hook's quarantine.
    pub(super) handle: gix::odb::Handle,
    /// Lists them again after a miss: `git gc` and other pushes run concurrently with a hook.
    pub(super) again: gix::odb::Handle,
}

fn options() -> gix::open::Options {
    let mut permissions = gix::open::Permissions::all();
    // These two would run git.
    permissions.config.git_binary = false;
    permissions.attributes.git_binary = false;
    // Objects are read through our own store, so gix's needs only one slot.
    gix::open::Options::default()
        .permissions(permissions)
        .object_store_slots(Slots::Given(1))
}

pub(super) fn discover(dir: &Path) -> Result<gix::ThreadSafeRepository, Error> {
    let map = gix::sec::trust::Mapping {
        full: options(),
        reduced: options(),
    };
    // From below a repository gix does not find it by a relative path.
    let open = |source| Error::Open {
        path: dir.to_owned(),
        source,
    };
    let place = std::fs::canonicalize(dir).map_err(|source| open(source.into()))?;
    gix::ThreadSafeRepository::discover_opts(&place, Default::default(), map)
        .map_err(|source| open(source.into()))
}

pub(super) fn open(git_dir: &Path) -> Result<gix::ThreadSafeRepository, Error> {
    gix::ThreadSafeRepository::open_opts(git_dir, options()).map_err(|source| Error::Open {
        path: git_dir.to_owned(),
        source: source.into(),
    })
}

/// Creates the object store and the shared state.
pub(super) fn share(
    mut repo: gix::ThreadSafeRepository,
    quarantine: Option<&Quarantine>,
) -> Result<(Shared, Handles), Error> {
    // Refs are named in full; a namespace in the environment must not change their meaning.
    repo.refs.namespace = None;
    let local = repo.to_thread_local();
    let absolute = |path: &Path| {
        std::fs::canonicalize(path).map_err(|source| Error::Io {
            path: path.to_owned(),
            source,
        })
    };
    let git_dir = absolute(local.git_dir())?;
    let common_dir = absolute(local.common_dir())?;
    refuse_unsupported(&local, &git_dir)?;
    let hash_kind = match local.object_hash() {
        gix::hash::Kind::Sha1 => HashKind::Sha1,
        gix::hash::Kind::Sha256 => HashKind::Sha256,
        other => {
            let why = format!("its object ids are of the kind {other}");
            let remedy = "git rev-parse --show-object-format";
            return Err(Error::Unsupported {
                git_dir,
                why,
                remedy,
            });
        }
    };
    let view = match quarantine {
        Some(quarantine) => quarantine.view(&common_dir)?,
        None => None,
    };
    let objects = match &view {
        Some(view) => view.path().to_owned(),
        None => common_dir.join("objects"),
    };
    let settings = gix::odb::store::init::Options {
        alloc_limit_bytes: Some(LARGEST_OBJECT),
        ..Default::default()
    };
    let mut handle =
        gix::odb::at_opts(&objects, local.object_hash(), None, settings).map_err(|source| {
            Error::Io {
                path: objects.clone(),
                source,
            }
        })?;
    handle.set_pack_cache(|| Box::new(MemoryCappedHashmap::new(PACK_CACHE)));
    let again = handle.clone();
    if view.is_some() {
        // A miss would list all packs, and most misses are of objects that do not exist.
        handle.refresh_never();
    }
    let shallow_file = quarantine
        .and_then(|quarantine| quarantine.shallow_file.clone())
        .unwrap_or_else(|| common_dir.join("shallow"));
    let shared = Shared {
        hash_kind,
        work_tree: repo.work_tree.clone(),
        is_bare: local.is_bare(),
        is_foreign: local.git_dir_trust() != gix::sec::Trust::Full,
        repo,
        commits: Mutex::new(Cache::new(COMMIT_CACHE)),
        trees: Mutex::new(Cache::new(TREE_CACHE)),
        shallow_file,
        in_quarantine: quarantine.is_some_and(|quarantine| quarantine.objects.is_some()),
        git_dir,
        common_dir,
        objects,
        _view: view,
        work: AtomicU64::new(u64::MAX),
        most_work: AtomicU64::new(u64::MAX),
        misses: AtomicU64::new(0),
    };
    Ok((shared, Handles { handle, again }))
}

/// Refuses formats that gix would open, but with no refs or with other objects.
fn refuse_unsupported(repo: &gix::Repository, git_dir: &Path) -> Result<(), Error> {
    let refuse = |why: String, remedy| {
        Err(Error::Unsupported {
            git_dir: git_dir.to_owned(),
            why,
            remedy,
        })
    };
    let migrate = "git refs migrate --ref-format=files";
    let config = repo.config_snapshot();
    if let Some(format) = config.string("extensions.refStorage")
        && !format.eq_ignore_ascii_case(b"files")
    {
        let why = format!("its refs are stored as {format}");
        return refuse(why, migrate);
    }
    // A reftable repository has this directory even if its configuration was tampered with.
    if git_dir.join("reftable").is_dir() || repo.common_dir().join("reftable").is_dir() {
        return refuse("it has a reftable directory".into(), migrate);
    }
    if let Some(version) = config.string("core.repositoryFormatVersion")
        && !matches!(version.as_slice(), b"0" | b"1")
    {
        let remedy = "git config core.repositoryFormatVersion";
        return refuse(format!("its format version is {version}"), remedy);
    }
    Ok(())
}

impl Shared {
    /// Counts a missing object; returns the count before.
    pub(super) fn missed(&self) -> u64 {
        self.misses.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns whatever hides or replaces objects.
    pub(super) fn view_problems(&self) -> Vec<ViewProblem> {
        let mut problems = Vec::new();
        let not_empty = |path: &Path| std::fs::metadata(path).is_ok_and(|meta| meta.len() > 0);
        if not_empty(&self.shallow_file) {
            problems.push(ViewProblem::Shallow);
        }
        if not_empty(&self.common_dir.join("info").join("grafts")) {
            problems.push(ViewProblem::Grafts);
        }
        let local = self.repo.to_thread_local();
        let config = local.config_snapshot();
        let partial = config.string("extensions.partialClone").is_some()
            || config
                .plumbing()
                .sections_by_name("remote")
                .is_some_and(|mut remotes| {
                    remotes.any(|remote| {
                        remote
                            .value("promisor")
                            .is_some_and(|value| !value.eq_ignore_ascii_case(b"false"))
                            || remote.value("partialCloneFilter").is_some()
                    })
                });
        if partial || self.has_promisor_pack() {
            problems.push(ViewProblem::Partial);
        }
        problems
    }

    fn has_promisor_pack(&self) -> bool {
        let Ok(entries) = std::fs::read_dir(self.common_dir.join("objects").join("pack")) else {
            return false;
        };
        entries.flatten().any(|entry| {
            Path::new(&entry.file_name())
                .extension()
                .is_some_and(|ext| ext == "promisor")
        })
    }
}
