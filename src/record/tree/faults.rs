//! What is wrong with the entries that a new tree adds to the one before.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, EntryRef, entries};
use crate::record::{HashKind, RepoPath, fold, names};

/// An entry that a tree should not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The entry.
    pub path: RepoPath,
    /// What is wrong with it.
    pub what: What,
}

impl Fault {
    /// Returns what tells one fault from another, whichever tree it was found against.
    pub fn key(&self) -> (u8, Vec<u8>) {
        let path = self.path.as_bytes();
        match &self.what {
            What::Name(_) => (0, path.to_vec()),
            // Either name of a pair may be the one that is new.
            What::Collides { .. } => (1, fold::bytes(path)),
            What::Empty => (2, path.to_vec()),
            What::Null => (3, path.to_vec()),
        }
    }
}

/// What is wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Its name is no plain one.
    Name(&'static str),
    /// Some file system takes it for another entry of the same directory.
    Collides {
        /// That entry's name.
        with: Vec<u8>,
    },
    /// It is a directory with nothing in it: git has none, and no change of a path shows it.
    Empty,
    /// It names the object of zeros, which is none.
    Null,
}

/// Returns why the name of an entry that was not there before is at fault.
pub fn of_name(name: &[u8]) -> Option<What> {
    names::fault(name).map(What::Name)
}

/// Returns the added names that some file system takes for another entry of the directory: each
/// with the first such entry.
pub fn collisions(raw: &[u8], kind: HashKind, added: &[&[u8]]) -> Vec<(Vec<u8>, What)> {
    if added.is_empty() {
        return Vec::new();
    }
    let mut seen: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
    for name in added {
        seen.entry(fold::bytes(name)).or_default();
    }
    let lengths: BTreeSet<usize> = seen.keys().map(Vec::len).collect();
    for entry in entries(raw, kind).flatten() {
        // An ASCII name folds to one of its own length, but for what is cut off its end.
        let EntryRef { name, .. } = entry;
        let cut = matches!(name.last(), Some(b'.' | b' '));
        if name.is_ascii() && !cut && !lengths.contains(&name.len()) {
            continue;
        }
        if let Some(list) = seen.get_mut(&fold::bytes(name)) {
            list.push(name);
        }
    }
    let added: BTreeSet<&[u8]> = added.iter().copied().collect();
    let mut found = Vec::new();
    for list in seen.into_values().filter(|list| list.len() > 1) {
        for name in list.iter().filter(|name| added.contains(*name)) {
            let with = list.iter().find(|other| other != &name);
            let with = with.unwrap_or(name).to_vec();
            found.push((name.to_vec(), What::Collides { with }));
        }
    }
    found
}

/// Returns what is wrong with the names in paths that were added, where no trees are at hand: for
/// what is not committed yet. Collisions with what was there before are not seen.
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
            What::Collides { with } => format!("{}={}", text(&name), text(&with)),
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
