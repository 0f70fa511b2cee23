//! Why the files of a run break an invariant.

use std::collections::BTreeSet;

/// The reasons found, sorted and without duplicates.
#[derive(Default)]
pub(super) struct Reasons(BTreeSet<String>);

impl Reasons {
    pub(super) fn add(&mut self, reason: impl Into<String>) {
        self.0.insert(reason.into());
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0.into_iter().collect()
    }
}
