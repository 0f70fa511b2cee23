//! What a repository does not show of the objects that it names, and what brings it.

use std::fmt;

/// What keeps a repository from showing every object that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewProblem {
    /// Its history is cut off: `git clone --depth`, and most checkouts of CI.
    Shallow,
    /// Its commits have other parents than they say.
    Grafts,
    /// Objects stay at the server until somebody asks for them: `git clone --filter`.
    Partial,
}

impl ViewProblem {
    /// Returns the command that brings what is missing.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Shallow | Self::Partial => "git awo fetch --whole",
            Self::Grafts => "rm \"$(git rev-parse --git-path info/grafts)\"",
        }
    }
}

impl fmt::Display for ViewProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Shallow => "it is shallow: older commits are not here",
            Self::Grafts => "it has grafts: its commits show other parents",
            Self::Partial => "it is a partial clone: some objects are not here",
        })
    }
}
