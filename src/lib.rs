//! git-awo: governed work on a Git repository.
//!
//! Every act of governance is a signed statement about a git object; gates are pure functions
//! over statements and diffs; one engine answers at three doors: the client's hooks, the
//! server's hooks, and `git awo verify` on any clone.

pub mod actor;
pub mod check;
pub mod cli;
pub mod evidence;
pub mod export;
pub mod git;
pub mod harness;
pub mod hook;
pub mod intake;
pub mod policy;
pub mod record;
pub mod render;
pub mod sandbox;
pub mod selftest;
pub mod signing;
pub mod store;
