//! Room `policy`: persons, keys, roles, refs, patterns and limits. A policy document becomes a
//! [`Policy`]. No clock, file or environment is read here.

mod artefacts;
mod automation;
pub mod ceiling;
mod cells;
pub mod document;
pub mod features;
mod grant;
pub mod keyring;
pub mod pattern;
mod person;
#[allow(clippy::module_inception, reason = "the noun of the room")]
mod policy;
mod proven;
mod refs;
mod risk;
mod tag_grant;
mod tags;
mod unverified;
mod verified;

pub use crate::record::{Level, Role};
pub use artefacts::ArtefactRoot;
pub use automation::Need;
pub use ceiling::Ceiling;
pub use cells::Cells;
pub use document::Document;
pub use features::BadPolicy;
pub use keyring::Keyring;
pub use person::{Person, Writers};
pub use policy::{GIT_FILES, Policy};
pub use proven::Proven;
pub use refs::RefRules;
pub use risk::Tier;
pub use tags::TagRules;
pub use unverified::Unverified;
pub use verified::{Position, Verified};
