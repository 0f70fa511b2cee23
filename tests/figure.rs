//! Figures that are published. A test prints them; `.ci/figures` collects them into
//! `docs/design/figures.md`. Nothing else reads them: what fails, fails by its assertions.

use std::fmt::Display;

/// Prints one figure: what was tried, how often, what came of it, and what should.
///
/// Figures of the same name, result and target are added up. A result that begins with `0 ` says
/// that nothing failed, and gets the upper bound 3/n beside it.
pub fn figure(name: &str, n: usize, result: impl Display, target: &str) {
    // One call, so that tests at work beside this one do not print into the line.
    println!("figure: {name} | {n} | {result} | {target}");
}
