//! Ends what a stranger's command leaves running, so that nothing of it acts after the verdict.

use std::process::{Command, ExitStatus};
use std::sync::{Mutex, PoisonError};

use super::Error;

#[cfg(target_os = "linux")]
use super::reaper::Family;

/// Held while a command runs: two of them in one process would end each other's processes.
static ALONE: Mutex<()> = Mutex::new(());

/// Runs a command in a process group of its own. When it has ended, everything that descends from
/// it is ended too, also what has left the group.
pub(super) fn run(command: &mut Command) -> Result<ExitStatus, Error> {
    let program = command.get_program().to_owned();
    let started = |source| Error::Start { program, source };
    // Nothing is guarded but the turn itself, so a panic in another one breaks nothing.
    let _turn = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let family = Family::before()?;
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(source) => return Err(started(source)),
    };
    let status = child.wait();
    family.end(child.id())?;
    status.map_err(started)
}

/// The processes of a command, on a system that does not hand orphans over: its process group.
#[cfg(not(target_os = "linux"))]
struct Family;

#[cfg(not(target_os = "linux"))]
impl Family {
    fn before() -> Result<Self, Error> {
        Ok(Self)
    }

    #[cfg_attr(not(unix), allow(unused_variables))]
    fn end(&self, group: u32) -> Result<(), Error> {
        #[cfg(unix)]
        if let Some(group) = i32::try_from(group)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            // Mostly nobody is left to be ended.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        Ok(())
    }
}
