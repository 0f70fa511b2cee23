//! Looks up many paths in few trees: each directory is read once.

use std::rc::Rc;

use foldhash::{HashMap, HashMapExt as _};

use super::error::Error;
use super::reader::Reader;
use crate::record::tree::{Mode, entries_before};
use crate::record::{ObjectId, RepoPath, fold};

/// The entries of a directory, by name.
pub type Names = HashMap<Vec<u8>, (Mode, ObjectId)>;

/// The directories that were read so far.
pub struct Directories<'r> {
    reader: &'r Reader,
    read: HashMap<ObjectId, Rc<Names>>,
}

impl<'r> Directories<'r> {
    /// Reads with this reader, and counts as its work what is read.
    pub fn new(reader: &'r Reader) -> Self {
        Self {
            reader,
            read: HashMap::new(),
        }
    }

    /// Returns the entries of a tree that is already accepted, or that was compared.
    pub fn names(&mut self, tree: ObjectId) -> Result<Rc<Names>, Error> {
        if let Some(names) = self.read.get(&tree) {
            return Ok(Rc::clone(names));
        }
        let raw = self.reader.raw_tree_before(tree)?;
        let mut names = Names::new();
        for entry in entries_before(&raw, self.reader.hash_kind()).flatten() {
            let content = entry.content();
            names.entry(entry.name.to_vec()).or_insert(content);
        }
        self.reader.work(names.len() as u64)?;
        let names = Rc::new(names);
        self.read.insert(tree, Rc::clone(&names));
        Ok(names)
    }

    /// Returns the entry at a path, as [`Reader::entry`] does.
    pub fn entry(
        &mut self,
        tree: ObjectId,
        path: &RepoPath,
    ) -> Result<Option<(Mode, ObjectId)>, Error> {
        let mut at = (Mode::Tree, tree);
        for name in path.components() {
            if at.0 != Mode::Tree {
                return Ok(None);
            }
            match self.names(at.1)?.get(name) {
                Some(entry) => at = *entry,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    /// Returns the directories that some file system takes for the one at a path, and how each is spelt.
    pub fn alike(
        &mut self,
        tree: ObjectId,
        path: &RepoPath,
    ) -> Result<Vec<(RepoPath, ObjectId)>, Error> {
        let mut found = vec![(None, tree)];
        for name in path.components() {
            let folded = fold::bytes(name);
            let mut next = Vec::new();
            for (above, tree) in found {
                let names = self.names(tree)?;
                let inner = names
                    .iter()
                    .filter(|(name, (mode, _))| *mode == Mode::Tree && fold::bytes(name) == folded);
                next.extend(inner.map(|(name, (_, id))| {
                    let path = match &above {
                        Some(above) => RepoPath::join(above, name),
                        None => RepoPath::new(name.as_slice()),
                    };
                    (Some(path), *id)
                }));
            }
            found = next;
        }
        let named = found.into_iter();
        Ok(named.filter_map(|(path, id)| Some((path?, id))).collect())
    }
}
