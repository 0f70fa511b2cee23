//! The cases, one file per layer.

pub mod attestation;
pub mod cell;
pub mod determinism;
mod found;
pub mod gates;
pub mod integrity;
pub mod pipeline;
pub mod structure;
