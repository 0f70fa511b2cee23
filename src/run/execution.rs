//! What one run works with.

use std::ffi::OsString;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::record::Timestamp;

use super::confine::Confinement;
use super::gate::Admission;
use super::gateway::Gateway;
use super::log::Logs;
use super::place::Place;
use super::scrub::Scrub;
use super::snapshot::Snapshot;

/// A run between the execution gate and its record.
pub(super) struct Execution<'a> {
    pub(super) actor: &'a Actor,
    pub(super) history: &'a PolicyHistory,
    pub(super) admitted: Admission,
    pub(super) command: &'a [OsString],
    pub(super) place: Place,
    pub(super) logs: Logs,
    /// The cell of its commands, where the policy demands one.
    pub(super) cell: Option<Confinement>,
    /// What lets its commands write by `git awo write`, where this program is known.
    pub(super) gateway: Option<Gateway>,
    pub(super) before: Snapshot,
    pub(super) scrub: Scrub,
    pub(super) started: Timestamp,
}
