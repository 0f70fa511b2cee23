//! Temporary directories of tests.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use rustix::fs::{StatVfsMountFlags, statvfs};
use tempfile::TempDir;

use super::environment;

/// Number of bytes of memory that must be free before directories are created there.
const ROOM: u64 = 4 << 30;

/// Creates a directory: below `TMPDIR`, or else in memory if there is room, since tests create and sync
/// thousands of small files. Later temporary directories of this process are created in the same
/// place.
pub fn directory() -> std::io::Result<TempDir> {
    static PLACE: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let fits = statvfs(memory).is_ok_and(|it| {
            it.f_bavail.saturating_mul(it.f_frsize) >= ROOM
                && !it.f_flag.contains(StatVfsMountFlags::NOEXEC)
        });
        if fits && !environment::names_temporary() && tempfile::tempdir_in(memory).is_ok() {
            // Fails only if the process has already chosen another directory.
            let _ = tempfile::env::override_temp_dir(memory);
        }
        tempfile::env::temp_dir()
    });
    tempfile::tempdir_in(&*PLACE)
}
