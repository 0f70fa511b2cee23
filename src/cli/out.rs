//! Where everything that a command says goes out: results on standard output, conversation on
//! standard error.

use std::io::Write as _;

use crate::render;

/// Prints a result. A reader that went away (`| head`) is no failure of ours.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says something to a person. What is hidden in the text is escaped.
pub fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(render::lines(text).as_bytes());
}
