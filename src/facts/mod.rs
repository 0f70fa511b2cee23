//! Reads records and trees, and gathers what the rules need; says by which policy and at which
//! time each record is judged.

pub mod approvals;
pub mod arrivals;
pub mod arrived;
pub mod case;
pub mod claims;
mod error;
pub mod limits;
pub mod log;
pub mod policies;
pub mod position;
pub mod provenance;
pub mod run;

pub use error::{BadVersion, Error};
pub use policies::{Anchor, PolicyHistory};
