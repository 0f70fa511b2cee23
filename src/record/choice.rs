//! What a decision decides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a decision decides about its gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// The gate opens.
    Approve,
    /// The gate stays shut.
    Reject,
    /// A person is to decide.
    Defer,
}

impl Choice {
    /// Every choice.
    pub const ALL: &'static [Choice] = &[Choice::Approve, Choice::Reject, Choice::Defer];

    /// Returns the choice's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Defer => "defer",
        }
    }

    /// Returns the choice with this word, byte for byte.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_has_one_word() {
        for choice in Choice::ALL {
            assert_eq!(Choice::of_word(choice.word()), Some(*choice));
            assert_eq!(serde_json::to_value(choice).unwrap(), choice.word());
        }
        for other in ["", "Approve", "approved", " approve", "deny"] {
            assert_eq!(Choice::of_word(other), None, "{other:?}");
        }
    }
}
