//! The layers of a cell on a system for which none is built.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::process::Command;

use super::grants::Cell;
use super::held::{Held, Layer};

const NONE: &str = "this system has no such layer";

/// Returns that there is no root of its own.
pub(super) fn separate(_cell: &Cell) -> Result<(), String> {
    Err(NONE.to_owned())
}

/// Returns that there is no root of its own.
pub(super) fn make_root(_cell: &Cell) -> Result<(), String> {
    Err(NONE.to_owned())
}

/// Returns that there is no root of its own.
pub(super) fn supervise(_: &Cell, _: &[OsString], _: &File) -> io::Result<u8> {
    Err(io::Error::other(NONE))
}

/// Returns that there is no root of its own.
pub(super) fn reap(_command: &mut Command) -> io::Result<u8> {
    Err(io::Error::other(NONE))
}

/// Nothing is closed that could be open.
pub(super) fn opened(cell: &Cell) -> (Cell, Result<(), String>) {
    (cell.clone(), Ok(()))
}

/// Returns that nothing held.
pub(super) fn confine(
    _cell: &Cell,
    root: Option<Result<(), String>>,
    _closed: Result<(), String>,
) -> Held {
    let mut held = Held::default();
    for layer in Layer::ORDINARY {
        held.note(*layer, Err(NONE.to_owned()));
    }
    if let Some(made) = root {
        held.note(Layer::OwnRoot, made);
    }
    held
}
