//! The cases, one file per layer.

pub mod attestation;
pub mod autonomy;
pub mod baselines;
pub mod cell;
pub mod determinism;
mod found;
pub mod gates;
pub mod gateway;
pub mod integrity;
pub mod life;
pub mod pipeline;
pub mod reruns;
pub mod structure;
