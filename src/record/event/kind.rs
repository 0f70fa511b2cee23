//! What an event tells of, and who acted.

use std::fmt;

/// What an event tells of. There are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A decision was made.
    Created,
    /// A decision was used, or what it rejects was refused.
    Applied,
    /// A model's approval was signed.
    Signed,
    /// A person is asked.
    Requested,
    /// A person has answered.
    Received,
}

impl Kind {
    /// Every kind, in the order of the ids.
    pub const ALL: &'static [Kind] = &[
        Kind::Created,
        Kind::Applied,
        Kind::Signed,
        Kind::Requested,
        Kind::Received,
    ];

    /// Returns the id in the Flight Recorder's list.
    pub fn id(self) -> &'static str {
        match self {
            Self::Created => "FR-EVT-GOV-001",
            Self::Applied => "FR-EVT-GOV-002",
            Self::Signed => "FR-EVT-GOV-003",
            Self::Requested => "FR-EVT-GOV-004",
            Self::Received => "FR-EVT-GOV-005",
        }
    }

    /// Returns the name in the member `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "gov_decision_created",
            Self::Applied => "gov_decision_applied",
            Self::Signed => "gov_auto_signature_created",
            Self::Requested => "gov_human_intervention_requested",
            Self::Received => "gov_human_intervention_received",
        }
    }

    /// Returns the kind with this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.name() == name)
    }

    /// Returns whether such an event may name a person.
    pub fn names_a_person(self) -> bool {
        matches!(self, Self::Requested | Self::Received)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// A person.
    Human,
    /// A model.
    Agent,
    /// The system itself.
    System,
}

impl Party {
    /// Every party.
    pub const ALL: &'static [Party] = &[Party::Human, Party::Agent, Party::System];

    /// Returns the word in the member `actor`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }

    /// Returns the party with this word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }
}
