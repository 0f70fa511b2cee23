//! The codes of the failure taxonomy, version 1.2.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A code of the failure taxonomy (version 1.2). A code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the taxonomy.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// Returns the code as it is written: `GOV-001`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// Self-approval: the same person orchestrated and reviewed, without a recorded override.
    Gov001 = "GOV-001",
    /// Invariant or chain failure.
    Gov002 = "GOV-002",
    /// Path outside the allowed ones, inside forbidden ones, or protected.
    Gov003 = "GOV-003",
    /// Forbidden action.
    Gov004 = "GOV-004",
    /// Approval missing, not byte-exact, withdrawn, expired, or by too few persons.
    Gov005 = "GOV-005",
    /// Policy change without its threshold, downgraded, unlinked, missing or unreadable; no pinned root.
    Gov006 = "GOV-006",
    /// LOCKED: a human would be needed; halted, nothing applied.
    Gov007 = "GOV-007",
    /// Roll-back is not the exact inverse of one rejected governed commit.
    Gov008 = "GOV-008",
    /// Gate: auto-signature forbidden, confidence under the threshold, human required.
    Gov009 = "GOV-009",
    /// Workflow limits.
    Gov010 = "GOV-010",
    /// Illegal order of states, gates, phases, packs or events.
    Gov011 = "GOV-011",
    /// Autonomy ceiling exceeded, absent or raised.
    Gov012 = "GOV-012",
    /// Hash mismatch.
    Int001 = "INT-001",
    /// File-set mismatch.
    Int002 = "INT-002",
    /// Malformed or ambiguous git object or path.
    Int003 = "INT-003",
    /// Malformed or non-canonical record.
    Int004 = "INT-004",
    /// Incomplete or untrusted view of objects.
    Int005 = "INT-005",
    /// Resource limit exceeded.
    Int006 = "INT-006",
    /// Not deterministic.
    Int007 = "INT-007",
    /// A derived view differs from its recomputation.
    Int008 = "INT-008",
    /// Role mismatch.
    Att001 = "ATT-001",
    /// Binding failure.
    Att002 = "ATT-002",
    /// Signature bad.
    Att003 = "ATT-003",
    /// Key unknown, revoked, expired or too weak at that position of the history.
    Att004 = "ATT-004",
    /// Replay.
    Rep001 = "REP-001",
    /// Governance ref rewritten, rewound, deleted, forked or frozen.
    Rep002 = "REP-002",
    /// State changed between check and update.
    Rep003 = "REP-003",
    /// Orphan: a record without its counterpart.
    Str001 = "STR-001",
    /// Mandatory record or ref missing, ambiguous, or of an unknown kind or version.
    Str002 = "STR-002",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
