//! A case of the selftest, the layer that it belongs to, and the suite of that.

use crate::record::Code;

use super::play::{Failed, Play};

/// A collection of tests that is asked for as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Suite {
    /// The 25 published tests of AWO v4.2.
    Awo,
    /// The packs of the Tier-1 hardening plan.
    Tier1,
}

impl Suite {
    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Suite::Awo => "awo",
            Suite::Tier1 => "tier1",
        }
    }
}

/// A layer of the tests; each depends on the previous ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// Gates.
    G,
    /// Integrity.
    I,
    /// Determinism.
    D,
    /// Attestation.
    A,
    /// Pipeline.
    P,
    /// Structure.
    S,
    /// Determinism, the cell, the life of a run.
    Execution,
    /// Baselines.
    State,
    /// The write gateway and artefacts.
    Gateway,
    /// Protections and ceilings.
    Autonomy,
}

impl Layer {
    /// Returns the suite that it is part of.
    pub fn suite(self) -> Suite {
        match self {
            Layer::G | Layer::I | Layer::D | Layer::A | Layer::P | Layer::S => Suite::Awo,
            Layer::Execution | Layer::State | Layer::Gateway | Layer::Autonomy => Suite::Tier1,
        }
    }

    /// Returns the name: AWO's letter, or the number of the pack.
    pub fn name(self) -> &'static str {
        match self {
            Layer::G => "G",
            Layer::I => "I",
            Layer::D => "D",
            Layer::A => "A",
            Layer::P => "P",
            Layer::S => "S",
            Layer::Execution => "FP-3.1",
            Layer::State => "FP-3.2",
            Layer::Gateway => "FP-3.3",
            Layer::Autonomy => "FP-3.9",
        }
    }
}

/// A test.
pub struct Case {
    /// Unique: `TS-0001` to `TS-0025`, `FP-3.1.1` and so on.
    pub id: &'static str,
    /// The short name: `G1` to `S3`; of a test of Tier 1 the pack.
    pub name: &'static str,
    /// Its layer.
    pub layer: Layer,
    /// The title.
    pub title: &'static str,
    /// The codes that must occur.
    pub expected: &'static [Code],
    pub(super) play: fn(&mut Play<'_>) -> Result<(), Failed>,
}
