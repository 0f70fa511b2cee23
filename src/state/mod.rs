//! Room `state`: the directory that baselines hold. [`Root`] finds it, [`mod@take`] reads it, [`mod@put`] puts
//! another content in its place.
//!
//! Bytes are read and written as they are: neither attributes nor configuration of git have a say. No symlink
//! is followed, not even one in the place of the directory, and nothing outside of it is touched but the
//! workshop beside it, which goes with the act.

mod error;
pub mod put;
mod root;
pub mod take;

pub use error::Error;
pub use put::put;
pub use root::{Locked, Root};
pub use take::{Found, Survey, Taken, survey, take};
