//! What looking for a record came to.

use crate::record::Finding;

/// A link of the chain as it was found.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a run has half a dozen links")]
pub enum Lookup<T> {
    /// There is none.
    Missing,
    /// There is one that does not hold.
    Invalid(Finding),
    /// There is one, checked by itself; what it binds is for the rules.
    Valid(T),
}

impl<T> Lookup<T> {
    /// Tells whether it is there and does not hold.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }

    /// Returns the link itself if it holds.
    pub fn into_valid(self) -> Option<T> {
        match self {
            Lookup::Valid(value) => Some(value),
            _ => None,
        }
    }

    /// Returns the link if it holds.
    pub fn valid(&self) -> Option<&T> {
        match self {
            Lookup::Valid(value) => Some(value),
            _ => None,
        }
    }
}
