//! The one directory that baselines hold.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::record::{RepoPath, names};

/// The directory that baselines hold, by the policy: `state/`. Nothing outside of it is read or written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StateRoot(String);

impl StateRoot {
    /// Returns the root, or the rule that the text breaks.
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
}

impl TryFrom<String> for StateRoot {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(text)
    }
}

impl From<StateRoot> for String {
    fn from(root: StateRoot) -> Self {
        root.0
    }
}

impl fmt::Display for StateRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_a_plain_path_below_the_top() {
        for good in ["state/", "a/b c/d/", ".state/", "\u{e9}/"] {
            assert!(StateRoot::new(good).is_ok(), "{good}");
        }
        for bad in [
            "", "/", "state", "/state/", "./", "../", "a/../b/", "a//b/", "a/./", ".git/", ".GIT/",
            "a/.git/", "a\\b/", "a\n/", "a./", "a//", "git~1/",
        ] {
            assert!(StateRoot::new(bad).is_err(), "{bad:?}");
        }
    }
}
