//! Room `sys`: the system below git-awo. Files that are whole or not there, locks, processes, a
//! shell's quotes, and the doors through which environment, clock and randomness enter.
//!
//! Nothing here knows of records, refs or policies. Errors are those of `std::io`: the caller
//! knows what the file was for.

pub mod clock;
pub mod environment;
pub mod file;
pub mod lock;
pub mod process;
pub mod random;
#[cfg(any(test, feature = "selftest"))]
pub mod scratch;
pub mod shell;

pub use environment::Environment;
