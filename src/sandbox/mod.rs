//! A closed world on disk, in which real programs act: a bare server with its
//! hooks, persons with homes, keys and clones of their own, nothing of the machine's configuration.
//!
//! The quickstart, the selftest, the end-to-end tests and the benches play in it. What differs
//! between them is the [`Setting`]; the [`Stages`] of the main road are made once and copied.

mod copy;
mod error;
mod road;
mod seal;
mod stages;
mod world;

pub use error::Error;
pub use road::{AGENT, PACKET, RUN, SENTENCE, TASK};
pub use stages::{Stage, Stages};
pub use world::{DATE, Done, Setting, Watch, World};
