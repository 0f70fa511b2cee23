//! The layers of a cell on a system for which none is built.

use super::grants::Cell;
use super::held::{Held, Layer};

/// Returns that nothing held.
pub(super) fn confine(_cell: &Cell) -> Held {
    let mut held = Held::default();
    for layer in Layer::ALL {
        held.note(layer, Err("this system has no such layer".to_owned()));
    }
    held
}
