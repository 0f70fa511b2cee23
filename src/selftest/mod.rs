//! Two suites of tests, run with this program in a sandbox with a real bare server: the 25 published
//! tests of AWO v4.2 (TS-0001 to TS-0025; source: AWO's public test index, whose dependency order is
//! G → I → D → A → P → S), and those of the Tier-1 hardening plan, pack by pack.

mod case;
mod cases;
mod forge;
mod play;
mod readiness;
mod row;
mod suite;

pub use case::{Case, Layer, Suite};
pub use play::{Failed, Play, Sandbox};
pub use row::{Row, Status};
pub use suite::{CASES, Outcome, Selection, cases, play, run};
