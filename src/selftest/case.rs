//! A case of the selftest, and the layer that it belongs to.

use crate::record::Code;

use super::play::{Failed, Play};

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
}

impl Layer {
    /// Returns the letter.
    pub fn letter(self) -> &'static str {
        match self {
            Layer::G => "G",
            Layer::I => "I",
            Layer::D => "D",
            Layer::A => "A",
            Layer::P => "P",
            Layer::S => "S",
        }
    }
}

/// One of the 25 tests.
pub struct Case {
    /// `TS-0001` to `TS-0025`.
    pub id: &'static str,
    /// `G1` to `S3`.
    pub name: &'static str,
    /// Its layer.
    pub layer: Layer,
    /// The title.
    pub title: &'static str,
    /// The codes that must occur.
    pub expected: &'static [Code],
    pub(super) play: fn(&mut Play<'_>) -> Result<(), Failed>,
}
