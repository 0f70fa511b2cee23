//! Collects what the rules need to know of artefacts, from objects alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::case::{CommitKind, RollbackTarget};
use crate::git::{Directories, Error, Reader};
use crate::policy::document::Limits;
use crate::policy::{ArtefactRoot, Policy};
use crate::record::artefact::ArtefactName;
use crate::record::commit::Commit;
use crate::record::index_page;
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, RepoPath, fold};

use super::seen::{Artefacts, Content, Line, Page, split};
use super::taken_back::TakenBack;

/// The longest page that is read, in bytes.
const LONGEST_PAGE: u64 = 64 << 20;

/// A commit, or one that is about to be made.
pub struct Made<'a> {
    /// Its parents.
    pub parents: &'a [ObjectId],
    /// Its tree, if it is written.
    pub tree: Option<ObjectId>,
    /// The commit that it says it reverts.
    pub reverts: Option<ObjectId>,
}

impl<'a> Made<'a> {
    /// Returns what is there of a commit.
    pub fn of(commit: &'a Commit) -> Self {
        let reverts = match CommitKind::of(commit) {
            CommitKind::Rollback(RollbackTarget::Commit(target)) => Some(target),
            _ => None,
        };
        Self {
            parents: &commit.parents,
            tree: Some(commit.tree),
            reverts,
        }
    }
}

/// Collects what the rules need to know of a commit.
pub fn of_commit(
    reader: &Reader,
    policy: &Policy,
    commit: &Commit,
    changes: &[Change],
    taken_back: &TakenBack,
) -> Result<Artefacts, Error> {
    match policy.artefacts() {
        [] => Ok(Artefacts::default()),
        _ => collect(reader, policy, &Made::of(commit), changes, taken_back),
    }
}

/// Collects what the rules need to know of a commit with these changes.
pub fn collect(
    reader: &Reader,
    policy: &Policy,
    made: &Made<'_>,
    changes: &[Change],
    taken_back: &TakenBack,
) -> Result<Artefacts, Error> {
    if policy.artefacts().is_empty() {
        return Ok(Artefacts::default());
    }
    let mut parents = Vec::with_capacity(made.parents.len());
    for parent in made.parents {
        parents.push(reader.tree_of(*parent)?);
    }
    let mut at = Place {
        reader,
        policy,
        made,
        parents,
        staged: match made.tree {
            Some(_) => BTreeMap::new(),
            None => changes.iter().map(|it| (&it.path, it.new)).collect(),
        },
        directories: Directories::new(reader),
        scanned: BTreeSet::new(),
        found: Artefacts::default(),
    };
    at.pages(changes)?;
    let reverted = at.reverted()?;
    for change in changes {
        let Some(root) = policy.artefact_of(&change.path) else {
            continue;
        };
        if change.path != root.index_page() {
            at.change(root, change, reverted.as_ref(), taken_back)?;
        }
    }
    Ok(at.found)
}

/// Where a commit is made, and what was found of it so far.
struct Place<'a> {
    reader: &'a Reader,
    policy: &'a Policy,
    made: &'a Made<'a>,
    /// The trees of the parents.
    parents: Vec<ObjectId>,
    /// What is about to change, if no tree is written.
    staged: BTreeMap<&'a RepoPath, Option<Content>>,
    directories: Directories<'a>,
    /// The directories whose versions were read.
    scanned: BTreeSet<Vec<u8>>,
    found: Artefacts,
}

/// The commit that is reverted.
struct Reverted {
    tree: ObjectId,
    parents: Vec<Option<ObjectId>>,
}

impl Place<'_> {
    /// Returns what each parent has at a path.
    fn before(&mut self, path: &RepoPath) -> Result<Vec<Option<Content>>, Error> {
        let mut before = Vec::with_capacity(self.parents.len());
        for tree in &self.parents {
            before.push(self.directories.entry(*tree, path)?);
        }
        Ok(before)
    }

    /// Returns what stands at a path after the commit.
    fn after(&mut self, path: &RepoPath) -> Result<Option<Content>, Error> {
        if let Some(tree) = self.made.tree {
            return self.directories.entry(tree, path);
        }
        match (self.staged.get(path), self.parents.first()) {
            (Some(content), _) => Ok(*content),
            (None, Some(tree)) => self.directories.entry(*tree, path),
            (None, None) => Ok(None),
        }
    }

    /// Looks at one changed path below a root.
    fn change(
        &mut self,
        root: &ArtefactRoot,
        change: &Change,
        reverted: Option<&Reverted>,
        taken_back: &TakenBack,
    ) -> Result<(), Error> {
        let path = &change.path;
        let is_merge = self.parents.len() > 1;
        let before = match is_merge {
            true => self.before(path)?,
            false => vec![change.old],
        };
        let appears = change.new.filter(|_| before.contains(&None));
        let reverses = reverted.map(|it| self.reverses(it, change));
        if reverses.transpose()? == Some(true) {
            self.found.put_back.insert(path.clone());
        } else if let Some((_, rest)) = root.archived(path) {
            if let Some(new) = appears {
                self.arrives(root, path, rest, new)?;
            }
        } else if let Some(new) = appears {
            let (_, name) = split(path.as_bytes());
            let name = ArtefactName::parse(name).ok();
            if let Some(name) = name.filter(|_| root.is_versioned()) {
                self.versions(root, path)?;
                let (reader, policy) = (self.reader, self.policy);
                let by = taken_back.find(reader, policy, self.made.parents, (path, &name), new)?;
                if let Some(by) = by {
                    self.found.taken_back.insert(path.clone(), by);
                }
            }
        } else if change.new.is_none() {
            self.goes(root, path, &before)?;
        }
        if is_merge {
            self.found.before.insert(path.clone(), before);
        }
        Ok(())
    }

    /// Notes where a new file of an archive comes from.
    fn arrives(
        &mut self,
        root: &ArtefactRoot,
        path: &RepoPath,
        rest: &[u8],
        new: Content,
    ) -> Result<(), Error> {
        let source = root.root().path().join(rest);
        let is_of_root = self.policy.artefact_of(&source) == Some(root)
            && root.archived(&source).is_none()
            && source != root.index_page();
        if is_of_root && self.before(&source)?.contains(&Some(new)) {
            self.found.stood.insert(path.clone());
            if self.after(&source)?.is_some() {
                self.found.copied.insert(path.clone());
            }
        }
        Ok(())
    }

    /// Notes whether an archive holds a file that is gone.
    fn goes(
        &mut self,
        root: &ArtefactRoot,
        path: &RepoPath,
        before: &[Option<Content>],
    ) -> Result<(), Error> {
        let Some(rest) = root.root().below(path) else {
            return Ok(());
        };
        for archive in root.archives() {
            let there = self.after(&archive.path().join(rest))?;
            if there.is_some() && before.iter().flatten().all(|it| Some(*it) == there) {
                self.found.archived.insert(path.clone());
            }
        }
        Ok(())
    }

    /// Notes the highest versions in the directory of a file, and in the same directory of each archive.
    fn versions(&mut self, root: &ArtefactRoot, path: &RepoPath) -> Result<(), Error> {
        let (directory, _) = split(path.as_bytes());
        if !self.scanned.insert(fold::bytes(directory)) {
            return Ok(());
        }
        let (rest, _) = split(root.root().below(path).unwrap_or_default());
        let mut places = vec![RepoPath::new(directory)];
        for archive in root.archives() {
            let archive = archive.path();
            places.push(match rest {
                b"" => archive,
                rest => archive.join(rest),
            });
        }
        for tree in self.parents.clone() {
            for place in &places {
                for directory in self.directories.alike(tree, place)? {
                    let names = self.directories.names(directory)?;
                    let files = names.iter().filter(|(_, (mode, _))| *mode != Mode::Tree);
                    for name in files.filter_map(|(name, _)| ArtefactName::parse(name).ok()) {
                        let version = name.version();
                        let line = Line::of(path, &name);
                        let highest = self.found.highest.entry(line).or_insert(version);
                        *highest = version.max(*highest);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the commit that is reverted, if that is one of the history.
    fn reverted(&self) -> Result<Option<Reverted>, Error> {
        let (Some(target), [parent]) = (self.made.reverts, self.made.parents) else {
            return Ok(None);
        };
        let reader = self.reader;
        let is_there = target.kind() == reader.hash_kind() && reader.contains(target);
        if !is_there || !reader.is_ancestor(target, *parent)? {
            return Ok(None);
        }
        let mut parents = Vec::new();
        for parent in reader.parents_of(target)? {
            parents.push(Some(reader.tree_of(parent)?));
        }
        if parents.is_empty() {
            parents.push(None);
        }
        Ok(Some(Reverted {
            tree: reader.tree_of(target)?,
            parents,
        }))
    }

    /// Tells whether a change puts back what the reverted commit changed, against one of its parents.
    fn reverses(&mut self, reverted: &Reverted, change: &Change) -> Result<bool, Error> {
        if self.directories.entry(reverted.tree, &change.path)? != change.old {
            return Ok(false);
        }
        for parent in &reverted.parents {
            let was = match parent {
                Some(tree) => self.directories.entry(*tree, &change.path)?,
                None => None,
            };
            if was == change.new {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Compares the pages of the roots in which the commit changes something.
    fn pages(&mut self, changes: &[Change]) -> Result<(), Error> {
        let policy = self.policy;
        for root in policy.artefacts().iter().filter(|it| it.has_index()) {
            let path = root.root().path();
            let changed = match self.made.tree.filter(|_| self.parents.len() > 1) {
                // What a merge takes from different sides is none of its own changes.
                Some(tree) => {
                    let after = self.directories.entry(tree, &path)?;
                    !self.before(&path)?.contains(&after)
                }
                None => {
                    let mut changes = changes.iter();
                    changes.any(|it| exactly_below(&path, &it.path).is_some())
                }
            };
            if !changed {
                continue;
            }
            match self.page(root)? {
                Some(page) => self.found.pages.push((root.index_page(), page)),
                None => _ = self.found.generated.insert(root.index_page()),
            }
        }
        Ok(())
    }

    /// Returns how the page of a root is not what it should be, if it is not.
    fn page(&mut self, root: &ArtefactRoot) -> Result<Option<Page>, Error> {
        let path = root.index_page();
        let entries = self.entries(root)?;
        let bytes = match self.after(&path)? {
            None | Some((Mode::Tree, _)) => None,
            Some((Mode::File, id)) => match self.reader.blob_limited(id, LONGEST_PAGE) {
                Ok(bytes) => Some(bytes),
                Err(Error::TooLarge { size, .. }) => return Ok(Some(Page::Large(size))),
                Err(error) => return Err(error),
            },
            Some((mode, _)) => return Ok(Some(Page::Mode(mode))),
        };
        let found = index_page::compare(&root.root().path(), &entries, bytes.as_deref());
        Ok((!found.is_empty()).then_some(Page::Differs(found)))
    }

    /// Returns the files below a root after the commit, relative to it, without its own page.
    fn entries(&mut self, root: &ArtefactRoot) -> Result<BTreeSet<RepoPath>, Error> {
        let path = root.root().path();
        let tree = self.made.tree.or(self.parents.first().copied());
        let most = self.policy.document().limits.paths;
        let mut entries = match tree {
            Some(tree) => entries(self.reader, &mut self.directories, tree, &path, most)?,
            None => BTreeSet::new(),
        };
        for (staged, content) in &self.staged {
            if let Some(rest) = exactly_below(&path, staged) {
                let rest = RepoPath::new(rest);
                match content {
                    Some(_) => entries.insert(rest),
                    None => entries.remove(&rest),
                };
            }
        }
        entries.remove(&RepoPath::from(index_page::NAME));
        Ok(entries)
    }
}

/// Returns the files below a directory, relative to it.
fn entries(
    reader: &Reader,
    directories: &mut Directories<'_>,
    tree: ObjectId,
    path: &RepoPath,
    most: usize,
) -> Result<BTreeSet<RepoPath>, Error> {
    let Some((Mode::Tree, tree)) = directories.entry(tree, path)? else {
        return Ok(BTreeSet::new());
    };
    let most = most.max(Limits::default().paths);
    let files = reader.files_before(tree, most)?;
    Ok(files.into_iter().map(|(path, ..)| path).collect())
}

/// Returns the page that belongs to a tree, with the mode of a file; nothing where there are no files to name.
pub fn page_of(
    reader: &Reader,
    tree: ObjectId,
    root: &ArtefactRoot,
    most: usize,
) -> Result<Option<Vec<u8>>, Error> {
    let path = root.root().path();
    let mut entries = entries(reader, &mut Directories::new(reader), tree, &path, most)?;
    entries.remove(&RepoPath::from(index_page::NAME));
    Ok((!entries.is_empty()).then(|| index_page::render(&path, &entries)))
}

/// Returns what of a path is below a directory that is spelt exactly so.
fn exactly_below<'p>(directory: &RepoPath, path: &'p RepoPath) -> Option<&'p [u8]> {
    let rest = path.as_bytes().strip_prefix(directory.as_bytes())?;
    rest.strip_prefix(b"/")
}
