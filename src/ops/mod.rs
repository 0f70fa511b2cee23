//! What a command does, without a terminal, a parser of arguments or printing: a request goes in,
//! what happened comes out. An act that is refused is an [`Error`] with its findings.

pub mod admit;
pub mod approve;
pub mod aside;
pub mod attest;
pub mod board;
pub mod cancel;
pub mod cell;
pub mod chain;
pub mod claim;
pub mod clone;
pub mod decide;
pub mod decision;
pub mod doctor;
pub mod error;
pub mod escalate;
pub mod events;
pub mod export;
pub mod fetch;
pub mod finalize;
mod first_policy;
pub mod gate;
pub mod gc;
pub mod habits;
pub mod hooks;
pub mod init;
pub mod integrity;
pub mod life;
pub mod log;
pub mod outcome;
pub mod packet;
pub mod policy;
pub mod provenance;
pub mod push;
#[cfg(feature = "selftest")]
pub mod quickstart;
pub mod receipt;
mod remote;
pub mod revision;
pub mod revoke;
pub mod rollback;
pub mod run;
mod session;
pub mod show;
pub mod status;
mod submodules;
mod tag_names;
pub mod tar;
pub mod task;
pub mod trust;
pub mod verify;
pub mod vouch;
pub mod waive;
mod work_tree;

pub use error::{Error, Process};
pub use session::Session;
