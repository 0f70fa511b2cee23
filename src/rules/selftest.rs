//! What the selftest asks of this program.

use crate::record::{Finding, Rule, Subject};

/// Returns the finding that a test of the selftest failed.
pub fn failed(id: &str, name: &str) -> Finding {
    Rule::SelftestPasses
        .finding(Subject::of_record(id))
        .found(format!("{name} failed"))
        .expected("a program that does what AWO's tests ask for")
        .remedy(format!("git awo selftest --case {id} PLACE"))
}

/// Returns the finding that some of the tests were not played.
pub fn incomplete(left: usize, all: usize) -> Finding {
    Rule::SelftestComplete
        .finding(Subject::none())
        .found(format!("{left} of {all} tests were not played"))
        .expected("all of them, in their order")
        .remedy("git awo selftest")
}

/// Returns the finding that a step of the quickstart did not go as it should; its first line says
/// what was typed.
pub fn quickstart_step(said: &str) -> Finding {
    Rule::QuickstartStep
        .finding(Subject::none())
        .found(said.lines().next().unwrap_or_default())
        .expected("a system on which every step goes as it should")
        .remedy("git --version, and ssh-keygen on the PATH")
}
