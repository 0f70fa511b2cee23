//! The layers of a cell, one after the other (Linux).

use std::path::Path;

use rustix::process::{
    Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, no_new_privs, set_capabilities, set_no_new_privs,
};

use crate::record::contract::CellLimits;

use super::grants::Cell;
use super::held::{Held, Layer};
use super::{calls, files, init, root};

/// The limits of each process in a cell, where its contract says nothing else: seconds, bytes and files.
const CPU: u64 = 6 * 60 * 60;
const FILE: u64 = 4 << 30;
const FILES: u64 = 4_096;

/// The flag of a descriptor in `/proc` that ends with the program, as in `fcntl.h`.
const CLOSES: u64 = 0o2_000_000;

pub(super) use super::init::{reap, separate, supervise};
pub(super) use super::paths::opened;

/// Makes a root of its own and moves this process there.
pub(super) fn make_root(cell: &Cell) -> Result<(), String> {
    let dies = set_parent_process_death_signal(Some(Signal::KILL));
    dies.map_err(|error| error.to_string())?;
    let root = cell.root.as_deref().ok_or("no directory is named for it")?;
    root::make(cell, root)
}

/// Confines this process, as far as that can be had, and returns what held. What nothing that is granted may contain was
/// looked for before a root of its own was made, if one was tried.
pub(super) fn confine(
    cell: &Cell,
    root: Option<Result<(), String>>,
    closed: Result<(), String>,
) -> Held {
    let mut held = Held {
        kernel: kernel(),
        ..Held::default()
    };
    // Nothing that is started here gains rights, as by a set-user-ID program.
    let tied = set_parent_process_death_signal(Some(Signal::KILL))
        .and_then(|()| set_no_new_privs(true))
        .map_err(|error| error.to_string());
    held.note(Layer::Limits, limits(&cell.limits));
    held.note(Layer::Descriptors, descriptors());
    held.note(Layer::Capabilities, tied.and_then(|()| drop_capabilities()));
    let has_root = matches!(root, Some(Ok(())));
    files::restrict(cell, has_root, closed, &mut held);
    held.note(Layer::Calls, calls::restrict(cell.network));
    if let Some(made) = root {
        held.note(Layer::OwnRoot, made.and_then(|()| init::close_up()));
    }
    held
}

fn kernel() -> String {
    let name = rustix::system::uname();
    name.release().to_string_lossy().into_owned()
}

/// Sets the limits, none above what this process has.
fn limits(asked: &CellLimits) -> Result<(), String> {
    for (resource, most) in [
        (Resource::Core, Some(0)),
        (Resource::Cpu, asked.cpu_seconds.or(Some(CPU))),
        (Resource::Fsize, asked.file_bytes.or(Some(FILE))),
        (Resource::Nofile, asked.open_files.or(Some(FILES))),
        (Resource::As, asked.memory_bytes),
    ] {
        let Some(most) = most else { continue };
        let present = getrlimit(resource).maximum;
        let limit = Some(present.map_or(most, |present| present.min(most)));
        let limit = Rlimit {
            current: limit,
            maximum: limit,
        };
        setrlimit(resource, limit).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    Ok(())
}

/// Lets no descriptor but the standard streams reach the command, and looks whether one does.
fn descriptors() -> Result<(), String> {
    close_fds::set_fds_cloexec(3, &[]);
    let fail = |error: std::io::Error| format!("/proc/self/fdinfo: {error}");
    for entry in std::fs::read_dir("/proc/self/fdinfo").map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let number = entry.file_name().to_string_lossy().parse::<u32>();
        let number = number.map_err(|error| error.to_string())?;
        if number > 2 && !closes(&entry.path())? {
            return Err(format!("descriptor {number} stays open"));
        }
    }
    Ok(())
}

/// Returns whether a descriptor is closed as a program starts.
fn closes(info: &Path) -> Result<bool, String> {
    let text = std::fs::read_to_string(info).map_err(|error| error.to_string())?;
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|it| u64::from_str_radix(it.trim(), 8).ok());
    Ok(flags.is_some_and(|it| it & CLOSES != 0))
}

/// Gives up root's rights. As nothing gains rights any more, no program brings them back.
fn drop_capabilities() -> Result<(), String> {
    let none = CapabilitySet::empty();
    let none = CapabilitySets {
        effective: none,
        permitted: none,
        inheritable: none,
    };
    let fail = |error: rustix::io::Errno| error.to_string();
    set_capabilities(None, none).map_err(fail)?;
    let left = capabilities(None).map_err(fail)?;
    match left == none && no_new_privs().map_err(fail)? {
        true => Ok(()),
        false => Err("some are left".to_owned()),
    }
}
