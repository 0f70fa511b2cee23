//! Records that count an approval.

use crate::record::{Sha256, Timestamp};
use crate::records::{Binding, Kind, Record};

/// A record that counts an approval.
#[derive(Clone, Copy)]
pub struct Use {
    pub kind: Kind,
    /// The digest of the record.
    pub digest: Sha256,
    expires: Option<Timestamp>,
}

impl Use {
    /// Returns how a record uses an approval, if it counts it.
    pub fn of(approval: Sha256, digest: Sha256, says: &dyn Record) -> Option<Self> {
        let counted = Binding::Approval(approval);
        says.binds().contains(&counted).then(|| Self {
            kind: says.kind(),
            digest,
            expires: says.expires(),
        })
    }

    /// Tells whether it holds at a time. A record that has expired uses nothing any more.
    pub fn holds_at(&self, time: Timestamp) -> bool {
        self.expires.is_none_or(|end| time < end)
    }
}
