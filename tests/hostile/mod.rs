//! A hostile world: attacks, each pushed against a real server, and their benign twins.
//!
//! A case is a row of a table or a function of a few lines: it makes something with [`raw::Raw`] or
//! with git, and says what [`door::Door`] must answer. Each module lists its attacks in `CASES`.

mod approvals;
mod behind;
pub mod catalogue;
mod decisions;
mod detect;
mod doctor;
pub mod door;
pub mod environment;
pub mod forge;
mod gone;
mod graph;
mod locked;
mod lookalikes;
mod metadata;
mod network;
mod newer;
mod races;
pub mod raw;
mod records;
mod replay;
mod rollbacks;
mod signatures;
mod size;
mod sweep;
pub mod tags;
mod trees;
mod verify;
mod view;
mod vouches;

/// One attack of the catalogue.
pub struct Case {
    /// Its name here: a letter for the group, a number.
    pub id: &'static str,
    /// What the attacker does.
    pub attack: &'static str,
    /// What is answered: codes, `accepted` for what only looks like an attack, or `documented`.
    pub answer: &'static str,
    /// The tests that show it, as `module::function` below `tests/`, or of a unit as `src/file::function`.
    pub tests: &'static [&'static str],
}
