//! The environment and the configuration of whoever calls, and what comes out.

mod commands;
mod road;
mod settings;
mod traps;

use super::Case;

pub const CASES: &[Case] = &[];
