//! git, the clock, locks of processes that are gone, accounts, aliases.

use crate::record::Rule;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Examination;
use crate::cli::CliError;
use crate::git;
use crate::hook::install::{self, Side};
use crate::hook::places;
use crate::record::path::{escape, quote};
use crate::run;
use crate::store::layout;

/// The oldest git whose hooks do what we need: `reference-transaction` came with 2.28, and
/// `rev-parse --end-of-options` works from 2.30 on.
const OLDEST_GIT: (u32, u32) = (2, 30);
/// git holds a lock for milliseconds; one so many minutes old belongs to nobody.
const OLD_LOCK: i64 = 10;
/// A clock may differ by so many seconds.
const SKEW: i64 = 300;
/// So deep lie the refs that are looked through for locks.
const DEPTH: usize = 16;

pub(super) fn git_version(it: &mut Examination<'_>) -> Result<(), CliError> {
    let version = git::run(it.actor.repo.git_dir(), &["--version"])?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    if parse_version(&version).is_none_or(|found| found < OLDEST_GIT) {
        it.complain(
            Rule::GitVersion,
            version,
            "git 2.30 or later",
            "upgrade git",
        );
    }
    Ok(())
}

pub(super) fn clock(it: &mut Examination<'_>) -> Result<(), CliError> {
    if let Some(tip) = it.actor.repo.reference(&layout::log())? {
        let last = it.actor.repo.commit(tip)?.committer.time;
        if last > it.actor.now().seconds().saturating_add(SKEW) {
            let found = "the receive log is ahead of this clock";
            let expected = "a clock that agrees with the server's";
            it.complain(Rule::Clock, found, expected, "set the clock");
        }
    }
    Ok(())
}

/// A lock that a killed process left stops every later writer.
pub(super) fn locks(it: &mut Examination<'_>) -> Result<(), CliError> {
    let common = it.actor.repo.common_dir().to_owned();
    let now = it.actor.now().seconds();
    let mut locks: Vec<String> = ["packed-refs", "config", "HEAD", "shallow"]
        .map(|name| format!("{name}.lock"))
        .into();
    look_below(&common, "refs", DEPTH, &mut locks);
    locks.sort();
    for name in locks {
        let Ok(meta) = std::fs::symlink_metadata(common.join(&name)) else {
            continue;
        };
        let minutes = now.saturating_sub(meta.mtime()) / 60;
        if minutes > OLD_LOCK {
            let name = escape(name.as_bytes());
            let found = format!("{name} is {minutes} minutes old");
            let expected = "no lock of a process that is gone";
            let remedy = format!("if no git runs here: rm {name}");
            it.complain(Rule::StaleLock, found, expected, &remedy);
        }
    }
    Ok(())
}

fn look_below(common: &Path, below: &str, depth: usize, locks: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(common.join(below)) else {
        return;
    };
    for entry in entries.flatten() {
        let path = format!("{below}/{}", entry.file_name().to_string_lossy());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_dir && let Some(depth) = depth.checked_sub(1) {
            look_below(common, &path, depth, locks);
        } else if path.ends_with(".lock") {
            locks.push(path);
        }
    }
}

/// Runs that were killed. They stop nobody, so what they left is told and no finding.
pub(super) fn dead_runs(it: &mut Examination<'_>) -> Result<(), CliError> {
    for root in run::leftovers(it.actor.repo.common_dir()) {
        it.note(format!(
            "a run that was killed has left {}: the next git awo run with this TMPDIR removes it",
            quote(root.as_os_str().as_encoded_bytes())
        ));
    }
    Ok(())
}

pub(super) fn accounts(it: &mut Examination<'_>) -> Result<(), CliError> {
    let shared = it.actor.repo.config("core.sharedRepository");
    if it.server && shared.is_some_and(|value| !is_of_one(&value)) {
        // The key of the receive log, and what is kept of pushes under way, are the owner's alone.
        it.note(
            "core.sharedRepository is set: pushes must all arrive as one account, the owner of \
             awo/server_key; those of others are refused, or have no receipt",
        );
    }
    Ok(())
}

/// Whoever can write to these decides what a server enforces: its hooks, its anchor, where it looks.
pub(super) fn writers(it: &mut Examination<'_>) -> Result<(), CliError> {
    if !it.server {
        return Ok(());
    }
    let repo = &it.actor.repo;
    let hooks = install::hooks_dir(repo);
    let names = places::names(&hooks, Side::Server).iter();
    let mut files: Vec<PathBuf> = names
        .map(|name| places::file(&hooks, Side::Server, name))
        .collect();
    files.extend(
        files
            .iter()
            .filter_map(|file| file.parent())
            .map(Path::to_owned)
            .collect::<Vec<_>>(),
    );
    for name in [
        "",
        "config",
        "packed-refs",
        "objects",
        "refs",
        "refs/heads",
        "refs/awo",
        "refs/notes",
    ] {
        files.push(repo.common_dir().join(name));
    }
    let own = it.actor.settings.directory();
    files.extend(
        std::fs::read_dir(own)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path()),
    );
    files.push(own.to_owned());
    files.push(hooks);
    files.sort();
    files.dedup();
    let shared = repo.config("core.sharedRepository");
    let alone = shared.is_none_or(|value| is_of_one(&value));
    for file in files {
        let Ok(meta) = std::fs::metadata(&file) else {
            continue;
        };
        let name = quote(file.as_os_str().as_encoded_bytes());
        if meta.mode() & 0o002 != 0 {
            let found = format!("everybody may write to {name}: {:o}", meta.mode() & 0o7777);
            let expected = "nobody but its owner";
            it.complain(
                Rule::OwnFiles,
                found,
                expected,
                &format!("chmod o-w {name}"),
            );
        } else if alone && meta.mode() & 0o020 != 0 && meta.gid() != meta.uid() {
            it.note(format!("the group {} may write to {name}", meta.gid()));
        }
    }
    Ok(())
}

/// Where git-awo is not on the PATH, such an alias would answer for it.
pub(super) fn alias(it: &mut Examination<'_>) -> Result<(), CliError> {
    if let Some(alias) = it.actor.repo.config("alias.awo") {
        it.note(format!(
            "alias.awo = {} answers for git-awo where that is not on the PATH: in CI call it by its path",
            escape(alias.as_bytes())
        ));
    }
    Ok(())
}

/// Tells whether a value of `core.sharedRepository` leaves the repository to one account.
fn is_of_one(value: &str) -> bool {
    matches!(value, "" | "0" | "false" | "umask")
}

fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("git version ")?.split(['.', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn reads_git_versions() {
        assert_eq!(parse_version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(parse_version("git version 2.39.2.windows.1"), Some((2, 39)));
        assert_eq!(parse_version("gti"), None);
    }
}
