//! One file a command.

pub mod approve;
pub mod attest;
pub mod chain;
mod complaints;
pub mod doctor;
pub mod export;
pub mod fetch;
pub mod finalize;
pub mod gate;
pub mod hook;
pub mod hooks;
pub mod index;
pub mod init;
pub mod integrity;
pub mod log;
pub mod outcome;
pub mod policy;
pub mod push;
#[cfg(feature = "selftest")]
pub mod quickstart;
pub mod receipt;
pub mod rollback;
pub mod run;
#[cfg(feature = "selftest")]
pub mod selftest;
pub mod show;
pub mod status;
pub mod tar;
pub mod task;
pub mod trust;
pub mod verify;
