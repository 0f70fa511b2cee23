//! Reads records and trees, and gathers what the rules need; says by which policy and at which
//! time each record is judged.

mod admissions;
mod applied;
pub(crate) mod approvals;
pub(crate) mod arrivals;
pub(crate) mod arrived;
pub(crate) mod between;
pub(crate) mod case;
pub(crate) mod claims;
pub(crate) mod contradictions;
pub(crate) mod decisions;
pub(crate) mod demanded;
mod error;
pub(crate) mod escalation;
pub(crate) mod events;
pub(crate) mod groundwork;
mod known;
pub(crate) mod leases;
pub(crate) mod life;
pub(crate) mod limits;
pub mod log;
pub(crate) mod lookup;
mod marks;
pub(crate) mod opening;
pub(crate) mod policies;
pub(crate) mod position;
pub(crate) mod post_work;
pub(crate) mod pre_work;
pub(crate) mod provenance;
pub mod received;
pub(crate) mod remembered;
pub mod reruns;
pub(crate) mod run;
mod run_again;
pub(crate) mod skeleton;
pub(crate) mod tag;
pub(crate) mod tips;
pub(crate) mod upstream;
pub(crate) mod uses;
pub(crate) mod vouched;
pub(crate) mod work;
pub mod work_evidence;

pub use error::{BadVersion, Error};
pub use known::KnownPolicies;
pub use marks::{Behind, Marks};
pub use policies::{Anchor, PolicyHistory};
