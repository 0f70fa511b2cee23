//! Which calls of a command in a cell failed, as strace tells. The tracer stays outside, and the cell is the same as
//! without it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::cell::BEGINS;

use super::command;

/// The program that traces.
pub(super) const TRACER: &str = "strace";

/// The longest list of calls that is read, in bytes.
pub(super) const LONGEST: u64 = 64 << 20;

/// Errors by which a cell denies or limits something.
const DENIALS: &[&str] = &[
    "EACCES",
    "EPERM",
    "ENOSYS",
    "EROFS",
    "EFBIG",
    "ENOSPC",
    "EMFILE",
    "ENOMEM",
    "EXDEV",
    "EAFNOSUPPORT",
];

/// The error of what is not there, as nothing is in a root of its own that is not granted.
const ABSENT: &str = "ENOENT";

/// A call that failed, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCall {
    /// The name of the call.
    pub call: String,
    /// The first path among its arguments, as strace writes it.
    pub path: Option<String>,
    /// The name of the error.
    pub error: String,
    /// How often it failed.
    pub times: u64,
}

/// Returns the same command under strace, which writes the calls that fail into a file.
pub(super) fn traced(command: &Command, calls: &Path) -> Command {
    let options = ["-f", "-qq", "-Z", "-s", "4096", "-e", "signal=none", "-o"];
    let options = options.into_iter().map(OsStr::new);
    let traced = [calls.as_os_str(), OsStr::new("--"), command.get_program()];
    let words = options.chain(traced).chain(command.get_args());
    command::around(OsStr::new(TRACER), words, command)
}

/// Returns the calls by which the cell may have denied something, in the order in which each failed first. What is
/// absent inside counts only if it `exists` outside.
pub(super) fn failed(text: &[u8], exists: impl Fn(&Path) -> bool) -> Vec<FailedCall> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines();
    // Before that it was git-awo, which made the cell.
    lines.find(|line| line.contains(BEGINS));
    let mut found: Vec<FailedCall> = Vec::new();
    let mut known = BTreeMap::new();
    for call in lines.filter_map(read) {
        let absent = call.error == ABSENT;
        let hidden = |path: &String| path.starts_with('/') && exists(Path::new(path));
        if !(DENIALS.contains(&call.error.as_str())
            || absent && call.path.as_ref().is_some_and(hidden))
        {
            continue;
        }
        let key = (call.call.clone(), call.path.clone(), call.error.clone());
        let at = *known.entry(key).or_insert(found.len());
        match found.get_mut(at) {
            Some(before) => before.times = before.times.saturating_add(1),
            None => found.push(call),
        }
    }
    found
}

/// Reads a line: `PID name(arguments) = -1 ERROR (text)`.
fn read(line: &str) -> Option<FailedCall> {
    let (before, after) = line.rsplit_once(" = -1 ")?;
    let error = after.split_whitespace().next()?;
    let before = before.trim_start_matches(|it: char| it.is_ascii_digit());
    let (call, arguments) = before.trim_start().split_once('(')?;
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    if call.is_empty() || !call.chars().all(word) {
        return None;
    }
    Some(FailedCall {
        call: call.to_owned(),
        path: quoted(arguments),
        error: error.to_owned(),
        times: 1,
    })
}

/// Returns the first text in quotes, without them.
fn quoted(arguments: &str) -> Option<String> {
    let (_, rest) = arguments.split_once('"')?;
    let mut escaped = false;
    let end = rest.find(|it| {
        let ends = it == '"' && !escaped;
        escaped = it == '\\' && !escaped;
        ends
    })?;
    rest.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_of_the_command_are_read_and_counted() {
        let text = format!(
            "7 openat(AT_FDCWD, \"/before\", O_RDONLY) = -1 EACCES (Permission denied)\n\
             7 openat(AT_FDCWD, \"{BEGINS}\", O_RDONLY|O_CLOEXEC) = -1 ENOTDIR (Not a directory)\n\
             7 execve(\"/usr/local/bin/x\", [\"x\"], 0x7f /* 5 vars */) = -1 ENOENT (No such file or directory)\n\
             8 openat(AT_FDCWD, \"/a \\\"b\\\\\", O_RDONLY) = -1 EACCES (Permission denied)\n\
             9 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = -1 EPERM (Operation not permitted)\n\
             8 openat(AT_FDCWD, \"/a \\\"b\\\\\", O_RDONLY) = -1 EACCES (Permission denied)\n\
             8 stat(\"/hidden\", 0x7ffe) = -1 ENOENT (No such file or directory)\n\
             8 ioctl(1, TCGETS, 0x7ffe) = -1 ENOTTY (Inappropriate ioctl for device)\n\
             +++ exited with 1 +++\n\
             8 write(1, \"x = -1 EPERM\", 5) = 5\n"
        );
        let found = failed(text.as_bytes(), |path| path == Path::new("/hidden"));
        let shown: Vec<_> = found
            .iter()
            .map(|it| {
                (
                    it.call.as_str(),
                    it.path.as_deref(),
                    it.error.as_str(),
                    it.times,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("openat", Some("/a \\\"b\\\\"), "EACCES", 2),
                ("socket", None, "EPERM", 1),
                ("stat", Some("/hidden"), "ENOENT", 1),
            ]
        );
        assert!(failed(b"\xff = -1 EPERM", |_| true).is_empty());
    }
}
