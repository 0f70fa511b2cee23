//! The 25 published tests of AWO v4.2 (TS-0001 to TS-0025), run with this program in a sandbox with
//! a real bare server. Source: AWO's public test index; the order G → I → D → A → P → S is its
//! dependency order.

mod case;
mod cases;
mod forge;
mod play;
mod suite;

pub use case::{Case, Layer};
pub use play::{Failed, Play, Sandbox};
pub use suite::{CASES, Outcome, Row, Status, cases, play, run};
