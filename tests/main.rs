//! The one test binary: rooms, the main road, attacks.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod attacks;
mod bench;
mod ci_templates;
mod growth;
mod main_road;
mod policy_changes;
mod rooms;
mod world;
