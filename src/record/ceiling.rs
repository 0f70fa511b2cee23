//! Ceilings: how far whoever works may go without asking, and what a change is measured by.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who is asked before what somebody made may land. A higher one asks for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Autonomy {
    /// Nobody besides the gates.
    L0,
    /// An operator, once.
    L3,
    /// An operator, for each kind of change.
    L4,
}

/// A text is no level of autonomy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAutonomy {
    /// To act and to notify afterwards, or to act unless somebody objects in time.
    #[error("level {0}: {1} is not offered")]
    NotOffered(&'static str, &'static str),
    /// Nothing that there is.
    #[error("level {0:?} is unknown")]
    Unknown(String),
}

impl Autonomy {
    /// Every level.
    pub const ALL: &'static [Self] = &[Self::L0, Self::L3, Self::L4];

    /// Returns the level of a word.
    pub fn of_word(word: &str) -> Result<Self, BadAutonomy> {
        match word {
            "L1" => Err(BadAutonomy::NotOffered("L1", "to act, then to notify,")),
            "L2" => Err(BadAutonomy::NotOffered(
                "L2",
                "to act unless somebody objects in time",
            )),
            _ => {
                let known = Self::ALL.iter().copied().find(|it| it.word() == word);
                known.ok_or_else(|| BadAutonomy::Unknown(word.to_owned()))
            }
        }
    }

    /// Returns the level's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::L0 => "L0",
            Self::L3 => "L3",
            Self::L4 => "L4",
        }
    }
}

impl fmt::Display for Autonomy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What happens to a path: an action that a ceiling speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deed {
    /// Something is there that was not.
    Create,
    /// It has another content.
    Change,
    /// It is gone.
    Delete,
    /// It has another mode: executable or not, or a file, symlink or submodule instead of another of these.
    Mode,
}

impl Deed {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Create, Self::Change, Self::Delete, Self::Mode];

    /// Returns the word of a policy, contract or decision for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::Mode => "mode",
        }
    }

    /// Returns what a word means, if anything.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Which number a ceiling limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
    /// The paths that are changed.
    Files,
    /// The directories that these are in.
    Directories,
    /// The lines added and deleted.
    Lines,
}

impl Figure {
    /// Every one.
    pub const ALL: &'static [Self] = &[Self::Files, Self::Directories, Self::Lines];

    /// Returns the key of a policy or contract for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Files => "files",
            Self::Directories => "directories",
            Self::Lines => "lines",
        }
    }

    /// Returns the limit where nobody says another one.
    pub fn built_in(self) -> u64 {
        match self {
            Self::Files => 40,
            Self::Directories => 6,
            Self::Lines => 2_000,
        }
    }

    /// Returns the highest limit that a policy may set: up to there everything is counted.
    pub fn most(self) -> u64 {
        match self {
            Self::Files | Self::Directories => 100_000,
            Self::Lines => 1_000_000,
        }
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// One value of each figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Paths.
    pub files: u64,
    /// Directories.
    pub directories: u64,
    /// Lines.
    pub lines: u64,
}

impl Figures {
    /// Returns the value of one.
    pub fn of(&self, figure: Figure) -> u64 {
        match figure {
            Figure::Files => self.files,
            Figure::Directories => self.directories,
            Figure::Lines => self.lines,
        }
    }

    /// Sets the value of one.
    pub fn set(&mut self, figure: Figure, value: u64) {
        match figure {
            Figure::Files => self.files = value,
            Figure::Directories => self.directories = value,
            Figure::Lines => self.lines = value,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (files, directories, lines) = (self.files, self.directories, self.lines);
        write!(f, "{files} files, {directories} directories, {lines} lines")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_that_are_not_offered_are_refused_by_name() {
        for level in Autonomy::ALL {
            assert_eq!(Autonomy::of_word(level.word()), Ok(*level));
        }
        for (word, found) in [
            ("L1", "level L1: to act, then to notify, is not offered"),
            (
                "L2",
                "level L2: to act unless somebody objects in time is not offered",
            ),
            ("L5", "level \"L5\" is unknown"),
            ("l3", "level \"l3\" is unknown"),
            ("", "level \"\" is unknown"),
        ] {
            let error = Autonomy::of_word(word).unwrap_err();
            assert_eq!(error.to_string(), found);
        }
        assert!(Autonomy::L0 < Autonomy::L3 && Autonomy::L3 < Autonomy::L4);
    }
}
