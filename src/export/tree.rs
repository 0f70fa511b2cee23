//! What an export consists of.

use std::collections::BTreeMap;

use crate::record::RepoPath;

/// The files of an export, by their paths below its directory.
pub type Files = BTreeMap<RepoPath, Vec<u8>>;

/// `provenance/index.json`
pub const INDEX: &str = "provenance/index.json";
