//! Judges at the doors: a push (`push`), a commit about to be made (`staged`) and a whole clone
//! ([`verify`]). The same facts and the same rules serve all of them.

pub(crate) mod baselines;
pub(crate) mod branch;
pub mod gateway;
pub(crate) mod governance;
pub(crate) mod integrity;
mod kept;
pub(crate) mod push;
pub(crate) mod rollback;
pub(crate) mod staged;
mod tags;
#[cfg(test)]
mod tests;
pub mod verify;

pub use crate::facts::{Anchor, Behind, Error, KnownPolicies, Marks, PolicyHistory};
