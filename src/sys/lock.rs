//! Locks that are released when the holding process ends.

use std::fs::File;
use std::io;

use rustix::fs::{FlockOperation, flock};

/// Locks a file for this process alone, unless another process has locked it. Returns whether the
/// lock was taken.
pub fn try_alone(file: &File) -> io::Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Locks a file or directory for this process alone; waits while another process holds the lock.
/// Fails on a file system without such locks.
pub fn alone(file: impl std::os::fd::AsFd) -> io::Result<()> {
    loop {
        match flock(&file, FlockOperation::LockExclusive) {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{alone, try_alone};
    use std::fs::File;

    #[test]
    fn of_two_one_holds_a_lock_until_it_is_dropped() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("held");
        let (one, two) = (File::create(&path).unwrap(), File::open(&path).unwrap());
        assert!(try_alone(&one).unwrap());
        assert!(!try_alone(&two).unwrap());
        drop(one);
        alone(&two).unwrap();
        assert!(!try_alone(&File::open(&path).unwrap()).unwrap());
    }
}
