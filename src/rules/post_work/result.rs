//! What the gates of a file come to.

use std::fmt;

use crate::record::{ObjectId, RepoPath, WorkGate};
use crate::records::Sha1;

/// What a gate came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// What it needs is missing: a plan, or a content within the limits.
    Blocked,
    /// It is judged elsewhere, and refuses nothing here.
    Advisory,
    /// It has no meaning for content of this kind.
    Unsupported,
}

impl Outcome {
    /// Tells whether a change lands with it.
    pub fn lands(self) -> bool {
        matches!(self, Self::Pass | Self::Advisory)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Blocked => "BLOCKED",
            Self::Advisory => "ADVISORY",
            Self::Unsupported => "UNSUPPORTED",
        })
    }
}

/// What a gate came to of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateResult {
    pub gate: WorkGate,
    pub outcome: Outcome,
    /// What was found.
    pub evidence: String,
}

/// How a file really changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    Added,
    Changed,
    /// The mode alone.
    Mode,
    Deleted,
    /// It is as it was.
    Unchanged,
    /// It is neither there before nor after.
    Absent,
}

impl fmt::Display for Happened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "add",
            Self::Changed => "change",
            Self::Mode => "mode",
            Self::Deleted => "delete",
            Self::Unchanged => "unchanged",
            Self::Absent => "absent",
        })
    }
}

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    pub blob: ObjectId,
    pub mode: &'static str,
    pub sha1: Option<Sha1>,
}

/// What was measured of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileResult {
    pub path: RepoPath,
    pub happened: Happened,
    /// The first and the last line that changed: of the base, or of a new file its own.
    pub lines: Option<(u64, u64)>,
    /// How many lines more there are.
    pub delta: Option<i64>,
    pub pre: Option<At>,
    pub post: Option<At>,
    /// All ten gates, in their order.
    pub gates: Vec<GateResult>,
}

/// The manifest of a run as it stands in the evidence, which two gates are about.
#[derive(Clone, Copy, Debug)]
pub enum Written<'a> {
    /// It is made now, of the same values.
    Now,
    /// It came with the run.
    There {
        /// The file at the path that the run record names.
        manifest: Option<&'a [u8]>,
        /// Whether the inventory lists it.
        listed: bool,
    },
}
