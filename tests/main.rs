//! The one test binary: rooms, the main road, attacks.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod actors;
mod admissions;
mod aside;
mod attacks;
mod automation;
mod automation_conformance;
mod automation_runs;
mod baselines;
mod bench;
mod board;
#[cfg(target_os = "linux")]
mod cell;
mod checkouts;
mod ci_templates;
mod claims;
mod cloning;
mod concurrency;
mod contributors;
mod crash;
mod dates;
mod determinism;
mod differential;
mod escalation;
mod events;
mod export;
mod figure;
mod founding;
mod fuzz_targets;
mod fuzzing;
mod growth;
mod hostile;
mod howtos;
mod in_flight;
mod independent;
mod integrity;
mod lfs;
mod life;
mod main_road;
mod moving;
mod mutants;
mod notes_by_month;
mod overrides;
mod packets;
mod policy_changes;
mod post_work;
mod races;
mod real_packet;
mod releases;
mod remedies;
#[cfg(target_os = "linux")]
#[cfg(target_os = "linux")]
mod reruns;
mod risk;
mod rooms;
mod run_import;
mod selftest;
mod servers;
mod snapshots;
mod status;
mod taxonomy;
mod versions;
mod waivers;
mod work;
mod work_evidence;
mod world;
