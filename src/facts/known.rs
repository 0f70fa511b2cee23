//! What one process tells the next: that the history of the policy, up to a commit, was verified.
//!
//! A policy commit names everything before it, so its id is all that has to be told. What is
//! damaged, of another program version, or of another history, is as good as nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::policy::keyring::Signer;
use crate::record::{ObjectId, json};
use crate::sys::process::program;

/// The part of a policy's history that this version of the program has verified before.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownPolicies {
    program: String,
    versions: Vec<Stored>,
    #[serde(skip)]
    failed: AtomicBool,
}

/// A version of the policy that was verified.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored {
    pub(super) commit: ObjectId,
    pub(super) signers: Vec<Signer>,
}

impl KnownPolicies {
    /// Returns what is known of a verified history, oldest version first.
    pub(super) fn of(versions: Vec<Stored>) -> Self {
        Self {
            program: program(),
            versions,
            failed: AtomicBool::new(false),
        }
    }

    /// Parses the stored form; `None` unless it is whole and of this program.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let known: Self = json::parse_with_digest(bytes)?;
        (known.program == program() && !known.versions.is_empty()).then_some(known)
    }

    /// Returns the stored form: the digest of the rest, and a JSON object.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::with_digest(self)
    }

    /// Returns whether a version that was relied on could not be read: then nothing is known.
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    pub(super) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    pub(super) fn versions(&self) -> &[Stored] {
        &self.versions
    }

    /// Returns the versions up to a commit, if it is known.
    pub(super) fn up_to(&self, commit: ObjectId) -> Option<&[Stored]> {
        let at = self.versions.iter().position(|it| it.commit == commit)?;
        self.versions.get(..=at)
    }
}
