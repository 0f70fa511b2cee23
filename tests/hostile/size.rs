//! Resource limits: at the limit accepted, at one more refused; what is hostile costs little.

use super::Case;

pub const CASES: &[Case] = &[];
