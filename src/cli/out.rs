//! Where everything that a command says goes out: results on standard output, conversation on
//! standard error.

use std::io::{ErrorKind, Write as _};

use crate::ops::{Error, Process};
use crate::render;

/// Prints a result. A reader that went away (`| head`) is no failure of ours; anything else is, as a
/// full disk.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Judges whether what was printed has gone out.
pub fn printed(done: std::io::Result<()>) -> Result<(), Error> {
    match done {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Process::Output(error).into()),
        _ => Ok(()),
    }
}

/// Says something to a person. What is hidden in the text is escaped.
pub fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(render::lines(text).as_bytes());
}
