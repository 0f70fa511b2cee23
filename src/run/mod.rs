//! Executes a contract: a temporary repository of its own, the command, the measure of what it
//! did, one signed commit with its evidence, and the record of the run. [`Import`] makes the same
//! of a run that took place elsewhere.

mod approvals;
mod ceiling;
mod clean;
mod command;
mod confine;
mod determinism;
mod documents;
mod dossier;
mod error;
mod events;
mod evidence_map;
mod execute;
mod execution;
mod explain;
mod finish;
mod gate;
pub mod gateway;
mod import;
mod log;
mod measure;
mod place;
mod post_work;
mod pre_work;
#[cfg(target_os = "linux")]
mod reaper;
mod run_id;
mod scrub;
mod snapshot;
#[cfg(test)]
mod tests;
mod watch;

pub use confine::{Attempt, Tried, attempt};
pub use determinism::{Repeated, repeat, unmatched, words};
pub use error::Error;
pub use execute::{RunRequest, run};
pub use explain::FailedCall;
pub use finish::RunDone;
pub use gate::RunEnvironment;
pub use import::{Import, ImportRequest, Inspection, inspect};
pub use place::leftovers;
