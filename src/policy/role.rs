//! Roles and automation levels.

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Writes contracts, approves tasks, records outcomes.
    Operator,
    /// Executes contracts.
    Orchestrator,
    /// Reviews, approves runs, attests.
    Reviewer,
    /// Writes the receive log.
    Server,
    /// A model: may sign only what automation permits.
    Model,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Role] = &[
        Role::Operator,
        Role::Orchestrator,
        Role::Reviewer,
        Role::Server,
        Role::Model,
    ];

    /// Returns the role's word: `operator`.
    pub fn word(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Orchestrator => "orchestrator",
            Role::Reviewer => "reviewer",
            Role::Server => "server",
            Role::Model => "model",
        }
    }

    /// Returns the role with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.word() == word)
    }
}

/// The automation level. Normalised only when it is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Every gate needs a person.
    FullHuman,
    /// A confident model may pass some gates.
    Hybrid,
    /// A confident model may pass most gates.
    Autonomous,
    /// Nothing but a policy change is accepted.
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
