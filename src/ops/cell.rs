//! Tries what a command may do in a cell.

use std::ffi::OsString;
use std::process::Stdio;

use crate::cell::Held;
use crate::run;
pub use crate::run::FailedCall;
use crate::sys::{environment, process};

use super::revision::revision;
use super::{Error, Process, Session};

/// How a command ended that was tried.
pub struct Tried {
    /// Its exit code; as in a shell 128 and the signal, if one ended it.
    pub code: u8,
    /// What held of the cell.
    pub held: Held,
    /// The calls that failed, if that was asked.
    pub failed: Option<Vec<FailedCall>>,
}

/// What to try.
pub struct Request<'a> {
    /// The commit whose files the command gets.
    pub commit: &'a str,
    /// The command.
    pub command: &'a [OsString],
    /// Whether a root of its own is tried.
    pub own_root: bool,
    /// Whether it has the network.
    pub network: bool,
    /// Whether strace is to tell which calls failed.
    pub explain: bool,
    /// Where its standard output goes.
    pub stdout: Stdio,
}

/// Tries a command with the files of a commit in a cell, and throws away what it makes.
pub fn attempt(session: &Session, request: Request<'_>) -> Result<Tried, Error> {
    let actor = session.actor();
    let commit = revision(actor, request.commit)?;
    let program = environment::program().map_err(Process::Program)?;
    let attempt = run::Attempt {
        commit,
        command: request.command,
        program: &program,
        own_root: request.own_root,
        network: request.network,
        explain: request.explain,
        stdout: request.stdout,
    };
    let another = "name a program that is there: git awo cell -- COMMAND";
    let tried = run::attempt(actor, attempt).map_err(|error| Error::not_tried(error, another))?;
    Ok(Tried {
        code: process::exit_code(tried.status).unwrap_or(4),
        held: tried.held,
        failed: tried.failed,
    })
}
