//! The provenance index: one entry a finalized run, which follows from its finalization and stands
//! beside it.

use serde::{Deserialize, Serialize};

use crate::record::json::{self, BadJson};
use crate::record::{IdentityName, ObjectId, RunId};
use crate::records::{FinalizationPredicate, OpenedBy};

/// An entry: what AWO's index says of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The persons who approved, sorted.
    pub approved_by: Vec<IdentityName>,
    /// Where an export puts the attestation.
    pub attestation_path: String,
    /// The harness commit.
    pub commit: ObjectId,
    /// The decision that opened gate 1, if one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gate1: Option<OpenedBy>,
    /// The run.
    pub run_id: RunId,
    /// Where the forge ran the audit; empty if no forge did.
    pub workflow_run_url: String,
}

/// The index as AWO exports it: entries sorted by run id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The entries.
    pub entries: Vec<Entry>,
    schema: Schema,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[default]
    #[serde(rename = "awo.provenance-index/1")]
    V1,
}

impl Entry {
    /// Returns the entry that a finalization implies.
    pub fn of(finalization: &FinalizationPredicate) -> Self {
        Self {
            approved_by: finalization.approved_by.clone(),
            attestation_path: format!(
                "governance/attestations/{}/ATTESTATION.json",
                finalization.run
            ),
            commit: finalization.commit,
            gate1: finalization.gate1.clone(),
            run_id: finalization.run.clone(),
            workflow_run_url: finalization
                .workflow_run_url
                .clone()
                .map(String::from)
                .unwrap_or_default(),
        }
    }

    /// Parses an entry strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadJson> {
        json::parse_canonical(bytes)
    }

    /// Returns the canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::canonical(self)
    }
}

impl Index {
    /// Returns the index of these entries, in whatever order they come.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| a.run_id.cmp(&b.run_id));
        entries.dedup();
        Self {
            entries,
            schema: Schema::V1,
        }
    }

    /// Parses the index strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadJson> {
        json::parse_canonical(bytes)
    }

    /// Returns the canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// Returns the entry of a run.
    pub fn get(&self, run: &RunId) -> Option<&Entry> {
        self.entries.iter().find(|entry| &entry.run_id == run)
    }
}
