//! Collects what the rules need to know of artefacts, from objects alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::case::{CommitKind, RollbackTarget};
use crate::git::{Directories, Error, Reader};
use crate::policy::document::Limits;
use crate::policy::{ArtefactRoot, Policy};
use crate::record::artefact::{ArtefactName, Version};
use crate::record::commit::Commit;
use crate::record::index_page;
use crate::record::path::split;
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, RepoPath, fold};

use super::seen::{Artefacts, Content, Line, Page};
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
    let judged = |it: &&Change| {
        let root = policy.artefact_of(&it.path);
        root.is_some_and(|root| it.path != root.index_page())
    };
    let changes: Vec<&Change> = changes.iter().filter(judged).collect();
    if at.takes_back(&changes)? {
        let paths = changes.iter().map(|it| it.path.clone());
        at.found.put_back = paths.collect();
        at.brought(&changes, taken_back)?;
        return Ok(at.found);
    }
    if at.parents.len() > 1 {
        at.brought(&changes, taken_back)?;
    }
    for change in changes {
        if let Some(root) = policy.artefact_of(&change.path) {
            at.change(root, change, taken_back)?;
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

/// The files of a directory and its archives, by line and version.
type Standing = BTreeMap<(String, Version), BTreeSet<RepoPath>>;

/// What a change leaves and what it brings, by path.
type Sides = BTreeMap<RepoPath, (Option<Content>, Option<Content>)>;

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
        taken_back: &TakenBack,
    ) -> Result<(), Error> {
        let path = &change.path;
        let is_merge = self.parents.len() > 1;
        let before = match is_merge {
            true => self.before(path)?,
            false => vec![change.old],
        };
        let appears = change.new.filter(|_| before.contains(&None));
        if let Some((_, rest)) = root.archived(path) {
            if let Some(new) = appears {
                self.arrives(root, path, rest, new)?;
            }
        } else if let Some(new) = appears {
            let (_, name) = split(path.as_bytes());
            let name = ArtefactName::parse(name).ok();
            if let Some(name) = name.filter(|_| root.is_versioned()) {
                let places = places(root, path);
                self.versions(&places)?;
                let (reader, policy) = (self.reader, self.policy);
                let of = (&*places, &name);
                let parents = (self.made.parents, &[][..]);
                let by = taken_back.find(reader, policy, parents, of, new)?;
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

    /// Notes the highest versions in the directories of a line.
    fn versions(&mut self, places: &[RepoPath]) -> Result<(), Error> {
        let Some(first) = places.first() else {
            return Ok(());
        };
        if !self.scanned.insert(fold::bytes(first.as_bytes())) {
            return Ok(());
        }
        for tree in self.parents.clone() {
            for place in places {
                for (name, _) in self.named(tree, place)? {
                    let version = name.version();
                    let line = Line::within(first.as_bytes(), &name);
                    let highest = self.found.highest.entry(line).or_insert(version);
                    *highest = version.max(*highest);
                }
            }
        }
        Ok(())
    }

    /// Returns the files of a directory that have versioned names, however its own is spelt.
    fn named(
        &mut self,
        tree: ObjectId,
        place: &RepoPath,
    ) -> Result<Vec<(ArtefactName, RepoPath)>, Error> {
        let mut named = Vec::new();
        for (directory, tree) in self.directories.alike(tree, place)? {
            let names = self.directories.names(tree)?;
            let files = names.iter().filter(|(_, (mode, _))| *mode != Mode::Tree);
            named.extend(files.filter_map(|(name, _)| {
                let path = directory.join(name);
                Some((ArtefactName::parse(name).ok()?, path))
            }));
        }
        Ok(named)
    }

    /// Looks at the versions that a merge brings from one side to another one, and at those that a revert brings back.
    fn brought(&mut self, changes: &[&Change], taken_back: &TakenBack) -> Result<(), Error> {
        let (reader, policy, parents) = (self.reader, self.policy, self.made.parents);
        let is_merge = parents.len() > 1;
        let mut brought: BTreeMap<RepoPath, Content> = BTreeMap::new();
        let mut add = |it: &Change| {
            if let (None, Some(new)) = (it.old, it.new) {
                brought.insert(it.path.clone(), new);
            }
        };
        match self.made.tree.filter(|_| is_merge) {
            Some(tree) => {
                for parent in self.parents.clone() {
                    self.below_roots(Some(parent), tree)?
                        .iter()
                        .for_each(&mut add);
                }
            }
            None => changes.iter().copied().for_each(&mut add),
        }
        let mut lines = BTreeMap::new();
        for (path, new) in brought {
            let root = policy.artefact_of(&path).filter(|it| it.is_versioned());
            let Some(root) = root else {
                continue;
            };
            let Ok(name) = ArtefactName::parse(split(path.as_bytes()).1) else {
                continue;
            };
            let places = places(root, &path);
            if is_merge {
                let before = self.before(&path)?;
                let sides = parents.iter().zip(before);
                let holders = sides.filter_map(|(id, it)| (it == Some(new)).then_some(*id));
                let parents = (parents, &*holders.collect::<Vec<_>>());
                let by = taken_back.find(reader, policy, parents, (&places, &name), new)?;
                if let Some(by) = by {
                    self.found.taken_back.insert(path, by);
                }
            }
            let first = places.first().map(|it| fold::bytes(it.as_bytes()));
            lines.insert(first, places);
        }
        for places in lines.values() {
            self.doubled(places)?;
        }
        Ok(())
    }

    /// Notes which versions stand more than once in the directories of a line, unless a parent has them so.
    fn doubled(&mut self, places: &[RepoPath]) -> Result<(), Error> {
        let mut before = Vec::with_capacity(self.parents.len());
        for tree in self.parents.clone() {
            before.push(self.standing(tree, places)?);
        }
        let mut after = match self.made.tree {
            Some(tree) => self.standing(tree, places)?,
            None => before.first().cloned().unwrap_or_default(),
        };
        for (path, content) in &self.staged {
            let (directory, name) = split(path.as_bytes());
            let directory = fold::bytes(directory);
            let mut places = places.iter();
            if places.any(|it| fold::bytes(it.as_bytes()) == directory)
                && let Ok(name) = ArtefactName::parse(name)
            {
                let files = after.entry((name.line(), name.version())).or_default();
                match content {
                    Some(_) => files.insert((*path).clone()),
                    None => files.remove(*path),
                };
            }
        }
        for (version, files) in after {
            let of = |it: &Standing| it.get(&version).cloned().unwrap_or_default();
            if files.len() < 2 || before.iter().any(|it| files.is_subset(&of(it))) {
                continue;
            }
            // The one that comes to where the commit is made is named first.
            let first = before.first().map(of).unwrap_or_default();
            if let Some(path) = files.iter().find(|it| !first.contains(it))
                && let Some(other) = files.iter().find(|it| *it != path)
            {
                self.found.doubled.push((path.clone(), other.clone()));
            }
        }
        Ok(())
    }

    /// Returns the files with versioned names in the directories of a line.
    fn standing(&mut self, tree: ObjectId, places: &[RepoPath]) -> Result<Standing, Error> {
        let mut found = Standing::new();
        for place in places {
            for (name, path) in self.named(tree, place)? {
                let version = (name.line(), name.version());
                found.entry(version).or_default().insert(path);
            }
        }
        Ok(found)
    }

    /// Tells whether the commit reverts one of its history, and does below the roots exactly the inverse of that one,
    /// pages apart, against one of its parents.
    ///
    /// What leaves an archive has to stand at its place in the root again: the reverted commit may be from a time in
    /// which nobody asked where it came from.
    fn takes_back(&mut self, changes: &[&Change]) -> Result<bool, Error> {
        let (Some(target), [parent]) = (self.made.reverts, self.made.parents) else {
            return Ok(false);
        };
        let reader = self.reader;
        let is_there = target.kind() == reader.hash_kind() && reader.contains(target);
        if changes.is_empty() || !is_there || !reader.is_ancestor(target, *parent)? {
            return Ok(false);
        }
        for change in changes {
            let Some(root) = self.policy.artefact_of(&change.path) else {
                continue;
            };
            if let (Some(old), Some((_, rest))) = (change.old, root.archived(&change.path))
                && self.after(&root.root().path().join(rest))? != Some(old)
            {
                return Ok(false);
            }
        }
        let inverse = |it: &&Change| (it.path.clone(), (it.new, it.old));
        let back: Sides = changes.iter().map(inverse).collect();
        let tree = reader.tree_of(target)?;
        let mut parents = Vec::new();
        for parent in reader.parents_of(target)? {
            parents.push(Some(reader.tree_of(parent)?));
        }
        if parents.is_empty() {
            parents.push(None);
        }
        for parent in parents {
            let done = self.below_roots(parent, tree)?;
            let done = done.into_iter().map(|it| (it.path, (it.old, it.new)));
            if done.collect::<Sides>() == back {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns what changes below the roots from one tree to another one, pages apart.
    fn below_roots(&mut self, old: Option<ObjectId>, new: ObjectId) -> Result<Vec<Change>, Error> {
        let policy = self.policy;
        let mut found = Vec::new();
        for root in policy.artefacts() {
            let path = root.root().path();
            let mut sides = [None; 2];
            for (side, tree) in sides.iter_mut().zip([old, Some(new)]) {
                if let Some(tree) = tree
                    && let Some((Mode::Tree, id)) = self.directories.entry(tree, &path)?
                {
                    *side = Some(id);
                }
            }
            let [old, new] = sides;
            // As many as there are: each of them was within the limits as it came, or came before these.
            for change in self.reader.changes_before(old, new, usize::MAX)? {
                let path = path.join(change.path.as_bytes());
                if policy.artefact_of(&path) == Some(root) && path != root.index_page() {
                    found.push(Change { path, ..change });
                }
            }
        }
        Ok(found)
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

/// Returns the directories in which the versions of a line stand: that of the file in the root, and the same one of
/// each archive.
fn places(root: &ArtefactRoot, path: &RepoPath) -> Vec<RepoPath> {
    let archived = root.archived(path).map(|(_, rest)| rest);
    let rest = archived.or_else(|| root.root().below(path));
    let (rest, _) = split(rest.unwrap_or_default());
    let mut places = vec![root.root().path()];
    places.extend(root.archives().iter().map(|it| it.path()));
    if !rest.is_empty() {
        places = places.iter().map(|it| it.join(rest)).collect();
    }
    places
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
