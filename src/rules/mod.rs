//! One rule, one function: the case goes in, findings come out.

mod chain;
pub mod clone;
mod direct;
pub mod integrity;
pub mod limits;
pub mod push;
mod rollback;
mod scope;
#[cfg(test)]
pub(crate) mod tests;
mod tree;

pub use chain::{Reviews, chain, reviews, run_binds};
pub use direct::{confused, direct, merge};
pub use rollback::{Reverted, again, inverse, not_of_a_run, not_rejected, rollback};
pub use scope::{contract_scope, policy_paths};
pub use tree::{entries, fault, unseen};
