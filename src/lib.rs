//! git-awo: governed work on a Git repository.
//!
//! Every act of governance is a signed statement about a git object; gates are pure functions
//! over statements and diffs; one engine answers at three doors: the client's hooks, the
//! server's hooks, and `git awo verify` on any clone.

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
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

pub mod actor;
pub mod check;
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
pub mod render;
pub mod rules;
pub mod run;
pub mod sandbox;
#[allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "it reads what it made itself; `value[key]` of JSON gives null"
)]
pub mod selftest;
pub mod signing;
pub mod store;
pub mod sys;
