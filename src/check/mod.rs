//! Judges at the doors: a push ([`push`]), a commit about to be made ([`staged`]) and a whole clone
//! ([`verify`]). The same facts and the same rules serve all of them.

pub mod branch;
pub mod governance;
pub mod integrity;
pub mod push;
pub mod rollback;
pub mod staged;
#[cfg(test)]
mod tests;
pub mod verify;

pub use crate::facts::{Anchor, Error, PolicyHistory};
