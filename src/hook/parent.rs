//! Which git command called: whether a hook runs below `git receive-pack`, and below which.

use std::fmt;

use crate::record::{Sha256, json};
use crate::records::Movement;
use crate::sys::Environment;
use crate::sys::process::{self, Process};

/// Names one process: its id and when it started, so that a reused id is another name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    fn new(pid: u32, start: u64) -> Self {
        Self(format!("{pid}-{start}"))
    }

    /// Returns the key of no process.
    pub fn nobody() -> Self {
        Self::new(0, 0)
    }

    /// Returns the key of a push whose process is not seen: a digest of what it moves. No process
    /// has the id 0.
    pub fn of_movements(movements: &[Movement]) -> Self {
        let mut movements = movements.to_vec();
        movements.sort();
        let digest = Sha256::of(&json::canonical(&movements));
        let start = digest.as_bytes().iter().take(8);
        Self::new(0, start.fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    /// Returns whether the key names what a push moves, and no process.
    pub fn is_of_movements(&self) -> bool {
        self.pid() == Some(0) && *self != Self::nobody()
    }

    /// Returns whether the key was guessed: it names a process without its start.
    pub fn is_guess(&self) -> bool {
        self.0.ends_with("-0")
    }

    /// Parses `<pid>-<start>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (pid, start) = text.split_once('-')?;
        let key = Self::new(pid.parse().ok()?, start.parse().ok()?);
        (key.0 == text).then_some(key)
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn pid(&self) -> Option<u32> {
        self.0.split_once('-')?.0.parse().ok()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The git command that called a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A push arrives: this `git receive-pack`.
    ReceivePack(Key),
    /// Some other git command: the administrator's `update-ref`, `gc`, `fetch`.
    Other,
    /// The system does not show its processes. The key is the best guess.
    Unknown(Key),
}

/// Largest number of processes (shims, hook managers) between git and the hook.
const DEEPEST: usize = 32;

/// Returns who called this hook.
pub fn caller(environment: &Environment) -> Caller {
    let found = caller_in(&process::look, std::process::id());
    found.unwrap_or_else(|| Caller::Unknown(Key::new(parent_id(environment), 0)))
}

/// Walks up from a process to the nearest git command. `None` if there is none.
pub fn caller_in(look: &dyn Fn(u32) -> Option<Process>, from: u32) -> Option<Caller> {
    let mut pid = look(from)?.parent;
    for _ in 0..DEEPEST {
        if pid <= 1 {
            return None;
        }
        let process = look(pid)?;
        match git_command(&process.args) {
            Some(true) => return Some(Caller::ReceivePack(Key::new(pid, process.start))),
            Some(false) => return Some(Caller::Other),
            None => pid = process.parent,
        }
    }
    None
}

/// Tells of a command line whether it is git's, and then whether it is `receive-pack`.
fn git_command(args: &[String]) -> Option<bool> {
    let name = args.first()?;
    let name = name.rsplit('/').next().unwrap_or(name);
    if name == "git-receive-pack" {
        return Some(true);
    }
    let ours = name == "git-awo";
    let git =
        name == "git" || (name.starts_with("git-") && !ours) || name.starts_with("gitaly-git");
    if !git {
        return None;
    }
    match subcommand(args) {
        Some("receive-pack") => Some(true),
        // `git awo hook …` is git too, but a door to us and not what moves a ref.
        Some("awo") => None,
        _ => Some(false),
    }
}

/// Returns the word after git's own options.
fn subcommand(args: &[String]) -> Option<&str> {
    let mut args = args.iter().skip(1).map(String::as_str);
    loop {
        match args.next()? {
            "-c" | "-C" | "--git-dir" | "--work-tree" | "--namespace" | "--config-env" => {
                args.next()?;
            }
            option if option.starts_with('-') => {}
            word => return Some(word),
        }
    }
}

/// Returns whether the process lives, if the system shows it.
pub fn is_alive(key: &Key) -> Option<bool> {
    // Without a look at ourselves, nothing can be said about others.
    process::look(std::process::id())?;
    let pid = key.pid().filter(|pid| *pid != 0)?;
    let found = key_of(pid);
    Some(found.is_some() && (key.is_guess() || found.as_ref() == Some(key)))
}

/// Returns the key of a running process.
pub fn key_of(pid: u32) -> Option<Key> {
    process::look(pid).map(|process| Key::new(pid, process.start))
}

/// Returns the parent of the shim, which the shim names, since a shell may stand between.
fn parent_id(environment: &Environment) -> u32 {
    let named = environment.text("GIT_AWO_PARENT");
    let named = named.and_then(|text| text.parse().ok());
    named.unwrap_or_else(std::os::unix::process::parent_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(chain: &'static [&'static [&'static str]]) -> impl Fn(u32) -> Option<Process> {
        // Process 10 is the hook, 11 its parent, and so on.
        move |pid| {
            let at = usize::try_from(pid).ok()?.checked_sub(10)?;
            Some(Process {
                args: chain.get(at)?.iter().map(|arg| (*arg).to_owned()).collect(),
                parent: if at + 1 < chain.len() { pid + 1 } else { 1 },
                start: 7,
            })
        }
    }

    #[test]
    fn the_nearest_git_command_is_the_caller() {
        let push = |key: &str| Some(Caller::ReceivePack(Key::parse(key).unwrap()));
        let cases: [(&'static [&'static [&'static str]], Option<Caller>); 8] = [
            (
                &[&["git-awo"], &["git-receive-pack", "/srv/x.git"]],
                push("11-7"),
            ),
            (
                &[
                    &["git-awo"],
                    &["/bin/sh", "h"],
                    &["/bin/sh", "h"],
                    &["git", "receive-pack", "x"],
                ],
                push("13-7"),
            ),
            (
                &[
                    &["git-awo"],
                    &[
                        "/usr/lib/git-core/git",
                        "-c",
                        "a.b=c",
                        "receive-pack",
                        "--stateless-rpc",
                        ".",
                    ],
                ],
                push("11-7"),
            ),
            (
                &[
                    &["git-awo"],
                    &["git", "update-ref", "refs/heads/x"],
                    &["git-receive-pack", "x"],
                ],
                Some(Caller::Other),
            ),
            (
                &[&["git-awo"], &["git", "receive-pack", "awo"]],
                push("11-7"),
            ),
            (
                &[&["git-awo"], &["git", "pack-refs", "--all"]],
                Some(Caller::Other),
            ),
            (
                &[
                    &["git-awo"],
                    &["git", "awo", "hook", "pre-receive"],
                    &["git-receive-pack", "x"],
                ],
                push("12-7"),
            ),
            (&[&["git-awo"], &["bash"], &["sshd"]], None),
        ];
        for (chain, expected) in cases {
            assert_eq!(caller_in(&look(chain), 10), expected, "{chain:?}");
        }
    }

    #[test]
    fn keys_have_one_spelling() {
        assert!(Key::parse("12-34").is_some());
        for bad in ["12", "012-3", "12-", "-3", "12-3-4", "../x", "12-3 "] {
            assert!(Key::parse(bad).is_none(), "{bad}");
        }
    }
}
