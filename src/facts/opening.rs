//! A decision that opens gate 1 of a run.

use std::collections::BTreeSet;

use crate::policy::{Policy, Verified};
use crate::record::{DecisionId, ObjectId, Sha256, Timestamp};
use crate::records::{AutoSignaturePredicate, DecisionPredicate};

use super::lookup::Lookup;

/// A decision that opens gate 1 of a run, or is to open it, and what bears on that.
#[derive(Clone, Debug)]
pub struct Opening {
    pub decision: Verified<DecisionPredicate>,
    /// The model's signature under it.
    pub auto_signature: Lookup<Verified<AutoSignaturePredicate>>,
    /// The policies by which it must hold: those by which its use is judged.
    pub policies: Vec<Policy>,
    /// When it is used.
    pub time: Timestamp,
    /// Whether its maker had withdrawn it by then.
    pub withdrawn: bool,
    /// What had taken its place by then.
    pub superseded_by: Option<DecisionId>,
    /// Other decisions on the same gate and target that counted then.
    pub against: BTreeSet<DecisionId>,
}

/// The record that uses a decision.
#[derive(Clone, Copy, Debug)]
pub struct UsedBy {
    /// Its digest.
    pub record: Sha256,
    /// The policy that it names.
    pub policy: ObjectId,
    /// When it came.
    pub time: Timestamp,
}
