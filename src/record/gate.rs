//! The gates that a decision can open.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Role;

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Gate {
    /// A contract may be executed once, on one base.
    SpecApproval,
    /// A refinement is complete.
    RefinementSign,
    /// A new version of a contract may ask for more than the one before.
    ScopeChange,
    /// The work that follows a skeleton may begin.
    SkeletonApproval,
    /// Content may be handed to a model elsewhere, once.
    CloudEscalation,
    /// A rule may be broken, within a scope.
    PolicyViolation,
}

impl Gate {
    /// Every gate.
    pub const ALL: &'static [Gate] = &[
        Gate::SpecApproval,
        Gate::RefinementSign,
        Gate::ScopeChange,
        Gate::SkeletonApproval,
        Gate::CloudEscalation,
        Gate::PolicyViolation,
    ];

    /// Returns the gate's name.
    pub fn name(self) -> &'static str {
        match self {
            Gate::SpecApproval => "SpecApproval",
            Gate::RefinementSign => "RefinementSign",
            Gate::ScopeChange => "ScopeChange",
            Gate::SkeletonApproval => "SkeletonApproval",
            Gate::CloudEscalation => "CloudEscalation",
            Gate::PolicyViolation => "PolicyViolation",
        }
    }

    /// Returns the roles of the persons who decide on it: one is enough.
    pub fn decided_by(self) -> &'static [Role] {
        match self {
            Gate::SkeletonApproval => &[Role::Reviewer],
            Gate::SpecApproval
            | Gate::RefinementSign
            | Gate::ScopeChange
            | Gate::CloudEscalation
            | Gate::PolicyViolation => &[Role::Operator],
        }
    }

    /// Returns the gate with this name, byte for byte.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|gate| gate.name() == name)
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
