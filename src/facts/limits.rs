//! The policy's limits on records (INT-006). The parsers know limits of their own, which no policy
//! raises; here a policy asks for less.

use crate::policy::document::Limits;
use crate::record::envelope::Envelope;
use crate::record::json::{self, BadJson};
use crate::record::{Coded, Diagnosis, Rule};

/// A record or an inventory goes beyond the limits of the policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BeyondLimit {
    /// A record is too large or too deep.
    #[error("{bad}")]
    Record {
        bad: BadJson,
        bytes: usize,
        levels: usize,
    },
    /// An inventory is too long.
    #[error("{bytes} bytes and {lines} lines")]
    Inventory {
        bytes: usize,
        lines: usize,
        most_bytes: usize,
        most_lines: usize,
    },
}

impl Coded for BeyondLimit {
    fn diagnosis(&self) -> Diagnosis {
        let raise = "git awo policy propose FILE, to raise the limit; or make it smaller";
        let (rule, expected) = match self {
            Self::Record { bytes, levels, .. } => (
                Rule::RecordLimit,
                format!("at most {bytes} bytes and {levels} levels"),
            ),
            Self::Inventory {
                most_bytes,
                most_lines,
                ..
            } => (
                Rule::InventoryLimit,
                format!("at most {most_bytes} bytes and {most_lines} lines"),
            ),
        };
        Diagnosis::against(self, rule, expected, raise)
    }
}

/// Checks the size and the nesting of a record.
pub(crate) fn record(envelope: &Envelope, limits: &Limits) -> Result<(), BeyondLimit> {
    let most = json::Limits {
        depth: limits.record_depth,
        len: limits.record_bytes,
    };
    let payload = envelope.payload();
    // No document is nested deeper than it has brackets.
    let brackets = payload.iter().filter(|b| matches!(b, b'{' | b'['));
    if payload.len() <= most.len && brackets.count() <= most.depth.min(json::HARD_DEPTH) {
        return Ok(());
    }
    match json::parse_with(payload, most) {
        // What breaks the form is told by who reads the record.
        Err(bad) if bad.limit => Err(BeyondLimit::Record {
            bad,
            bytes: limits.record_bytes,
            levels: limits.record_depth,
        }),
        _ => Ok(()),
    }
}

/// Checks the size of an inventory.
pub(crate) fn inventory(bytes: &[u8], limits: &Limits) -> Result<(), BeyondLimit> {
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    if bytes.len() <= limits.inventory_bytes && lines <= limits.inventory_lines {
        return Ok(());
    }
    Err(BeyondLimit::Inventory {
        bytes: bytes.len(),
        lines,
        most_bytes: limits.inventory_bytes,
        most_lines: limits.inventory_lines,
    })
}
