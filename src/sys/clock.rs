//! The system's clock. Code that judges by a time receives it as a value from its caller.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Returns the seconds since 1970; 0 if the clock is set earlier.
pub fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX))
}

/// Returns how long ago a file was written; `None` if it does not exist or its time is in the future.
pub fn age(path: &Path) -> Option<Duration> {
    let modified = std::fs::metadata(path).and_then(|it| it.modified()).ok()?;
    SystemTime::now().duration_since(modified).ok()
}
