//! Runs untrusted commands, and ends everything that they leave running before anything is judged.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::cell::Cell;
use crate::git;

use super::error::Error;
#[cfg(target_os = "linux")]
use super::reaper::Family;

/// Pauses between two looks at a program whose time is limited.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(64);

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
    let arguments = cell.arguments(words.map(OsStr::to_owned));
    around(program.as_os_str(), arguments, command)
}

/// Returns a program with these arguments, where a command would begin and with its environment: it is to start it.
pub(super) fn around(
    program: &OsStr,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    command: &Command,
) -> Command {
    let mut outer = Command::new(program);
    outer.args(arguments);
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
    command: Command,
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
) -> Result<ExitStatus, Error> {
    run_within(command, stdin, stdout, stderr, None)
}

/// Does the same, and ends the program with all that it started if it takes longer than that.
pub(super) fn run_within(
    mut command: Command,
    stdin: Stdio,
    stdout: Stdio,
    stderr: Stdio,
    longest: Option<Duration>,
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
    let ended = match longest {
        Some(longest) => wait_within(&mut child, longest),
        None => child.wait().map(Some),
    };
    family.end(child.id())?;
    let seconds = longest.unwrap_or_default().as_secs();
    ended.map_err(started)?.ok_or(Error::TooLong { seconds })
}

/// Waits until the program ends; no longer than that.
fn wait_within(child: &mut Child, longest: Duration) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    let mut pause = SHORTEST_PAUSE;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = longest.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        std::thread::sleep(pause.min(left));
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
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
