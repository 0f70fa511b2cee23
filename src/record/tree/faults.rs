//! Faults of the entries that a new tree adds.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, EntryRef, Mode, entries_before};
use crate::record::names::BadName;
use crate::record::{HashKind, RepoPath, fold, names};

/// A faulty tree entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The entry.
    pub path: RepoPath,
    /// The fault.
    pub what: What,
}

impl Fault {
    /// Returns a key that identifies a fault, whichever tree it was compared with.
    pub fn key(&self) -> (u8, Vec<u8>) {
        let path = self.path.as_bytes();
        match &self.what {
            What::Name(_) | What::Odd(_) => (0, path.to_vec()),
            // Either name of a pair may be the new one.
            What::Collides { .. } => (1, fold::bytes(path)),
            What::Empty => (2, path.to_vec()),
            What::Null => (3, path.to_vec()),
            What::Kind(_) => (4, path.to_vec()),
            What::Large { .. } => (5, path.to_vec()),
            What::Mode { .. } => (6, path.to_vec()),
        }
    }
}

/// The kind of fault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Its name is a disguise of one that git obeys, or leads elsewhere.
    Name(&'static str),
    /// Its name is not plain: some reader or file system may take it for another one.
    Odd(&'static str),
    /// Its mode is not written as git writes it.
    Mode {
        /// What git takes it for.
        mode: Mode,
    },
    /// Some file system treats it as another entry of the same directory.
    Collides {
        /// That entry's name.
        with: Vec<u8>,
        /// Whether one of those that collide is a symlink or a submodule: what is written to the
        /// other one may then end up elsewhere.
        link: bool,
    },
    /// It is an empty directory: git writes none, and no changed path shows it.
    Empty,
    /// Its object id is all zeros.
    Null,
    /// Its mode is that of a file, and its object is of this other kind. git reads a push with such
    /// an entry without a word, and then nobody can clone.
    Kind(&'static str),
    /// It is a file that is larger than it may be.
    Large {
        /// Its bytes.
        size: u64,
        /// So many it may have.
        most: u64,
    },
}

/// Returns the fault of a new entry's name, if any.
pub fn of_name(name: &[u8]) -> Option<What> {
    names::fault(name).map(|bad| match bad {
        BadName::Disguise(why) => What::Name(why),
        BadName::Odd(why) => What::Odd(why),
    })
}

/// Returns the added names that some file system treats as another entry of the directory, each with
/// the first such entry.
pub fn collisions(raw: &[u8], kind: HashKind, added: &[&[u8]]) -> Vec<(Vec<u8>, What)> {
    if added.is_empty() {
        return Vec::new();
    }
    let mut seen: BTreeMap<Vec<u8>, Vec<EntryRef<'_>>> = BTreeMap::new();
    for name in added {
        seen.entry(fold::bytes(name)).or_default();
    }
    let lengths: BTreeSet<usize> = seen.keys().map(Vec::len).collect();
    for entry in entries_before(raw, kind).flatten() {
        // Folding an ASCII name keeps its length, except for characters stripped from its end.
        let EntryRef { name, .. } = entry;
        let cut = matches!(name.last(), Some(b'.' | b' '));
        if name.is_ascii() && !cut && !lengths.contains(&name.len()) {
            continue;
        }
        if let Some(list) = seen.get_mut(&fold::bytes(name)) {
            list.push(entry);
        }
    }
    let added: BTreeSet<&[u8]> = added.iter().copied().collect();
    let mut found = Vec::new();
    for list in seen.into_values().filter(|list| list.len() > 1) {
        let link = |it: &EntryRef<'_>| matches!(it.mode, Mode::Symlink | Mode::Gitlink);
        let link = list.iter().any(link);
        for EntryRef { name, .. } in list.iter().filter(|it| added.contains(it.name)) {
            let with = list.iter().find(|other| other.name != *name);
            let with = with.map_or(*name, |other| other.name).to_vec();
            found.push((name.to_vec(), What::Collides { with, link }));
        }
    }
    found
}

/// Returns the faults of names in added paths without reading trees, for changes that are not
/// committed yet. Collisions with existing entries are not detected.
pub fn of_added(changes: &[Change]) -> Vec<Fault> {
    let mut found = BTreeSet::new();
    for change in changes
        .iter()
        .filter(|it| it.old.is_none() && it.new.is_some())
    {
        let mut at = RepoPath::default();
        for name in change.path.components() {
            at = at.join(name);
            if let Some(what) = of_name(name) {
                let path = at.clone();
                found.insert(Fault { path, what });
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::ObjectId;
    use crate::record::tree::Mode;

    fn raw(names: &[&str]) -> Vec<u8> {
        let mut raw = Vec::new();
        for name in names {
            raw.extend_from_slice(format!("100644 {name}\0").as_bytes());
            raw.extend_from_slice(&[7; 20]);
        }
        raw
    }

    fn found(all: &[&str], added: &[&str]) -> Vec<String> {
        let added: Vec<&[u8]> = added.iter().map(|name| name.as_bytes()).collect();
        let found = collisions(&raw(all), HashKind::Sha1, &added).into_iter();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let told = found.map(|(name, what)| match what {
            What::Collides { with, .. } => format!("{}={}", text(&name), text(&with)),
            other => format!("{other:?}"),
        });
        told.collect()
    }

    #[test]
    fn a_name_collides_with_one_added_or_one_that_was_there() {
        let there = ["A", "a", "b", "\u{c9}", "x. "];
        assert_eq!(found(&there, &["a", "b"]), ["a=A"]);
        assert_eq!(found(&there, &["A", "a"]), ["A=a", "a=A"]);
        assert!(
            found(&there, &["b"]).is_empty(),
            "what stood there before is no news"
        );
        assert!(found(&there, &[]).is_empty());
        assert_eq!(
            found(&["e\u{301}", "\u{c9}"], &["e\u{301}"]),
            ["e\u{301}=\u{c9}"]
        );
        assert_eq!(found(&["X", "x. "], &["X"]), ["X=x. "]);
        assert_eq!(found(&["\u{212a}", "k"], &["k"]), ["k=\u{212a}"]);
        assert!(found(&["K1", "k2", "k"], &["k"]).is_empty());
    }

    #[test]
    fn names_of_added_paths_are_judged_each_once() {
        let change = |path: &str, was: bool| Change {
            path: RepoPath::from(path),
            old: was.then_some((Mode::File, ObjectId::Sha1([1; 20]))),
            new: Some((Mode::File, ObjectId::Sha1([2; 20]))),
        };
        let faults = of_added(&[
            change("a/.git/x", false),
            change("a/.git/y", false),
            change("old ", true),
            change("plain/x", false),
        ]);
        let paths: Vec<_> = faults.iter().map(|it| it.path.to_string()).collect();
        assert_eq!(paths, ["a/.git"]);
    }
}
