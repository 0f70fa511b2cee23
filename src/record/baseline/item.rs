//! What a state holds at one path, and how two states differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::record::path::{quote, unquote};
use crate::record::{RepoPath, Sha256};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A regular file.
    File,
    /// A symlink: its content is where it leads.
    Symlink,
    /// A directory with nothing in it. Others follow from what they hold.
    Directory,
}

impl Kind {
    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Symlink => "symlink",
            Self::Directory => "empty directory",
        }
    }
}

/// What a state holds at one path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Whether a file is executable by its owner.
    pub executable: bool,
    /// What it is.
    pub kind: Kind,
    /// The path below the root, quoted as git does where it is not plain.
    #[serde(serialize_with = "write_path", deserialize_with = "read_path")]
    pub path: RepoPath,
    /// The digest of the content; of an empty directory, of nothing.
    pub sha256: Sha256,
    /// The bytes of the content.
    pub size: u64,
}

impl Item {
    /// Returns a file or symlink.
    pub fn new(path: RepoPath, kind: Kind, executable: bool, content: &[u8]) -> Self {
        Self {
            executable,
            kind,
            path,
            sha256: Sha256::of(content),
            size: content.len() as u64,
        }
    }

    /// Returns an empty directory.
    pub fn directory(path: RepoPath) -> Self {
        Self::new(path, Kind::Directory, false, b"")
    }
}

fn write_path<S: Serializer>(path: &RepoPath, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&quote(path.as_bytes()))
}

fn read_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RepoPath, D::Error> {
    let text = String::deserialize(deserializer)?;
    unquote(&text)
        .map(RepoPath::new)
        .ok_or_else(|| serde::de::Error::custom("a path is not quoted as git does"))
}

/// How a path differs between two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The second state has it, and the first has not.
    Added,
    /// The first has it, and the second has not.
    Removed,
    /// It is of another kind.
    Kind,
    /// Its content differs.
    Content,
    /// Only the executable bit differs.
    Mode,
}

impl Difference {
    /// Returns the word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Kind => "kind",
            Self::Content => "changed",
            Self::Mode => "mode",
        }
    }
}

/// Returns the paths that differ, sorted, and how.
pub fn differences(one: &[Item], other: &[Item]) -> Vec<(RepoPath, Difference)> {
    let (one, other) = (by_path(one), by_path(other));
    let paths: BTreeSet<&RepoPath> = one.keys().chain(other.keys()).copied().collect();
    let how = |path: &RepoPath| match (one.get(path), other.get(path)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) if old.kind != new.kind => Some(Difference::Kind),
        (Some(old), Some(new)) if (old.sha256, old.size) != (new.sha256, new.size) => {
            Some(Difference::Content)
        }
        (Some(_), Some(_)) => Some(Difference::Mode),
        (Some(_), None) => Some(Difference::Removed),
        (None, _) => Some(Difference::Added),
    };
    let paths = paths.into_iter();
    paths
        .filter_map(|it| Some((it.clone(), how(it)?)))
        .collect()
}

fn by_path(items: &[Item]) -> BTreeMap<&RepoPath, &Item> {
    items.iter().map(|it| (&it.path, it)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, executable: bool, content: &str) -> Item {
        Item::new(
            RepoPath::from(path),
            Kind::File,
            executable,
            content.as_bytes(),
        )
    }

    #[test]
    fn each_way_in_which_a_path_differs_is_told() {
        let link = Item::new(RepoPath::from("k"), Kind::Symlink, false, b"x");
        let one = [
            file("a", false, "1"),
            file("c", false, "1"),
            file("k", false, "x"),
            file("m", false, "1"),
            file("s", true, "1"),
        ];
        let other = [
            file("b", false, "1"),
            file("c", false, "2"),
            link,
            file("m", true, "1"),
            file("s", true, "1"),
        ];
        let found: Vec<_> = differences(&one, &other)
            .into_iter()
            .map(|(path, how)| format!("{path} {}", how.word()))
            .collect();
        assert_eq!(
            found,
            ["a removed", "b added", "c changed", "k kind", "m mode"]
        );
    }
}
