//! Confines this process and starts the command.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use super::grants::Cell;
use super::held::Held;
#[cfg(target_os = "linux")]
use super::layers;
#[cfg(not(target_os = "linux"))]
use super::no_layers as layers;
use super::report::Told;
use super::toolchains::toolchains;

/// Variables that lead to a service or a directory outside.
const OUTSIDE: &[&str] = &[
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_TARGET_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "DOCKER_HOST",
    "GPG_AGENT_INFO",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
    "TEMP",
    "TMP",
    "WAYLAND_DISPLAY",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
];

/// What is looked for where the command begins, if that is to be marked for a tracer. There is no such file.
pub const BEGINS: &str = "/dev/null/the-command-begins";

/// Opens the cell for a command and returns its exit code, or that of this process: where the command has no root of its
/// own, this process becomes the command. What held, and why the command did not start, is told to whoever
/// opened the cell.
///
/// To be called before this process has a second thread: that one would stay outside.
pub fn begin(cell: &Cell, command: &[OsString]) -> io::Result<u8> {
    let report = report()?;
    let separate = cell.root.as_ref().map(|_| layers::separate(cell));
    if matches!(separate, Some(Ok(()))) {
        let ended = layers::supervise(cell, command, &report);
        return ended.or_else(|error| not_started(report, Held::default(), error));
    }
    let (cell, closed) = layers::opened(cell);
    confined(&cell, command, report, (separate, closed), |it| {
        Err(it.exec())
    })
}

/// Makes this process, the first one of namespaces of its own, that of a cell with a root of its own, and
/// returns the exit code of the command.
pub fn enter(cell: &Cell, command: &[OsString]) -> io::Result<u8> {
    let report = report()?;
    let (cell, closed) = layers::opened(cell);
    let made = Some(layers::make_root(&cell));
    confined(&cell, command, report, (made, closed), layers::reap)
}

/// Returns the file in which whoever opened the cell is told of it.
fn report() -> io::Result<File> {
    let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    Ok(File::from(stdin))
}

/// Confines this process, tells what held, and starts the command if that is enough.
fn confined(
    cell: &Cell,
    words: &[OsString],
    mut report: File,
    (root, closed): (Option<Result<(), String>>, Result<(), String>),
    start: impl FnOnce(&mut Command) -> io::Result<u8>,
) -> io::Result<u8> {
    let [program, args @ ..] = words else {
        return Err(io::Error::other("no command"));
    };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let held = layers::confine(cell, root, closed);
    if !held.lacking(cell.demand.layers()).is_empty() {
        let error = io::Error::other("the cell does not hold");
        return not_started(report, held, error);
    }
    let told = Told {
        held: held.clone(),
        not_started: None,
    };
    told.write(&mut report)?;
    // Confined already, so that nothing in the home leads outside.
    let started = surroundings(cell, &mut command).and_then(|()| {
        if cell.marked {
            // It fails; who traces this process sees it.
            let _ = File::open(BEGINS);
        }
        start(&mut command)
    });
    started.or_else(|error| not_started(report, held, error))
}

/// Tells why the command was not started.
fn not_started(mut report: File, held: Held, error: io::Error) -> io::Result<u8> {
    let told = Told {
        held,
        not_started: Some(error.to_string()),
    };
    told.write(&mut report)?;
    Err(error)
}

/// Gives a command a home and an environment of its own.
fn surroundings(cell: &Cell, command: &mut Command) -> io::Result<()> {
    for name in OUTSIDE {
        command.env_remove(name);
    }
    command
        .env("HOME", &cell.home)
        .env("TMPDIR", &cell.temporary)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    for (kind, mut place) in toolchains().filter(|(_, root)| root.is_dir()) {
        if kind.variable == "CARGO_HOME" {
            // Cargo writes its locks there: it gets one of its own, with the crates that are here.
            let own = cell.home.join(".cargo");
            std::fs::create_dir_all(&own)?;
            match symlink(place.join("registry"), own.join("registry")) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => place = own,
            }
        }
        command.env(kind.variable, place);
    }
    Ok(())
}
