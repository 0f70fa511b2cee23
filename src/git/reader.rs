//! The reader of a repository, and how to open one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::sys::Environment;

use super::cache::{Cache, KnownBlobs};
use super::error::Error;
use super::open::{self, Handles, Shared};
use super::quarantine::Quarantine;
use super::view::ViewProblem;
use crate::record::{HashKind, ObjectId};

/// Per fork: enough for the records of a few dozen runs. A fork answers one question; who asks the
/// reader it comes from again may have lost an object meanwhile.
const BLOB_CACHE: usize = 1024 * 1024;

/// Reads a repository. It cannot write.
///
/// A reader belongs to one thread; [`Reader::fork`] makes one for another thread.
pub struct Reader {
    pub(super) shared: Arc<Shared>,
    pub(super) handles: Handles,
    pub(super) scratch: RefCell<Vec<u8>>,
    pub(super) blobs: RefCell<Cache>,
    pub(super) known_blobs: RefCell<KnownBlobs>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("git_dir", &self.git_dir())
            .finish_non_exhaustive()
    }
}

impl Reader {
    /// Discovers the repository that contains `dir`. The environment is ignored.
    pub fn discover(dir: &Path) -> Result<Self, Error> {
        Self::new(open::discover(dir)?, None)
    }

    /// Opens the repository at `git_dir`, or that of the work tree `git_dir`.
    pub fn open(git_dir: &Path) -> Result<Self, Error> {
        Self::new(open::open(git_dir)?, None)
    }

    /// Opens the repository inside one of its hooks that has this environment, with the quarantine
    /// if there is one.
    pub fn in_hook(environment: &Environment) -> Result<Self, Error> {
        if environment.given("GIT_NAMESPACE").is_some() {
            let why = "GIT_NAMESPACE is set, and namespaces are not supported".into();
            return Err(Error::Environment { why });
        }
        let value = |key: &str| environment.get(key).map(ToOwned::to_owned);
        let quarantine = Quarantine::from_values(value, environment.directory())?;
        Self::in_quarantine(&quarantine)
    }

    /// Opens the repository as one of its hooks sees it.
    pub fn in_quarantine(quarantine: &Quarantine) -> Result<Self, Error> {
        Self::new(open::open(&quarantine.git_dir)?, Some(quarantine))
    }

    fn new(
        repo: gix::ThreadSafeRepository,
        quarantine: Option<&Quarantine>,
    ) -> Result<Self, Error> {
        let (shared, handles) = open::share(repo, quarantine)?;
        Ok(Self::with(Arc::new(shared), handles, 0))
    }

    fn with(shared: Arc<Shared>, handles: Handles, blobs: usize) -> Self {
        Self {
            shared,
            handles,
            scratch: RefCell::default(),
            blobs: RefCell::new(Cache::new(blobs)),
            known_blobs: RefCell::default(),
        }
    }

    /// Returns a reader of the same repository for another thread. Open packs are shared.
    pub fn fork(&self) -> Self {
        Self::with(Arc::clone(&self.shared), self.handles.clone(), BLOB_CACHE)
    }

    /// Returns the hash function that names the objects.
    pub fn hash_kind(&self) -> HashKind {
        self.shared.hash_kind
    }

    /// Returns the repository's directory; for a linked work tree, the private one.
    pub fn git_dir(&self) -> &Path {
        &self.shared.git_dir
    }

    /// Returns the directory that all work trees share, which holds the objects and the refs.
    pub fn common_dir(&self) -> &Path {
        &self.shared.common_dir
    }

    /// Returns the work tree, if there is one.
    pub fn work_tree(&self) -> Option<&Path> {
        self.shared.work_tree.as_deref()
    }

    /// Returns whether the repository belongs to another user and is not in `safe.directory`.
    pub fn is_foreign(&self) -> bool {
        self.shared.is_foreign
    }

    /// Returns whether the repository has no work tree.
    pub fn is_bare(&self) -> bool {
        self.shared.is_bare
    }

    /// Returns whether pushed objects are visible that are not yet in the repository.
    pub fn is_in_quarantine(&self) -> bool {
        self.shared.in_quarantine
    }

    /// Returns a configuration value: the repository's, or else the user's or the system's.
    pub fn config(&self, key: &str) -> Option<String> {
        let local = self.shared.repo.to_thread_local();
        let value = local.config_snapshot().string(key)?;
        String::from_utf8(value.into()).ok()
    }

    /// Returns a configuration value of the repository itself; not the user's, the system's or one from the
    /// environment, which whoever pushes may have chosen.
    pub fn own_config(&self, section: &str, key: &str) -> Option<String> {
        let local = self.shared.repo.to_thread_local();
        let config = local.config_snapshot();
        let sections = config.plumbing().sections_by_name(section)?;
        let own = sections.filter(|it| it.meta().source == gix::config::Source::Local);
        let own = own.filter(|it| it.header().subsection_name().is_none());
        let value = own.filter_map(|it| it.value(key)).last()?;
        String::from_utf8(value.into()).ok()
    }

    /// Returns the names of the filters that the repository's own configuration defines, if they are
    /// UTF-8; not those of the user or the system.
    pub(super) fn own_filters(&self) -> BTreeSet<String> {
        use gix::config::Source;
        let local = self.shared.repo.to_thread_local();
        let config = local.config_snapshot();
        let sections = config.plumbing().sections_by_name("filter");
        let own = sections
            .into_iter()
            .flatten()
            .filter(|section| matches!(section.meta().source, Source::Local | Source::Worktree));
        own.filter_map(|section| section.header().subsection_name().map(|it| it.to_string()))
            .collect()
    }

    /// Returns whatever keeps the repository from showing all objects that it names.
    ///
    /// Replace refs do not count: they are always ignored.
    pub fn view_problems(&self) -> Vec<ViewProblem> {
        self.shared.view_problems()
    }

    /// Refuses a repository that does not show all objects that it names, for this reason.
    pub fn require_no(&self, why: ViewProblem) -> Result<(), Error> {
        match self.view_problems().contains(&why) {
            true => Err(Error::IncompleteView { why }),
            false => Ok(()),
        }
    }

    /// Refuses a repository that does not show all objects that it names.
    pub fn require_whole_view(&self) -> Result<(), Error> {
        match self.view_problems().first() {
            None => Ok(()),
            Some(why) => Err(Error::IncompleteView { why: *why }),
        }
    }

    /// Returns the error that an object is missing.
    pub fn missing(&self, id: ObjectId) -> Error {
        let why = match self.shared.in_quarantine {
            true => None,
            false => self.view_problems().first().copied(),
        };
        Error::Missing { id, why }
    }
}
