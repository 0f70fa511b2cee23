//! The policy's limits on records (INT-006). The parsers know limits of their own, which no policy
//! raises; here a policy asks for less.

use crate::policy::document::Limits;
use crate::record::envelope::Envelope;
use crate::record::predicate::RunPredicate;
use crate::record::{Finding, ObjectId, RefName, Rule, Sha256, Subject, json};

use super::position::Positions;
use super::run::Collector;

const RAISE: &str = "git awo policy propose FILE, to raise the limit; or make it smaller";

impl Collector<'_> {
    /// Returns the limits of the policy that a run record was judged by.
    pub(crate) fn limits_of(&self, run: &RunPredicate, digest: Sha256) -> &Limits {
        let logged = match &self.positions {
            Positions::Logged(log) => log.get(&digest),
            Positions::Continued(part) => part.logged.get(&digest),
            Positions::Arriving(_) | Positions::Named => None,
        };
        let fresh = match &self.positions {
            Positions::Arriving(fresh) => fresh.contains(&digest),
            Positions::Logged(_) => true,
            Positions::Continued(_) | Positions::Named => false,
        };
        let named = || self.history.index_of(run.context.policy).filter(|_| !fresh);
        let index = logged.map(|(index, _)| *index).or_else(named);
        // Beyond the last version stands the one in force.
        let position = self.history.position(index.unwrap_or(usize::MAX), None);
        &position.policy.document().limits
    }
}

/// Judges the size and the nesting of a record.
pub(crate) fn record(envelope: &Envelope, limits: &Limits) -> Result<(), Finding> {
    let bytes = envelope.payload();
    let most = json::Limits {
        depth: limits.record_depth,
        len: limits.record_bytes,
    };
    let Err(bad) = json::parse_with(bytes, most) else {
        return Ok(());
    };
    // What breaks the form is told by who reads the record.
    if !bad.limit {
        return Ok(());
    }
    let finding = Rule::RecordLimit
        .finding(Subject::of_record(envelope.digest()))
        .found(bad)
        .expected(format!(
            "at most {} bytes and {} levels",
            limits.record_bytes, limits.record_depth
        ));
    Err(finding.remedy(RAISE))
}

/// Judges the size of an inventory.
pub(crate) fn inventory(bytes: &[u8], limits: &Limits, subject: Subject) -> Option<Finding> {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    if bytes.len() <= limits.inventory_bytes && lines <= limits.inventory_lines {
        return None;
    }
    let finding = Rule::InventoryLimit
        .finding(subject)
        .found(format!("{} bytes and {lines} lines", bytes.len()))
        .expected(format!(
            "at most {} bytes and {} lines",
            limits.inventory_bytes, limits.inventory_lines
        ));
    Some(finding.remedy(RAISE))
}

/// Returns how to push the first of these commits, parents before children, so that the others can
/// follow.
pub(crate) fn part_of(commits: &[ObjectId], most: usize, reference: &RefName) -> String {
    match most.checked_sub(1).and_then(|last| commits.get(last)) {
        Some(last) => format!("git push SERVER {last}:{reference} first"),
        None => format!("push {reference} by itself"),
    }
}
