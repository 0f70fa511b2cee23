//! Signatures: their namespaces, statements, form and keys.

mod form;
mod keys;
mod matrix;

use super::Case;

pub const CASES: &[Case] = &[];
