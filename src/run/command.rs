//! Runs untrusted commands, and ends everything that they leave running before anything is judged.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::cell::Cell;
use crate::git;

use super::error::Error;
#[cfg(target_os = "linux")]
use super::reaper::Family;

/// Held while a command runs: two of them in one process would end each other's processes.
static ALONE: Mutex<()> = Mutex::new(());

/// Returns an untrusted program, to be run in `dir`.
///
/// What binds git to a repository is taken out of its environment, and so is what enables a
/// run: nothing in a run may start another one.
pub(super) fn untrusted(program: &OsStr, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    for key in git::LOCAL_ENVIRONMENT {
        command.env_remove(key);
    }
    command
        .env_remove("AWO_ALLOW_RUN")
        .env_remove("AWO_RUN_STAGE");
    // Byte code beside the sources would count as a change.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Returns the program that opens a cell and becomes the command in it.
pub(super) fn in_cell(program: &Path, cell: &Cell, command: &Command) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let mut outer = Command::new(program);
    outer.args(cell.arguments(words.map(OsStr::to_owned)));
    if let Some(dir) = command.get_current_dir() {
        outer.current_dir(dir);
    }
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(key, value),
            None => outer.env_remove(key),
        };
    }
    outer
}

/// Runs an untrusted program in a process group of its own. Its output goes to files, or to the streams of
/// this process: nothing waits for a background process that keeps a pipe open.
///
/// Nothing that the program started is left when this returns, also what has left its group.
pub(super) fn run(
    mut command: Command,
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
) -> Result<ExitStatus, Error> {
    let program = command.get_program().to_owned();
    let started = |source| Error::Start { program, source };
    command.stdin(stdin).stdout(stdout).stderr(stderr);
    // The mutex guards no data, so a panic in another run breaks nothing.
    let _turn = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let family = Family::before()?;
    command.process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(source) => return Err(started(source)),
    };
    let status = child.wait();
    family.end(child.id())?;
    status.map_err(started)
}

/// The processes of a command on a system without subreapers: its process group.
#[cfg(not(target_os = "linux"))]
struct Family;

#[cfg(not(target_os = "linux"))]
impl Family {
    fn before() -> Result<Self, Error> {
        Ok(Self)
    }

    fn end(&self, group: u32) -> Result<(), Error> {
        if let Some(group) = i32::try_from(group)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            // Fails if nothing is left in the group.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        Ok(())
    }
}
