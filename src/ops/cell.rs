//! Tries what a command may do in a cell.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use crate::cell::Held;
use crate::run;
use crate::sys::environment;

use super::revision::revision;
use super::{Error, Process, Session};

/// How a command ended that was tried.
pub struct Tried {
    /// Its exit code; as in a shell 128 and the signal, if one ended it.
    pub code: u8,
    /// What held of the cell.
    pub held: Held,
}

/// Tries a command with the files of a commit, in a cell, with a root of its own if that is wanted, and throws away what it makes.
pub fn attempt(
    session: &Session,
    commit: &str,
    command: &[OsString],
    own_root: bool,
    stdout: Stdio,
) -> Result<Tried, Error> {
    let actor = session.actor();
    let commit = revision(actor, commit)?;
    let program = environment::program().map_err(Process::Program)?;
    let tried = run::attempt(actor, commit, command, &program, own_root, stdout)?;
    let signal = tried.status.signal().map(|it| it.saturating_add(128));
    let code = tried.status.code().or(signal);
    Ok(Tried {
        code: code.and_then(|it| u8::try_from(it).ok()).unwrap_or(4),
        held: tried.held,
    })
}
