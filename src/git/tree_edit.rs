//! Editing trees: a base tree with some paths set or removed.

use std::collections::BTreeMap;

use super::error::Error;
use super::kind::Kind;
use super::write::Repo;
use crate::record::tree::{Entry, Mode, Tree};
use crate::record::{ObjectId, RepoPath};

/// An edit may not make directories nested deeper than can be read again.
const DEEPEST: usize = 64;

/// A directory as far as it was opened.
#[derive(Default)]
struct Directory {
    entries: BTreeMap<Vec<u8>, Node>,
}

enum Node {
    /// Something that no edit has looked into.
    Stored(Mode, ObjectId),
    Opened(Directory),
}

impl Repo {
    /// Writes the tree that `base` becomes by these edits, and returns its id.
    ///
    /// An edit sets a path to an object or removes it. First everything to be removed is
    /// removed (what is not there already is no error), then the rest is set. Directories come
    /// and go as needed, but a file is never replaced by a directory unless it was removed.
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

    fn open_directory(&self, id: ObjectId) -> Result<Directory, Error> {
        let tree = self.tree(id)?;
        let stored = |entry: &Entry| (entry.name.clone(), Node::Stored(entry.mode, entry.id));
        Ok(Directory {
            entries: tree.entries.iter().map(stored).collect(),
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
                    "a directory stands at a file's place, or a file at a directory's",
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
            Node::Stored(..) => Err(bad("a file stands where a directory is needed")),
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
        let tree = Tree::from_entries(entries).map_err(|fault| Error::BadEdit {
            path: RepoPath::new(fault.name),
            why: fault.why,
        })?;
        self.write_object(Kind::Tree, &tree.to_bytes())
    }
}

/// Refuses paths that git would not check out, so that this program never writes one.
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
            return bad("it holds a NUL byte");
        }
    }
    if path.components().count() > DEEPEST {
        return bad("it is nested too deep");
    }
    Ok(())
}
