//! Baselines (AMU₀): a state that was frozen, where it stands and what it holds.

mod item;
mod manifest;
mod scope;

pub use item::{Difference, Item, Kind, differences};
pub use manifest::{BadManifest, FILES, MANIFEST, MOST_BYTES, Manifest, SCHEMA};
pub use scope::{Place, Scope};
