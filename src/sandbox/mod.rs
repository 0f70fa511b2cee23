//! Room `sandbox`: an isolated world on disk for real programs: a bare server with its hooks, and persons
//! with their own homes, keys and clones. The machine's configuration is not used.
//!
//! The quickstart, the selftest, the end-to-end tests and the benchmarks use it. They differ in the
//! [`Setting`]; the [`Stages`] of the main workflow are created once and copied.

mod copy;
mod error;
pub mod forge;
mod road;
mod seal;
mod stages;
mod world;

pub use error::Error;
pub use road::{AGENT, PACKET, RUN, SENTENCE, TASK, confining};
pub use stages::{Stage, Stages};
pub use world::{DATE, Done, Setting, Watch, World};
