//! Running a process and collecting its output up to a limit, and looking up running processes.

use std::io::{self, Read, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

/// Returns the version of this program, and which build of it runs: what another one has found out
/// may be wrong, or found by other rules.
pub fn program() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let build = file.map_or_else(
        |_| "unknown".to_owned(),
        |it| format!("{} {}.{:09}", it.len(), it.mtime(), it.mtime_nsec()),
    );
    format!("{} {build}", env!("CARGO_PKG_VERSION"))
}

/// Returns an exit code as a shell does: 128 and the signal, if one ended the program.
pub fn exit_code(status: ExitStatus) -> Option<u8> {
    let signal = || status.signal().map(|it| it.saturating_add(128));
    let code = status.code().or_else(signal)?;
    u8::try_from(code).ok()
}

/// Runs a program with this input and returns its output.
///
/// At most `limit` bytes of each stream are kept; the rest is read and discarded, so that the program
/// can end. A standard error that is set to be inherited stays so.
pub fn answer(command: &mut Command, input: &[u8], limit: u64) -> io::Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (written, out, err) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || stdin.map_or(Ok(()), |mut it| it.write_all(input)));
        let err = scope.spawn(move || stderr.map_or(Ok(Vec::new()), |it| head(it, limit)));
        let out = stdout.map_or(Ok(Vec::new()), |it| head(it, limit));
        (joined(writer), out, joined(err))
    });
    let status = child.wait()?;
    // A program that fails may stop reading early; its own message is more useful than ours.
    if status.success() {
        written?;
    }
    Ok(Output {
        status,
        stdout: out?,
        stderr: err?,
    })
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    let gone = |_| Err(io::Error::other("a thread of this process has panicked"));
    thread.join().unwrap_or_else(gone)
}

/// Reads a stream to its end and keeps its beginning.
fn head(mut stream: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut kept = Vec::new();
    stream.by_ref().take(limit).read_to_end(&mut kept)?;
    io::copy(&mut stream, &mut io::sink())?;
    Ok(kept)
}

/// A running process, as `/proc` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The arguments; the first one is the name.
    pub args: Vec<String>,
    /// The parent process.
    pub parent: u32,
    /// The start time, in clock ticks since boot.
    pub start: u64,
}

/// Returns a running process; `None` if it does not exist or the system has no `/proc`.
pub fn look(pid: u32) -> Option<Process> {
    let directory = Path::new("/proc").join(pid.to_string());
    let stat = std::fs::read(directory.join("stat")).ok()?;
    let cmdline = std::fs::read(directory.join("cmdline")).ok()?;
    let (parent, start) = parse_stat(&stat)?;
    let args = cmdline
        .split(|b| *b == 0)
        .map(|arg| String::from_utf8_lossy(arg).into_owned())
        .collect();
    Some(Process {
        args,
        parent,
        start,
    })
}

/// Returns this process and its ancestors, the nearest first.
pub fn ancestors() -> Vec<u32> {
    let mut list = vec![std::process::id()];
    while let Some(last) = list.last()
        && list.len() < 64
        && let Some(process) = look(*last)
        && process.parent > 0
    {
        list.push(process.parent);
    }
    list
}

/// Reads parent and start time. The name in parentheses may contain spaces and parentheses.
fn parse_stat(stat: &[u8]) -> Option<(u32, u64)> {
    let end = stat.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(stat.get(end.checked_add(1)?..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let parent = fields.nth(1)?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some((parent, start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_name_cannot_forge_its_parent() {
        let stat = b"12 (a) R 1 2 3) S 34 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 987 0";
        assert_eq!(parse_stat(stat), Some((34, 987)));
        assert_eq!(parse_stat(b"12 a S 34"), None);
        assert_eq!(parse_stat(b""), None);
    }

    #[test]
    fn an_exit_code_is_that_of_a_shell() {
        for (script, expected) in [("exit 7", 7), ("kill -TERM $$", 143)] {
            let status = Command::new("sh").args(["-c", script]).status().unwrap();
            assert_eq!(exit_code(status), Some(expected), "{script}");
        }
    }

    #[test]
    fn a_program_is_heard_to_its_end_and_remembered_up_to_the_limit() {
        let mut command = Command::new("sh");
        command.args(["-c", "cat; head -c 300000 /dev/zero; echo no >&2; exit 3"]);
        command.stderr(Stdio::piped());
        let heard = answer(&mut command, b"hello", 100_000).unwrap();
        assert_eq!(heard.status.code(), Some(3));
        assert!(heard.stdout.starts_with(b"hello\0") && heard.stdout.len() == 100_000);
        assert_eq!(heard.stderr, b"no\n");
        let mut deaf = Command::new("true");
        let input = vec![b'x'; 1 << 20];
        assert!(
            answer(&mut deaf, &input, 10).is_err(),
            "it has read nothing"
        );
    }
}
