//! Editing trees: sets and removes paths of a base tree.

use std::collections::BTreeMap;

use super::error::Error;
use super::kind::Kind;
use super::write::Repo;
use crate::record::tree::{Entry, EntryRef, Mode, Tree, entries_before};
use crate::record::{ObjectId, RepoPath};

/// Maximum nesting depth of directories that an edit may create, so that they can be read again.
const DEEPEST: usize = 64;

/// A directory, loaded as far as edits need it.
#[derive(Default)]
struct Directory {
    entries: BTreeMap<Vec<u8>, Node>,
}

enum Node {
    /// An entry that no edit has opened.
    Stored(Mode, ObjectId),
    Opened(Directory),
}

impl Repo {
    /// Applies edits to the tree `base`, writes the result, and returns its id.
    ///
    /// An edit sets a path to an object or removes it. Removals are applied first (removing a missing
    /// path is not an error). Directories are created and removed as needed, but a directory replaces
    /// a file only if the file was removed.
    pub fn edit_tree(
        &self,
        base: Option<ObjectId>,
        edits: &[(RepoPath, Option<(Mode, ObjectId)>)],
    ) -> Result<ObjectId, Error> {
        let mut root = match base {
            Some(id) => self.open_directory(id)?,
            None => Directory::default(),
        };
        for (path, _) in edits {
            check(path)?;
        }
        for (path, _) in edits.iter().filter(|(_, new)| new.is_none()) {
            let names: Vec<&[u8]> = path.components().collect();
            self.remove(&mut root, &names)?;
        }
        for (path, new) in edits {
            if let Some((mode, id)) = new {
                let names: Vec<&[u8]> = path.components().collect();
                self.set(&mut root, &names, (*mode, *id), path)?;
            }
        }
        self.write_directory(root)
    }

    /// Writes a tree of these entries.
    pub fn write_tree(&self, entries: Vec<Entry>) -> Result<ObjectId, Error> {
        let tree = Tree::from_entries(entries).map_err(|fault| Error::BadEdit {
            path: RepoPath::new(fault.name),
            why: fault.why,
        })?;
        self.write_object(Kind::Tree, &tree.to_bytes())
    }

    fn open_directory(&self, id: ObjectId) -> Result<Directory, Error> {
        // As git does, what is written again gets the modes that git writes.
        let raw = self.raw_tree_of_any_modes(id)?;
        let entries = entries_before(&raw, self.hash_kind()).flatten();
        let stored = |it: EntryRef<'_>| (it.name.to_vec(), Node::Stored(it.mode, it.id));
        Ok(Directory {
            entries: entries.map(stored).collect(),
        })
    }

    fn remove(&self, directory: &mut Directory, names: &[&[u8]]) -> Result<(), Error> {
        let Some((first, rest)) = names.split_first() else {
            return Ok(());
        };
        if rest.is_empty() {
            directory.entries.remove(*first);
            return Ok(());
        }
        let Some(node) = directory.entries.get_mut(*first) else {
            return Ok(());
        };
        if let Node::Stored(Mode::Tree, id) = node {
            *node = Node::Opened(self.open_directory(*id)?);
        }
        if let Node::Opened(inner) = node {
            self.remove(inner, rest)?;
            if inner.entries.is_empty() {
                directory.entries.remove(*first);
            }
        }
        Ok(())
    }

    fn set(
        &self,
        directory: &mut Directory,
        names: &[&[u8]],
        new: (Mode, ObjectId),
        path: &RepoPath,
    ) -> Result<(), Error> {
        let bad = |why| Error::BadEdit {
            path: path.clone(),
            why,
        };
        let Some((first, rest)) = names.split_first() else {
            return Ok(());
        };
        if rest.is_empty() {
            let is_tree = |node: &Node| match node {
                Node::Stored(mode, _) => *mode == Mode::Tree,
                Node::Opened(_) => true,
            };
            if let Some(node) = directory.entries.get(*first)
                && is_tree(node) != (new.0 == Mode::Tree)
            {
                return Err(bad(
                    "a directory cannot replace a file, or a file a directory",
                ));
            }
            directory
                .entries
                .insert(first.to_vec(), Node::Stored(new.0, new.1));
            return Ok(());
        }
        let node = directory
            .entries
            .entry(first.to_vec())
            .or_insert_with(|| Node::Opened(Directory::default()));
        match node {
            Node::Stored(Mode::Tree, id) => {
                let mut inner = self.open_directory(*id)?;
                self.set(&mut inner, rest, new, path)?;
                *node = Node::Opened(inner);
                Ok(())
            }
            Node::Stored(..) => Err(bad("a file is where a directory is needed")),
            Node::Opened(inner) => self.set(inner, rest, new, path),
        }
    }

    fn write_directory(&self, directory: Directory) -> Result<ObjectId, Error> {
        let mut entries = Vec::with_capacity(directory.entries.len());
        for (name, node) in directory.entries {
            let (mode, id) = match node {
                Node::Stored(mode, id) => (mode, id),
                Node::Opened(inner) => (Mode::Tree, self.write_directory(inner)?),
            };
            entries.push(Entry { mode, name, id });
        }
        self.write_tree(entries)
    }
}

/// Refuses paths that git would not check out, so that this program never writes them.
fn check(path: &RepoPath) -> Result<(), Error> {
    let bad = |why| {
        Err(Error::BadEdit {
            path: path.clone(),
            why,
        })
    };
    for name in path.components() {
        if matches!(name, b"" | b"." | b"..") || name.eq_ignore_ascii_case(b".git") {
            return bad("a component is empty, '.', '..' or '.git'");
        }
        if name.contains(&0) {
            return bad("it contains a NUL byte");
        }
    }
    if path.components().count() > DEEPEST {
        return bad("it is nested too deep");
    }
    Ok(())
}
