//! The one test binary: rooms, the main road, attacks.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod aside;
mod attacks;
mod bench;
mod ci_templates;
mod concurrency;
mod contributors;
mod crash;
mod dates;
mod determinism;
mod differential;
mod export;
mod figure;
mod founding;
mod fuzz_targets;
mod fuzzing;
mod growth;
mod hostile;
mod in_flight;
mod independent;
mod integrity;
mod main_road;
mod mutants;
mod notes_by_month;
mod policy_changes;
mod races;
mod releases;
mod remedies;
mod rooms;
mod run_import;
mod selftest;
mod servers;
mod snapshots;
mod status;
mod taxonomy;
mod world;
