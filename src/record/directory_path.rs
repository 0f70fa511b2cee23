//! A directory that a policy names: `state/`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{RepoPath, fold, names};

/// A directory below the top of the repository, as a policy names it: with plain components and a slash at its
/// end. What looks like a pattern in it is a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DirectoryPath(String);

impl DirectoryPath {
    /// Returns the directory, or the rule that the text breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, &'static str> {
        let text = text.into();
        let Some(path) = text.strip_suffix('/') else {
            return Err("it does not end with a slash");
        };
        if text.len() > 1_000 {
            return Err("it has more than 1,000 bytes");
        }
        let mut components = path.split('/');
        // A leading slash gives an empty component, and so does an empty path.
        if components.any(|name| names::fault(name.as_bytes()).is_some()) {
            return Err(
                "a component is not plain: empty, '.', '..', like .git, or with odd characters",
            );
        }
        Ok(Self(text))
    }

    /// Returns the text, with the slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the path in a tree.
    pub fn path(&self) -> RepoPath {
        RepoPath::from(self.0.trim_end_matches('/'))
    }

    /// Returns what of a path is below this directory, however some file system lets both be spelt.
    pub fn below<'p>(&self, path: &'p RepoPath) -> Option<&'p [u8]> {
        let depth = self.0.matches('/').count();
        let (mut rest, mut end) = (path.as_bytes(), 0_usize);
        for _ in 0..depth {
            let at = rest.iter().position(|b| *b == b'/')?;
            end = end.saturating_add(at).saturating_add(1);
            rest = rest.get(at.saturating_add(1)..)?;
        }
        let above = path.as_bytes().get(..end.saturating_sub(1))?;
        let same = above == self.0.trim_end_matches('/').as_bytes()
            || fold::bytes(above) == fold::path(self.0.trim_end_matches('/')).into_bytes();
        (same && !rest.is_empty()).then_some(rest)
    }

    /// Tells whether a path is this directory or one around it, however some file system lets both be spelt.
    pub fn is_at_or_below(&self, path: &RepoPath) -> bool {
        let depth = path.components().count();
        let around = self.0.trim_end_matches('/').split('/').take(depth);
        let around = around.collect::<Vec<_>>().join("/");
        around.split('/').count() == depth
            && fold::bytes(path.as_bytes()) == fold::path(&around).into_bytes()
    }
}

impl TryFrom<String> for DirectoryPath {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<DirectoryPath> for String {
    fn from(root: DirectoryPath) -> Self {
        root.0
    }
}

impl fmt::Display for DirectoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_a_plain_path_below_the_top() {
        for good in ["state/", "a/b c/d/", ".state/", "\u{e9}/"] {
            assert!(DirectoryPath::new(good).is_ok(), "{good}");
        }
        for bad in [
            "", "/", "state", "/state/", "./", "../", "a/../b/", "a//b/", "a/./", ".git/", ".GIT/",
            "a/.git/", "a\\b/", "a\n/", "a./", "a//", "git~1/",
        ] {
            assert!(DirectoryPath::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_below_is_told_by_components_and_however_it_is_spelt() {
        let directory = DirectoryPath::new("docs/specs/").unwrap();
        for (path, below) in [
            ("docs/specs/a.md", Some("a.md")),
            ("docs/specs/a/b.md", Some("a/b.md")),
            ("Docs/SPECS/a.md", Some("a.md")),
            ("docs./specs /A.md", Some("A.md")),
            ("docs/specs", None),
            ("docs/specs_evil/a.md", None),
            ("docs/specsa.md", None),
            ("docs/a.md", None),
            ("x/docs/specs/a.md", None),
        ] {
            let path = RepoPath::from(path);
            assert_eq!(directory.below(&path), below.map(str::as_bytes), "{path}");
        }
        for (path, around) in [
            ("docs", true),
            ("DOCS/Specs", true),
            ("docs/specs/a", false),
            ("doc", false),
            ("specs", false),
        ] {
            let path = RepoPath::from(path);
            assert_eq!(directory.is_at_or_below(&path), around, "{path}");
        }
    }
}
