//! Baselines that no command makes.

use git_awo::git::{CommitDraft, Repo};
use git_awo::record::baseline::{FILES, Item, MANIFEST, Manifest};
use git_awo::record::tree::{Entry, Mode};
use git_awo::record::{ObjectId, RepoPath};

use crate::world::World;

/// A baseline in the making.
pub struct Forge<'a> {
    pub world: &'a World,
    /// Who signs it, in their own clone.
    pub who: &'static str,
    pub repo: Repo,
    pub manifest: Manifest,
    pub files: ObjectId,
    pub parents: Vec<ObjectId>,
    /// Further entries of the tree.
    pub more: Vec<Entry>,
    /// The bytes of the manifest, if they are not its own.
    pub bytes: Option<Vec<u8>>,
    pub signed: bool,
}

pub fn entry(name: &[u8], mode: Mode, id: ObjectId) -> Entry {
    let name = name.to_vec();
    Entry { mode, name, id }
}

impl<'a> Forge<'a> {
    /// Begins with a baseline of somebody's clone.
    pub fn from(world: &'a World, who: &'static str, revision: &str) -> Self {
        let repo = Repo::open(&world.path(who)).unwrap();
        let id: ObjectId = world.rev(who, revision).parse().unwrap();
        let commit = repo.commit(id).unwrap();
        let part = |name: &str| {
            repo.entry(commit.tree, &RepoPath::from(name))
                .unwrap()
                .unwrap()
                .1
        };
        let manifest = repo.blob(part(MANIFEST)).unwrap();
        let files = part(FILES);
        Self {
            world,
            who,
            manifest: Manifest::parse(&manifest, 1 << 23, 50_000).unwrap(),
            files,
            parents: commit.parents.clone(),
            more: Vec::new(),
            bytes: None,
            signed: true,
            repo,
        }
    }

    /// Edits the tree of the files.
    pub fn edit(&mut self, edits: &[(&str, Option<(Mode, ObjectId)>)]) {
        let edits: Vec<_> = edits
            .iter()
            .map(|(path, it)| (RepoPath::from(*path), *it))
            .collect();
        self.files = self.repo.edit_tree(Some(self.files), &edits).unwrap();
    }

    /// Adds an item in its place.
    pub fn add(&mut self, item: Item) {
        self.manifest.items.push(item);
        self.manifest
            .items
            .sort_by(|one, other| one.path.cmp(&other.path));
    }

    pub fn blob(&self, text: &str) -> ObjectId {
        self.repo.write_blob(text.as_bytes()).unwrap()
    }

    /// Follows another baseline.
    pub fn follow(&mut self, id: Option<ObjectId>) {
        self.manifest.predecessor = id;
        self.parents = id.into_iter().collect();
    }

    /// Signs and writes it; no ref names it.
    pub fn write(&self) -> ObjectId {
        let manifest = self
            .bytes
            .clone()
            .unwrap_or_else(|| self.manifest.to_bytes());
        let manifest = self.repo.write_blob(&manifest).unwrap();
        let mut entries = vec![
            entry(FILES.as_bytes(), Mode::Tree, self.files),
            entry(MANIFEST.as_bytes(), Mode::File, manifest),
        ];
        entries.extend(self.more.iter().cloned());
        self.write_tree(entries)
    }

    /// The same, of another tree.
    pub fn write_tree(&self, entries: Vec<Entry>) -> ObjectId {
        let actor = self.world.actor(self.who);
        let mut draft = CommitDraft {
            tree: self.repo.write_tree(entries).unwrap(),
            parents: self.parents.clone(),
            author: actor.author(),
            committer: actor.author(),
            message: b"forged\n".to_vec(),
            signature: None,
        };
        if self.signed {
            draft = actor.sign_commit(draft).unwrap();
        }
        self.repo.write_commit(&draft).unwrap()
    }
}
