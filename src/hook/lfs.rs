//! Uploads the content of large files before a push names it, as git-lfs's own `pre-push` does.
//!
//! git-lfs installs no hook where another program's stands, and says nothing of it. Our `pre-push`
//! therefore starts `git lfs pre-push` itself: a pointer never leaves this clone through our hook
//! without its content.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io::Write as _;
use std::process::Stdio;

use crate::git::{self, Kind, Reader};
use crate::record::tree::Mode;
use crate::record::{Coded, Diagnosis, Findings, ObjectId, RefName, Report, Rule, Subject};
use crate::records::Movement;
use crate::sys::Environment;
use crate::sys::file;

use super::places::MAX_HOOK;
use super::{Error, client, input, shim};

/// The variable by which our shim tells its own path.
const SHIM: &str = "GIT_AWO_SHIM";
/// git-lfs takes no larger file for a pointer.
const MAX_POINTER: u64 = 1024;
/// How a pointer begins, in the versions of its format that git-lfs reads.
const POINTERS: &[&[u8]] = &[
    b"version https://git-lfs.github.com/spec/",
    b"version http://git-media.io/v/",
    b"version https://hawser.github.com/spec/",
];
/// Maximum number of changed files of one commit that are looked at.
const MOST_FILES: usize = 4_000_000;

/// The content of large files may not be where the push says it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUploaded {
    /// Nobody here can upload.
    #[error("the push brings pointers to large files, and git-lfs is not installed here: {0}")]
    NoProgram(String),
    /// git-lfs was asked to, and refused.
    #[error("git lfs pre-push failed ({0}): it says above what it could not upload")]
    Failed(String),
}

impl Coded for NotUploaded {
    fn diagnosis(&self) -> Diagnosis {
        let expected = "the content of large files uploaded before their pointers are pushed";
        let remedy = match self {
            Self::NoProgram(_) => {
                "install git-lfs, run git lfs install --skip-repo, then push again"
            }
            Self::Failed(_) => {
                "mend what git-lfs says (git lfs fetch --all REMOTE brings what another remote has), \
                 then push again"
            }
        };
        Diagnosis::undecided(self, Rule::LargeFilesUploaded, expected, remedy)
    }
}

/// Uploads what the push names, if it brings pointers and no hook of git-lfs follows ours.
pub fn upload(
    environment: &Environment,
    remote: &OsStr,
    url: &OsStr,
    input: &[u8],
) -> Result<Report, Error> {
    let mut report = Report::default();
    let reader = client::open(environment)?;
    // What cannot be read may hold pointers.
    if !brings_pointers(&reader, &remote.to_string_lossy(), input).unwrap_or(true)
        || follows(environment)
    {
        return Ok(report);
    }
    if let Err(refused) = run(environment, remote, url, input)? {
        report.absorb(refused.refusal(Subject::none()));
    }
    Ok(report)
}

/// Returns whether a hook is one that git-lfs has written, and nobody has changed.
pub fn is_of_git_lfs(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let calls = |line: &str| matches!(line, "git lfs pre-push \"$@\"" | "git-lfs pre-push \"$@\"");
    let harmless = |line: &str| {
        line.starts_with('#') || line.starts_with("command -v git-lfs >/dev/null 2>&1 || {")
    };
    lines.next_back().is_some_and(calls) && lines.all(harmless)
}

/// Returns whether our shim will call git-lfs's own hook after us.
fn follows(environment: &Environment) -> bool {
    let Some(shim) = environment.given(SHIM) else {
        return false;
    };
    let kept = shim::kept_path(&environment.directory().join(shim));
    let text = file::read_existing(&kept, MAX_HOOK);
    text.is_ok_and(|text| is_of_git_lfs(&text)) && shim::is_executable(&kept).unwrap_or(false)
}

/// Runs `git lfs pre-push` as git runs a hook.
fn run(
    environment: &Environment,
    remote: &OsStr,
    url: &OsStr,
    input: &[u8],
) -> Result<Result<(), NotUploaded>, Error> {
    let started = |source| git::Error::Start { source };
    let lfs = || {
        let mut git = git::git_in_this_environment(environment.directory());
        git.arg("lfs");
        git
    };
    let there = lfs().arg("version").stdin(Stdio::null()).output();
    let there = there.map_err(started)?;
    if !there.status.success() {
        let said = String::from_utf8_lossy(&there.stderr);
        let said = said.lines().next().unwrap_or_default().to_owned();
        return Ok(Err(NotUploaded::NoProgram(said)));
    }
    let mut child = lfs()
        .arg("pre-push")
        .args([remote, url])
        .stdin(Stdio::piped())
        // As of every hook: standard output belongs to git.
        .stdout(std::io::stderr())
        .spawn()
        .map_err(started)?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that reads nothing tells so by its status.
        let _ = stdin.write_all(input);
    }
    let status = child.wait().map_err(started)?;
    Ok(match status.success() {
        true => Ok(()),
        false => Err(NotUploaded::Failed(status.to_string())),
    })
}

/// Returns whether what the remote may not have yet holds a pointer.
fn brings_pointers(reader: &Reader, remote: &str, input: &[u8]) -> Result<bool, git::Error> {
    let mut findings = Findings::new();
    let movements = input::pushed(input, reader.hash_kind(), &mut findings);
    if !findings.is_empty() {
        return Ok(true);
    }
    let mut look = Look {
        reader,
        seen: HashSet::new(),
    };
    let mut tips = Vec::new();
    for id in movements.iter().filter_map(|it| it.new) {
        match reader.peel(id)? {
            (Kind::Commit, id) => tips.push(id),
            (Kind::Tree, id) if look.tree(id, &[None])? => return Ok(true),
            (Kind::Blob, id) if look.is_pointer(id)? => return Ok(true),
            _ => {}
        }
    }
    for id in reader.new_commits(&tips, &had(reader, remote, &movements)?)? {
        let commit = reader.commit(id)?;
        let mut before = Vec::new();
        for parent in &commit.parents {
            match reader.commit(*parent) {
                Ok(parent) => before.push(Some(parent.tree)),
                // Where a shallow clone ends.
                Err(git::Error::Missing { .. }) => before.push(None),
                Err(other) => return Err(other),
            }
        }
        if before.is_empty() {
            before.push(None);
        }
        if look.tree(commit.tree, &before)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns what the remote has: as git-lfs sees it, by its tracking refs and by what it told git.
fn had(reader: &Reader, remote: &str, movements: &[Movement]) -> Result<Vec<ObjectId>, git::Error> {
    let mut had: Vec<ObjectId> = movements.iter().filter_map(|it| it.old).collect();
    for prefix in ["refs/remotes", "refs/awo-remotes"] {
        let prefix = format!("{prefix}/{remote}/");
        // A remote that is an address has no tracking refs.
        if RefName::new(format!("{prefix}x")).is_ok() {
            had.extend(reader.references(&prefix)?.into_iter().map(|(_, id)| id));
        }
    }
    Ok(had)
}

struct Look<'r> {
    reader: &'r Reader,
    seen: HashSet<ObjectId>,
}

impl Look<'_> {
    /// Returns whether a tree holds a pointer that none of the trees before it has at its place.
    fn tree(&mut self, tree: ObjectId, before: &[Option<ObjectId>]) -> Result<bool, git::Error> {
        let mut new: Option<HashSet<ObjectId>> = None;
        for old in before {
            let changes = self.reader.changes_before(*old, Some(tree), MOST_FILES)?;
            let files = changes.into_iter().filter_map(|change| change.new);
            let files = files.filter(|(mode, _)| matches!(mode, Mode::File | Mode::Executable));
            let files: HashSet<_> = files.map(|(_, id)| id).collect();
            new = Some(match new {
                Some(new) => new.intersection(&files).copied().collect(),
                None => files,
            });
        }
        for id in new.unwrap_or_default() {
            if self.is_pointer(id)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_pointer(&mut self, id: ObjectId) -> Result<bool, git::Error> {
        if !self.seen.insert(id) {
            return Ok(false);
        }
        match self.reader.header(id)? {
            Some((_, size)) if size <= MAX_POINTER => {
                let blob = self.reader.blob(id)?;
                Ok(POINTERS.iter().any(|begin| blob.starts_with(begin)))
            }
            // What a partial clone lacks came from the remote. Others git cannot push.
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hook_of_git_lfs_itself_is_taken_for_it() {
        let found = "command -v git-lfs >/dev/null 2>&1 || { echo >&2 \"\\nThis repository …\\n\"; exit 2; }";
        let hook = |before: &str, after: &str| {
            format!("#!/bin/sh\n{before}{found}\ngit lfs pre-push \"$@\"\n{after}")
        };
        assert!(is_of_git_lfs(hook("", "").as_bytes()));
        assert!(is_of_git_lfs(hook("# of ours\n", "\n").as_bytes()));
        for other in [
            hook("exit 0\n", ""),
            hook("", "true\n"),
            hook("", "").replace("git lfs", "# git lfs"),
            hook("", "").replace("git lfs", "false && git lfs"),
            String::new(),
        ] {
            assert!(!is_of_git_lfs(other.as_bytes()), "{other}");
        }
    }
}
