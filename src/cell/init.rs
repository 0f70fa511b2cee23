//! The first process of a cell with a root of its own (Linux): it makes the root, confines itself, starts the command,
//! reaps what that leaves, and ends with it. The kernel then ends every process that is left.

use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, ExitStatus};

use rustix::io::Errno;
use rustix::process::{
    DumpableBehavior, Signal, WaitOptions, dumpable_behavior, getgid, getuid,
    set_dumpable_behavior, set_parent_process_death_signal, wait,
};
use rustix::thread::{
    CapabilitySet, UnshareFlags, capabilities, configure_capability_in_ambient_set,
    set_capabilities,
};

use super::grants::Cell;
use crate::sys::process;

/// Gives what this process starts namespaces of its own.
pub(super) fn separate(cell: &Cell) -> Result<(), String> {
    let mut own =
        UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS;
    if !cell.network {
        own |= UnshareFlags::NEWNET;
    }
    // Root may make them as it is; others only where they may be root of a namespace of users.
    if unshare(own).is_err() {
        let (user, group) = (getuid().as_raw(), getgid().as_raw());
        unshare(own | UnshareFlags::NEWUSER)
            .map_err(|error| format!("no namespaces of its own: {error}"))?;
        mapped(user, group).map_err(|error| format!("no namespace of users: {error}"))?;
    }
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| error.to_string())
}

#[allow(
    deprecated,
    reason = "the other form is unsafe because of shared tables of open files, which are not touched here"
)]
fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    rustix::thread::unshare(flags)
}

/// Keeps user and group as they are, and lets the next program mount.
fn mapped(user: u32, group: u32) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    let mut sets = capabilities(None)?;
    sets.inheritable = CapabilitySet::SYS_ADMIN;
    set_capabilities(None, sets)?;
    configure_capability_in_ambient_set(CapabilitySet::SYS_ADMIN, true)?;
    Ok(())
}

/// Starts the first process, waits for it, and returns the exit code of the command.
pub(super) fn supervise(cell: &Cell, command: &[OsString], report: &File) -> io::Result<u8> {
    // The first process keeps none that was handed to this one.
    close_fds::set_fds_cloexec(3, &[]);
    let mut first = Command::new("/proc/self/exe");
    first.args(cell.arguments_of_first(command));
    let status = first.stdin(report.try_clone()?).status()?;
    Ok(process::exit_code(status).unwrap_or(4))
}

/// Makes this process one that no other can look into: the command is of the same user, and this process has
/// the report open.
pub(super) fn close_up() -> Result<(), String> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|error| error.to_string())?;
    match dumpable_behavior().map_err(|error| error.to_string())? {
        DumpableBehavior::NotDumpable => Ok(()),
        _ => Err("other processes can look into the first one".to_owned()),
    }
}

/// Starts the command, reaps what ends, and returns the exit code of the command; as in a shell 128 and the
/// signal, if one ended it.
pub(super) fn reap(command: &mut Command) -> io::Result<u8> {
    let started = command.spawn()?;
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if i64::from(pid.as_raw_pid()) == i64::from(started.id()) => {
                let status = ExitStatus::from_raw(status.as_raw());
                return Ok(process::exit_code(status).unwrap_or(4));
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
