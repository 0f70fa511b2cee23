//! One rule, one function: the case goes in, findings come out.

mod chain;
mod direct;
mod rollback;
mod scope;
#[cfg(test)]
pub(crate) mod tests;
mod tree;

pub use chain::{Reviews, chain, reviews, run_binds};
pub use direct::{direct, merge};
pub use rollback::{Reverted, inverse, not_rejected, rollback};
pub use scope::{contract_scope, policy_paths};
pub use tree::{entries, fault, unseen};
