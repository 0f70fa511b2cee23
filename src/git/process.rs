//! Running git, for what gix cannot do: fetch, push, gc, checkout.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use super::error::Error;

/// The variables that bind a process to one repository, as `git rev-parse --local-env-vars`
/// lists them, and those of a hook. Settings given by `git -c` are not among them: they are the
/// user's wish.
pub const LOCAL_ENVIRONMENT: &[&str] = &[
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NAMESPACE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Returns a command that runs git in `dir`, whatever repository the environment names.
///
/// Home, path, `SSH_*` and `GIT_TERMINAL_PROMPT` stay as they are.
pub fn git(dir: &Path) -> Command {
    let mut command = git_in_this_environment(dir);
    for key in LOCAL_ENVIRONMENT {
        command.env_remove(key);
    }
    command
}

/// Returns a command that runs git in `dir` with the environment as it is, as inside a hook.
pub fn git_in_this_environment(dir: &Path) -> Command {
    let mut command = Command::new("git");
    // Its messages are read or shown beside ours, so they should be in one language.
    command
        .current_dir(dir)
        .env("LC_ALL", "C")
        .env_remove("LANGUAGE");
    command
}

/// Runs git in `dir` and returns its output, or an error with what it said.
pub fn run<A: AsRef<OsStr>>(dir: &Path, args: &[A]) -> Result<Output, Error> {
    let output = git(dir)
        .args(args)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|source| Error::Start { source })?;
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::Git {
        args: args
            .iter()
            .map(|arg| arg.as_ref().to_string_lossy().into_owned())
            .collect(),
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
