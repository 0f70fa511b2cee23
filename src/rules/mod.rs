//! One rule, one function: the case goes in, findings come out.

pub mod absent;
pub mod actors;
pub mod approval;
pub mod arrival;
pub mod artefacts;
pub mod automation;
pub mod baseline;
pub mod cancellation;
pub mod cell;
mod chain;
pub mod claim;
pub mod clone;
pub mod contract;
mod direct;
pub mod escalation;
pub mod events;
pub mod executed;
pub mod execution;
pub mod export;
pub mod files;
pub mod gate2;
pub mod gateway;
pub mod growth;
pub mod index_page;
pub mod integrity;
pub mod life;
pub mod limits;
pub mod opening;
pub mod policy;
pub mod post_work;
pub mod pre_work;
pub mod push;
mod remedy;
pub mod remote;
pub mod rerun;
pub mod revocation;
mod rollback;
mod scope;
#[cfg(feature = "selftest")]
pub mod selftest;
pub mod setup;
pub mod skeleton;
pub mod step;
pub mod tag;
#[cfg(test)]
pub(crate) mod tests;
mod tree;
pub mod undo;
pub mod vouch;
pub mod waiver;
pub mod work;
pub mod work_tree;

pub use chain::{Reviews, Step, by_model, chain, chain_before, reviews, run_binds, self_review};
pub use direct::{confused, direct, merge, one_reading};
pub use rollback::{Reverted, again, not_of_a_run, rollback};
pub use tree::{entries, fault, unseen};
