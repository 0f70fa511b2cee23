//! Ends and reaps everything that a command leaves running (Linux).
//!
//! This process is made a subreaper, so orphans of the command become its children. As long as a
//! descendant of the command lives, it or one of its ancestors is therefore our child, and a dead
//! child stays until we reap it. So one listing of all processes without a child of ours proves
//! that nothing is left, however fast the processes start others. `/proc` may hide processes of
//! other users, so the kernel is asked for children as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{self as sys, Pid, Signal, WaitId, WaitIdOptions, WaitOptions};

use super::error::Error;

/// Time between the polite signal and the hard one, in which git removes its lock files.
const POLITE: Duration = Duration::from_millis(300);
/// Time after which the attempt to end all processes is given up.
const LONGEST: Duration = Duration::from_secs(10);
/// Pause between two listings of the processes.
const PAUSE: Duration = Duration::from_millis(3);
/// Largest number of processes named in a finding.
const MOST_NAMED: usize = 10;

/// The processes of a command: all our children but those that were there before it.
pub(super) struct Family {
    /// The children that were there before.
    known: BTreeSet<Name>,
    /// Whether this process was a subreaper already.
    subreaper: bool,
}

/// The number of a process and its start time: the number alone may be reused.
type Name = (i32, u64);

/// What `/proc` says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Process {
    pid: i32,
    parent: i32,
    group: i32,
    start: u64,
}

impl Family {
    /// Makes this process a subreaper until the value is dropped.
    pub(super) fn before() -> Result<Self, Error> {
        let fail = Error::io("become the subreaper in", Path::new("/proc/self"));
        let subreaper = match sys::child_subreaper() {
            Ok(reaper) => reaper.is_some(),
            Err(error) => return Err(fail(error.into())),
        };
        if let Err(error) = sys::set_child_subreaper(Some(sys::getpid())) {
            return Err(fail(error.into()));
        }
        let mut family = Self {
            known: BTreeSet::new(),
            subreaper,
        };
        let known = family.children(&processes()?);
        family.known = known.iter().map(Process::name).collect();
        Ok(family)
    }

    /// Ends and reaps everything that the command has left.
    pub(super) fn end(&self, _group: u32) -> Result<(), Error> {
        let begun = Instant::now();
        let mut told = BTreeSet::new();
        loop {
            let all = processes()?;
            let mut left = self.children(&all);
            if left.is_empty() && !self.hidden() {
                return Ok(());
            }
            // Reap the dead, which frees their numbers.
            left.retain(|it| !it.reap());
            let spent = begun.elapsed();
            if spent > LONGEST {
                return Err(endless(&left));
            }
            let family = descendants(&left, &all);
            let mut groups = BTreeSet::new();
            for process in &left {
                let signal = match spent > POLITE {
                    true => Signal::KILL,
                    // Only once: a second signal would interrupt the clean-up.
                    false if told.insert(process.name()) => Signal::TERM,
                    false => continue,
                };
                // A command may join the group of others, which must not be signalled.
                let mut members = all.iter().filter(|it| it.group == process.group);
                if !members.all(|it| family.contains(&it.pid)) {
                    send(process.pid, signal, sys::kill_process);
                } else if groups.insert(process.group) {
                    send(process.group, signal, sys::kill_process_group);
                }
                if signal == Signal::TERM {
                    let members = left.iter().filter(|it| it.group == process.group);
                    told.extend(members.map(Process::name));
                }
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Returns whether there is a child that `/proc` does not show.
    fn hidden(&self) -> bool {
        // The kernel would count children from before the command as well.
        if !self.known.is_empty() {
            return false;
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(sys::waitid(WaitId::All, options), Err(Errno::CHILD))
    }

    /// Returns our children that were not there before, the dead among them.
    fn children(&self, all: &[Process]) -> Vec<Process> {
        let own = sys::getpid().as_raw_pid();
        let children = all.iter().filter(|it| it.parent == own);
        let new = children.filter(|it| !self.known.contains(&it.name()));
        new.copied().collect()
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        if !self.subreaper {
            // It cannot fail where setting it succeeded.
            let _ = sys::set_child_subreaper(None);
        }
    }
}

impl Process {
    fn name(&self) -> Name {
        (self.pid, self.start)
    }

    /// Reaps the process if it has died. Returns whether it had.
    fn reap(&self) -> bool {
        let Some(pid) = number(self.pid) else {
            return false;
        };
        matches!(sys::waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_)))
    }
}

/// Signals a process or group. Failures do not matter: what could not be signalled is found again
/// by the next listing. The number of a child that is not yet reaped is not reused.
fn send(pid: i32, signal: Signal, how: fn(Pid, Signal) -> rustix::io::Result<()>) {
    if let Some(pid) = number(pid) {
        let _ = how(pid, signal);
    }
}

fn number(pid: i32) -> Option<Pid> {
    // As groups, 0 and 1 would be our own and everybody.
    (pid > 1).then(|| Pid::from_raw(pid)).flatten()
}

/// Returns the numbers of these processes and of everything below them.
fn descendants(roots: &[Process], all: &[Process]) -> BTreeSet<i32> {
    let mut family: BTreeSet<i32> = roots.iter().map(|it| it.pid).collect();
    loop {
        let before = family.len();
        for process in all {
            if family.contains(&process.parent) {
                family.insert(process.pid);
            }
        }
        if family.len() == before {
            return family;
        }
    }
}

/// Lists all processes. One that ends meanwhile is left out, which no child of ours can.
fn processes() -> Result<Vec<Process>, Error> {
    let root = Path::new("/proc");
    let mut all = Vec::new();
    for entry in fs::read_dir(root).map_err(Error::io("list", root))? {
        let entry = entry.map_err(Error::io("list", root))?;
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|it| it.parse().ok()) else {
            continue;
        };
        let path = entry.path().join("stat");
        match fs::read(&path) {
            Ok(text) => all.extend(parse(pid, &text)),
            Err(error) if is_gone_or_hidden(&error) => {}
            Err(error) => return Err(Error::io("read", &path)(error)),
        }
    }
    let own = sys::getpid().as_raw_pid();
    if all.iter().all(|it| it.pid != own) {
        let source = std::io::Error::other("it does not show this process");
        return Err(Error::io("list", root)(source));
    }
    Ok(all)
}

fn is_gone_or_hidden(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | PermissionDenied)
        || Errno::from_io_error(error) == Some(Errno::SRCH)
}

/// Reads `/proc/PID/stat`: the name of the program stands in parentheses and may hold anything.
fn parse(pid: i32, text: &[u8]) -> Option<Process> {
    let end = text.iter().rposition(|b| *b == b')')?;
    let rest = std::str::from_utf8(text.get(end..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace().skip(2);
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let start = fields.nth(16)?.parse().ok()?;
    Some(Process {
        pid,
        parent,
        group,
        start,
    })
}

fn endless(left: &[Process]) -> Error {
    let mut named: Vec<_> = left.iter().map(|it| it.pid.to_string()).collect();
    named.truncate(MOST_NAMED);
    if named.is_empty() {
        named.push("unknown ones".to_owned());
    }
    Error::ProcessesLeft(named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let after = "S 7 8 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 9000 10";
        let process = Process {
            pid: 5,
            parent: 7,
            group: 8,
            start: 4711,
        };
        for name in [&b"sh"[..], b"a b", b") R 1 1 (", b"\xff\n"] {
            let text = [b"5 (", name, b") ", after.as_bytes()].concat();
            assert_eq!(parse(5, &text), Some(process));
        }
        assert_eq!(parse(5, b"5 (sh) S 7"), None);
        assert_eq!(parse(5, b""), None);
    }

    #[test]
    fn the_kernel_shows_this_process_as_it_is() {
        let all = processes().unwrap();
        let own = sys::getpid().as_raw_pid();
        let own = all.iter().find(|it| it.pid == own).unwrap();
        assert_eq!(own.parent, Pid::as_raw(sys::getppid()));
        assert_eq!(own.group, sys::getpgrp().as_raw_pid());
        assert!(own.start > 0);
    }
}
