//! Room 2, `store`: records in notes and `refs/awo/*`. Layout, reading, appending, merging.

pub mod batch;
pub mod index;
pub mod layout;
pub mod ledger;
pub mod merge;
pub mod rebuild;

use crate::git;
use crate::record::envelope::BadEnvelope;
use crate::record::json::BadJson;
use crate::record::{ObjectId, RefName, RepoPath, Sha256};

/// The records could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be read or written.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A ref could not be moved.
    #[error("cannot move the refs")]
    Update(#[from] git::UpdateError),
    /// A stored envelope is malformed.
    #[error("cannot read the record {record}")]
    Envelope {
        /// Where it stands.
        record: String,
        /// Why not.
        source: BadEnvelope,
    },
    /// A stored file of another kind is malformed.
    #[error("cannot read {path}")]
    Malformed {
        /// Where it stands.
        path: RepoPath,
        /// Why not.
        source: BadJson,
    },
    /// A path holds something else than a file.
    #[error("cannot read {path}: it is no plain file")]
    NoFile {
        /// Where it stands.
        path: RepoPath,
    },
    /// A record of that name exists, with other content.
    #[error("cannot write {path}: another record stands there, and records never change")]
    Exists {
        /// Where it stands.
        path: RepoPath,
    },
    /// What was to be noted once is noted already.
    #[error("cannot note it again: it stands there as {digest}")]
    Noted {
        /// The digest of the record that says it.
        digest: Sha256,
    },
    /// Two histories hold different records under one name.
    #[error("cannot merge {reference}: both sides hold another {path}")]
    Conflict {
        /// The ref.
        reference: RefName,
        /// The path.
        path: RepoPath,
    },
    /// Two histories have nothing in common or one was rewritten.
    #[error("cannot merge {reference}: {ours} and {theirs} have no history in common")]
    Unrelated {
        /// The ref.
        reference: RefName,
        /// Our tip.
        ours: ObjectId,
        /// Their tip.
        theirs: ObjectId,
    },
    /// Others kept winning the race.
    #[error("cannot write the records: other writers won {attempts} times in a row")]
    Contended {
        /// How often it was tried.
        attempts: usize,
    },
    /// No randomness could be had.
    #[error("cannot draw random bytes")]
    Random,
}
