//! Roles: what a person may do.

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
    /// Takes part in what others sign for: signs no record, and holds no other role.
    Draft,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Role] = &[
        Role::Operator,
        Role::Orchestrator,
        Role::Reviewer,
        Role::Server,
        Role::Model,
        Role::Draft,
    ];

    /// Returns the role's word: `operator`.
    pub fn word(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Orchestrator => "orchestrator",
            Role::Reviewer => "reviewer",
            Role::Server => "server",
            Role::Model => "model",
            Role::Draft => "draft",
        }
    }

    /// Returns the role with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.word() == word)
    }
}
