//! git-awo: governed work on a Git repository.
//!
//! Every act of governance is a signed statement about a git object; gates are pure functions
//! over statements and diffs; one engine answers at three doors: the client's hooks, the
//! server's hooks, and `git awo verify` on any clone.
//!
//! # As a library
//!
//! [`Repository`] is the way in, and with what its methods take and return (of [`record`]) it is
//! what callers may rely on. The modules are public for the program, its tests and its benches:
//! **they may change in any release.**
//!
//! The library reads neither a clock nor, for itself, the environment: whoever calls says at which
//! time a judgement is to hold and with which key one acts. git's own configuration is found as git
//! finds it. What git-awo asks of the system itself goes through the doors of [`sys`].
//!
//! Features, both on by default: `cli` is the program with its commands, `selftest` the closed
//! worlds in which `git awo selftest` and `git awo quickstart` play. The library alone
//! (`default-features = false`) needs no argument parser.

// Almost everything that is read here was written by strangers, and none of it may stop the program.
// For the whole crate, so that a new room has it too; `tests/rooms` holds the list and counts the
// exceptions. Positions and counts saturate: they count things in memory, of which there are less
// than `usize::MAX`, and a count that stands still still exceeds every limit.
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::expect_used,
        clippy::get_unwrap,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::panic_in_result_fn,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod actor;
pub mod cell;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod evidence;
pub mod export;
pub mod facts;
pub mod git;
pub mod hook;
pub mod ops;
pub mod packet;
pub mod policy;
pub mod record;
pub mod records;
pub mod render;
pub(crate) mod rules;
pub mod run;
#[cfg(feature = "selftest")]
pub mod sandbox;
#[cfg(feature = "selftest")]
#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "it reads what it made itself; `value[key]` of JSON gives null"
)]
pub mod selftest;
pub mod signing;
pub mod state;
pub mod store;
pub mod sys;

mod facade;

pub use facade::{Anchor, Error, Repository};
pub use records::Movement;
