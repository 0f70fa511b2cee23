//! Why the files of a run break an invariant.

use std::collections::BTreeSet;

/// So many reasons are listed: each line of a file may be one.
const MOST: usize = 10_000;

/// The reasons found, sorted and without duplicates.
#[derive(Default)]
pub(super) struct Reasons(BTreeSet<String>);

impl Reasons {
    pub(super) fn add(&mut self, reason: impl Into<String>) {
        if !self.is_full() {
            self.0.insert(reason.into());
        }
    }

    /// Tells whether nothing more is listed, so that whoever reads on line by line can stop.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= MOST
    }

    pub(super) fn into_vec(self) -> Vec<String> {
        self.0.into_iter().collect()
    }
}
