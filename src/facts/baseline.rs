//! Baselines as the rules judge them: what each is, holds and says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::git::{self, Kind as ObjectKind, Reader};
use crate::policy::document::Limits;
use crate::policy::keyring::Signer;
use crate::policy::{Position, Unverified};
use crate::record::baseline::{
    BadManifest, Difference, FILES, Item, Kind, MANIFEST, Manifest, Place, Scope, differences,
};
use crate::record::commit::Commit;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, Subject, Timestamp, names};
use crate::records::Kind as RecordKind;
use crate::store::ledger::Records;

use super::Error;

/// A baseline, read whole.
pub struct Baseline {
    /// The ref.
    pub reference: RefName,
    /// What the ref says that it is.
    pub place: Place,
    /// The commit.
    pub commit: Arc<Commit>,
    /// What it says of itself, if that can be read.
    pub manifest: Option<Manifest>,
    /// The tree that holds the state.
    pub files: Option<ObjectId>,
    /// What is wrong with its tree.
    pub flaws: Vec<Flaw>,
    /// Who signed it, or why nobody can be said to have.
    pub signer: Result<Signer, Unverified>,
}

/// What is wrong with the tree of a baseline.
#[derive(Debug)]
pub enum Flaw {
    /// It does not have exactly the two entries.
    Entries(String),
    /// The manifest cannot be read.
    Manifest(BadManifest),
    /// An entry is of no kind that a state holds.
    Entry(RepoPath, &'static str),
    /// Files and manifest differ.
    Differs(RepoPath, Difference),
    /// An object is not in the repository.
    Missing(ObjectId),
    /// There are more entries than may be.
    TooMany(usize),
}

impl Baseline {
    /// Reads a baseline and everything in it.
    pub fn read(
        reader: &Reader,
        (reference, place): (&RefName, Place),
        id: ObjectId,
        (position, time): (&Position<'_>, Timestamp),
    ) -> Result<Self, Error> {
        let commit = reader.commit(id)?;
        let signer = position.policy.keyring().signer_of(&commit, time);
        let mut read = Read {
            reader,
            limits: &position.policy.document().limits,
            flaws: Vec::new(),
        };
        let (manifest, files) = read.parts(commit.tree)?;
        if let (Some(manifest), Some(files)) = (&manifest, files) {
            read.compare(manifest, files)?;
        }
        let flaws = read.flaws;
        Ok(Self {
            reference: reference.clone(),
            place,
            commit,
            manifest,
            files,
            flaws,
            signer,
        })
    }

    /// Returns a subject that names the ref and the commit.
    pub fn subject(&self) -> Subject {
        Subject::of_ref(&self.reference).at(self.commit.id)
    }
}

/// Tells whether there is a task that is called like what a baseline is of.
pub fn is_task(records: &Records<'_>, scope: &Scope) -> Result<bool, Error> {
    Ok(match scope.called() {
        Some(task) => records.envelope(&RecordKind::Contract.of(&task))?.is_some(),
        None => false,
    })
}

/// Returns what a baseline says of itself. What cannot be read is nothing: whoever proves it says why.
pub fn manifest_of(reader: &Reader, id: ObjectId, limits: &Limits) -> Option<Manifest> {
    let (mode, blob) = reader
        .entry(reader.tree_of(id).ok()?, &RepoPath::from(MANIFEST))
        .ok()??;
    let (longest, most) = (limits.inventory_bytes, limits.inventory_lines);
    let bytes = reader.blob_limited(blob, longest as u64).ok()?;
    let manifest = Manifest::parse(&bytes, longest, most).ok()?;
    (mode == Mode::File).then_some(manifest)
}

/// Reads a tree, and notes what is wrong with it.
struct Read<'a> {
    reader: &'a Reader,
    limits: &'a Limits,
    flaws: Vec<Flaw>,
}

impl Read<'_> {
    /// Returns the manifest and the tree of the files.
    fn parts(&mut self, tree: ObjectId) -> Result<(Option<Manifest>, Option<ObjectId>), Error> {
        let Some(tree) = self.held(self.reader.tree(tree))? else {
            return Ok((None, None));
        };
        let (mut manifest, mut files) = (None, None);
        for entry in &tree.entries {
            match (entry.name.as_slice(), entry.mode) {
                (name, Mode::Tree) if name == FILES.as_bytes() => files = Some(entry.id),
                (name, Mode::File) if name == MANIFEST.as_bytes() => manifest = Some(entry.id),
                (name, _) => {
                    let path = RepoPath::new(name);
                    self.flaws
                        .push(Flaw::Entries(format!("{path} beside them")));
                }
            }
        }
        if files.is_none() || manifest.is_none() {
            let found = "without files/ or manifest.json".to_owned();
            self.flaws.push(Flaw::Entries(found));
        }
        let manifest = match manifest {
            Some(id) => self.manifest(id)?,
            None => None,
        };
        Ok((manifest, files))
    }

    fn manifest(&mut self, id: ObjectId) -> Result<Option<Manifest>, Error> {
        let (longest, most) = (self.limits.inventory_bytes, self.limits.inventory_lines);
        let bytes = match self.reader.blob_limited(id, longest as u64) {
            Err(git::Error::TooLarge { size, max, .. }) => {
                self.flaws.push(Flaw::Manifest(BadManifest::Limit {
                    what: "bytes of manifest.json",
                    found: size,
                    most: max,
                }));
                return Ok(None);
            }
            bytes => self.held(bytes)?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        match Manifest::parse(&bytes, longest, most) {
            Ok(manifest) => Ok(Some(manifest)),
            Err(bad) => {
                self.flaws.push(Flaw::Manifest(bad));
                Ok(None)
            }
        }
    }

    /// Compares every file with the manifest, by its bytes.
    fn compare(&mut self, manifest: &Manifest, files: ObjectId) -> Result<(), Error> {
        let sizes = manifest.items.iter();
        let sizes: BTreeMap<&RepoPath, u64> = sizes.map(|it| (&it.path, it.size)).collect();
        let mut found = Vec::new();
        for (path, mode, id) in self.listed(files)? {
            let kind = match mode {
                Mode::Symlink => Kind::Symlink,
                _ => Kind::File,
            };
            // What has another size is not read: it may be large.
            let size = match self.reader.header(id)? {
                Some((ObjectKind::Blob, size)) => size,
                Some(_) => {
                    self.flaws
                        .push(Flaw::Entry(path, "an object that is no file"));
                    continue;
                }
                None => {
                    self.held::<()>(Err(self.reader.missing(id)))?;
                    continue;
                }
            };
            if sizes.get(&path).is_some_and(|it| *it != size) {
                self.flaws
                    .push(Flaw::Differs(path.clone(), Difference::Content));
            }
            if sizes.get(&path) != Some(&size) {
                found.push(Item {
                    size,
                    ..Item::new(path, kind, mode == Mode::Executable, b"")
                });
                continue;
            }
            if let Some(bytes) = self.held(self.reader.blob_limited(id, size))? {
                let name = path.components().last().unwrap_or_default();
                if let Some(why) = git::refused_by_fsck(name, mode, &bytes) {
                    self.flaws.push(Flaw::Entry(path.clone(), why));
                }
                found.push(Item::new(path, kind, mode == Mode::Executable, &bytes));
            }
        }
        // git has no empty directories: the manifest alone tells of them.
        let told = manifest.items.iter();
        let told = told.filter(|it| it.kind != Kind::Directory);
        let told: Vec<_> = told.cloned().collect();
        let known = self.flaws.iter().filter_map(Flaw::path).cloned();
        let known: BTreeSet<RepoPath> = known.collect();
        let missing = self.flaws.iter().any(|it| matches!(it, Flaw::Missing(_)));
        for (path, how) in differences(&told, &found) {
            // What cannot be read is told already, and so is what has another size.
            let is_told = known.contains(&path) || (missing && how == Difference::Removed);
            if !is_told {
                self.flaws.push(Flaw::Differs(path, how));
            }
        }
        Ok(())
    }

    /// Returns every file and symlink below a tree.
    fn listed(&mut self, files: ObjectId) -> Result<Vec<(RepoPath, Mode, ObjectId)>, Error> {
        let mut listed = Vec::new();
        let mut left = vec![(RepoPath::default(), files, 0_usize)];
        let most = self.limits.inventory_lines;
        while let Some((at, id, depth)) = left.pop() {
            let Some(tree) = self.held(self.reader.tree(id))? else {
                continue;
            };
            self.reader.work(tree.entries.len() as u64)?;
            if depth > 0 && tree.entries.is_empty() {
                self.flaws.push(Flaw::Entry(
                    at,
                    "an empty directory, which git never writes",
                ));
                continue;
            }
            for entry in &tree.entries {
                let path = at.join(&entry.name);
                let why = match entry.mode {
                    Mode::Gitlink => Some("a submodule"),
                    Mode::Tree if depth >= self.limits.tree_depth => Some("nested too deep"),
                    _ if matches!(entry.name.as_slice(), b"." | b"..") => Some("a step elsewhere"),
                    _ if names::is_git(&entry.name) => Some("named like .git"),
                    // A file is judged with its bytes.
                    Mode::Tree | Mode::Symlink => {
                        git::refused_by_fsck(&entry.name, entry.mode, b"")
                    }
                    _ => None,
                };
                match (why, entry.mode) {
                    (Some(why), _) => self.flaws.push(Flaw::Entry(path, why)),
                    (None, Mode::Tree) => {
                        let deeper = depth.saturating_add(1);
                        left.push((path, entry.id, deeper));
                    }
                    (None, mode) => listed.push((path, mode, entry.id)),
                }
            }
            if listed.len().saturating_add(left.len()) > most {
                self.flaws.push(Flaw::TooMany(most));
                return Ok(Vec::new());
            }
        }
        listed.sort();
        Ok(listed)
    }

    /// Returns what was read; nothing of what is missing, which is noted.
    fn held<T>(&mut self, read: Result<T, git::Error>) -> Result<Option<T>, Error> {
        match read {
            Ok(value) => Ok(Some(value)),
            // Why a clone lacks it is told elsewhere.
            Err(git::Error::Missing { id, why: None }) => {
                self.flaws.push(Flaw::Missing(id));
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Flaw {
    fn path(&self) -> Option<&RepoPath> {
        match self {
            Self::Entry(path, _) | Self::Differs(path, _) => Some(path),
            _ => None,
        }
    }
}
