//! Confines this process and makes it the command.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use super::grants::{Cell, Demand, homes_of_toolchains};
#[cfg(target_os = "linux")]
use super::layers;
#[cfg(not(target_os = "linux"))]
use super::no_layers as layers;
use super::report::Told;

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

/// Confines this process and makes it the command; comes back only if it could not. What held, and why
/// the command did not start, is told to whoever opened the cell.
///
/// To be called before this process has a second thread: that one would stay outside.
pub fn enter(cell: &Cell, command: &[OsString]) -> io::Result<Infallible> {
    let stdin = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3)?;
    let mut report = File::from(stdin);
    let [program, args @ ..] = command else {
        return Err(io::Error::other("no command"));
    };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    let mut told = Told {
        held: layers::confine(cell),
        not_started: None,
    };
    if cell.demand == Demand::Required && !told.held.lacking().is_empty() {
        told.not_started = Some("the cell does not hold".to_owned());
        told.write(&mut report)?;
        return Err(io::Error::other(told.held.to_string()));
    }
    told.write(&mut report)?;
    // Confined already, so that nothing in the home leads outside.
    let error = match surroundings(cell, &mut command) {
        Ok(()) => command.exec(),
        Err(error) => error,
    };
    told.not_started = Some(error.to_string());
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
    for toolchain in homes_of_toolchains().filter(|it| it.root.is_dir()) {
        let mut place = toolchain.root;
        if toolchain.variable == "CARGO_HOME" {
            // Cargo writes its locks there: it gets one of its own, with the crates that are here.
            let own = cell.home.join(".cargo");
            std::fs::create_dir_all(&own)?;
            match symlink(place.join("registry"), own.join("registry")) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => place = own,
            }
        }
        command.env(toolchain.variable, place);
    }
    Ok(())
}
