//! Judges the growth of governance refs: only forward, only growing, and every record that
//! arrives checked by itself and against what it binds.

mod collect;
mod judge;
mod notes;
mod trees;

use std::collections::BTreeSet;

use crate::git::{self, Reader};
use crate::policy::keyring::Verified;
use crate::record::envelope::Envelope;
use crate::record::predicate::{
    ApprovalPredicate, Approves, AttestationPredicate, ContractPredicate, FinalizationPredicate,
    IndependencePredicate, OutcomePredicate, OverridePredicate, RunPredicate,
};
use crate::record::sentence;
use crate::record::statement::{Kind, Statement};
use crate::record::tree::Mode;
use crate::record::{
    Finding, Findings, ObjectId, RefName, RepoPath, Rule, RunId, Sha256, Subject, TaskId,
};
use crate::rules;
use crate::store::layout::{self, LedgerPath, Place};
use crate::store::ledger::{self, note_lines};

pub use trees::{Gained, trees};

use super::Error;
use crate::facts::run::{Collector, kind_of};

/// The largest record.
pub(super) const MAX_RECORD: u64 = 2 * 1024 * 1024;
/// The largest note: many envelopes.
pub(super) const MAX_NOTE: u64 = 16 * 1024 * 1024;
/// How many files one look at a governance ref may bring: a clone sees years at once.
pub const MAX_RECORDS: usize = 1_000_000;
/// What arrived on governance refs: to be judged together, since records bind each other.
#[derive(Default)]
pub struct Arrivals {
    ledger: Vec<(LedgerPath, ObjectId)>,
    /// Shards that changed, and those of runs whose finalization arrived.
    shards: BTreeSet<LedgerPath>,
    notes: Vec<(Place, ObjectId, Envelope)>,
    evidence: Vec<(RefName, RunId)>,
    digests: BTreeSet<Sha256>,
}

impl Arrivals {
    /// Returns the digests of the records that arrived.
    pub fn digests(&self) -> &BTreeSet<Sha256> {
        &self.digests
    }

    /// Returns how many records arrived.
    pub fn count(&self) -> usize {
        self.ledger.len().saturating_add(self.notes.len())
    }
}

pub(super) fn orphan_unless(there: bool, path: &LedgerPath, what: &str, findings: &mut Findings) {
    if !there {
        findings.push(
            Rule::RecordOfSomething
                .finding(Subject::of_record(path.to_path()))
                .found(format!("no {} beside it", what.trim_start_matches("a ")))
                .expected(what)
                .remedy("git awo push"),
        );
    }
}

pub(super) fn unknown(reference: &RefName, path: &RepoPath) -> Finding {
    Rule::RecordKind
        .finding(Subject::of_ref(reference).path(path))
        .found("a file of an unknown kind")
        .expected("a record of this version")
        .remedy("upgrade git-awo, or push with git awo push")
}

pub(super) fn rewritten(reference: &RefName, path: &RepoPath, removed: bool) -> Finding {
    Rule::RecordsNeverChange
        .finding(Subject::of_ref(reference).path(path))
        .found(if removed {
            "a record was removed"
        } else {
            "a record was changed"
        })
        .expected("every record kept as it was")
        .remedy("git awo fetch, then git awo push")
}

pub(super) fn rewritten_note(reference: &RefName, object: ObjectId, found: &str) -> Finding {
    Rule::RecordsNeverChange
        .finding(Subject::of_ref(reference).at(object))
        .found(found)
        .expected("lines only added")
        .remedy("git awo fetch, then git awo push")
}
