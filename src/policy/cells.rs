//! What a policy demands of the cells in which commands run, and what it permits there.

use crate::cell::Demand;

/// What a policy demands and permits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// How much must hold; none, where commands are not confined.
    pub demand: Option<Demand>,
    /// Whether a contract may give its commands the network.
    pub network: bool,
}

impl Cells {
    /// Returns what two policies demand and permit together.
    pub fn and(self, other: Self) -> Self {
        Self {
            demand: self.demand.max(other.demand),
            network: self.network && other.network,
        }
    }
}
