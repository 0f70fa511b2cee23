//! Running programs: git, so that it runs nothing else, and strangers' commands.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::git::{self, Reader};

use super::{Error, family};

/// Keeps settings of this machine out of what is measured, besides.
const HARDENED: &[&str] = &[
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.excludesFile=/dev/null",
    "core.quotePath=true",
    "core.sparseCheckout=false",
    "diff.suppressBlankEmpty=false",
    "submodule.recurse=false",
];

/// Returns git on exactly this repository, without the settings of user and machine.
///
/// The repository is named and not searched for: a command that ran in a worktree may have made
/// it point elsewhere.
pub(super) fn hardened(reader: &Reader, dir: &Path, git_dir: &Path) -> Command {
    let mut command = git::guarded(reader, dir);
    for setting in HARDENED {
        command.args(["-c", setting]);
    }
    command.arg("--git-dir").arg(git_dir);
    command.env("GIT_OPTIONAL_LOCKS", "0");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// Runs git to its end and returns what it wrote.
pub(super) fn output(mut command: Command) -> Result<Vec<u8>, Error> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| git::Error::Start { source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let args = command
        .get_args()
        .map(|arg| arg.to_string_lossy().into_owned());
    Err(Error::Git(git::Error::Git {
        args: args.collect(),
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }))
}

/// Returns a stranger's program, to be run in `dir`.
///
/// What binds git to a repository is taken out of its environment, and so is what enables a
/// run: nothing in a run may start another one.
pub(super) fn stranger(program: &OsStr, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    for key in git::LOCAL_ENVIRONMENT {
        command.env_remove(key);
    }
    command
        .env_remove("AWO_ALLOW_RUN")
        .env_remove("AWO_RUN_STAGE");
    // Byte code beside the sources would be a change of the tree.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs a stranger's program with its output in files; one file takes both if `err` is none.
///
/// Files and no pipes: nobody waits for the end of a stream that a background process keeps open.
/// Nothing that the program started is left when this returns.
pub(super) fn capture(
    mut command: Command,
    out: &Path,
    err: Option<&Path>,
) -> Result<ExitStatus, Error> {
    let program = command.get_program().to_owned();
    let started = |source| Error::Start {
        program: OsString::from(&program),
        source,
    };
    let stdout = create(out)?;
    let stderr = match err {
        Some(path) => create(path)?,
        None => stdout.try_clone().map_err(started)?,
    };
    command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    family::run(&mut command)
}

fn create(path: &Path) -> Result<File, Error> {
    // Appending: two streams in one file do not write over each other.
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| Error::Io {
            action: "make",
            path: path.to_owned(),
            source,
        })
}
