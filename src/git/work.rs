//! How much may be read of what a push brings.
//!
//! Work is counted in entries of trees that are read. Everything else whose cost a push chooses is
//! counted as so many of them.

use std::sync::atomic::Ordering;

use super::error::Error;
use super::reader::Reader;

impl Reader {
    /// Limits the work of all readers together from now on, so that a push of many commits costs no more
    /// than a push of one.
    pub fn limit_work(&self, entries: u64) {
        self.shared.work.store(entries, Ordering::Relaxed);
        self.shared.most_work.store(entries, Ordering::Relaxed);
    }

    /// Counts work.
    ///
    /// # Errors
    /// [`Error::Work`] if less than that is left.
    pub fn work(&self, entries: u64) -> Result<(), Error> {
        if self.work_left() < entries {
            return Err(self.no_work_left());
        }
        self.work_done(entries);
        Ok(())
    }

    /// Returns how much work is left.
    pub fn work_left(&self) -> u64 {
        self.shared.work.load(Ordering::Relaxed)
    }

    /// Counts work that was done.
    pub(super) fn work_done(&self, entries: u64) {
        let left = |left: u64| Some(left.saturating_sub(entries));
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.shared.work.fetch_update(set, get, left);
    }

    /// Returns the error that no work is left. Then nothing is left for others either: what stops half
    /// way was not judged, and whatever follows would only say so again.
    pub(super) fn no_work_left(&self) -> Error {
        self.shared.work.store(0, Ordering::Relaxed);
        let most = self.shared.most_work.load(Ordering::Relaxed);
        Error::Work { most }
    }
}
