//! Events of the Flight Recorder about decisions: what an event says, its one line of JSON, and the
//! reading of lines that other programs wrote. `docs/events.md` is the reference.

mod fields;
mod id;
mod kind;
mod line;
mod moment;
#[cfg(test)]
mod tests;

pub use fields::{Event, Links, Origin, Payload};
pub use id::{BadEventId, EventId};
pub use kind::{Kind, Party};
pub use line::{Broken, Fault};
pub use moment::{BadMoment, Moment};
