//! Running git for what gix cannot do: fetch, push, gc, checkout.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::error::Error;
use super::reader::Reader;
use crate::sys::process;

/// The variables that bind a process to one repository, as `git rev-parse --local-env-vars` lists
/// them, and those of a hook. Configuration given by `git -c` is not included: the user asked for it.
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

/// Keeps git from running a file-system monitor, and from trusting a commit-graph file about the
/// parents of commits.
const SETTINGS: &[&str] = &["core.fsmonitor=false", "core.commitGraph=false"];

/// Additionally keeps git from running hooks.
const GUARDED: &[&str] = &["core.hooksPath=/dev/null", "core.untrackedCache=false"];

/// Additionally keeps settings of the user and the machine from influencing the output.
const HARDENED: &[&str] = &[
    "core.attributesFile=/dev/null",
    "core.autocrlf=false",
    "core.excludesFile=/dev/null",
    "core.quotePath=true",
    "core.sparseCheckout=false",
    "diff.suppressBlankEmpty=false",
    "submodule.recurse=false",
];

/// Returns a command that runs git in `dir`, whatever repository the environment names.
///
/// `HOME`, `PATH`, `SSH_*` and `GIT_TERMINAL_PROMPT` stay as they are. Replace refs are ignored, as
/// everywhere in this program. To reach a remote, git runs the programs that the configuration
/// names, and the hooks of a push.
pub fn git(dir: &Path) -> Command {
    let mut command = git_in_this_environment(dir);
    for key in LOCAL_ENVIRONMENT {
        command.env_remove(key);
    }
    command.env("GIT_NO_REPLACE_OBJECTS", "1");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
}

/// Binds git to the opened repository. In its work tree git might find another repository: because
/// of `GIT_WORK_TREE`, or of a `core.worktree` that an attacker has set.
fn bind(mut command: Command, reader: &Reader) -> Command {
    command.env("GIT_DIR", reader.git_dir());
    if let Some(tree) = reader.work_tree() {
        command.env("GIT_WORK_TREE", tree);
    }
    command
}

/// Returns a git command in the repository's work tree, or in its directory if it has none.
///
/// git does not check the owner of a repository that it is given explicitly, so this function
/// checks it, as git does for a repository that it discovers (`git help config`, safe.directory).
pub fn at_home(reader: &Reader) -> Result<Command, Error> {
    if reader.is_foreign() {
        return Err(Error::Foreign {
            git_dir: reader.git_dir().to_owned(),
            home: home(reader).to_owned(),
        });
    }
    Ok(bind(git(home(reader)), reader))
}

fn home(reader: &Reader) -> &Path {
    reader.work_tree().unwrap_or(reader.git_dir())
}

/// Runs git as [`at_home`] sets it up and returns its output, or an error with its standard error.
pub fn run_at_home<A: AsRef<OsStr>>(reader: &Reader, args: &[A]) -> Result<Output, Error> {
    finish(at_home(reader)?, args)
}

/// Returns a git command for work without a remote. It runs no program that this repository names,
/// neither hooks nor filters. Filters of the user and the system, and those given by `git -c`, stay:
/// git trusts these sources as well (`git help config`, protected configuration).
pub fn guarded(reader: &Reader, dir: &Path) -> Command {
    let mut command = git(dir);
    for setting in GUARDED {
        command.args(["-c", setting]);
    }
    // Pass it by the environment: a name may contain a `=`, at which `-c` would split it.
    let count = "GIT_CONFIG_COUNT";
    let given = std::env::var(count).ok().and_then(|text| text.parse().ok());
    let mut at: usize = given.unwrap_or(0);
    for name in reader.own_filters() {
        for (part, value) in [
            ("clean", ""),
            ("smudge", ""),
            ("process", ""),
            ("required", "false"),
        ] {
            command.env(
                format!("GIT_CONFIG_KEY_{at}"),
                format!("filter.{name}.{part}"),
            );
            command.env(format!("GIT_CONFIG_VALUE_{at}"), value);
            at = at.saturating_add(1);
        }
    }
    if at > 0 {
        command.env(count, at.to_string());
    }
    command
}

/// Returns a git command as [`guarded`] sets it up, for exactly the repository at `git_dir` and without
/// the settings of the user and the machine, so that its output is the same everywhere.
pub fn hardened(reader: &Reader, dir: &Path, git_dir: &Path) -> Command {
    let mut command = guarded(reader, dir);
    for setting in HARDENED {
        command.args(["-c", setting]);
    }
    command.arg("--git-dir").arg(git_dir);
    command.env("GIT_OPTIONAL_LOCKS", "0");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

/// Returns a command that runs git in `dir` with the environment unchanged, as inside a hook.
pub fn git_in_this_environment(dir: &Path) -> Command {
    let mut command = Command::new("git");
    // Its messages are parsed or shown beside ours, so they must be in English.
    command
        .current_dir(dir)
        .env("LC_ALL", "C")
        .env_remove("LANGUAGE");
    command
}

/// Runs git in `dir` and returns its output, or an error with its standard error.
pub fn run<A: AsRef<OsStr>>(dir: &Path, args: &[A]) -> Result<Output, Error> {
    finish(git(dir), args)
}

/// Runs git as [`guarded_at_home`] sets it up and returns its output, or an error with its standard
/// error.
pub fn run_guarded<A: AsRef<OsStr>>(reader: &Reader, args: &[A]) -> Result<Output, Error> {
    finish(guarded_at_home(reader), args)
}

/// Returns a git command as [`guarded`] sets it up, in the work tree or the repository's directory.
pub fn guarded_at_home(reader: &Reader) -> Command {
    bind(guarded(reader, home(reader)), reader)
}

fn finish<A: AsRef<OsStr>>(mut git: Command, args: &[A]) -> Result<Output, Error> {
    git.args(args);
    output(git)
}

/// Runs a git command whose standard error goes where ours goes.
pub fn run_shown(mut git: Command) -> Result<(), Error> {
    git.stderr(Stdio::inherit());
    output(git)?;
    Ok(())
}

/// Merges files line by line, as git does where no other driver is named, into the first one. Returns the exit code:
/// the number of conflicts, or more than 127 if it could not be done.
pub fn merge_file(dir: &Path, [ours, base, theirs]: [&OsStr; 3], marker: u32) -> Result<u8, Error> {
    let mut git = git_in_this_environment(dir);
    git.arg("merge-file").arg(format!("--marker-size={marker}"));
    git.args(["-L", "ours", "-L", "base", "-L", "theirs", "--"]);
    git.args([ours, base, theirs]).stdin(Stdio::null());
    let status = git.status().map_err(|source| Error::Start { source })?;
    Ok(process::exit_code(status).unwrap_or(u8::MAX))
}

/// Returns the version of git, as `2.47.3`.
pub fn version(dir: &Path) -> Result<String, Error> {
    let mut version = git(dir);
    version.arg("--version");
    let version = String::from_utf8_lossy(&output(version)?.stdout)
        .trim()
        .to_owned();
    let plain = version.strip_prefix("git version ").unwrap_or(&version);
    Ok(plain.to_owned())
}

/// Runs a git command and returns its output, or an error with its standard error.
pub fn output(mut git: Command) -> Result<Output, Error> {
    let output = git
        .stdin(Stdio::null())
        .output()
        .map_err(|source| Error::Start { source })?;
    if output.status.success() {
        return Ok(output);
    }
    let mut given = git.get_args();
    let mut args = Vec::new();
    while let Some(arg) = given.next() {
        // Omit our own settings from the message.
        match arg == "-c" {
            true => _ = given.next(),
            false => args.push(arg.to_string_lossy().into_owned()),
        }
    }
    Err(Error::Git {
        args,
        status: output.status,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
