//! Room `cell`: confines a command before it starts: what it may read and write, its sockets and system calls,
//! its capabilities, descriptors, limits and environment.
//!
//! A layer that cannot be had is reported, never assumed; who needs it refuses. The program calls
//! itself for this: what confines a process cannot be undone, so it is done in a process of its own,
//! which then becomes the command.

mod asked;
#[cfg(target_os = "linux")]
mod calls;
mod enter;
#[cfg(target_os = "linux")]
mod files;
mod grants;
mod held;
#[cfg(target_os = "linux")]
mod init;
mod judged;
#[cfg(target_os = "linux")]
mod layers;
#[cfg(not(target_os = "linux"))]
mod no_layers;
#[cfg(target_os = "linux")]
mod paths;
mod report;
#[cfg(target_os = "linux")]
mod root;
mod toolchains;

pub use asked::asked;
pub use enter::{BEGINS, begin, enter};
pub use grants::{Cell, Demand};
pub use held::{Held, Layer};
pub use report::Told;
