//! Automation levels.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The automation level: which gates a model may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// Every gate needs a person.
    FullHuman,
    /// A confident model may pass some gates.
    Hybrid,
    /// A confident model may pass more gates.
    Autonomous,
    /// Nobody is asked, and nothing proceeds.
    Locked,
}

impl Level {
    /// Every level.
    pub const ALL: &'static [Level] = &[
        Level::FullHuman,
        Level::Hybrid,
        Level::Autonomous,
        Level::Locked,
    ];

    /// Returns the level of a text that somebody wrote: without ASCII white space around it, in ASCII
    /// upper case, `ASSISTED` and `SUPERVISED` read as `HYBRID`. Other letters are never taken for
    /// ASCII ones: `hybrıd` with a dotless i is no level.
    pub fn of_text(text: &str) -> Option<Self> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
        match text.to_ascii_uppercase().as_str() {
            "ASSISTED" | "SUPERVISED" => Some(Self::Hybrid),
            word => Self::ALL.iter().copied().find(|it| it.word() == word),
        }
    }

    /// Returns the level's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::FullHuman => "FULL_HUMAN",
            Self::Hybrid => "HYBRID",
            Self::Autonomous => "AUTONOMOUS",
            Self::Locked => "LOCKED",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_normalised_once_and_never_guessed() {
        for (text, level) in [
            ("locked", Some(Level::Locked)),
            (" SUPERVISED ", Some(Level::Hybrid)),
            ("\tassisted\r\n", Some(Level::Hybrid)),
            ("\u{b}AUTONOMOUS\u{c}", Some(Level::Autonomous)),
            ("full_human", Some(Level::FullHuman)),
            ("hybr\u{131}d", None),
            ("a\u{17f}\u{17f}isted", None),
            ("\u{a0}HYBRID", None),
            ("FULL HUMAN", None),
            ("", None),
            ("LOCK", None),
        ] {
            assert_eq!(Level::of_text(text), level, "{text:?}");
        }
        for level in Level::ALL {
            assert_eq!(Level::of_text(level.word()), Some(*level));
            let json = serde_json::to_value(level).unwrap();
            assert_eq!(json, level.word(), "records have the same word");
        }
    }
}
