//! Temporary directories of tests.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rustix::fs::{StatVfsMountFlags, statvfs};
use tempfile::TempDir;

use super::environment;

/// How many bytes of memory must be free for directories to be made there.
const ROOM: u64 = 4 << 30;

/// Returns a new directory: below `TMPDIR`, or else in memory if there is room, since tests make and
/// sync thousands of small files. Once called, other temporary directories of this process are made
/// in the same place.
pub fn directory() -> std::io::Result<TempDir> {
    static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let fits = statvfs(memory).is_ok_and(|it| {
            it.f_bavail.saturating_mul(it.f_frsize) >= ROOM
                && !it.f_flag.contains(StatVfsMountFlags::NOEXEC)
        });
        if fits && !environment::names_temporary() && tempfile::tempdir_in(memory).is_ok() {
            // Fails only where the process has chosen another place before.
            let _ = tempfile::env::override_temp_dir(memory);
        }
        tempfile::env::temp_dir()
    });
    tempfile::tempdir_in(&*PLACE)
}
