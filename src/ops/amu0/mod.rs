//! Baselines (AMU₀): the state that the policy names is frozen, put back, promoted from a run, compared and
//! proved.

mod create;
mod diff;
mod list;
mod named;
mod promote;
mod restore;
mod verify;

pub use create::{Created, create};
pub use diff::{Differs, Sides, diff};
pub use list::{Listed, list};
pub use named::Named;
pub use promote::promote;
pub use restore::{Restored, restore};
pub use verify::verify;
