//! Automation levels.

/// The automation level. Normalised at the parsing edge and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Every gate needs a person.
    FullHuman,
    /// Some gates may be passed by a confident model.
    Hybrid,
    /// Most gates may.
    Autonomous,
    /// Nothing moves.
    Locked,
}

impl Level {
    /// Returns the level of a text: trimmed, upper-cased, `ASSISTED` and `SUPERVISED` read as `HYBRID`.
    pub fn of_text(text: &str) -> Option<Self> {
        match text.trim().to_uppercase().as_str() {
            "FULL_HUMAN" => Some(Self::FullHuman),
            "HYBRID" | "ASSISTED" | "SUPERVISED" => Some(Self::Hybrid),
            "AUTONOMOUS" => Some(Self::Autonomous),
            "LOCKED" => Some(Self::Locked),
            _ => None,
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
