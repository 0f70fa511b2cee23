//! Room `sys`: access to the operating system. Atomic file writes, directories, locks, processes, shell quoting,
//! and the only access to environment, clock and randomness.
//!
//! Nothing here depends on records, refs or policies. Errors are those of `std::io`: the caller
//! knows the purpose of the file.

pub mod clock;
pub mod directory;
pub mod entry;
pub mod environment;
pub mod file;
pub mod lock;
pub mod placed;
pub mod process;
pub mod random;
#[cfg(any(test, feature = "selftest"))]
pub mod scratch;
pub mod shell;

pub use environment::Environment;
