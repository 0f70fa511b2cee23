//! AWO's directory layout, made from the records of a clone. [`mod@gather`] reads and
//! checks, [`mod@files`] decides the bytes, [`place`] puts them on the disk. No clock is read: the same
//! records give the same bytes on every clone.

pub mod dossier;
pub mod earlier;
mod error;
pub mod files;
pub mod gather;
pub mod place;
mod tree;

pub use dossier::{Dossier, Rules, Signed};
pub use error::Error;
pub use files::{files, index_file};
pub use gather::gather;
pub use place::{Destination, write_file};
pub use tree::Files;
